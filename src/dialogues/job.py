"""A method over dialogues, as the runner takes it; and the samples of one row, for whoever has no file."""

import dataclasses
import functools
from collections import Counter
from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..basics.command import Stop
from ..basics.files import found
from ..basics.seen import Seen
from ..calling.budget import most_tokens_in
from ..calling.stage import AskText
from ..running.job import Job, Made, Words
from ..running.tally import Tally
from .files import count
from .intake import pending
from .json_rows import Row
from .raw import PassedOver, Raw
from .samples import Sample, samples
from .settings import OverDialogues, Reading
from .shapes import Reader
from .turns import cleaned


def over_dialogues(
    config: OverDialogues,
    make: Callable[[AskText, Sample], Awaitable[Made]],
    settings: Mapping[str, object],
    words: Words,
) -> Job[Sample]:
    """A job that makes something of every sample of the input's dialogues. Raises Stop where there is no input."""
    files = found(config.input, config.output)
    return Job(
        files=files,
        items=functools.partial(pending, config, files),
        total=functools.partial(count, files),
        make=make,
        settings=settings,
        words=words,
        longest=functools.partial(longest_history, config, files),
    )


def without(job: Job[Sample], unwanted: Callable[[Sample], bool], reason: str) -> Job[Sample]:
    """The job without these samples, which are counted under the reason."""

    def left(seen: Seen, tally: Tally) -> Generator[Sample]:
        for sample in job.items(seen, tally):
            if unwanted(sample):
                tally.passed_over[reason] += 1
            else:
                yield sample

    return dataclasses.replace(job, items=left)


def longest_history(config: OverDialogues, files: Sequence[str]) -> int:
    """Tokens of the longest history among the samples, at most. A pipe cannot be read twice."""
    if not all(Path(file).is_file() for file in files):
        raise Stop("--model-file has to know the longest dialogue before it starts: give --input a file.")
    items = pending(config, files, Seen(), Tally())
    return max((most_tokens_in(sample.history) for sample in items), default=0)


def samples_in(row: Any, reading: Reading) -> list[Sample]:
    """The samples of one row of any shape that files may have. Raises PassedOver where it gives none."""
    wanted: list[Sample] = []
    for raw in Reader(reading.oasst_paths, reading.names).dialogues([("the row", Row(row))]):
        if isinstance(raw, PassedOver):
            raise raw
        if isinstance(raw, Raw):
            wanted += samples(cleaned(raw, reading), 0, reading, Counter())
    return wanted
