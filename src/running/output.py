"""Records out, failures beside them, and what is already done."""

import contextlib
import errno
import fcntl
import io
import logging
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import orjson

from ..basics.command import Stop
from ..basics.files import Beside, beginning, owner_only, refuse_others, replaced
from ..basics.said import FirstFew
from ..basics.seen import DONE, Seen, hashed
from ..basics.shape import Shape
from ..basics.text import loads
from ..calling.completion import Usage
from ..calling.masking import without_secrets
from .tail import line_start, mend

log = logging.getLogger(__name__)

SampleId = str | int | float | bool


class Failure(Shape):
    """A sample that could not be made: one line of the sidecar."""

    sample_id: Any
    item_id: Any
    """Of samples they are a SampleId and a number; records of others that are judged may have whatever they have."""
    stage: str
    kind: str
    error: str
    attempts: int
    last_reply: str | None
    usage: Usage


# A record of ours begins with sample_id and item_id; to know what is done, no more of it is looked at.
IDENTITY_BEGINS, IDENTITY_ENDS, LONGEST_IDENTITY = b'{"sample_id":', b',"context":', 4096

RECORD_BEGINS = re.compile(rb'\{"sample_id":("[^"\\]*(?:\\.[^"\\]*)*"|[\w.+-]+),"item_id":')


def sample_number(sample_id: SampleId, item_id: int) -> int:
    """64 bits that stand for a sample: the hash of how its record begins, so that the type of its id counts too."""
    return hashed(orjson.dumps({"sample_id": sample_id, "item_id": item_id})[:-1])


def number_of_line(line: bytes) -> int:
    """The number of a record's or failure's line. Raises ValueError where the line is none, or not whole.

    All of it is parsed, since somebody may have cut or joined lines by hand: that takes less time than to read it.
    """
    row = loads(line)
    if (end := line.find(IDENTITY_ENDS, 0, LONGEST_IDENTITY)) > 0 and line.startswith(IDENTITY_BEGINS):
        return hashed(line[:end])
    try:
        return sample_number(row["sample_id"], row["item_id"])
    except (KeyError, TypeError) as error:
        raise ValueError("it has no sample_id and item_id") from error


class Lines:
    """How an output's lines say which item each is of, and how it came about. These are those of records."""

    def number(self, line: bytes) -> int:
        """The number of a line's item. Raises ValueError where the line is none, or not whole."""
        return number_of_line(line)

    def begin(self, path: Path) -> bool:
        """Whether a file holds such lines, or the beginning of one that a killed run has left unfinished."""
        return begins_as_records(path)

    def settings(self, row: Mapping[str, Any]) -> Mapping[str, Any]:
        """What of a line tells how it came about."""
        return row

    def whole(
        self, row: dict[str, Any], settings: Mapping[str, object], faults: Sequence[Any], *, rehearsal: bool
    ) -> dict[str, Any]:
        """A line with all that decided how it came out, and with the faults that its replies kept."""
        told = {**row, **settings} | ({"faults": faults} if faults else {})
        return told | ({"rehearsal": True} if rehearsal else {})


RECORDS = Lines()


def begins_as_records(path: Path) -> bool:
    """Whether a file holds records, or the beginning of one that a killed run has left unfinished."""
    line, ended, _ = beginning(path).partition(b"\n")
    try:
        return number_of_line(line) >= 0
    except ValueError:  # cut off at the end by a kill, or somewhere by hand
        return RECORD_BEGINS.match(line) is not None or (
            not ended and (line.startswith(IDENTITY_BEGINS) or IDENTITY_BEGINS.startswith(line))
        )


def made_before(path: Path, lines: Lines = RECORDS) -> Seen:
    """The samples that have a record in this output, marked as done."""
    if not path.is_file():
        return Seen()
    with io.BufferedReader(io.FileIO(path), 1 << 20) as file:
        start = file.peek()
        done = Seen(room=path.stat().st_size * start.count(b"\n") // max(1, len(start)))
        warnings = FirstFew(log)
        for number, line in enumerate(file, 1):
            try:
                done.mark(lines.number(line), DONE)
            except ValueError as error:
                warnings.warn("%s line %d is no whole record and counts as not made: %s", path, number, error)
    return done


class Output:
    """The records file and its sidecar of failures, open for appending; knows which samples are done.

    Opening cuts off a last line that a killed run left unfinished. Each line is handed to the operating system
    whole, as soon as it is made, and only into the file that stands at the path: one that was deleted is written anew.
    """

    def __init__(self, path: Path, command: str, lines: Lines = RECORDS) -> None:
        self.path, self.command, self.lines = path, command, lines
        self.sidecar = Beside(path).failures
        self.done = Seen()

    def __enter__(self) -> Self:
        with self.refusals_in_words():
            refuse_others(self.path, self.command, self.lines.begin)
            refuse_others(self.sidecar, self.command, begins_as_records)
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.open()
            try:
                mend(self.path)
                self._length = self.path.stat().st_size
                self.done = made_before(self.path, self.lines)
                self.settle_failures()
                self._failures = FileIO(self.sidecar, "a", opener=owner_only)
            except BaseException:
                self._records.close()
                raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.closing(self._records), self.refusals_in_words():
            self._failures.close()
            self.settle_failures()
            if error is None:
                self.watch()

    def open(self) -> None:
        """Open the file at the path for appending. Raises Stop where another process writes to it."""
        self._records = FileIO(self.path, "a+", opener=owner_only)
        self.reserve()

    def watch(self) -> None:
        """See that what was written is at the path. A deleted file is written anew; else raises Stop."""
        ours = os.fstat(self._records.fileno())
        try:
            there = self.path.stat()
        except (FileNotFoundError, NotADirectoryError):
            there = None
        if there and os.path.samestat(there, ours):
            if there.st_size < self._length:
                raise Stop(
                    f"{self.path} was cut by somebody while this run wrote to it: run the same command again, which"
                    " makes what is missing, and asks for nothing that is in the call store."
                )
        elif there or ours.st_nlink:
            raise Stop(
                f"{self.path} was moved or replaced by somebody while this run wrote to it: move it back, or run the"
                " same command again to make all records at this place, from the call store where they are in it."
            )
        else:
            self.restore()

    def restore(self) -> None:
        """Write a file that was deleted anew, from what is still open of it."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._records.seek(0)
        with self._records as deleted, replaced(self.path) as anew:
            shutil.copyfileobj(deleted, anew, 1 << 20)
        self.open()
        log.warning("%s was deleted by somebody while this run writes to it, and is there again", self.path)

    def reserve(self) -> None:
        """Raise Stop where another process writes to this output."""
        try:
            fcntl.flock(self._records, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._records.close()
            raise Stop(f"Another run is writing to {self.path}: wait for it, or give another --output.") from error

    def add(self, record: dict[str, Any]) -> None:
        with self.refusals_in_words():
            self.watch()
        line = orjson.dumps(record)
        self._length += self.write(self._records, line)
        self.done.mark(self.lines.number(line), DONE)

    def fail(self, failure: Failure) -> None:
        self.write(self._failures, orjson.dumps(failure.model_dump(by_alias=True)))

    def write(self, file: FileIO, row: bytes) -> int:
        """Append one line, whole or not at all; its length."""
        line, before = memoryview(row + b"\n"), file.seek(0, os.SEEK_END)
        length = len(line)
        with self.refusals_in_words():
            try:
                while line:
                    line = line[file.write(line) :]
            except OSError:
                file.truncate(before)
                raise
        return length

    @contextlib.contextmanager
    def refusals_in_words(self) -> Iterator[None]:
        """Turn what the file system refuses into a sentence."""
        try:
            yield
        except OSError as error:
            hint = "make room" if error.errno == errno.ENOSPC else "choose another --output"
            raise Stop(
                f"Output {self.path} cannot be written ({error.strerror}): {hint}, then run the same command again;"
                " what was written is safe."
            ) from error

    def last(self) -> dict[str, Any] | None:
        """The record that was written last; None where there is none, or the last line is no record."""
        with self.path.open("rb") as file:
            if not (end := file.seek(0, os.SEEK_END) - 1) > 0:
                return None
            file.seek(start := line_start(file, end))
            with contextlib.suppress(ValueError):
                row = loads(file.read(end - start))
                return row if isinstance(row, dict) else None
        return None

    def refuse_to_mix(self, settings: Mapping[str, object], option: str = "--output") -> None:
        """Raise Stop where the newest record was made with other settings; `option` is what names the output."""
        if (last := self.last()) is None:
            return
        told = self.lines.settings(last)
        before = {name: without_secrets(told.get(name, "not recorded"), name=name) for name in settings}
        changes = [
            f"{name} was {before[name]} and is now {value}" for name, value in settings.items() if before[name] != value
        ]
        if changes:
            raise Stop(
                f"{self.path} was made with other settings: {'; '.join(changes)}. Give another {option}, or"
                " --accept-changes to go on with this one."
            )

    def settle_failures(self) -> None:
        """Leave in the sidecar one line, the newest, for each sample that has no record; no file where none is left."""
        if not self.sidecar.exists():
            return
        newest: dict[int, bytes] = {}
        with self.sidecar.open("rb") as file:
            for line in file:
                with contextlib.suppress(ValueError):
                    newest[number_of_line(line)] = line
        with replaced(self.sidecar) as kept:
            kept.writelines(line for sample, line in newest.items() if not self.done.get(sample) & DONE)
        if not self.sidecar.stat().st_size:
            self.sidecar.unlink()
