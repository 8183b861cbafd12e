"""Rows of files by column: Parquet, and Arrow as the folders of `datasets` have it. By pyarrow, which is optional."""

import io
from collections.abc import Collection, Iterator
from typing import Any

from ..basics.command import Stop
from ..basics.files import STANDARD_INPUT
from .json_rows import Row

PARQUET = b"PAR1"
ARROW_STREAM, ARROW_FILE = b"\xff\xff\xff\xff", b"ARRO"  # how such files begin
ROWS_AT_A_TIME = 256  # of Parquet


def is_columnar(start: bytes) -> bool:
    """Whether a file that begins so is one of these."""
    return start in {PARQUET, ARROW_STREAM, ARROW_FILE}


def columnar_rows(file: str, stream: "io.BufferedReader[Any]", columns: Collection[str]) -> Iterator[Row]:
    """The rows of the file, of these columns where it has such."""
    start = stream.peek(4)[:4]
    try:
        import pyarrow  # noqa: PLC0415 (optional)
        import pyarrow.ipc  # noqa: PLC0415
        import pyarrow.parquet  # noqa: PLC0415
    except ImportError as error:
        kind = "a Parquet" if start == PARQUET else "an Arrow"
        raise Stop(f"Input {file} is {kind} file; to read it: pip install pyarrow") from error
    if file == STANDARD_INPUT:
        raise Stop("Parquet and Arrow cannot be read from standard input: give the file's name.")
    if start == PARQUET:
        table = pyarrow.parquet.ParquetFile(stream)
        wanted = [name for name in table.schema_arrow.names if name in columns]
        batches = table.iter_batches(ROWS_AT_A_TIME, columns=wanted or None)
    else:
        opened = pyarrow.ipc.open_stream(stream) if start == ARROW_STREAM else pyarrow.ipc.open_file(stream)
        wanted = [name for name in opened.schema.names if name in columns]
        each = opened if start == ARROW_STREAM else map(opened.get_batch, range(opened.num_record_batches))
        batches = (batch.select(wanted) if wanted else batch for batch in each)
    for batch in batches:
        for place in range(0, batch.num_rows, ROWS_AT_A_TIME):
            yield from map(Row, batch.slice(place, ROWS_AT_A_TIME).to_pylist())
