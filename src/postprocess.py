"""Records into training files: preference pairs for DPO, or the chosen sides alone for SFT.

Takes records made here or by the published implementation. The rows stand in the order of the dialogues' input, so
that equal records give equal bytes however they were written. Holds no records in memory: a temporary SQLite index
says where each one lies.

    python -m src.postprocess --input data/synthesized_raw/demo.jsonl --mode pref
"""

import argparse
import contextlib
import glob
import logging
import re
import sqlite3
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Literal

import orjson
from pydantic import Field, ValidationError

from .config import Parser, Stop, as_command, one_of
from .io_utils import replaced
from .prompts import ANSWER, PREDICT, as_text, fill
from .schemas import CategoryReason, Shape, ViewReasoning
from .utils import loads, on_one_line, without_tags

log = logging.getLogger(__name__)

Mode = Literal["pref", "sft"]
MOST_WARNINGS = 20

STARTS = re.compile(rb'\{"sample_id":("(?:[^"\\]|\\.)*"|-?[0-9.eE+-]+|true|false),"item_id":(\d+),"context":')
POSITION = re.compile(rb'"region":"\w+","position":(\d+)')


# ---------------------------------------------------------------------------------------------- what is read


class Views(Shape):
    mining: ViewReasoning = Field(alias="mining_view")
    exploration: ViewReasoning = Field(alias="explore_view")


class Side(Shape):
    """A trajectory as far as training needs it. Looser than what synthesis writes: any JSON object is a tree."""

    tree: dict[str, Any] = Field(alias="intent_tree", min_length=1)
    category: CategoryReason = Field(alias="utterance_category_reason")
    views: Views = Field(alias="insight_reason")


class ChosenSide(Shape):
    """What an SFT row needs of a record."""

    history: str = Field(alias="chat_history", min_length=1)
    chosen: Side
    rehearsal: bool = False


class Pair(ChosenSide):
    """What a preference row needs of a record."""

    rejected: Side


# ---------------------------------------------------------------------------------------------- what is written


class Unfit(Exception):
    """A record that gives no training row; the message says why."""


def question(record: ChosenSide) -> str:
    return fill(PREDICT, {"history": without_tags(record.history, "dialogue")})


def answer(side: Side) -> str:
    """What the trained model is to say: its thoughts in one tag, then each prediction in a tag on a line of its own."""
    thoughts = {
        "tree": as_text(side.tree),
        "category_reasoning": side.category.reasoning,
        "category": side.category.category,
        "mining": side.views.mining.reasoning,
        "exploration": side.views.exploration.reasoning,
    }
    safe = {name: without_tags(text, "think", "predict") for name, text in thoughts.items()}
    predicted = side.views.mining.predictions + side.views.exploration.predictions
    predictions = (on_one_line(without_tags(text, "think", "predict")) for text in predicted)
    return fill(ANSWER, {**safe, "predictions": "\n".join(f"<predict>{text}</predict>" for text in predictions)})


def pref_row(record: Pair) -> dict[str, Any]:
    chosen, rejected = answer(record.chosen), answer(record.rejected)
    if chosen == rejected:
        raise Unfit("its chosen and rejected sides are the same")
    return {
        "conversations": [{"from": "human", "value": question(record)}],
        "chosen": {"from": "gpt", "value": chosen},
        "rejected": {"from": "gpt", "value": rejected},
    }


def sft_row(record: ChosenSide) -> dict[str, Any]:
    return {
        "messages": [
            {"role": "user", "content": question(record)},
            {"role": "assistant", "content": answer(record.chosen)},
        ]
    }


ROWS: dict[str, tuple[type[ChosenSide], Callable[[Any], dict[str, Any]]]] = {
    "pref": (Pair, pref_row),
    "sft": (ChosenSide, sft_row),
}


# ---------------------------------------------------------------------------------------------- the order of records


class Records:
    """The records of several files in the order of the input, one in memory at a time.

    Lines that are no records, and what `leave_out` is told, are counted and named.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self.paths = paths
        self.left_out = self.rehearsed = 0
        self._index = sqlite3.connect("")  # a temporary database, on disk once it is large
        self._index.execute("CREATE TABLE records (position, item, sample, file, line, start)")

    def close(self) -> None:
        self._index.close()

    def __iter__(self) -> Iterator[tuple[int, int, bytes]]:
        """File, line number and line, once. Records that do not tell their place in the input come last, by id."""
        with contextlib.ExitStack() as stack:
            files = [stack.enter_context(path.open("rb")) for path in self.paths]
            for file_index, file in enumerate(files):
                self.index(file_index, file)
            order = "position IS NULL, position, sample, item, file, line"
            found = self._index.execute(f"SELECT file, line, start FROM records ORDER BY {order}")
            for file_index, line_number, start in found:
                files[file_index].seek(start)
                yield file_index, line_number, files[file_index].readline()

    def index(self, file_index: int, file: BinaryIO) -> None:
        """Note where each record of the file lies."""
        start = 0
        for line_number, line in enumerate(file, 1):
            try:
                keys = keys_of(line)
            except ValueError as error:
                self.leave_out(file_index, line_number, f"it is not JSON ({error})")
            else:
                if line.strip():
                    place = (*keys, file_index, line_number, start)
                    self._index.execute("INSERT INTO records VALUES (?, ?, ?, ?, ?, ?)", place)
            start += len(line)

    def leave_out(self, file_index: int, line_number: int, reason: str) -> None:
        self.left_out += 1
        if self.left_out <= MOST_WARNINGS:
            log.warning("%s line %d is left out: %s", self.paths[file_index], line_number, reason)


def keys_of(line: bytes) -> tuple[int | float | str | None, ...]:
    """Position, item and sample of a record, as SQLite can sort them. Raises ValueError for a line that is not JSON."""
    start, end = STARTS.match(line), POSITION.search(line, max(0, len(line) - 1000))
    if start and end and line.endswith(b"}\n"):  # a record of ours: no need to read all of it
        return int(end[1]), int(start[2]), sortable(orjson.loads(start[1]))
    row = loads(line) if line.strip() else None
    told = row if isinstance(row, dict) else {}
    return tuple(sortable(told.get(name)) for name in ("position", "item_id", "sample_id"))


def sortable(value: Any) -> int | float | str | None:
    """A scalar as SQLite can hold it; its order has numbers before texts."""
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return float(value)
    return value if isinstance(value, int | float | str) else None


# ---------------------------------------------------------------------------------------------- the command


def read(shape: type[ChosenSide], line: bytes) -> ChosenSide:
    """The parts of a record that training needs; what only a lenient reader takes is read as well."""
    try:
        return shape.model_validate_json(line)
    except ValidationError:
        return shape.model_validate(loads(line))


def training_rows(records: Records, mode: Mode) -> Iterator[bytes]:
    """The training row of every record that fits, as JSON."""
    shape, made = ROWS[mode]
    for file_index, line_number, line in records:
        try:
            record = read(shape, line)
            row = made(record)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(map(str, first["loc"]))
            records.leave_out(file_index, line_number, f'"{where}": {first["msg"]}' if where else "it is not a record")
        except Unfit as unfit:
            records.leave_out(file_index, line_number, str(unfit))
        else:
            records.rehearsed += record.rehearsal
            yield orjson.dumps(row)


def write(path: Path, rows: Iterator[bytes]) -> int:
    """Write the rows, as one array for `.json` and else as lines, and give their count. The file appears when whole."""
    array = path.suffix == ".json"
    start, between, end = (b"[\n", b",\n", b"\n]\n") if array else (b"", b"\n", b"\n")
    count = 0
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replaced(path) as file:
            for count, row in enumerate(rows, 1):
                file.write((start if count == 1 else between) + row)
            if not count:
                raise Stop(f"There is no record that gives a training row, so {path} is not written.")
            file.write(end)
    except OSError as error:
        raise Stop(f"{path} cannot be written ({error.strerror}): give another --output or make room.") from error
    return count


def inputs(patterns: Sequence[str]) -> list[Path]:
    """The files that the patterns name, each once, in the order given."""
    found: dict[Path, None] = {}
    for pattern in patterns:
        matches = [pattern] if Path(pattern).exists() else sorted(glob.glob(pattern, recursive=True))  # noqa: PTH207 (Path.glob refuses absolute patterns)
        if not matches:
            raise Stop(f"Input {pattern} does not exist: make records first with python -m src.synthesis.")
        if folders := [match for match in matches if Path(match).is_dir()]:
            raise Stop(f"Input {folders[0]} is a folder: name its files, such as '{folders[0]}/*.jsonl'.")
        found |= dict.fromkeys(Path(match) for match in matches if not match.endswith(".failed.jsonl"))
    return list(found)


def output_for(paths: Sequence[Path], mode: str) -> Path:
    """The published place: data/processed/NAME_pref.json for data/synthesized_raw/NAME.jsonl."""
    if len(paths) > 1:
        raise Stop(f"{len(paths)} inputs make one file: give its name with --output.")
    return Path("data/processed") / f"{paths[0].stem}_{mode}.json"


EXAMPLES = """\
examples:
  python -m src.postprocess --input data/synthesized_raw/LMSYS.jsonl --mode pref
  python -m src.postprocess --input 'runs/shard-*.jsonl' --mode sft --output data/processed/all_sft.jsonl

exit status: 0 all done, 1 could not run, 3 some records were left out (each is named)
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Write one training file as the command line says; returns the exit status."""
    parser = Parser(
        prog="python -m src.postprocess",
        description="Turn records into a training file: preference pairs, or the chosen sides alone.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--input", nargs="+", default=["data/synthesized_raw/LMSYS.jsonl"], help="records: files, globs"
    )
    parser.add_argument(
        "--output", type=Path, help=".json for one array, .jsonl for lines [data/processed/NAME_MODE.json]"
    )
    parser.add_argument(
        "--mode", type=one_of(*ROWS), default="pref", help="pref for DPO, sft for the chosen sides [pref]"
    )
    options = parser.parse_args(arguments)
    paths = inputs(options.input)
    output = options.output or output_for(paths, options.mode)
    if any(output.exists() and output.samefile(path) for path in paths):
        raise Stop(f"{output} is among the inputs: give another --output.")
    with contextlib.closing(Records(paths)) as records:
        count = write(output, training_rows(records, options.mode))
    print(f"{options.mode + ' rows':<14} {count:,}")
    if records.left_out:
        print(f"left out       {records.left_out:,}")
    print(f"training file  {output}")
    if records.rehearsed:
        log.warning(
            "%d of the records were rehearsed: good for checking a set-up, not for training.", records.rehearsed
        )
    return 3 if records.left_out else 0


if __name__ == "__main__":
    sys.exit(as_command(main))
