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
    said = [{*map(normalised, moment.chosen.predictions)} for moment in moments]

    def wrong(here: int, there: int) -> bool:
        """Whether what is right there is wrong here: of another moment, and without a prediction of this one's."""
        return moments[here].item_id != moments[there].item_id and said[here].isdisjoint(said[there])

    left: Sequence[int] = range(len(moments))
    while len(left) > 1:
        made: dict[int, T] = {}
        for here, there in best_ring(left, dice, wrong):
            pair = moments[here].model_copy(update={"rejected": moments[there].chosen, "quality": None})
            if wrong(here, there) and (one := made_of(pair)) is not None:
                made[here] = one
        if len(made) == len(left):
            return [made[place] for place in sorted(made)]
        left = sorted(made)
    return []


def best_ring(places: Sequence[int], dice: random.Random, fits: Callable[[int, int], bool]) -> list[tuple[int, int]]:
    """The places in a drawn order, each with the next: the first order of a few in which all fit, or most."""
    best: list[tuple[int, int]] = []
    most = -1
    for _ in range(TRIES):
        drawn = [*ring(dice.sample(places, len(places)))]
        if (count := sum(fits(*each) for each in drawn)) > most:
            best, most = drawn, count
        if most == len(places):
            break
    return best


def ring(order: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Each with the one after it, and the last with the first."""
    return zip(order, (*order[1:], order[0]), strict=True)


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
