"""User turns of two sides put beside each other: in one script, at one place of dialogues of about one length.

So neither how long the dialogues are nor in which languages they are tells anything of the sides.
"""

import dataclasses
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from ...basics.text import normalised
from ...basics.wording import words
from .chats import Chat, Said

MOST_TURNS = 10  # of a dialogue, so that a few long ones do not stand for all
LONG = 8  # words; who says the same in so many is somebody's twin
MOST_TWINS = 5  # what more dialogues have in common is a phrase, and a phrase may well tell a side

ByLanguage = Mapping[str, Sequence[Chat]]


@dataclasses.dataclass(frozen=True)
class TurnPair:
    """A user turn of a made dialogue and one of a real one."""

    made: Said
    real: Said
    dialogues: int
    """Of which two dialogues they are, as a number from 0."""
    group: int
    """The same, but one number for dialogues that are twins, on either side."""
    language: str
    place: int
    """Which of the dialogue's turns, from 0."""

    @property
    def has_context(self) -> bool:
        """Whether both answer something."""
        return bool(self.made.answers and self.real.answers)


def matched(made: ByLanguage, real: ByLanguage) -> list[TurnPair]:
    """As many dialogues of each side in each language, the shorter beside the shorter, cut to the same turns."""
    found = [(language, *two) for language in sorted(made) for two in beside(made[language], real.get(language, ()))]
    groups = groups_of([one for _, one, _ in found], [other for *_, other in found])
    return [
        TurnPair(one.said(here, place), other.said(there, place), number, groups[number], language, place)
        for number, (language, one, other) in enumerate(found)
        for place, (here, there) in enumerate(zip(*same_places(one.places, other.places), strict=True))
    ]


def beside(made: Sequence[Chat], real: Sequence[Chat]) -> Iterator[tuple[Chat, Chat]]:
    """The dialogues of two sides in pairs by their number of user turns; of the longer side the first ones."""
    count = min(len(made), len(real))
    yield from zip(*(sorted(side[:count], key=lambda chat: len(chat.places)) for side in (made, real)), strict=True)


def same_places(one: Sequence[int], other: Sequence[int]) -> list[Sequence[int]]:
    """As many places of each: all of the shorter, and of the longer the first ones and the last."""
    count = min(len(one), len(other), MOST_TURNS)
    return [[*places[: count - 1], places[-1]] for places in (one, other)]


def groups_of(made: Sequence[Chat], real: Sequence[Chat]) -> Sequence[int]:
    """For each pair of dialogues a number, the same where a classifier could know one of them by another."""
    pairs_of = defaultdict[str, set[int]](set)
    for side in (made, real):
        for pair, chat in enumerate(side):
            for name in names_of(chat):
                pairs_of[name].add(pair)
    twins = [sorted(pairs) for pairs in pairs_of.values() if len(pairs) <= MOST_TWINS]
    edges = np.array([(pairs[0], pair) for pairs in twins for pair in pairs[1:]], int).reshape(-1, 2).T
    graph = sparse.coo_matrix((np.ones(edges.shape[1]), edges), shape=(len(made), len(made)))
    return [*map(int, connected_components(graph, directed=False)[1])]


def names_of(chat: Chat) -> Iterator[str]:
    """By what its twins are known: a name of theirs, and whatever the user says at length."""
    if chat.group:
        yield f"group {chat.group}"
    yield from (normalised(text) for text in chat.user_turns if len(words(text)) >= LONG)
