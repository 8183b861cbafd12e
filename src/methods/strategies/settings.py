"""What `python -m src.strategies` can be told."""

import dataclasses
import functools
from pathlib import Path
from typing import Any, Literal, get_args

from ...basics.command import Stop
from ...basics.options import flag, number, one_of, option
from ...basics.split import WHOLE, Split, split
from ...calling.settings import Embedding
from ...calling.stage import Stage, digest
from ...dialogues.settings import OverDialogues, Turns
from .place import Place
from .stages import ABSTRACTION, ASSIGNING, EXTRACTION

Step = Literal["extract", "cluster", "abstract", "coverage"]
COVERAGE: Step = "coverage"
own = functools.partial(option, variable=False)
ASSIGNED_BY = "assigned_by"


@dataclasses.dataclass(frozen=True)
class Settings(OverDialogues, Embedding):
    """From which dialogues a library is made, and how."""

    input: tuple[str, ...] = own(
        ("data/raw/LMSYS.jsonl",),
        str,
        "files, folders or globs of dialogues; - is standard input",
        group="input",
        nargs="+",
        metavar="FILE",
    )
    library: Path = own(
        Path("data/made/library.jsonl"),
        Path,
        "the library, to be edited by hand; beside it lies what it is made of, and a second run goes on there",
        group="output",
        metavar="FILE",
    )
    output: Path = own(
        Path(),
        Path,
        "each user turn with the entry that it follows, for src.postprocess --template user [LIBRARY.turns.jsonl]",
        group="output",
        metavar="FILE",
    )
    turns: Turns = own(
        "all", one_of(*get_args(Turns)), "which user turns to learn from: last, random or all", group="input"
    )
    split: Split | None = own(
        None,
        split,
        "learn from the dialogues of train alone, of shares as src.postprocess --split has them, e.g. test=0.1",
        group="input",
        metavar="SHARES",
    )
    step: Step | None = own(
        None,
        one_of(*get_args(Step)),
        "do this step alone: extract, cluster or abstract; or coverage, which tells how many turns of dialogues that"
        " --split holds back follow an entry",
        group="method",
    )
    smallest: int = own(
        3,
        number(2, 10**6, int),
        "user turns that make a cluster worth a name; raise it for a shorter library",
        group="method",
        metavar="N",
    )
    similarity: float = own(
        0.6,
        number(0, 1),
        "cosine from which on a strategy belongs to an entry; other embedding models want other values",
        group="embeddings",
    )
    estimate: bool = flag(
        "count samples, calls, tokens and cost without a single request, and stop",
        group="limits and money",
        variable=False,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        self.refuse_odd_embeddings()
        if not self.library.name or self.library.is_dir():
            raise Stop(f"Library {self.library} is a folder: give --library a file in it.")
        if self.step == COVERAGE and self.split is None:
            raise Stop(
                "--step coverage is of dialogues that are held back: add the --split that the library was made with,"
                " such as --split test=0.1."
            )

    @property
    def place(self) -> Place:
        return Place(self.library)

    @property
    def read_into(self) -> Path:
        """Where the strategies of the turns go that are read."""
        return self.place.held_out if self.step == COVERAGE else self.place.extracted

    def holds_back(self, name: object) -> bool:
        """Whether the dialogue of this name is not to be learnt from."""
        return self.split is not None and self.split.of(name) != WHOLE


def extraction_settings(settings: Settings) -> dict[str, object]:
    """What decides how a strategy comes out; each line carries it, and a run refuses to mix two kinds."""
    names = ("model", "seed", "turns", "max_context_chars", "system_turns", "tool_turns", "temperature", "extra_body")
    return {name: getattr(settings, name) for name in names} | {"prompts": digest((EXTRACTION,))}


def stage_settings(settings: Settings, stage: Stage[Any]) -> dict[str, object]:
    """The same of a later step."""
    names = ("model", "temperature", "extra_body")
    return {name: getattr(settings, name) for name in names} | {"prompts": digest((stage,))}


def assigning_settings(settings: Settings) -> dict[str, object]:
    """The same of what puts strategies together, a model or vectors."""
    if settings.embeddings_url:
        return {ASSIGNED_BY: f"vectors of {settings.embeddings_model}", "similarity": settings.similarity}
    return {ASSIGNED_BY: "a model", **stage_settings(settings, ASSIGNING)}


def abstraction_settings(settings: Settings) -> dict[str, object]:
    return stage_settings(settings, ABSTRACTION)
