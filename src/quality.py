"""Marks on each pair that say why it may be bad, so that somebody looks before it is trained on. No model is asked.

    python -m src.quality --input data/synthesized_raw/LMSYS.jsonl
    python -m src.postprocess --input data/synthesized_raw/LMSYS.quality.jsonl --drop artifact,refusal

Writes the records again with one more key: `"quality": {"tags": [{"tag", "side", "evidence"}, …]}`. One record is in
memory at a time.
"""

import argparse
import dataclasses
import logging
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import orjson
from pydantic import ValidationError
from tqdm import tqdm

from .config import Parser, Stop, as_command
from .heuristics import HEURISTICS, MarkedRecord, marks
from .io_utils import replaced
from .utils import loads, shortened

log = logging.getLogger(__name__)

MOST_WARNINGS = 20
LONGEST_EVIDENCE = 200  # characters

EXAMPLES = """\
examples:
  python -m src.quality --input data/synthesized_raw/LMSYS.jsonl
  python -m src.postprocess --input data/synthesized_raw/LMSYS.quality.jsonl --drop artifact,refusal

exit status: 0 all done, 1 could not run, 3 some lines were no records and were left out (each is named)

marks:
"""


@dataclasses.dataclass
class Totals:
    """How many records were read, left out, and marked with what."""

    read: int = 0
    left_out: int = 0
    clean: int = 0
    tags: Counter[str] = dataclasses.field(default_factory=Counter)


def marked(path: Path, file: BinaryIO, totals: Totals) -> Iterator[bytes]:
    """Each record of the file with its marks. What is no record is named and left out."""
    for number, line in enumerate(tqdm(file, unit=" records", disable=None), 1):
        if not line.strip():
            continue
        try:
            row = loads(line)
            found = marks(MarkedRecord.model_validate(row))
        except ValueError as error:  # ValidationError is one
            totals.left_out += 1
            if totals.left_out <= MOST_WARNINGS:
                log.warning("%s line %d is left out: %s", path, number, reason_of(error))
            continue
        tags = {mark.tag for mark in found}
        totals.read += 1
        totals.clean += not tags
        totals.tags.update(tags)
        told = [dataclasses.asdict(mark) | {"evidence": shortened(mark.evidence, LONGEST_EVIDENCE)} for mark in found]
        kept: dict[str, Any] = {key: value for key, value in row.items() if key != "quality"}
        yield orjson.dumps({**kept, "quality": {"tags": told}}, option=orjson.OPT_APPEND_NEWLINE)


def reason_of(error: ValueError) -> str:
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        return f'"{where}": {first["msg"]}' if where else "it is not a record"
    return f"it is not JSON ({error})"


def main(arguments: Sequence[str] | None = None) -> int:
    """Mark the records of one file; returns the exit status."""
    width = max(len(heuristic.__name__) for heuristic in HEURISTICS)
    about = [f"  {each.__name__:<{width}}  {(each.__doc__ or '').strip()}".rstrip() for each in HEURISTICS]
    parser = Parser(
        prog="python -m src.quality",
        description="Mark each pair with what may be wrong about it, without a model.",
        epilog=EXAMPLES + "\n".join(about),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    default = Path("data/synthesized_raw/LMSYS.jsonl")
    parser.add_argument("--input", type=Path, default=default, help=f"records [{default}]")
    parser.add_argument("--output", type=Path, help="the records with their marks [INPUT with .quality.jsonl]")
    options = parser.parse_args(arguments)
    output = options.output or options.input.with_suffix(".quality.jsonl")
    if not options.input.is_file():
        raise Stop(f"Input {options.input} does not exist: make records first with python -m src.synthesis.")
    if output.exists() and output.samefile(options.input):
        raise Stop(f"Output {output} is the input: give another --output.")
    totals = Totals()
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        with options.input.open("rb", buffering=1 << 20) as file, replaced(output) as written:
            written.writelines(marked(options.input, file, totals))
    except OSError as error:
        raise Stop(f"{output} cannot be written ({error.strerror}): give another --output or make room.") from error
    print("\n".join(summary(totals, output)))
    return 3 if totals.left_out else 0


def summary(totals: Totals, output: Path) -> Iterator[str]:
    yield f"records        {totals.read:,} in {output}"
    yield f"without marks  {totals.clean:,}"
    for tag, count in totals.tags.most_common():
        yield f"marked         {count:,}: {tag}"
    if totals.left_out:
        yield f"left out       {totals.left_out:,}"


if __name__ == "__main__":
    sys.exit(as_command(main))
