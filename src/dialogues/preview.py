"""`--show N`: the first samples as they would be asked, without a request."""

import dataclasses
import itertools
import textwrap
from collections.abc import Callable, Iterator

from ..basics.command import Stop
from ..running.job import Job
from ..running.output import made_before
from ..running.tally import Tally
from .samples import Sample
from .settings import OverDialogues

WIDTH = 100


@dataclasses.dataclass(frozen=True)
class Part:
    """A part of what is asked about a sample, under its heading."""

    heading: str
    text: str


def preview(config: OverDialogues, job: Job[Sample], parts: Callable[[Sample], Iterator[Part]] | None = None) -> int:
    """Print the first samples that a run would make, and what became of the dialogues before them. The exit status.

    `parts` are what is shown of a sample; without them, what a method that makes pairs is told.
    """
    tally = Tally()
    samples = itertools.islice(job.items(made_before(config.output), tally), config.show)
    number = 0
    for number, sample in enumerate(samples, 1):
        print(f"=== sample {number}: id {sample.sample_id!r}, item {sample.item_id}")
        print("".join(f"--- {part.heading}\n{part.text}\n" for part in (parts or method_parts)(sample)))
    print(f"{tally.rows:,} dialogues read")
    print("\n".join(tally.in_words()))
    if not number and (nothing := tally.nothing_usable("dialogues", job.files)):
        raise Stop(nothing)
    return 3 if tally.unreadable else 0


def method_parts(sample: Sample) -> Iterator[Part]:
    yield Part("context (what every blind stage sees)", sample.history)
    yield Part("utterance (what the user really said next)", sample.utterance)
    bait = [textwrap.shorten(text, WIDTH, placeholder=" …") for text in sample.distractors or ("(none)",)]
    yield Part("distractors (bait for the wrong paths)", "\n".join(bait))
