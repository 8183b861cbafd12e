"""The method, top to bottom: a strategy from each user turn, alike ones together, a name for what they share.

Adapted from Inductive-Deductive Strategy Reuse (IDEAS, EMNLP 2024), which finds what moves users in real dialogues and
gives it to a simulated one. Here a strategy is extracted, with the real turn in sight, as something that could be done
in any dialogue; phrases of one meaning are put together by their move; and each cluster is named from its members.
"""

import asyncio
import dataclasses
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ...basics.text import normalised
from ...calling.completion import Usage
from ...calling.stage import Ask
from ...dialogues.samples import Sample
from .assignments import AssignedBatch, Assignments, Founded, batch_name, batch_of, founded
from .lettered import Lettered
from .library import Library
from .moves import NONE
from .phrases import Phrase
from .replies import Abstraction, Extraction, Places
from .stages import ABSTRACTION, ASSIGNING, EXTRACTION

# ---------------------------------------------------------------------------------------------- extract


@dataclasses.dataclass(frozen=True)
class Extracted:
    """A user turn and the strategy behind it."""

    sample: Sample
    reply: Extraction

    @property
    def outcome(self) -> str:
        return "with a strategy" if self.reply.any else "without"

    def row(self, usage: Usage) -> dict[str, Any]:
        sample, reply = self.sample, self.reply
        found = {"move": reply.move, "strategy": reply.strategy} if reply.any else {"move": NONE, "strategy": NONE}
        return {
            "sample_id": sample.sample_id,
            "item_id": sample.item_id,
            "context": [turn.model_dump() for turn in sample.context],
            "label": sample.utterance,
            "chat_history": sample.history,
            "analysis": reply.analysis,
            **found,
            "language": reply.language,
            "position": sample.position,
            "usage": usage.counts,
        }


async def extract(ask: Ask, sample: Sample) -> Extracted:
    """What the user did with this turn, as something that others could do elsewhere."""
    return Extracted(sample, await ask(EXTRACTION, history=sample.history, utterance=sample.utterance))


# ---------------------------------------------------------------------------------------------- cluster


@dataclasses.dataclass(frozen=True)
class Option:
    """An entry as the model sees it."""

    id: str
    text: str

    def __str__(self) -> str:
        return self.text


@dataclasses.dataclass(frozen=True)
class Batch:
    """Phrases of one move that are assigned together."""

    phrases: tuple[Phrase, ...]
    item_id = 0

    @property
    def move(self) -> str:
        return self.phrases[0].move

    @property
    def sample_id(self) -> str:
        return batch_name(self.phrases)


@dataclasses.dataclass
class Shelves:
    """The library while it grows: what has begun so far, under the names that people or models have given it."""

    assignments: Assignments
    library: Library
    turns: Mapping[str, asyncio.Lock] = dataclasses.field(default_factory=lambda: defaultdict(asyncio.Lock))
    """Batches of one move wait for one another, since each may found what the next belongs to."""

    def options(self, move: str) -> Lettered[Option]:
        """The entries of a move; what was merged into others is not among them."""
        return Lettered([*self.shown(move)])

    def shown(self, move: str) -> Iterator[Option]:
        for begun in self.assignments.of_move(move):
            entry = self.library.by_id.get(begun.id)
            if entry is None or entry.into is None:
                yield Option(begun.id, entry.name if entry and entry.name else str(begun))
        for entry in self.library.entries:
            by_hand = entry.move == move and entry.id not in self.assignments.entries
            if by_hand and entry.into is None and entry.name:
                yield Option(entry.id, entry.name)


async def assign(ask: Ask, batch: Batch, shelves: Shelves) -> AssignedBatch:
    """Each phrase to an entry of its move, or to a new one that it founds."""
    async with shelves.turns[batch.move]:
        options = shelves.options(batch.move)
        places = await ask(ASSIGNING, entries=options, move=batch.move, phrases=batch.phrases)
        made = placed(batch.phrases, places, options)
        shelves.assignments.add(made)
    return made


def placed(phrases: Sequence[Phrase], places: Places, options: Lettered[Option]) -> AssignedBatch:
    """What the model has said, with an entry for each label that is new."""
    new: dict[str, Founded] = {}
    found: list[str] = []
    for phrase, place in zip(phrases, places.places, strict=True):
        option = option_of(place.entry, options)
        begun = option or new.setdefault(normalised(place.entry), founded(phrase, place.entry))
        found.append(begun.id)
    return batch_of(phrases, found, [*new.values()])


def option_of(said: str, options: Lettered[Option]) -> Option | None:
    """The entry that the model means, by its letters or by its very words."""
    label = normalised(said)
    return options.get(said) or next((each for each in options.things if normalised(each.text) == label), None)


# ---------------------------------------------------------------------------------------------- abstract


@dataclasses.dataclass(frozen=True)
class Cluster:
    """The members of an entry that the model is shown."""

    sample_id: str
    """The entry's id."""
    move: str
    members: tuple[str, ...]
    item_id = 0


@dataclasses.dataclass(frozen=True)
class Abstracted:
    """An entry with its name."""

    cluster: Cluster
    reply: Abstraction
    outcome = "named"

    def row(self, usage: Usage) -> dict[str, Any]:
        verdicts = zip(self.cluster.members, self.reply.belongs, strict=True)
        return {
            "sample_id": self.cluster.sample_id,
            "item_id": self.cluster.item_id,
            "move": self.cluster.move,
            "name": self.reply.name,
            "when": self.reply.when,
            "members": list(self.cluster.members),
            "outliers": [member for member, verdict in verdicts if verdict == "no"],
            "usage": usage.counts,
        }


async def abstract(ask: Ask, cluster: Cluster) -> Abstracted:
    """What the members of a cluster have in common."""
    return Abstracted(cluster, await ask(ABSTRACTION, strategies=cluster.members))
