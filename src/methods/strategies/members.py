"""Which members of a cluster tell most about it: some from its middle, some from its edges."""

import itertools
from collections.abc import Callable, Sequence

from ...basics.wording import words
from .vocabulary import stem

MOST_SHOWN = 40  # as published
MOST_COMPARED = 300  # each is compared with each

Alike = Callable[[Sequence[str]], Sequence[Sequence[float]]]
"""How alike texts are, each with each, from 0 to 1."""


def shared_words(texts: Sequence[str]) -> list[list[float]]:
    """How many of their words two texts share, for each two of them."""
    sets = [frozenset(map(stem, words(text))) for text in texts]
    return [[len(one & other) / (len(one | other) or 1) for other in sets] for one in sets]


def telling(members: Sequence[str], alike: Alike = shared_words, most: int = MOST_SHOWN) -> tuple[str, ...]:
    """At most so many of the members, which come the most frequent first: half central, half diverse."""
    if len(members) <= most:
        return tuple(members)
    compared = members[:MOST_COMPARED]
    matrix = alike(compared)
    central = sorted(range(len(compared)), key=lambda place: (-sum(matrix[place]), place))[: most // 2]
    nearest = [max(matrix[place][other] for other in central) for place in range(len(compared))]
    chosen = [*central]
    for _ in itertools.repeat(None, most - len(central)):
        far = min((place for place in range(len(compared)) if place not in chosen), key=lambda each: nearest[each])
        chosen.append(far)
        nearest = [max(known, matrix[place][far]) for place, known in enumerate(nearest)]
    return tuple(compared[place] for place in sorted(chosen))
