"""Parts of the cases that figures are told of by themselves."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from ...marking.signs import written_in
from .cases import Case
from .resampling import Mask
from .texts import words

LONG_DIALOGUE = 6


@dataclasses.dataclass(frozen=True, eq=False)
class Slice:
    """The cases that have something in common."""

    kind: str
    name: str
    mask: Mask


def language(case: Case) -> str:
    """The script that the user writes."""
    return written_in(" ".join((*case.user_turns, case.utterance)))


def turn(case: Case) -> str:
    """How many turns of the user stand before."""
    before = len(case.user_turns)
    return str(before) if before < LONG_DIALOGUE else f"{LONG_DIALOGUE} and more"


def length(case: Case) -> str:
    """How long the real utterance is, in words or in signs of a script without spaces."""
    count = len(words(case.utterance))
    steps = ((3, "1 to 3 words"), (10, "4 to 10 words"), (30, "11 to 30 words"))
    return next((name for most, name in steps if count <= most), "over 30 words")


KINDS: Mapping[str, Callable[[Case], str | None]] = {
    "turn": turn,
    "language": language,
    "category": lambda case: case.category,
    "region": lambda case: case.region,
    "length": length,
    "seen": lambda case: "seen" if case.seen else "not seen",
}
ORDER = ("1 to 3 words", "4 to 10 words", "11 to 30 words", "over 30 words", "close", "middle", "far")


def slices(cases: Sequence[Case]) -> list[Slice]:
    """All slices, by kind. A kind of which all cases are alike is left out."""
    found = []
    for kind, name_of in KINDS.items():
        names = [name_of(case) for case in cases]
        there = sorted({name for name in names if name}, key=lambda name: (name in ORDER and ORDER.index(name), name))
        if len(there) > 1 or (None in names and there):
            found += [Slice(kind, name, np.array([each == name for each in names])) for name in there]
    return found
