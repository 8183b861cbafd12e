"""The strategies that were extracted, as the next steps read them: each phrase once, however often it came."""

import dataclasses
import functools
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import Field

from ...basics.command import Stop
from ...basics.shape import Shape
from ...basics.text import normalised
from ...pairs.reading import Entry, LeftOut, entries
from .moves import NONE, AMove


class ExtractedTurn(Shape):
    """A line of the extracted file, as far as clusters need it."""

    sample_id: Any
    item_id: int
    utterance: str = Field(alias="label")
    move: AMove
    strategy: str
    language: str
    faults: tuple[Any, ...] = ()

    @property
    def usable(self) -> bool:
        """Whether there is a strategy, and one that is fit for a library: short, and free of its dialogue."""
        return self.move != NONE and not self.faults

    @functools.cached_property
    def phrase(self) -> "Phrase":
        return Phrase(self.move, self.strategy)


class Phrase:
    """A strategy as somebody's turn gave it, within its move."""

    __slots__ = ("key", "move", "text")

    def __init__(self, move: str, text: str) -> None:
        self.move, self.text = move, text
        self.key = f"{move} {normalised(text)}"
        """Equal for phrases that differ in case, punctuation and white space alone."""

    def __str__(self) -> str:
        return self.text


@dataclasses.dataclass
class Phrases:
    """All phrases of an extracted file by their keys, and how often each came."""

    texts: dict[str, Phrase] = dataclasses.field(default_factory=dict)
    counts: Counter[str] = dataclasses.field(default_factory=Counter)
    turns: int = 0
    without: int = 0
    """Turns without a strategy."""
    faulty: int = 0
    """Turns whose strategy is not used: the model did not mend it."""

    def add(self, turn: ExtractedTurn) -> None:
        self.turns += 1
        self.without += turn.move == NONE
        self.faulty += turn.move != NONE and not turn.usable
        if not turn.usable:
            return
        phrase = turn.phrase
        key = phrase.key
        self.counts[key] += 1
        known = self.texts.get(key)
        if known is None or phrase.text < known.text:  # the same whatever the order of the file
            self.texts[key] = phrase

    def in_order(self, known: Mapping[str, object]) -> Iterator[Phrase]:
        """The phrases that are not known, sorted, so that the same are founded whatever the order of the file."""
        return (self.texts[key] for key in sorted(self.texts) if key not in known)


def turns_in(path: Path) -> Iterator[Entry[ExtractedTurn]]:
    """The turns of an extracted file. Raises Stop where there is none."""
    if not path.is_file():
        raise Stop(f"{path} is not there: run python -m src.strategies --step extract first.")
    return entries([path], ExtractedTurn, LeftOut())


def phrases_in(turns: Iterable[Entry[ExtractedTurn]]) -> Phrases:
    found = Phrases()
    for entry in turns:
        found.add(entry.record)
    return found
