"""Files of any common kind as rows: JSONL, one JSON array or object, compressed, Parquet, folders, standard input.

What a file is shows in how it begins, not by its name. All but Parquet is read as a stream. What a row means is not
this module's question.
"""

import contextlib
import gzip
import io
import sys
import zlib
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, cast

from ..basics.command import Stop
from ..basics.files import STANDARD_INPUT
from .json_rows import PEEK, Row, Unreadable, entries, form_of, lines

GZIP, ZSTANDARD, PARQUET = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PAR1"
SKIPPABLE = b"\x2a\x4d\x18"  # behind its first byte: how a Zstandard file of several threads may begin
PACKED = 1 << 10  # bytes that are decompressed at a time; each four of them may become 128 kB
ROWS_AT_A_TIME = 256  # of Parquet
COLUMNS = {
    *("id", "conversation_id", "conversation_hash", "conversation", "conversations", "messages", "system"),
    *("message_tree_id", "message_id", "parent_id", "text", "role", "rank", "deleted", "review_result", "prompt"),
    *("data", "mapping", "current_node", "chat_messages", "uuid"),
}


def rows(files: Sequence[str], columns: Collection[str] = COLUMNS) -> Iterator[tuple[str, Row | Unreadable]]:
    """Every row of the files in turn, with the file it is from. What cannot be read keeps its place.

    Of Parquet only these columns are read, or all where it has none of them. A damaged file is named as one, with the
    number of its last row, and the next file is read.
    """
    for file in files:
        number = 0
        with opened(file) as stream:
            try:
                for row in rows_of(file, stream, columns):
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


def rows_of(file: str, stream: "io.BufferedReader[Any]", columns: Collection[str]) -> Iterator[Row | Unreadable]:
    start = stream.peek(4)[:4]
    if start == PARQUET:
        yield from parquet_rows(file, stream, columns)
        return
    with unpacked(file, start, stream) as plain:
        form = form_of(plain)
        yield from lines(file, plain) if form == "lines" else entries(file, plain, form)


def opened(file: str) -> "io.BufferedReader[Any]":
    """The file, or a sentence that says why not."""
    if file == STANDARD_INPUT:
        if sys.stdin is None:
            raise Stop("Standard input is closed: give --input a file.")
        return io.BufferedReader(cast("io.RawIOBase", sys.stdin.buffer), PEEK)
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


# ---------------------------------------------------------------------------------------------- Parquet


def parquet_rows(file: str, stream: "io.BufferedReader[Any]", columns: Collection[str]) -> Iterator[Row]:
    """The rows of a Parquet file, of these columns where it has such."""
    try:
        from pyarrow import parquet  # noqa: PLC0415 (optional)
    except ImportError as error:
        raise Stop(f"Input {file} is a Parquet file; to read it: pip install pyarrow") from error
    if file == STANDARD_INPUT:
        raise Stop("Parquet cannot be read from standard input: give the file's name.")
    table = parquet.ParquetFile(stream)
    wanted = [name for name in table.schema_arrow.names if name in columns]
    for batch in table.iter_batches(ROWS_AT_A_TIME, columns=wanted or None):
        yield from map(Row, batch.to_pylist())


def count(files: Sequence[str]) -> int | None:
    """How many lines the files have; None where one is no plain JSONL, since its rows do not show unread.

    Nor is a pipe read, which can be read only once.
    """
    total = 0
    for file in files:
        if file == STANDARD_INPUT or not Path(file).is_file():
            return None
        with opened(file) as stream:
            packed = stream.peek(4)[:4].startswith((GZIP, ZSTANDARD, PARQUET))
            if packed or form_of(stream) != "lines":
                return None
            total += sum(block.count(b"\n") for block in iter(lambda: stream.read(PEEK), b""))
    return total
