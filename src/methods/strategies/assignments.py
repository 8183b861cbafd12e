"""Which entry each phrase belongs to, as the assigned file has it: an entry begins with a phrase, and nothing moves."""

import dataclasses
import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ...basics.shape import Shape
from ...basics.wording import words
from ...calling.completion import Usage
from ...pairs.reading import LeftOut, entries
from .phrases import Phrase

WORDS_OF_ID = 6


class Founded(Shape):
    """An entry at its beginning."""

    id: str
    move: str
    phrase: str
    """The phrase that it began with."""
    label: str = ""
    """What the model called it, until it is named."""

    def __str__(self) -> str:
        return f"{self.label} ({self.phrase})" if self.label else self.phrase


def founded(phrase: Phrase, label: str = "") -> Founded:
    """An entry that begins with this phrase: its id follows from the phrase alone."""
    mark = hashlib.blake2b(phrase.key.encode(), digest_size=3).hexdigest()
    return Founded(
        id="-".join([*words(phrase.text)[:WORDS_OF_ID], mark]), move=phrase.move, phrase=phrase.text, label=label
    )


class Assigned(Shape):
    """A phrase and its entry."""

    strategy: str
    entry: str


class AssignedBatch(Shape):
    """One line of the assigned file: some phrases of a move, with the entries that began among them."""

    sample_id: str
    item_id: int = 0
    move: str
    founded: tuple[Founded, ...] = ()
    assigned: tuple[Assigned, ...]

    @property
    def outcome(self) -> str:
        return "assigned"

    def row(self, usage: Usage) -> dict[str, Any]:
        return {**self.model_dump(), "usage": usage.counts}


@dataclasses.dataclass
class Assignments:
    """All entries, by move and in the order in which they began, and all phrases that have one."""

    entries: dict[str, Founded] = dataclasses.field(default_factory=dict)
    by_phrase: dict[str, str] = dataclasses.field(default_factory=dict)
    """The id of a phrase's entry, by the phrase's key."""

    def add(self, batch: AssignedBatch) -> None:
        for entry in batch.founded:
            self.entries.setdefault(entry.id, entry)
        for each in batch.assigned:  # what was assigned first stays
            self.by_phrase.setdefault(Phrase(batch.move, each.strategy).key, each.entry)

    def of_move(self, move: str) -> Iterator[Founded]:
        return (entry for entry in self.entries.values() if entry.move == move)


def assignments_in(path: Path) -> Assignments:
    """What the assigned file has so far; nothing where there is none."""
    found = Assignments()
    if path.is_file():
        for entry in entries([path], AssignedBatch, LeftOut()):
            found.add(entry.record)
    return found


def batch_of(phrases: Sequence[Phrase], places: Sequence[str], new: Sequence[Founded]) -> AssignedBatch:
    """The line for these phrases, given the id of each one's entry, and which entries began among them."""
    return AssignedBatch(
        sample_id=batch_name(phrases),
        move=phrases[0].move,
        founded=tuple(new),
        assigned=tuple(
            Assigned(strategy=phrase.text, entry=place) for phrase, place in zip(phrases, places, strict=True)
        ),
    )


def batch_name(phrases: Sequence[Phrase]) -> str:
    """A name for these very phrases."""
    digest = hashlib.blake2b("\0".join(phrase.key for phrase in phrases).encode(), digest_size=6).hexdigest()
    return f"{phrases[0].move} {digest}"
