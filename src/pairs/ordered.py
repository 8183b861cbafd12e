"""The records of several files in the order of their dialogues' input, one in memory at a time.

A temporary SQLite index says where each one lies, so that equal records give equal training files however they were
written, and a million take no more memory than one.
"""

import contextlib
import glob
import os
import re
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from ..basics.command import Stop
from ..basics.files import NO_RECORDS
from ..basics.seen import HALF
from ..basics.text import loads
from .reading import LeftOut
from .together import repeated

STARTS = re.compile(rb'\{"sample_id":("[^"\\]*(?:\\.[^"\\]*)*"|-?[0-9.eE+-]+|true|false),"item_id":(\d+),"context":')
SCALARS = (int, float, str)
TOP_SIM = re.compile(rb',"top_sim":[0-9.e-]+(?=,"gt_insight_path":)')
POSITION = re.compile(rb'"region":"\w+","position":(\d+)')


def inputs(patterns: Sequence[str], what: str = "records", maker: str = "synthesis") -> list[Path]:
    """The files that the patterns name, each once, in the order given. `maker` is the command that makes such files."""
    found: dict[Path, None] = {}
    for pattern in patterns:
        matches = [pattern] if Path(pattern).exists() else sorted(glob.glob(pattern, recursive=True))  # noqa: PTH207 (Path.glob refuses absolute patterns)
        if not matches:
            raise Stop(f"Input {pattern} does not exist: make {what} first with python -m src.{maker}.")
        if folders := [match for match in matches if Path(match).is_dir()]:
            raise Stop(f"Input {folders[0]} is a folder: name its files, such as {folders[0]}/part-1.jsonl.")
        if not (records := [match for match in matches if not match.endswith(NO_RECORDS)]):
            raise Stop(f"Input {pattern} lies beside records and holds none: give the file of records itself.")
        found |= dict.fromkeys(map(Path, records))
    return list(found)


class Records:
    """The records of several files in the order of the input, one in memory at a time.

    Lines that are no records, and those that are handed to `leave_out`, are counted and named. A record that is there
    twice raises Stop before the first is read, unless there may be `repeats`.
    """

    def __init__(self, paths: Sequence[Path], *, repeats: bool = False) -> None:
        self.paths = paths
        self.repeats = repeats
        self.left_out = LeftOut()
        self.count = 0
        self._index = sqlite3.connect("")  # a temporary database, on disk once it is large
        self._index.execute("CREATE TABLE records (position, item, sample, file, line, start, length)")

    def close(self) -> None:
        self._index.close()

    def __iter__(self) -> Iterator[tuple[int, int, bytes]]:
        """File, line number, and what is needed of the line, once.

        Records that do not tell their place in the input come last, by id.
        """
        with contextlib.ExitStack() as stack:
            files = [stack.enter_context(path.open("rb", buffering=1 << 16)) for path in self.paths]
            for file_index, file in enumerate(files):
                self._index.executemany(
                    "INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?)", self.places(file_index, file)
                )
            if not self.repeats:
                self.refuse_repeats()
            order = "position IS NULL, position, sample, item, file, line"
            found = self._index.execute(f"SELECT file, line, start, length FROM records ORDER BY {order}")
            for file_index, line_number, start, length in found:
                self.count += 1
                yield file_index, line_number, needed(os.pread(files[file_index].fileno(), length, start))

    def refuse_repeats(self) -> None:
        """Raise Stop for a dialogue and item that has more than one record."""
        twice = self._index.execute(
            "SELECT sample, min(file), max(file) FROM records WHERE typeof(sample) IN ('text', 'integer')"
            " GROUP BY sample, item HAVING count(*) > 1 ORDER BY sample LIMIT 1"
        ).fetchone()
        if twice:
            sample, first, last = twice
            raise repeated(sample, " and ".join(str(self.paths[place]) for place in dict.fromkeys((first, last))))

    def places(self, file_index: int, file: BinaryIO) -> Iterator[tuple[int | float | str | None, ...]]:
        """What the records of the file are sorted by, and where each of them lies."""
        start = 0
        for line_number, line in enumerate(file, 1):
            try:
                sorting = sorting_of(line)
            except ValueError as error:
                self.leave_out(file_index, line_number, error)
            else:
                if line.strip():
                    yield *sorting, file_index, line_number, start, len(line)
            start += len(line)

    def leave_out(self, file_index: int, line_number: int, error: Exception) -> None:
        self.left_out.note(self.paths[file_index], line_number, error)


def needed(line: bytes) -> bytes:
    """A record of ours without the analysis between its history and its sides, which is more than half of it.

    Training asks for none of that, and to parse it takes a fifth of the time. No text can look like the keys that are
    searched for, since quotation marks in it are escaped; a tree may name its topics so, but not with what follows.
    """
    start = STARTS.match(line)
    history = line.find(b',"chat_history":"')
    tree = line.find(b'","intent_tree":{', history)
    similarity = TOP_SIM.search(line, tree)
    if not (start and similarity and 0 < history < tree):
        return line
    sides = line.find(b',"chosen":{"', similarity.end())
    head = line[: start.end(2)]
    return head + line[history : tree + 1] + similarity[0] + line[sides:] if sides > 0 else line


def sorting_of(line: bytes) -> tuple[int | float | str | None, ...]:
    """Position, item and sample of a record, as SQLite can sort them. Raises ValueError for a line that is not JSON."""
    start, end = STARTS.match(line), POSITION.search(line, max(0, len(line) - 1000))
    if start and end and line.endswith(b"}\n"):  # a record of ours: no need to read all of it
        return int(end[1]), int(start[2]), sortable(orjson.loads(start[1]))
    row = loads(line) if line.strip() else None
    fields = row if isinstance(row, dict) else {}
    return tuple(sortable(fields.get(name)) for name in ("position", "item_id", "sample_id"))


def sortable(value: Any) -> int | float | str | None:
    """A scalar as SQLite can hold it; its order has numbers before texts."""
    if isinstance(value, int) and not -HALF <= value < HALF:
        return float(value)
    return value if isinstance(value, SCALARS) else None
