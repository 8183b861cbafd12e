"""Marks on each pair that say why it may be bad, so that somebody looks before it is trained on.

    python -m src.quality --input data/synthesized_raw/LMSYS.jsonl
    python -m src.postprocess --input data/synthesized_raw/LMSYS.quality.jsonl --drop artifact,refusal

Writes the records again with one more key, `quality`. Without `--judge` no model is asked, and the file is made anew.
With it a model grades and scores each pair as well (see `judge`), under the same limits, budget and call store as
synthesis, and the same command goes on after a stop.
"""

import dataclasses
import logging
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import orjson
from tqdm import tqdm

from .config import Config, Stop, as_command, flag, key_of, option
from .heuristics import HEURISTICS, MarkedRecord, reason_of, told
from .io_utils import replaced
from .sources import found
from .utils import loads

log = logging.getLogger(__name__)

MOST_WARNINGS = 20
NOT_HERE = {  # options of synthesis that say nothing about finished pairs
    *("high_confidence_threshold", "low_confidence_threshold", "turns", "max_context_chars", "user_role"),
    *("assistant_role", "system_turns", "tool_turns", "repeats", "oasst_paths", "shard", "show", "estimate"),
}

DESCRIPTION = """\
Mark each pair with what may be wrong about it, without a model; with --judge, let a model grade both sides and score
their reasoning, three calls a pair. The options about the endpoint matter only then.
"""
EXAMPLES = """\
examples:
  python -m src.quality --input data/synthesized_raw/LMSYS.jsonl
  python -m src.postprocess --input data/synthesized_raw/LMSYS.quality.jsonl --drop artifact,refusal
  a model's opinion as well, of the first 100 pairs
    python -m src.quality --input data/synthesized_raw/LMSYS.jsonl --judge --judge-model glm-4.6 --limit 100

exit status: 0 all done, 1 could not run, 3 some lines were left out or some pairs could not be judged, 130 interrupted

marks:
"""


@dataclasses.dataclass(frozen=True)
class Settings(Config):
    """What this command can be told."""

    input: tuple[str, ...] = option(("data/synthesized_raw/LMSYS.jsonl",), str, "records: files or globs", nargs="+")
    output: Path = option(Path(), Path, "the records with their marks; with one input its name with .quality.jsonl")
    judge: bool = flag("ask a model too, for similarities of both sides and scores of their reasoning")
    judge_model: str | None = option(None, str, "the judge's name at the endpoint, if not --model")

    @property
    def place(self) -> Path:
        """Where the records go."""
        if self.output.name:
            return self.output
        if len(self.input) > 1:
            raise Stop(f"{len(self.input)} inputs make one file: give its name with --output.")
        return Path(self.input[0]).with_suffix(".quality.jsonl")


@dataclasses.dataclass
class Totals:
    """How many records were read, left out, and marked with what."""

    read: int = 0
    left_out: int = 0
    clean: int = 0
    tags: Counter[str] = dataclasses.field(default_factory=Counter)


def marked(path: str, file: BinaryIO, totals: Totals) -> Iterator[bytes]:
    """Each record of the file with its marks. What is no record is named and left out."""
    for number, line in enumerate(tqdm(file, unit=" records", disable=None), 1):
        if not line.strip():
            continue
        try:
            row = loads(line)
            found_here = told(MarkedRecord.model_validate(row))
            written = orjson.dumps({**unmarked(row), "quality": {"tags": found_here}}, option=orjson.OPT_APPEND_NEWLINE)
        except (ValueError, orjson.JSONEncodeError) as error:  # ValidationError is a ValueError; what cannot be written
            totals.left_out += 1
            if totals.left_out <= MOST_WARNINGS:
                log.warning("%s line %d is left out: %s", path, number, reason_of(error))
            continue
        tags = {mark["tag"] for mark in found_here}
        totals.read += 1
        totals.clean += not tags
        totals.tags.update(tags)
        yield written


def unmarked(row: dict[str, Any]) -> dict[str, Any]:
    """The record without what an earlier look has left."""
    return {key: value for key, value in row.items() if key != "quality"}


def mark(settings: Settings, files: Sequence[str]) -> int:
    """Mark all records without a model; the exit status."""
    totals, output = Totals(), settings.place
    if output.exists() and any(output.samefile(file) for file in files):
        raise Stop(f"Output {output} is the same file as an input: give another --output.")
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        with replaced(output) as written:
            for path in files:
                with Path(path).open("rb", buffering=1 << 20) as file:
                    written.writelines(marked(path, file, totals))
            if not totals.read:
                raise Stop(f"There is no record in {' '.join(files)}, so {output} is not written.")
    except OSError as error:
        raise Stop(f"{output} cannot be written ({error.strerror}): give another --output or make room.") from error
    print("\n".join(summary(totals, output)))
    return 3 if totals.left_out else 0


def ask_judge(settings: Settings, files: Sequence[str]) -> int:
    """Mark all records and have a model judge them; the exit status."""
    from .judge import JUDGE, cases, judge  # noqa: PLC0415 (needed by this option alone)
    from .prompts import digest  # noqa: PLC0415
    from .runner import run  # noqa: PLC0415 (brings the SDK)

    model = settings.judge_model or settings.model
    config = dataclasses.replace(settings, input=tuple(files), output=settings.place, model=model)
    return run(config, key_of(config), judge, {"judge": config.model, "judge_prompts": digest(JUDGE)}, cases)


def main(arguments: Sequence[str] | None = None) -> int:
    """Mark the records as the command line says; returns the exit status."""
    width = max(len(heuristic.__name__) for heuristic in HEURISTICS)
    about = [f"  {each.__name__:<{width}}  {(each.__doc__ or '').strip()}".rstrip() for each in HEURISTICS]
    examples = EXAMPLES + "\n".join([*about, f"  {'inverted':<{width}}  the judge finds the rejected side nearer"])
    settings = Settings.from_command_line(arguments, "python -m src.quality", DESCRIPTION, examples, NOT_HERE)
    files = found(settings.input)
    return ask_judge(settings, files) if settings.judge else mark(settings, files)


def summary(totals: Totals, output: Path) -> Iterator[str]:
    yield f"records        {totals.read:,} in {output}"
    yield f"without marks  {totals.clean:,}"
    for tag, count in totals.tags.most_common():
        yield f"marked         {count:,}: {tag}"
    if totals.left_out:
        yield f"left out       {totals.left_out:,}"


if __name__ == "__main__":
    sys.exit(as_command(main))
