"""Where the learning itself is done, as the rest of the command sees it: a seam behind which torch stands."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from ..examples import Example
from .recipe import Device, Recipe


class Base(Protocol):
    """A model that is to learn, as far as rows have to fit it."""

    @property
    def most_tokens(self) -> int | None:
        """What it can take in at once; None where it does not tell."""

    def tokens_in(self, example: Example) -> int:
        """How many tokens a row is to it."""

    def keeps(self, example: Example) -> bool:
        """Whether its chat template writes the answers as they are; some leave out thoughts."""


@dataclasses.dataclass(frozen=True)
class Task:
    """What is learnt, and where it is kept."""

    recipe: Recipe
    examples: Sequence[Example]
    validation: Sequence[Example]
    folder: Path
    resume: bool = False
    """Whether to go on from the last checkpoint in the folder; without one it begins at the beginning."""
    merge: bool = False


@dataclasses.dataclass(frozen=True)
class Learnt:
    """What came of it."""

    stands_on: str
    """The model that an adapter is served with; the folder itself where it is a whole model."""
    steps: int
    seconds: float
    first_loss: float | None
    last_loss: float | None
    validation_loss: float | None


class Workshop(Protocol):
    """Models, and what can be done with them."""

    @property
    def device(self) -> Device: ...

    def base(self, name: str) -> Base:
        """Raises Stop where it is no chat model that can be read."""

    def learn(self, task: Task) -> Learnt:
        """Train as the recipe says and keep the result in the folder. Raises Stop where memory runs out."""
