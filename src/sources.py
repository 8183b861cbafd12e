"""Files of any common kind as rows: JSONL, one JSON array or object, compressed, Parquet, folders, standard input.

What a file is, is told by how it begins, not by its name. All but Parquet is read as a stream. What a row means is not
this module's question.
"""

import contextlib
import dataclasses
import glob
import gzip
import io
import json
import logging
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Literal, NamedTuple, cast

from .config import Stop
from .utils import LENIENT, loads, without_surrogates

log = logging.getLogger(__name__)

STANDARD_INPUT = "-"
READ_IN_FOLDERS = (".jsonl", ".json", ".ndjson", ".parquet", ".gz", ".zst")
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
GZIP, ZSTANDARD, PARQUET = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PAR1"
PEEK = 1 << 20  # bytes of a file that are looked at to tell what it is
BLOCK = 1 << 16  # characters of a JSON array that are read at a time
LONGEST_SIGN = 8  # characters that belong together in JSON outside of strings, or in an escape
ROWS_AT_A_TIME = 256  # of Parquet
COLUMNS = {
    *("id", "conversation_id", "conversation_hash", "conversation", "conversations", "messages", "system"),
    *("message_tree_id", "message_id", "parent_id", "text", "role", "rank", "deleted", "review_result", "prompt"),
}
# The first entry of one large object. Not so the first field of a row whose value happens to be an object.
ENTRY_BEGINS = re.compile(rb'\{\s*"(?!(?:prompt|meta|metadata|info|message)")(?:[^"\\]|\\.)*"\s*:\s*\{')

Form = Literal["lines", "array", "object", "values"]


@dataclasses.dataclass(frozen=True, slots=True)
class Unreadable:
    """What is no row: its file, the number of its line or entry from 1, and why."""

    file: str
    number: int
    reason: str


class Row(NamedTuple):
    """One entry of a file; `key` is its name where the file is one JSON object of entries."""

    value: Any
    key: str | None = None


def found(patterns: Sequence[str]) -> list[str]:
    """The files that the patterns name, each once: paths, globs, folders with all below them, `-` for standard input.

    Raises Stop where one of them names nothing.
    """
    files: dict[str, None] = {}
    for pattern in patterns:
        if pattern == STANDARD_INPUT or Path(pattern).is_file():
            matches = [pattern]
        elif Path(pattern).is_dir():
            below = sorted(path for path in Path(pattern).rglob("*") if path.is_file())
            matches = [str(path) for path in below if path.suffix.lower() in READ_IN_FOLDERS]
        else:
            matches = sorted(match for match in glob.glob(pattern, recursive=True) if Path(match).is_file())  # noqa: PTH207 (Path.glob refuses absolute patterns)
        if not matches:
            missing = "holds no file of dialogues" if Path(pattern).is_dir() else "does not exist"
            raise Stop(
                f"Input {pattern} {missing}: give --input a file of dialogues, or try data/raw/demo.jsonl;"
                " to see the pipeline without a key: python -m src.rehearsal"
            )
        files |= dict.fromkeys(match for match in matches if not match.endswith(".failed.jsonl"))
    return list(files)


def rows(files: Sequence[str]) -> Iterator[tuple[str, Row | Unreadable]]:
    """Every row of the files in turn, with the file it is from. What cannot be read keeps its place."""
    for file in files:
        with opened(file) as stream:
            for row in rows_of(file, stream):
                yield file, row


def rows_of(file: str, stream: "io.BufferedReader[Any]") -> Iterator[Row | Unreadable]:
    start = stream.peek(4)[:4]
    if start == PARQUET:
        yield from parquet_rows(file, stream)
        return
    with unpacked(file, start, stream) as plain:
        form = form_of(plain)
        yield from lines(file, plain) if form == "lines" else entries(file, plain, form)


def opened(file: str) -> "io.BufferedReader[Any]":
    """The file, or a sentence that says why not."""
    if file == STANDARD_INPUT:
        return io.BufferedReader(cast("io.RawIOBase", sys.stdin.buffer), PEEK)
    try:
        return io.BufferedReader(io.FileIO(file), PEEK)
    except OSError as error:
        raise Stop(f"Input {file} cannot be read ({error.strerror}): fix its permissions or leave it out.") from error


def unpacked(
    file: str, start: bytes, stream: "io.BufferedReader[Any]"
) -> contextlib.AbstractContextManager["io.BufferedReader[Any]"]:
    if start.startswith(GZIP):
        return io.BufferedReader(cast("io.RawIOBase", gzip.GzipFile(fileobj=stream)), PEEK)
    if start.startswith(ZSTANDARD):
        return io.BufferedReader(zstandard_stream(file, stream), PEEK)
    return contextlib.nullcontext(stream)


def zstandard_stream(file: str, stream: BinaryIO) -> Any:
    """What a .zst file holds, by the standard library from Python 3.14 on and else by an optional package."""
    try:
        from compression import zstd  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415

        return zstd.ZstdFile(stream)
    except ImportError:
        pass
    try:
        import zstandard  # noqa: PLC0415 (optional)
    except ImportError as error:
        raise Stop(f"Input {file} is Zstandard-compressed; to read it: pip install zstandard") from error
    return zstandard.ZstdDecompressor().stream_reader(stream, read_across_frames=True)


def form_of(stream: "io.BufferedReader[Any]") -> Form:
    """How the rows stand in a text, told by its beginning; the stream stays where it is."""
    start = stream.peek(PEEK).removeprefix(BYTE_ORDER_MARK).lstrip()
    line, newline, rest = start.partition(b"\n")
    try:
        value = loads(line)
    except ValueError:
        if start.startswith(b"["):
            return "lines" if newline and line.rstrip().endswith(b"]") else "array"
        if not start.startswith(b"{") or (newline and line.rstrip()[-1:] not in {b"{", b"[", b","}):
            return "lines"  # with a broken one: a text over several lines does not break there
        return "object" if ENTRY_BEGINS.match(start) else "values" if newline else "lines"
    if rest.strip():
        return "lines"
    entries = isinstance(value, dict) and value and all(isinstance(entry, dict) for entry in value.values())
    return "object" if entries else "array" if isinstance(value, list) else "lines"


def lines(file: str, stream: "io.BufferedReader[Any]") -> Iterator[Row | Unreadable]:
    """A row for each line. Lines end at a line feed and nowhere else."""
    for number, line in enumerate(stream, 1):
        if not line.strip():
            continue
        try:
            yield Row(loads(line.removeprefix(BYTE_ORDER_MARK)))
        except ValueError as error:
            yield Unreadable(file, number, str(error))


# ---------------------------------------------------------------------------------------------- one large JSON text


class Text:
    """JSON values taken one by one from a text of any length."""

    def __init__(self, stream: "io.BufferedReader[Any]") -> None:
        self._stream = io.TextIOWrapper(stream, encoding="utf-8-sig", errors="replace")
        self._held, self._place, self._ended = "", 0, False

    def detach(self) -> None:
        """Leave the stream to whoever opened it."""
        self._stream.detach()

    def next_sign(self) -> str:
        """The next character that is no white space, which stays; "" at the end."""
        while True:
            rest = self._held[self._place :].lstrip()
            if rest or self._ended:
                self._held, self._place = rest, 0
                return rest[:1]
            self._more()

    def take(self, signs: str) -> str:
        """The next character, if it is one of these; else "" and it stays."""
        sign = self.next_sign()
        if not sign or sign not in signs:
            return ""
        self._place += 1
        return sign

    def key(self) -> str:
        """The next string and the colon behind it. Raises ValueError where there is none."""
        key = self.value()
        if not self.take(":"):
            raise ValueError("an entry has no value")
        return str(key)

    def value(self) -> Any:
        """The next JSON value. Raises ValueError where none begins."""
        self.next_sign()
        while True:
            try:
                value, end = LENIENT.raw_decode(self._held, self._place)
            except json.JSONDecodeError as error:
                unfinished = error.pos >= len(self._held) - LONGEST_SIGN or error.msg.startswith("Unterminated")
                if self._ended or not unfinished:
                    raise
            except RecursionError as error:
                raise ValueError("it is nested too deeply") from error
            else:
                if self._ended or end < len(self._held):  # at the very end a number may go on
                    self._place = end
                    return without_surrogates(value)
            self._more()

    def _more(self) -> None:
        """Read as much again as is held, so that a long value is parsed a few times and not for each block."""
        self._held, self._place = self._held[self._place :], 0
        more = self._stream.read(max(BLOCK, len(self._held)))
        self._held += more
        self._ended = not more


def entries(file: str, stream: "io.BufferedReader[Any]", form: Form) -> Iterator[Row | Unreadable]:
    """A row for each entry of a JSON array or object, or for each of several values that follow one another."""
    text, number = Text(stream), 0
    try:
        text.take({"array": "[", "object": "{"}.get(form, ""))
        while (sign := text.next_sign()) and sign not in "]}":
            number += 1
            key = text.key() if form == "object" else None
            yield Row(text.value(), key)
            text.take(",")
    except ValueError as error:
        yield Unreadable(file, number, f"{error}; nothing after it can be read")
    finally:
        text.detach()


# ---------------------------------------------------------------------------------------------- Parquet


def parquet_rows(file: str, stream: "io.BufferedReader[Any]") -> Iterator[Row]:
    """The rows of a Parquet file, of the columns that tell of dialogues where it has such."""
    try:
        from pyarrow import lib, parquet  # noqa: PLC0415 (optional)
    except ImportError as error:
        raise Stop(f"Input {file} is a Parquet file; to read it: pip install pyarrow") from error
    if file == STANDARD_INPUT:
        raise Stop("Parquet cannot be read from standard input: give the file's name.")
    try:
        table = parquet.ParquetFile(stream)
        columns = [name for name in table.schema_arrow.names if name in COLUMNS]
        for batch in table.iter_batches(ROWS_AT_A_TIME, columns=columns or None):
            yield from map(Row, batch.to_pylist())
    except lib.ArrowException as error:
        raise Stop(f"Input {file} is a damaged Parquet file ({error}): fetch it again or leave it out.") from error


def count(files: Sequence[str]) -> int | None:
    """How many lines the files have; None where one is no plain JSONL, since its rows do not show unread."""
    total = 0
    for file in files:
        if file == STANDARD_INPUT:
            return None
        with opened(file) as stream:
            packed = stream.peek(4)[:4].startswith((GZIP, ZSTANDARD, PARQUET))
            if packed or form_of(stream) != "lines":
                return None
            total += sum(block.count(b"\n") for block in iter(lambda: stream.read(PEEK), b""))
    return total
