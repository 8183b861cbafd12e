"""Training files of a kind that their name tells: `.json` for one array, `.jsonl` for lines, `.parquet`."""

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from ..basics.command import Stop
from ..basics.files import beginning, refuse_others, replaced
from ..pairs.seen import Dialogues, dialogues_beside, holds_marks
from .templates import OPENING

Row = dict[str, Any]
Add = Callable[[Row], None]

ROWS_AT_A_TIME = 1000  # of Parquet


@contextlib.contextmanager
def json_array(file: BinaryIO) -> Iterator[Add]:
    begun = False

    def add(row: Row) -> None:
        nonlocal begun
        file.write((b",\n" if begun else b"[\n") + orjson.dumps(row))
        begun = True

    yield add
    file.write(b"\n]\n")


@contextlib.contextmanager
def json_lines(file: BinaryIO) -> Iterator[Add]:
    def add(row: Row) -> None:
        file.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))

    yield add


@contextlib.contextmanager
def parquet(file: BinaryIO) -> Iterator[Add]:
    try:
        import pyarrow  # noqa: PLC0415 (optional)
        from pyarrow.parquet import ParquetWriter  # noqa: PLC0415
    except ImportError as error:
        raise Stop(
            "To write Parquet: pip install pyarrow; or give an --output that ends in .json or .jsonl."
        ) from error
    waiting: list[Row] = []
    with contextlib.ExitStack() as stack:
        writer: Any = None

        def flush() -> None:
            nonlocal writer
            table = pyarrow.Table.from_pylist(waiting, schema=writer.schema if writer else None)
            writer = writer or stack.enter_context(ParquetWriter(file, table.schema))
            writer.write_table(table)
            waiting.clear()

        def add(row: Row) -> None:
            waiting.append(row)
            if len(waiting) == ROWS_AT_A_TIME:
                flush()

        yield add
        if waiting:
            flush()


KINDS = {".json": json_array, ".jsonl": json_lines, ".parquet": parquet}


def asks_our_question(path: Path) -> bool:
    """Whether a file holds rows of ours: each asks a trained model what ours do."""
    return OPENING.encode() in beginning(path)


def has_our_question(path: Path) -> bool:
    """The same for Parquet, whose texts are compressed."""
    import pyarrow  # noqa: PLC0415 (optional, and there where Parquet is written)
    from pyarrow.parquet import ParquetFile  # noqa: PLC0415

    try:
        first = next(ParquetFile(path).iter_batches(1), None)
    except pyarrow.ArrowException:
        return False
    return first is not None and OPENING in str(first.to_pylist())


IS_OURS = {".json": asks_our_question, ".jsonl": asks_our_question, ".parquet": has_our_question}


class TrainingFiles:
    """One file, or one for each split. Each appears when all are whole, and only if it has a row.

    Beside each appear the marks of its dialogues, by which a test on one of them is refused.
    """

    def __init__(self, output: Path, *, splits: bool) -> None:
        self.output, self._splits = output, splits
        self.counts: Counter[str] = Counter()
        self._stack = contextlib.ExitStack()
        self._add: dict[str, Add] = {}
        self._dialogues: dict[str, Dialogues] = {}

    def __enter__(self) -> "TrainingFiles":
        return self

    def __exit__(self, *error: Any) -> None:
        try:
            whole = {} if any(error) else self._dialogues
            for split in whole:  # old marks beside new rows would let a test on them pass
                dialogues_beside(self.path(split)).unlink(missing_ok=True)
            self._stack.__exit__(*error)
            for split, dialogues in whole.items():
                dialogues.write_beside(self.path(split))
        except OSError as failed:
            raise self.refused(failed) from failed

    def path(self, split: str) -> Path:
        """`NAME.json`, or `NAME_SPLIT.json`."""
        return self.output.with_stem(f"{self.output.stem}_{split}") if self._splits else self.output

    def add(self, split: str, row: Row, sample_id: Any) -> None:
        """Add a row to a split, made from this dialogue; one without an id cannot be known again."""
        try:
            if split not in self._add:
                self._add[split] = self.begun(split)
            self._add[split](row)
        except OSError as error:
            raise self.refused(error) from error
        self.counts[split] += 1
        if sample_id is not None:
            self._dialogues[split].add(sample_id)

    def begun(self, split: str) -> Add:
        refuse_others(self.path(split), "postprocess", IS_OURS[self.output.suffix])
        refuse_others(dialogues_beside(self.path(split)), "postprocess", holds_marks)
        self.output.parent.mkdir(parents=True, exist_ok=True)
        self._dialogues[split] = Dialogues()
        file = self._stack.enter_context(replaced(self.path(split)))
        return self._stack.enter_context(KINDS[self.output.suffix](file))

    def refused(self, error: OSError) -> Stop:
        """What the file system refuses, as a sentence."""
        reason = error.strerror or error
        return Stop(f"{self.output} cannot be written ({reason}): give another --output or make room.")
