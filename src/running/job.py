"""What a run does, as data: over which items, and what is made of each."""

import dataclasses
from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from typing import Any, Generic, Protocol, TypeVar

from ..basics.seen import Seen
from ..calling.completion import Usage
from ..calling.session import Misfit
from ..calling.stage import AskSeats
from .output import RECORDS, Lines, SampleId
from .tally import Tally


class Item(Protocol):
    """What is asked about: a sample, or a record that is to be judged."""

    @property
    def sample_id(self) -> SampleId: ...
    @property
    def item_id(self) -> int: ...


class Made(Protocol):
    """What came of it: a word for it, and the line to write."""

    @property
    def outcome(self) -> str: ...
    def row(self, usage: Usage) -> dict[str, Any]: ...


@dataclasses.dataclass(frozen=True)
class Words:
    """How a run speaks of what it does; the defaults are those of a method that makes records of samples."""

    command: str = "synthesis"
    thing: str = "sample"
    """What an item is called, where one is meant."""
    done: str = "made"
    """What has happened to an item that ended well."""
    rows: str = "dialogues"
    """What the input is made of."""
    outcomes: Sequence[str] = ()
    """What may come of an item, in the order in which the summary counts them."""
    option: str = "--output"
    """What names the place of the results on the command line."""
    next_step: str = ""
    """The command to type when all is done, with `{output}` for the output's path."""


ItemT = TypeVar("ItemT", bound=Item)


@dataclasses.dataclass(frozen=True)
class Seat:
    """Who is asked in place of the run's own model: what differs in the settings, and the key."""

    changes: Mapping[str, Any]
    key: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Job(Generic[ItemT]):
    """A method over an input. The run knows nothing else of either."""

    files: Sequence[str]
    """What the items come from, so that no run writes over its own input."""
    items: Callable[[Seen, Tally], Generator[ItemT]]
    """The items that are still to be made, read as they are needed; what becomes of the others is counted."""
    total: Callable[[], int | None]
    """How many rows the input has, if that can be told without reading what they mean."""
    make: Callable[[AskSeats, ItemT], Awaitable[Made]]
    """Makes one item by asking. Raises Failed where it cannot be made."""
    settings: Mapping[str, object]
    """What decides how an item comes out; each row carries it, and a run refuses to mix two kinds."""
    words: Words = Words()
    seats: Mapping[str, Seat] = dataclasses.field(default_factory=dict)
    """Who else is asked, by the names that `make` has for them."""
    lines: Lines = RECORDS
    fits: Callable[[Any], Misfit | None] | None = None
    """Why what was made cannot stand beside those before it. Where this is given, lines are in the items' order."""
    longest: Callable[[], int] | None = None
    """Tokens of the longest text that is asked about, at most, found by a look over all items; for a model file."""
