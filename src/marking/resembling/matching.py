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
FEWEST_DIFFERENT = 1 / 3  # of the dialogues have to be nobody's twin
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
        for begun in [max(one.begun, other.begun)]
        for place, (here, there) in enumerate(
            zip(*same_places(one.places[begun:], other.places[begun:]), strict=True), begun
        )
    ]


def beside(made: Sequence[Chat], real: Sequence[Chat]) -> Iterator[tuple[Chat, Chat]]:
    """The dialogues of two sides in pairs: what was made from a dialogue with that, the others by their user turns.

    Of the longer side the first ones.
    """
    count = min(len(made), len(real))
    origins = {chat.name: chat for chat in real}
    own = {chat.origin: chat for chat in made[:count] if chat.origin in origins}
    yield from ((chat, origins[origin]) for origin, chat in own.items())
    left = [chat for chat in made[:count] if own.get(chat.origin) is not chat]
    free = [chat for chat in real if chat.name not in own][: len(left)]
    yield from zip(*(sorted(side, key=lambda chat: len(chat.places)) for side in (left, free)), strict=False)


def same_places(one: Sequence[int], other: Sequence[int]) -> list[Sequence[int]]:
    """As many places of each: all of the shorter, and of the longer the first ones and the last."""
    count = min(len(one), len(other), MOST_TURNS)
    return [[*places[: max(1, count - 1)], *places[-1:]][:count] for places in (one, other)]


def groups_of(made: Sequence[Chat], real: Sequence[Chat]) -> Sequence[int]:
    """For each pair of dialogues a number, the same where a classifier could know one of them by another."""
    groups, said = defaultdict[str, set[int]](set), defaultdict[str, set[int]](set)
    for side in (made, real):
        for pair, chat in enumerate(side):
            groups[chat.group].add(pair)
            for text in filter(is_long, chat.user_turns):
                said[normalised(text)].add(pair)
    groups.pop("", None)
    twins = [*groups.values(), *(pairs for pairs in said.values() if len(pairs) <= MOST_TWINS)]
    edges = np.array([(min(pairs), pair) for pairs in twins for pair in pairs], int).reshape(-1, 2).T
    graph = sparse.coo_matrix((np.ones(edges.shape[1]), edges), shape=(len(made), len(made)))
    return [*map(int, connected_components(graph, directed=False)[1])]


def is_long(text: str) -> bool:
    return len(words(text)) >= LONG


def enough(pairs: Sequence[TurnPair], fewest: int) -> bool:
    """Whether these are of so many dialogues, and enough of them are nobody's twin to be drawn again and again."""
    return (
        len({pair.dialogues for pair in pairs}) >= fewest
        and len({pair.group for pair in pairs}) >= fewest * FEWEST_DIFFERENT
    )
