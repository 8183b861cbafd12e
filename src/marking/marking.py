"""Records with marks of doubt: by rule alone, or by a judge too."""

import dataclasses
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson
from tqdm import tqdm

from ..basics.command import Stop
from ..basics.files import beginning, refuse_others, replaced
from ..calling.settings import api_key_of
from ..dialogues.files import count
from ..pairs.ordered import inputs
from ..pairs.reading import LeftOut, entries
from ..pairs.sides import MarkedRecord
from ..pairs.together import EachOnce
from .marks import findings
from .settings import Settings
from .shortcut import measure, refuse_without_library, told

WITH_RECORDS = (0, 3)  # exit statuses after which the output is there


@dataclasses.dataclass
class Totals:
    """How many records were read, left out, and marked with what."""

    read: int = 0
    left_out: LeftOut = dataclasses.field(default_factory=LeftOut)
    clean: int = 0
    tags: Counter[str] = dataclasses.field(default_factory=Counter)


def marked(files: Sequence[str], totals: Totals, together: EachOnce | None) -> Iterator[bytes]:
    """Each record of the files with its marks. What is no record is named and left out."""
    found = entries(files, MarkedRecord, totals.left_out, together)
    for entry in tqdm(found, total=count(files), unit=" records", disable=None):
        found_here = findings(entry.record)
        tags = {mark["tag"] for mark in found_here}
        totals.read += 1
        totals.clean += not tags
        totals.tags.update(tags)
        yield orjson.dumps({**unmarked(entry.row), "quality": {"tags": found_here}}, option=orjson.OPT_APPEND_NEWLINE)


def unmarked(row: dict[str, Any]) -> dict[str, Any]:
    """The record without what an earlier look has left."""
    return {key: value for key, value in row.items() if key != "quality"}


def mark_all(settings: Settings) -> int:
    """Mark the records, and have them judged where that is wished; the exit status."""
    files = [*map(str, inputs(settings.input))]
    if settings.shortcut:
        refuse_without_library("--shortcut")
    status = ask_judge(settings, files) if settings.judge else mark(settings, files)
    if settings.shortcut and status in WITH_RECORDS:
        place = settings.place(files)
        print("\n".join(told(measure(place, settings.seed), place)))
    return status


def mark(settings: Settings, files: Sequence[str]) -> int:
    """Mark all records without a model; the exit status."""
    totals, output = Totals(), settings.place(files)
    if output.exists() and any(output.samefile(file) for file in files):
        raise Stop(f"Output {output} is the same file as an input: give another --output.")
    refuse_others(output, "quality", holds_marks_alone)
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        with replaced(output) as written:
            written.writelines(marked(files, totals, settings.together))
            if not totals.read:
                raise Stop(f"There is no record in {' '.join(files)}, so {output} is not written.")
    except OSError as error:
        if error.filename in files:
            raise  # an input that cannot be read says so itself
        raise Stop(f"{output} cannot be written ({error.strerror}): give another --output or make room.") from error
    print("\n".join(summary(totals, output)))
    return 3 if totals.left_out.count else 0


def holds_marks_alone(path: Path) -> bool:
    """Whether a file has records with marks and no judge's work, which was paid for."""
    start = beginning(path)
    quality = re.search(rb'"quality":\s*\{"tags":\s*\[', start)
    return quality is not None and b'"judge":' not in start[: start.find(b"\n")]


def ask_judge(settings: Settings, files: Sequence[str]) -> int:
    """Mark all records and have a model judge them; the exit status."""
    from ..running.runner import run  # noqa: PLC0415 (brings the SDK)
    from .judge import job_of  # noqa: PLC0415 (needed by this option alone)

    model = settings.judge_model or settings.model
    config = dataclasses.replace(settings, input=tuple(files), output=settings.place(files), model=model)
    return run(config, api_key_of(config), job_of(config, files, lambda: settings.together))


def summary(totals: Totals, output: Path) -> Iterator[str]:
    yield f"records        {totals.read:,} in {output}"
    yield f"without marks  {totals.clean:,}"
    for tag, times in totals.tags.most_common():
        yield f"marked         {times:,}: {tag}"
    if totals.left_out.count:
        yield f"left out       {totals.left_out.count:,}"
