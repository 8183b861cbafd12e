"""What a recipe is, what it is given, and what it gives back."""

import dataclasses
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Literal, get_args

from ....calling.stage import AskSeats, Stage
from ....dialogues.turns import Turn
from ....running.output import SampleId
from .draws import Draw

SeedKind = Literal["topics", "documents", "plans", "dialogues", "pairs"]
Ending = Literal["done", "gave up", "length", "loop", "nothing new", "original"]
ENDINGS: tuple[Ending, ...] = get_args(Ending)


@dataclasses.dataclass(frozen=True)
class Seed:
    """What dialogues are made from: a topic, a document, a plan's slots or tools, a real dialogue."""

    seed_id: SampleId
    text: str
    """As a prompt shows it."""
    fields: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    """As its file has it."""
    turns: tuple[Turn, ...] = ()
    group: str = ""
    """What it belongs to together with other seeds, such as the document that it is a part of; "" where it is alone."""


@dataclasses.dataclass(frozen=True)
class Seats:
    """Who is asked: the writer plans and writes whole dialogues, user and assistant talk, the critic chooses."""

    writer: AskSeats
    user: AskSeats
    assistant: AskSeats
    critic: AskSeats

    @classmethod
    def of(cls, ask: AskSeats, draw: int = 0) -> "Seats":
        """The seats of one dialogue; another draw is another candidate for it."""
        return cls(**{field.name: ask.at(field.name).drawn(draw) for field in dataclasses.fields(cls)})


@dataclasses.dataclass(frozen=True)
class Talk:
    """A dialogue as a recipe gives it back."""

    turns: Sequence[Turn]
    card: Mapping[str, Any]
    """What was drawn and planned for it."""
    ending: Ending = "length"
    real: int = 0
    """Turns at its beginning that somebody really said: checks look only at those behind."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Voice:
    """What whoever talks is told: the system message, and for one who is shown the dialogue the task behind it."""

    stage: str
    system: str
    task: str = ""


Make = Callable[[Seats, Seed, Draw], Awaitable[Talk]]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Recipe:
    """A way to make dialogues. The run knows nothing else of it."""

    name: str
    seeds: SeedKind
    about: str
    """How it goes about it, in a sentence."""
    stands_for: str
    """What is made in this way elsewhere."""
    calls: str
    """Calls a dialogue, in words."""
    make: Make
    stages: Sequence[Stage[Any]] = ()
    voices: Sequence[Voice] = ()
    keeps_original: bool = False
    """Whether the real dialogue of a seed is written too, before what is made of it."""
    own_openings: bool = True
    """Whether each dialogue begins in its own way; not where it begins as its seed does."""
