"""What `python -m src.postprocess` can be told."""

import argparse
import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import get_args

from ..basics.command import Stop
from ..basics.options import Options, flag, number, one_of, option
from ..basics.seen import HALF
from ..basics.split import Split, split
from ..basics.text import loads
from ..pairs.sides import name_of
from ..pairs.words import Region
from .formats import DEFAULT, MODES, NAMES, Mode
from .templates import TEMPLATES
from .tokens import TRAINERS_OWN_LIMIT
from .user_turns import USER


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


def words(text: str) -> list[str]:
    """Several words with commas between them."""
    return [word.strip() for word in text.split(",")]


def some_of(*known: str) -> Callable[[str], list[str]]:
    """A reader of several of these words."""
    return lambda text: [one_of(*known)(word) for word in words(text)]


own = functools.partial(option, variable=False)
OWN, MOMENT = "own", "moment"


@dataclasses.dataclass(frozen=True)
class Settings(Options):
    """Which records count, and what they become."""

    input: tuple[str, ...] = own(
        ("data/synthesized_raw/LMSYS.jsonl",),
        str,
        "files or globs of records",
        group="input",
        nargs="+",
        metavar="FILE",
    )
    mixed: bool = flag(
        "take together what seems not to belong together: a record twice, several models or prompts, rehearsed and real"
        " records, rejected sides misled in different ways",
        group="input",
        variable=False,
    )
    output: Path = own(
        Path(),
        Path,
        ".json (one array), .jsonl or .parquet [data/processed/NAME_MODE.json]",
        group="output",
        metavar="FILE",
    )
    mode: Mode = own("pref", one_of(*MODES), "pref for DPO, sft for the chosen sides", group="output")
    format: str = own(
        "",
        str,
        "pref: sharegpt, trl, openai [sharegpt]; sft: messages, sharegpt, trl, openai [messages]",
        group="output",
    )
    template: str = own(
        "full",
        one_of(*TEMPLATES, USER),
        "what the model learns to say: full (thoughts, then predictions), predictions alone, or json; user: a user's"
        " strategy and turn, from the turns of src.strategies",
        group="output",
    )
    rejected: str = own(
        OWN,
        one_of(OWN, MOMENT),
        "pref: which side is rejected: the record's own, or what is right at another moment of the same dialogue, which"
        " only a reader of the dialogue can tell; for records of --turns all",
        group="output",
    )
    split: Split | None = own(
        None,
        split,
        "shares of the dialogues, a file each, e.g. test=0.1; the rest is train",
        group="output",
        metavar="SHARES",
    )
    max_tokens_of: str = own(
        "",
        str,
        "tell how many rows are longer than --max-tokens to this model: a folder, a .gguf file or a hub name",
        group="output",
        metavar="MODEL",
    )
    max_tokens: int = own(
        TRAINERS_OWN_LIMIT,
        number(1, 10**7, int),
        "what a trainer takes of a row; it cuts the rest off, with the predictions in it",
        group="output",
    )
    min_top_sim: float | None = own(
        None, number(0, 1), "drop pairs whose best draft prediction is less similar than this", group="filters"
    )
    regions: Sequence[str] = own(
        (), some_of(*get_args(Region)), "keep only pairs of these regions, of close,middle,far", group="filters"
    )
    drop: Sequence[str] = own(
        (),
        words,
        "drop pairs with these marks of python -m src.quality, e.g. artifact",
        group="filters",
        metavar="MARKS",
    )
    min_margin: float | None = own(
        None, number(-1, 1), "drop pairs whose chosen side is not so much nearer, to the judge", group="filters"
    )
    min_score: float | None = own(
        None, number(1, 5), "drop pairs whose chosen reasoning the judge scores lower, of 1 to 5", group="filters"
    )
    marks: Mapping[str, str] = own(
        {},
        marks,
        "marks made on the page of python -m src.report: drop, or keep always",
        group="filters",
        metavar="FILE",
    )
    drop_long: bool = flag("drop rows of more than --max-tokens", group="filters", variable=False)
    dedupe: bool = flag(
        "drop what has the dialogue or the predictions of an earlier pair", group="filters", variable=False
    )

    drop_shared: bool = flag(
        "pref: leave out of both sides what stands on both as a prediction; it teaches nothing",
        group="filters",
        variable=False,
    )
    balance: str | None = own(
        None,
        one_of("length"),
        "pref: drop pairs at random until the longer answer is chosen as often as rejected",
        group="filters",
    )
    seed: int = own(
        0,
        number(-HALF, HALF, int),
        "fixes which pairs --balance drops and which moments are paired; change it for others",
        group="filters",
    )

    def __post_init__(self) -> None:
        for name, given in (("--drop-shared", self.drop_shared), ("--balance", self.balance)):
            if given and self.mode == "sft":
                raise Stop(f"{name} compares the two sides of pairs, and --mode sft has one: leave it out.")
        if self.rejected == MOMENT:
            self.refuse_with_moments()
        if self.template == USER and self.mode != "sft":
            raise Stop("--template user is of turns that were really said, and there is no other side: add --mode sft.")
        if self.format and self.format not in NAMES[self.mode]:
            raise Stop(f"--format {self.format} is none of --mode {self.mode}: {', '.join(NAMES[self.mode])}.")
        if self.drop_long and not self.max_tokens_of:
            raise Stop("--drop-long has to know whose tokens to count: give the model with --max-tokens-of.")

    def refuse_with_moments(self) -> None:
        """Raise Stop for what has no meaning where the rejected side is another record's chosen one."""
        if self.mode == "sft":
            raise Stop("--rejected moment is of pairs, and --mode sft has no rejected side: leave it out.")
        if self.balance:
            raise Stop(
                "--balance length has nothing to do with --rejected moment, which is even in length: leave it out."
            )
        if self.min_margin is not None:
            raise Stop("--min-margin compares the record's own sides: leave it out, or --rejected moment.")

    @property
    def form(self) -> str:
        """The format, or else the mode's own."""
        return self.format or DEFAULT[self.mode]
