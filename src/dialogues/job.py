"""A method over dialogues, as the runner takes it; and the samples of one row, for whoever has no file."""

import functools
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from ..basics.files import found
from ..calling.stage import AskText
from ..running.job import Job, Made, Words
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
    )


def samples_in(row: Any, reading: Reading) -> list[Sample]:
    """The samples of one row of any shape that files may have. Raises PassedOver where it gives none."""
    wanted: list[Sample] = []
    for raw in Reader(reading.oasst_paths).dialogues([("the row", Row(row))]):
        if isinstance(raw, PassedOver):
            raise raw
        if isinstance(raw, Raw):
            wanted += samples(cleaned(raw, reading), 0, reading, Counter())
    return wanted
