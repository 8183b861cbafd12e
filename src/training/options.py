"""What `python -m src.postprocess` can be told."""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import get_args

from ..basics.command import Parser
from ..basics.options import number, one_of
from ..basics.text import loads
from ..pairs.sides import name_of
from ..pairs.words import Region
from .formats import DEFAULT, MODES, NAMES
from .selection import Split
from .templates import TEMPLATES


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


def some_of(known: Sequence[str]) -> Callable[[str], list[str]]:
    """A reader of several of the known words, with commas between them."""
    return lambda text: [one_of(*known)(word.strip()) for word in text.split(",")]


EXAMPLES = """\
examples:
  python -m src.postprocess --input data/synthesized_raw/LMSYS.jsonl --mode pref
  python -m src.postprocess --input 'runs/shard-*.jsonl' --mode sft --output data/processed/all_sft.jsonl
  for TRL, with a part of the dialogues held back, without drafts that were far off
    python -m src.postprocess --mode pref --format trl --split train=0.95,test=0.05 --regions close,middle

exit status: 0 all done, 1 could not run, 3 some records were left out (each is named)
"""


def options_of(arguments: Sequence[str] | None, known_marks: Sequence[str]) -> argparse.Namespace:
    """What the command line says; pairs can be dropped by these marks."""
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
    add("--regions", type=some_of(get_args(Region)), help="keep only pairs of these regions, of close,middle,far")
    add(
        "--drop",
        type=some_of(known_marks),
        default=[],
        help="drop pairs with these marks of python -m src.quality, e.g. artifact",
    )
    add("--min-margin", type=number(-1, 1), help="drop pairs whose chosen side is not so much nearer, to the judge")
    add("--min-score", type=number(1, 5), help="drop pairs whose chosen reasoning the judge scores lower, of 1 to 5")
    add("--marks", type=marks, default={}, help="marks made on the page of python -m src.report: drop, or keep always")
    add("--dedupe", action="store_true", help="drop what has the dialogue or the predictions of an earlier pair")
    options = parser.parse_args(arguments)
    options.format = options.format or DEFAULT[options.mode]
    if options.format not in NAMES[options.mode]:
        parser.error(f"--format {options.format} is none of --mode {options.mode}: {', '.join(NAMES[options.mode])}")
    return options
