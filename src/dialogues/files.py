"""Files of any common kind as rows: JSON of all forms, tables, Parquet, Arrow, compressed, folders, standard input.

What a file is shows in how it begins; only a table is known by its name. All but Parquet is read as a stream.
What a row means is not this module's question.
"""

import contextlib
import gzip
import io
import sys
import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO, cast

from ..basics import remote
from ..basics.command import Stop
from ..basics.files import STANDARD_INPUT
from .columnar import columnar_rows, is_columnar
from .json_rows import PEEK, Row, Unreadable, entries, form_of, lines
from .tables import looks_like_table, separator_of, table_rows

GZIP, ZSTANDARD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
SKIPPABLE = b"\x2a\x4d\x18"  # behind its first byte: how a Zstandard file of several threads may begin
PACKED = 1 << 10  # bytes that are decompressed at a time; each four of them may become 128 kB
COLUMNS = {
    *("id", "conversation_id", "conversation_hash", "conversation", "conversations", "messages", "system"),
    *("message_tree_id", "message_id", "parent_id", "text", "role", "rank", "deleted", "review_result", "prompt"),
    *("data", "mapping", "current_node", "chat_messages", "uuid"),
}


def rows(
    files: Sequence[str], columns: Collection[str] = COLUMNS, names: Mapping[str, str] = MappingProxyType({})
) -> Iterator[tuple[str, Row | Unreadable]]:
    """Every row of the files in turn, with the file it is from. What cannot be read keeps its place.

    `names` are the user's own names of fields, by ours. Of files by column only these columns are read, or all where
    it has none of them. A damaged file is named as one, with the number of its last row, and the next file is read.
    """
    for file in files:
        number = 0
        with opened(file) as stream:
            try:
                for row in rows_of(file, stream, columns, names):
                    number += 1
                    yield file, row
            except damage() as error:
                reason = f"the file is damaged behind row {number} ({error}); nothing after it can be read"
                yield file, Unreadable(file, number + 1, reason)


def damage() -> tuple[type[Exception], ...]:
    """What readers of broken files raise, of those that are in use."""
    names = (("zstandard", "ZstdError"), ("compression.zstd", "ZstdError"), ("pyarrow", "ArrowException"))
    optional = (getattr(sys.modules[module], name) for module, name in names if module in sys.modules)
    return (OSError, EOFError, zlib.error, UnicodeError, *optional)


def rows_of(
    file: str, stream: "io.BufferedReader[Any]", columns: Collection[str], names: Mapping[str, str]
) -> Iterator[Row | Unreadable]:
    start = stream.peek(4)[:4]
    if is_columnar(start):
        yield from columnar_rows(file, stream, {*columns, *names.values()} if columns else columns)
        return
    with unpacked(file, start, stream) as plain:
        if separator := separator_of(file):
            yield from table_rows(file, plain, separator, names)
            return
        form = form_of(plain)
        if form == "lines" and looks_like_table(plain.peek(PEEK)):
            yield Unreadable(file, 1, "it looks like CSV, which is read where the name ends in .csv or .tsv")
            return
        yield from lines(file, plain) if form == "lines" else entries(file, plain, form)


def opened(file: str) -> "io.BufferedReader[Any]":
    """The file, or a sentence that says why not."""
    if file == STANDARD_INPUT:
        if sys.stdin is None:
            raise Stop("Standard input is closed: give --input a file.")
        return io.BufferedReader(cast("io.RawIOBase", sys.stdin.buffer), PEEK)
    if remote.is_remote(file):
        return remote.opened(file)
    try:
        return io.BufferedReader(io.FileIO(file), PEEK)
    except OSError as error:
        raise Stop(f"Input {file} cannot be read ({error.strerror}): fix its permissions or leave it out.") from error


def unpacked(
    file: str, start: bytes, stream: "io.BufferedReader[Any]"
) -> contextlib.AbstractContextManager["io.BufferedReader[Any]"]:
    if start.startswith(GZIP):
        return io.BufferedReader(Pieces(gzip.GzipFile(fileobj=stream)), PEEK)
    if start.startswith(ZSTANDARD) or start[1:] == SKIPPABLE:
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
    return Zstandard(stream, zstandard.ZstdDecompressor())


class Pieces(io.RawIOBase):
    """A decompressed stream piece by piece, so that what stands before a damage is had before the error."""

    def __init__(self, stream: gzip.GzipFile) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        part = self._stream.read1(len(buffer))
        buffer[: len(part)] = part
        return len(part)


class Zstandard(io.RawIOBase):
    """A decompressed stream that raises EOFError where a frame was cut off, which the package's own does not tell."""

    def __init__(self, stream: BinaryIO, package: Any) -> None:
        self._stream, self._package = stream, package
        self._frame: Any = None
        self._held = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._held:
            packed = self._frame.unused_data if self._frame and self._frame.eof else b""
            packed = packed or self._stream.read(PACKED)
            if not packed:
                if self._frame and not self._frame.eof:
                    raise EOFError("a compressed frame is cut off")
                return 0
            if self._frame is None or self._frame.eof:
                self._frame = self._package.decompressobj()
            self._held = self._frame.decompress(packed)
        part, self._held = self._held[: len(buffer)], self._held[len(buffer) :]
        buffer[: len(part)] = part
        return len(part)


def count(files: Sequence[str]) -> int | None:
    """How many lines the files have; None where one is no plain JSONL, since its rows do not show unread.

    Nor is a pipe read, which can be read only once.
    """
    total = 0
    for file in files:
        if file == STANDARD_INPUT or not Path(file).is_file():
            return None
        with opened(file) as stream:
            start = stream.peek(4)[:4]
            if (
                start.startswith((GZIP, ZSTANDARD))
                or is_columnar(start)
                or separator_of(file)
                or form_of(stream) != "lines"
            ):
                return None
            total += sum(block.count(b"\n") for block in iter(lambda: stream.read(PEEK), b""))
    return total
