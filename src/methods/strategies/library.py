"""The library: one line for each strategy, made to be edited by hand, and read with all that a hand can get wrong.

What a person may change: `name` and `when`, in any words; `banned`, for what is never to be offered; `into`, the id
of an entry that this one is merged into; `takes`, phrases that belong here whatever they were assigned to, so that an
entry is split by a new line with an id, a move and the phrases that it takes. All else is counted anew by each run.
"""

import dataclasses
import functools
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
from pydantic import Field, ValidationError

from ...basics.command import Stop
from ...basics.files import beginning, refuse_others, replaced
from ...basics.shape import Shape, Text
from ...basics.text import loads, shortened
from .lettered import Lettered
from .moves import AMove
from .phrases import Phrase

MOST_OFFERED = 60  # entries that a sample is shown; those with the most support, since nobody reads hundreds


class LibraryEntry(Shape):
    """One strategy of the library."""

    id: Text
    move: AMove
    name: str = ""
    when: str = ""
    banned: bool = False
    into: str | None = None
    takes: tuple[str, ...] = ()
    rare: bool = False
    """Fewer turns follow it than a run was told to take for a cluster: it is not named and not offered."""
    support: int = 0
    """User turns that follow it."""
    dialogues: int = 0
    phrases: int = 0
    """Different wordings among them."""
    languages: Mapping[str, int] = Field(default_factory=dict)
    examples: tuple[Any, ...] = ()
    outliers: tuple[str, ...] = ()
    founding: str = ""
    """The phrase that it began with, and that its id comes from."""

    @property
    def offered(self) -> bool:
        return bool(self.name) and not self.banned and self.into is None

    def __str__(self) -> str:
        return f"{self.name}. {self.when}".strip() if self.when else self.name


Offered = Lettered[LibraryEntry]
"""Entries to choose from."""


@dataclasses.dataclass(frozen=True)
class Library:
    """The entries of a library in the order of its lines."""

    entries: tuple[LibraryEntry, ...] = ()
    lines: Mapping[str, Mapping[str, Any]] = dataclasses.field(default_factory=dict)
    """Each entry's line as it stands in the file, with whatever else a person has written into it."""

    @functools.cached_property
    def by_id(self) -> Mapping[str, LibraryEntry]:
        return {entry.id: entry for entry in self.entries}

    @functools.cached_property
    def takers(self) -> Mapping[str, str]:
        """Which entry takes a phrase whatever it was assigned to, by the phrase's key."""
        return {Phrase(entry.move, text).key: entry.id for entry in self.entries for text in entry.takes}

    @functools.cached_property
    def offered(self) -> Offered:
        """What a user may be offered, the best supported first."""
        found = sorted((entry for entry in self.entries if entry.offered), key=lambda each: (-each.support, each.id))
        return Lettered(found[:MOST_OFFERED])

    def place_of(self, phrase: Phrase, assigned: str) -> str:
        """Where a phrase belongs in the end, given where it was assigned to."""
        place = self.takers.get(phrase.key, assigned)
        while (entry := self.by_id.get(place)) and entry.into:
            place = entry.into
        return place


def read_library(path: Path) -> Library:
    """The library of a file. Raises Stop for what a hand has got wrong, with the line."""
    entries: dict[str, LibraryEntry] = {}
    lines: dict[str, Mapping[str, Any]] = {}
    for number, line in numbered_lines(path):
        try:
            row = loads(line)
            entry = LibraryEntry.model_validate(row)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            wrong = f'"{".".join(map(str, first["loc"]))}": {first["msg"]}'
            raise Stop(f"{path} line {number} is no entry of a library ({wrong}): mend it.") from error
        except ValueError as error:
            raise Stop(f"{path} line {number} is not JSON ({error}): mend it, one entry a line.") from error
        if entry.id in entries:
            raise Stop(
                f"{path} line {number} has the id {entry.id!r} of an earlier line again: give it another one, or take"
                " one of the two out."
            )
        entries[entry.id], lines[entry.id] = entry, row
    library = Library(tuple(entries.values()), lines)
    refuse_lost(library, path)
    return library


def numbered_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """The lines that are not empty. Raises Stop where the file cannot be read."""
    try:
        text = path.read_bytes()
    except OSError as error:
        raise Stop(
            f"Library {path} cannot be read ({error.strerror}): make one with python -m src.strategies --library {path}"
        ) from error
    yield from ((number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip())


def refuse_lost(library: Library, path: Path) -> None:
    """Raise Stop where a merge leads nowhere, or in a circle, or a phrase is taken twice."""
    for entry in library.entries:
        seen, place = {entry.id}, entry
        while place.into:
            if place.into not in library.by_id:
                raise Stop(f'{path}: {place.id!r} goes into {place.into!r}, which is no id here: mend its "into".')
            place = library.by_id[place.into]
            if place.id in seen:
                raise Stop(f'{path}: {entry.id!r} goes into itself by way of {place.id!r}: mend their "into".')
            seen.add(place.id)
    taken: dict[str, str] = {}
    for entry in library.entries:
        for text in entry.takes:
            if (other := taken.setdefault(Phrase(entry.move, text).key, entry.id)) != entry.id:
                both = f"{entry.id!r} and {other!r} both take"
                raise Stop(f'{path}: {both} "{shortened(text)}": leave it to one of them.')


def offered_by(path: Path) -> Offered:
    """What a library has to choose from. Raises Stop where that is nothing."""
    library = read_library(path)
    if not library.offered:
        why = "is empty" if not library.entries else "has no entry that is named, not banned and not merged"
        raise Stop(f"Library {path} {why}: make one with python -m src.strategies --input DIALOGUES --library {path}")
    return library.offered


def digest_of(offered: Offered) -> str:
    """A short name of all that is offered: equal only where that is told in the same words, in the same order."""
    return hashlib.sha256(str(offered).encode()).hexdigest()[:12]


def is_library(path: Path) -> bool:
    """Whether a file holds a library."""
    try:
        LibraryEntry.model_validate(loads(beginning(path).partition(b"\n")[0]))
    except ValueError:
        return False
    return True


def write_library(path: Path, entries: Sequence[LibraryEntry], lines: Mapping[str, Mapping[str, Any]]) -> None:
    """Write the entries, each with what else stood in its line. Raises Stop where the path holds something else."""
    refuse_others(path, "strategies", is_library)
    path.parent.mkdir(parents=True, exist_ok=True)
    with replaced(path) as file:
        for entry in entries:
            row = entry.model_dump()
            file.write(orjson.dumps(row | {k: v for k, v in lines.get(entry.id, {}).items() if k not in row}) + b"\n")
