"""What the library holds: every turn with its entry, counted, under the names that people and models have given."""

import dataclasses
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ...basics.shape import Shape
from ...basics.text import shortened
from ...pairs.reading import Entry, LeftOut, entries
from ...pairs.seen import Dialogues, dialogue_mark
from .assignments import Assignments
from .library import Library, LibraryEntry
from .phrases import ExtractedTurn, Phrase, Phrases

MOST_EXAMPLES, LONGEST_SHOWN = 3, 200


class NamedCluster(Shape):
    """A line of the abstracted file, as far as the library has it."""

    sample_id: str
    name: str
    when: str
    outliers: tuple[str, ...] = ()


def names_in(path: Path) -> Mapping[str, NamedCluster]:
    """What the model has said of clusters, by the id of their entry."""
    found = entries([path], NamedCluster, LeftOut()) if path.is_file() else ()
    return {entry.record.sample_id: entry.record for entry in found}


@dataclasses.dataclass(frozen=True, order=True)
class Example:
    """A real turn that follows an entry; only people are shown what was said."""

    sample_id: str
    item_id: int
    strategy: str
    utterance: str

    def row(self) -> dict[str, Any]:
        turn = shortened(self.utterance, LONGEST_SHOWN)
        return {"sample_id": self.sample_id, "item_id": self.item_id, "strategy": self.strategy, "turn": turn}


@dataclasses.dataclass
class Gathered:
    """What belongs to one entry."""

    support: int = 0
    dialogues: set[str] = dataclasses.field(default_factory=set)
    phrases: Counter[str] = dataclasses.field(default_factory=Counter)
    languages: Counter[str] = dataclasses.field(default_factory=Counter)
    examples: list[Example] = dataclasses.field(default_factory=list)

    def add(self, turn: ExtractedTurn) -> None:
        self.support += 1
        self.dialogues.add(dialogue_mark(turn.sample_id))
        self.phrases[turn.strategy] += 1
        self.languages[turn.language] += 1
        example = Example(str(turn.sample_id), turn.item_id, turn.strategy, turn.utterance)
        self.examples = sorted([*self.examples, example])[:MOST_EXAMPLES]

    @property
    def members(self) -> list[str]:
        """The phrases, the most frequent first."""
        return sorted(self.phrases, key=lambda text: (-self.phrases[text], text))


@dataclasses.dataclass
class Gathering:
    """All turns by their entries, and those that have none."""

    library: Library
    assignments: Assignments
    by_entry: dict[str, Gathered] = dataclasses.field(default_factory=dict)
    phrases: Phrases = dataclasses.field(default_factory=Phrases)
    dialogues: Dialogues = dataclasses.field(default_factory=Dialogues)
    unassigned: int = 0

    def place_of(self, turn: ExtractedTurn) -> str | None:
        """The id of the entry that a turn follows, if it has a strategy that is assigned."""
        if not turn.usable:
            return None
        phrase = turn.phrase
        assigned = self.library.takers.get(phrase.key) or self.assignments.by_phrase.get(phrase.key)
        return self.library.place_of(phrase, assigned) if assigned else None

    def add(self, turn: ExtractedTurn) -> None:
        self.phrases.add(turn)
        self.dialogues.add(turn.sample_id)
        if place := self.place_of(turn):
            self.by_entry.setdefault(place, Gathered()).add(turn)
        else:
            self.unassigned += turn.usable


def gathered(library: Library, assignments: Assignments, turns: Iterable[Entry[ExtractedTurn]]) -> Gathering:
    found = Gathering(library, assignments)
    for entry in turns:
        found.add(entry.record)
    return found


def updated(found: Gathering, names: Mapping[str, NamedCluster], smallest: int) -> Iterator[LibraryEntry]:
    """The library's entries as they are now: those of its lines in their order, then new ones, the largest first."""
    begun = found.assignments.entries
    new = sorted(
        (name for name in begun if name not in found.library.by_id),
        key=lambda name: (-found.by_entry.get(name, Gathered()).support, name),
    )
    for name in (*found.library.by_id, *new):
        entry = found.library.by_id.get(name) or LibraryEntry(
            id=name, move=begun[name].move, founding=begun[name].phrase
        )
        yield with_counts(entry, found.by_entry.get(name, Gathered()), names.get(name), smallest)


def with_counts(entry: LibraryEntry, of: Gathered, named: NamedCluster | None, smallest: int) -> LibraryEntry:
    """An entry with what was counted; a name that it has already stays."""
    said = {"name": named.name, "when": entry.when or named.when} if named and not entry.name else {}
    taken = {Phrase(entry.move, text).key for text in entry.takes}
    odd = named.outliers if named else ()
    outliers = [text for text in odd if text in of.phrases and Phrase(entry.move, text).key not in taken]
    counted = {
        "support": of.support,
        "dialogues": len(of.dialogues),
        "phrases": len(of.phrases),
        "languages": dict(sorted(of.languages.items(), key=lambda each: (-each[1], each[0]))),
        "examples": tuple(example.row() for example in of.examples),
        "outliers": tuple(outliers),
        "rare": of.support < smallest,
    }
    return entry.model_copy(update=said | counted)
