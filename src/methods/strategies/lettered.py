"""Things to choose from, each behind its letters: A to Z, then AA and on."""

import dataclasses
import string
from collections.abc import Iterator, Sequence
from typing import Generic, Protocol, TypeVar


class Named(Protocol):
    """What can be offered: it says in a line what it is."""

    def __str__(self) -> str: ...


ThingT = TypeVar("ThingT", bound=Named)


def letters(place: int) -> str:
    """A for 0, Z for 25, AA for 26."""
    found = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, len(string.ascii_uppercase))
        found = string.ascii_uppercase[rest] + found
    return found


@dataclasses.dataclass(frozen=True)
class Lettered(Generic[ThingT]):
    """As an input of a stage: iterating gives the letters, the text is a line for each thing."""

    things: Sequence[ThingT]

    def __iter__(self) -> Iterator[str]:
        return map(letters, range(len(self.things)))

    def __len__(self) -> int:
        return len(self.things)

    def __str__(self) -> str:
        return "\n".join(f"{name}. {thing}" for name, thing in zip(self, self.things, strict=True)) or "(empty)"

    def get(self, name: str) -> ThingT | None:
        """The thing behind these letters, if there is one."""
        place = {each: place for place, each in enumerate(self)}.get(name.strip().rstrip(".").upper())
        return None if place is None else self.things[place]
