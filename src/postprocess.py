"""Records into training files: preference pairs for DPO, or the chosen sides alone for SFT.

Takes records made here or by the published implementation. The rows stand in the order of the dialogues' input, so
that equal records give equal bytes however they were written.

    python -m src.postprocess --input data/synthesized_raw/demo.jsonl --mode pref
"""

import argparse
import contextlib
import gc
import logging
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import orjson
from pydantic import ValidationError

from .card import INFO, Facts, describe
from .config import Parser, Stop, as_command, number, one_of
from .formats import DEFAULT, NAMES, PREF, SFT, TEMPLATES, Mode, Row
from .heuristics import TAGS
from .ordered import Records, inputs
from .records import Region
from .selection import ChosenSide, Filters, Pair, Split, Unfit, name_of
from .training_files import KINDS, TrainingFiles
from .utils import loads

log = logging.getLogger(__name__)

MODES: tuple[Mode, ...] = get_args(Mode)
WITH_ROOM = {"sharegpt", "trl"}  # formats whose readers leave further columns alone
WHOLE = "train"  # the split of a file that is not split

# ---------------------------------------------------------------------------------------------- records into rows


def pref_maker(format: str, template: str) -> Callable[[Any], Row]:
    made, words = PREF[format], TEMPLATES[template]

    def row(record: Pair) -> Row:
        chosen, rejected = words.answer(record.chosen), words.answer(record.rejected)
        if chosen == rejected:
            raise Unfit("its chosen and rejected sides are the same")
        row = made(words.asked(record.history), chosen, rejected)
        return row | record.ratings if format in WITH_ROOM else row

    return row


def sft_maker(format: str, template: str) -> Callable[[Any], Row]:
    made, words = SFT[format], TEMPLATES[template]

    def row(record: ChosenSide) -> Row:
        return made(words.asked(record.history), words.answer(record.chosen))

    return row


MAKERS: Mapping[Mode, tuple[type[ChosenSide], Callable[[str, str], Callable[[Any], Row]]]] = {
    "pref": (Pair, pref_maker),
    "sft": (ChosenSide, sft_maker),
}


def training_rows(
    records: Records, shape: type[ChosenSide], row_of: Callable[[Any], Row], filters: Filters
) -> Iterator[tuple[ChosenSide, Row]]:
    """Every record that fits and passes the filters, with its training row."""
    for file_index, line_number, line in records:
        try:
            record = shape.model_validate(loads(line))
            row = row_of(record)
            kept = filters.keep(record)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(map(str, first["loc"]))
            records.leave_out(file_index, line_number, f'"{where}": {first["msg"]}' if where else "it is not a record")
        except orjson.JSONEncodeError:
            records.leave_out(file_index, line_number, "it is nested too deeply")
        except Unfit as unfit:
            records.leave_out(file_index, line_number, str(unfit))
        except ValueError as error:
            records.leave_out(file_index, line_number, f"it is not JSON ({error})")
        else:
            if kept:
                yield record, row


# ---------------------------------------------------------------------------------------------- the command


def output_for(paths: Sequence[Path], mode: str) -> Path:
    """The published place: data/processed/NAME_pref.json for data/synthesized_raw/NAME.jsonl."""
    if len(paths) > 1:
        raise Stop(f"{len(paths)} inputs make one file: give its name with --output.")
    return Path("data/processed") / f"{paths[0].stem}_{mode}.json"


def split(text: str) -> Split:
    """NAME=SHARE,NAME=SHARE whose shares make 1 together."""
    shares: list[tuple[str, float]] = []
    for part in text.split(","):
        name, _, share = part.partition("=")
        if not name.isidentifier() or any(name == other for other, _ in shares):
            raise argparse.ArgumentTypeError(f"{part!r} is not NAME=SHARE with a name of its own, such as train=0.95")
        shares.append((name, number(0, 1)(share)))
    if abs(sum(share for _, share in shares) - 1) > 1e-6:  # noqa: PLR2004 (what adding decimal fractions can lose)
        raise argparse.ArgumentTypeError(f"the shares of {text!r} do not make 1 together")
    return Split(shares)


def regions(text: str) -> list[str]:
    return [one_of(*get_args(Region))(region.strip()) for region in text.split(",")]


def marks(text: str) -> dict[str, str]:
    """The file's marks by sample."""
    try:
        rows = [loads(line) for line in Path(text).read_bytes().splitlines() if line.strip()]
        found = {name_of(row["sample_id"], row["item_id"]): row["mark"] for row in rows if row["mark"]}
    except OSError as error:
        raise argparse.ArgumentTypeError(f"{text} cannot be read ({error.strerror})") from error
    except (ValueError, KeyError, TypeError) as error:
        raise argparse.ArgumentTypeError(f"{text} holds no marks as the page of src.report gives them") from error
    if not found:
        raise argparse.ArgumentTypeError(f"{text} holds no mark: keep or drop some pairs on the page of src.report")
    return found


def tags(text: str) -> list[str]:
    return [one_of(*TAGS)(tag.strip()) for tag in text.split(",")]


EXAMPLES = """\
examples:
  python -m src.postprocess --input data/synthesized_raw/LMSYS.jsonl --mode pref
  python -m src.postprocess --input 'runs/shard-*.jsonl' --mode sft --output data/processed/all_sft.jsonl
  for TRL, with a part of the dialogues held back, without drafts that were far off
    python -m src.postprocess --mode pref --format trl --split train=0.95,test=0.05 --regions close,middle

exit status: 0 all done, 1 could not run, 3 some records were left out (each is named)
"""


def options_of(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = Parser(
        prog="python -m src.postprocess",
        description="Turn records into training files: preference pairs, or the chosen sides alone.",
        epilog=EXAMPLES,
    )
    add = parser.add_argument
    add("--input", nargs="+", default=["data/synthesized_raw/LMSYS.jsonl"], help="records: files, globs")
    add("--output", type=Path, help=".json (one array), .jsonl or .parquet [data/processed/NAME_MODE.json]")
    add("--mode", type=one_of(*MODES), default="pref", help="pref for DPO, sft for the chosen sides [pref]")
    add(
        "--format",
        metavar="FORMAT",
        help="pref: sharegpt, trl, openai [sharegpt]; sft: messages, sharegpt, trl, openai [messages]",
    )
    add(
        "--template",
        type=one_of(*TEMPLATES),
        default="full",
        help="what the model learns to say: full (thoughts, then predictions), predictions alone, or json [full]",
    )
    add("--split", type=split, help="shares of the dialogues, a file each, e.g. train=0.95,test=0.05")
    add("--min-top-sim", type=number(0, 1), help="drop pairs whose best draft prediction is less similar than this")
    add("--regions", type=regions, help="keep only pairs of these regions, of close,middle,far")
    add("--drop", type=tags, default=[], help="drop pairs with these marks of python -m src.quality, e.g. artifact")
    add("--min-margin", type=number(-1, 1), help="drop pairs whose chosen side is not so much nearer, to the judge")
    add("--min-score", type=number(1, 5), help="drop pairs whose chosen reasoning the judge scores lower, of 1 to 5")
    add("--marks", type=marks, default={}, help="marks made on the page of python -m src.report: drop, or keep always")
    add("--dedupe", action="store_true", help="drop what has the dialogue or the predictions of an earlier pair")
    options = parser.parse_args(arguments)
    options.format = options.format or DEFAULT[options.mode]
    if options.format not in NAMES[options.mode]:
        parser.error(f"--format {options.format} is none of --mode {options.mode}: {', '.join(NAMES[options.mode])}")
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    """Write training files as the command line says; returns the exit status."""
    options = options_of(arguments)
    paths = inputs(options.input)
    output = options.output or output_for(paths, options.mode)
    if output.suffix not in KINDS or output.name == INFO:
        raise Stop(f"--output {output} ends in none of {', '.join(KINDS)}: the ending says what kind of file it is.")
    if any(output.exists() and output.samefile(path) for path in paths):
        raise Stop(f"{output} is among the inputs: give another --output.")
    with contextlib.closing(Records(paths)) as records:
        return write(records, options, output)


def write(records: Records, options: argparse.Namespace, output: Path) -> int:
    """Write the files and what stands beside them, and tell how many rows there are."""
    shape, maker = MAKERS[options.mode]
    wishes = ("min_top_sim", "regions", "dedupe", "drop", "min_margin", "min_score", "marks")
    filters, facts = Filters(**{name: getattr(options, name) for name in wishes}), Facts()
    split_of = options.split.of if options.split else lambda _: WHOLE
    with TrainingFiles(output, splits=bool(options.split)) as files:
        for record, row in training_rows(records, shape, maker(options.format, options.template), filters):
            files.add(split_of(record), row)
            facts.note(record)
        if not files.counts:
            raise Stop(f"There is no record that gives a training row, so {output} is not written.")
    about = {
        **{name: getattr(options, name) for name in ("mode", "format", "template")},
        "facts": facts.told(),
        "rehearsed": facts.rehearsed,
        "rows": files.counts,
        "read": records.count,
        "dropped": +filters.dropped,
    }
    named = {split: files.path(split) for split in files.counts}
    describe(output, named, about)
    print("\n".join(summary(options, files, filters, records)))
    if facts.rehearsed:
        log.warning("%d of the records were rehearsed: good for checking a set-up, not for training.", facts.rehearsed)
    return 3 if records.left_out else 0


def summary(options: argparse.Namespace, files: TrainingFiles, filters: Filters, records: Records) -> Iterator[str]:
    for name, count in files.counts.items():
        yield f"{options.mode + ' rows':<14} {count:,} in {files.path(name)}"
    for name, _ in options.split.shares if options.split else ():
        if not files.counts[name]:
            yield f"{options.mode + ' rows':<14} 0 for {name}: no dialogue fell into it, and there is no file"
    if filters.marks:
        yield f"marks          {filters.met:,} of {len(filters.marks):,} name a pair here"
    for reason, count in filters.dropped.most_common():
        if count:
            yield f"dropped        {count:,}: {reason}"
    if records.left_out:
        yield f"left out       {records.left_out:,}"


if __name__ == "__main__":
    gc.set_threshold(20_000)  # a record's parts form no cycles, and to look for some takes a tenth of the time
    sys.exit(as_command(main))
