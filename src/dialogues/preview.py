"""`--show N`: the first samples as they would be asked, without a request."""

import itertools
import textwrap
from collections.abc import Iterator

from ..basics.files import found
from ..running.output import made_before
from ..running.tally import Tally
from .intake import pending
from .samples import Sample
from .settings import OverDialogues

WIDTH = 100


def preview(config: OverDialogues) -> int:
    """Print the first samples that a run would make, and what became of the dialogues before them. The exit status."""
    tally = Tally()
    samples = itertools.islice(
        pending(config, found(config.input, config.output), made_before(config.output), tally), config.show
    )
    for number, sample in enumerate(samples, 1):
        print("\n".join(shown(number, sample)))
    print(f"{tally.rows:,} dialogues read")
    print("\n".join(tally.in_words()))
    return 3 if tally.unreadable else 0


def shown(number: int, sample: Sample) -> Iterator[str]:
    yield f"=== sample {number}: id {sample.sample_id!r}, item {sample.item_id}"
    yield "--- context (what every blind stage sees)"
    yield sample.history
    yield "--- utterance (what the user really said next)"
    yield sample.utterance
    yield "--- distractors (bait for the wrong paths)"
    yield from (textwrap.shorten(text, WIDTH, placeholder=" …") for text in sample.distractors or ("(none)",))
    yield ""
