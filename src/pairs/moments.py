"""Pairs of moments: what is right at one moment of a dialogue is rejected at another one.

Each side stands once as the chosen and once as the rejected one, so that no text tells by itself which of them it is:
only whoever reads the dialogue knows what fits its end. Nothing has to be asked for; the rejected sides that synthesis
has made are not used.
"""

import dataclasses
import itertools
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from ..basics.text import normalised
from .sides import Pair

T = TypeVar("T")
TRIES = 20  # orders that are drawn before a moment is left out
MOST_COMPARED, LETTERS = 2000, 3


def by_dialogue(records: Iterable[Pair]) -> Iterator[list[Pair]]:
    """The records of one dialogue after another, as they stand together; one without an id stands alone."""
    for (_, name), group in itertools.groupby(records, lambda record: (type(record.sample_id), record.sample_id)):
        together = list(group)
        yield from [[each] for each in together] if name is None else [together]


def exchanged(moments: Sequence[Pair], dice: random.Random, made_of: Callable[[Pair], T | None]) -> list[T]:
    """What is made of a pair for each moment of a dialogue, in order. Their sides go round: each is rejected once.

    A moment is left out where the others foresee the same, or where nothing can be made of its pair.
    """
    left: Sequence[int] = range(len(moments))
    while len(left) > 1:
        orders = [dice.sample(left, len(left)) for _ in range(TRIES)]
        best = min(orders, key=lambda order: sum(foresee_the_same(moments[a], moments[b]) for a, b in ring(order)))
        made: dict[int, T] = {}
        for a, b in ring(best):
            pair = moments[a].model_copy(update={"rejected": moments[b].chosen, "quality": None})
            if not foresee_the_same(moments[a], moments[b]) and (one := made_of(pair)) is not None:
                made[a] = one
        if len(made) == len(left):
            return [made[place] for place in sorted(made)]
        left = sorted(made)
    return []


def ring(order: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Each with the one after it, and the last with the first."""
    return zip(order, (*order[1:], order[0]), strict=True)


def foresee_the_same(one: Pair, other: Pair) -> bool:
    """Whether they share a prediction, or are of one moment, so that neither is wrong where the other is right."""
    said, also_said = ({*map(normalised, each.chosen.predictions)} for each in (one, other))
    return one.item_id == other.item_id or not said.isdisjoint(also_said)


@dataclasses.dataclass
class Moments:
    """How many pairs there are, of how many dialogues, and how far one gets without understanding."""

    pairs: int = 0
    dialogues: int = 0
    compared: int = 0
    by_letters: float = 0
    """Of those compared, the pairs whose chosen answer shares more with the dialogue, and half of the equal ones."""

    def note(self, pairs: int) -> None:
        self.pairs += pairs
        self.dialogues += pairs > 0

    def compare(self, history: str, chosen: str, rejected: str) -> None:
        """Count a pair, while few are, by which answer has more of its letters from the dialogue."""
        if self.compared < MOST_COMPARED:
            known = letters_of(history)
            shares = [len(letters & known) / max(1, len(letters)) for letters in map(letters_of, (chosen, rejected))]
            self.compared += 1
            self.by_letters += (shares[0] > shares[1]) + (shares[0] == shares[1]) / 2

    def __str__(self) -> str:
        told = f"{self.by_letters / max(1, self.compared):.0%} of {self.compared:,}"
        return (
            f"each of {self.pairs:,} answers ({self.dialogues:,} dialogues) stands once on either side; the one that"
            f" shares more letters with its dialogue is the chosen one in {told}"
        )


def letters_of(text: str) -> set[str]:
    """All runs of three letters."""
    bare = normalised(text)
    return {bare[at : at + LETTERS] for at in range(len(bare) - LETTERS + 1)}
