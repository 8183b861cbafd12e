"""Turns of which it is known how real they are, compared as made ones are: beside them a figure shows what it means."""

import dataclasses
import re
from collections.abc import Callable, Mapping, Sequence

from ...basics.dice import dice
from ...basics.wording import SIGN, SIGNS
from .fitting import elsewhere
from .matching import TurnPair
from .result import ELSEWHERE, HALVES, SALAD

PIECE = re.compile(rf"{SIGN.pattern}|[^\s{SIGNS}]+")


def as_they_are(pairs: Sequence[TurnPair], _: int) -> Sequence[TurnPair]:
    return pairs


def salad(pairs: Sequence[TurnPair], seed: int) -> Sequence[TurnPair]:
    """The words of each turn in another order."""
    return [with_text(pair, shuffled(pair.made.text, seed, (pair.dialogues, pair.place))) for pair in pairs]


def shuffled(text: str, seed: int, item: object) -> str:
    pieces = PIECE.findall(text)
    between = " " if re.search(r"\s", text) else ""
    return between.join(dice(seed, item, "resemblance word salad").sample(pieces, len(pieces)))


def in_wrong_dialogues(pairs: Sequence[TurnPair], seed: int) -> Sequence[TurnPair]:
    """Each turn in the place of one of another dialogue."""
    kinds = [f"{pair.language} {pair.place}" for pair in pairs]
    other = elsewhere(kinds, dice(seed, "turns", "resemblance wrong dialogues"))
    return [with_text(pair, pairs[place].made.text) for pair, place in zip(pairs, other, strict=True)]


def with_text(pair: TurnPair, text: str) -> TurnPair:
    return dataclasses.replace(pair, made=dataclasses.replace(pair.made, text=text))


CONTROLS: Mapping[str, Callable[[Sequence[TurnPair], int], Sequence[TurnPair]]] = {
    HALVES: as_they_are,
    SALAD: salad,
    ELSEWHERE: in_wrong_dialogues,
}
