"""Strategies of dialogues that are held back, held against the library as it stands: nothing is founded by them.

Each is also held against as many entries of other moves, to which it should not belong. Who finds it there all the
same says yes to anything, or has entries that fit anything: it is the control of how much a library covers.
"""

import asyncio
import dataclasses
import functools
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from ...basics.dice import dice
from ...basics.shape import Shape
from ...calling.completion import Usage
from ...calling.stage import Ask
from ...pairs.reading import LeftOut, entries
from ...running.job import Job, Words
from .job import batches, listed
from .lettered import Lettered
from .method import Batch, Option, Shelves, option_of
from .moves import Move
from .phrases import Phrase
from .settings import Settings, assigning_settings
from .stages import ASSIGNING


@dataclasses.dataclass(frozen=True)
class Shown:
    """Entries that strategies of a move are held against."""

    options: Lettered[Option]
    turn: asyncio.Lock = dataclasses.field(default_factory=asyncio.Lock, compare=False)
    """Batches wait for one another, so that a killed run goes on with the very batches that it had before it."""

    @functools.cached_property
    def name(self) -> str:
        """The same only for the same entries, in the same words and order."""
        told = "\0".join(f"{option.id}\0{option.text}" for option in self.options.things)
        return hashlib.blake2b(told.encode(), digest_size=6).hexdigest()


@dataclasses.dataclass(frozen=True)
class Against:
    """What the strategies of one move are held against."""

    own: Shown
    """All entries of the move."""
    others: Shown
    """As many of other moves, drawn; all of these where they are fewer."""


def against(shelves: Shelves, seed: int) -> Mapping[str, Against]:
    """For each move, what its strategies are held against."""
    own = {move: shelves.options(move) for move in get_args(Move)}
    return {
        move: Against(Shown(options), Shown(drawn(len(options), own, dice(seed, move, "entries of other moves"), move)))
        for move, options in own.items()
    }


def drawn(count: int, own: Mapping[str, Lettered[Option]], draw: Any, move: str) -> Lettered[Option]:
    """So many of the entries of all moves but one."""
    others = [option for other, options in own.items() if other != move for option in options.things]
    return Lettered(draw.sample(others, min(count, len(others))))


class Followed(Shape):
    """A strategy and the entry that it follows, if any."""

    strategy: str
    entry: str | None


class FollowedBatch(Shape):
    """One line of the followed file: some strategies of a move, each with its entry among those that were shown."""

    move: str
    shown: str
    followed: tuple[Followed, ...]


@dataclasses.dataclass(frozen=True)
class Trial(Batch):
    """Strategies of one move that are held against the same entries, together."""

    shown: Shown

    @property
    def sample_id(self) -> str:
        return f"{super().sample_id} {self.shown.name}"


@dataclasses.dataclass(frozen=True)
class Tried:
    """What came of it: for each strategy the id of its entry, or None."""

    trial: Trial
    places: Sequence[str | None]
    outcome = "tried"

    def row(self, usage: Usage) -> dict[str, Any]:
        trial = self.trial
        pairs = zip(trial.phrases, self.places, strict=True)
        found = FollowedBatch(
            move=trial.move,
            shown=trial.shown.name,
            followed=tuple(Followed(strategy=phrase.text, entry=place) for phrase, place in pairs),
        )
        named = {"sample_id": trial.sample_id, "item_id": trial.item_id}
        return named | found.model_dump() | {"usage": usage.counts}


async def follow(ask: Ask, trial: Trial) -> Tried:
    """Each strategy to one of the entries, or to none."""
    options = trial.shown.options
    async with trial.shown.turn:
        told = await ask(ASSIGNING, entries=options, move=trial.move, phrases=trial.phrases)
    found = [option_of(place.entry, options) for place in told.places]
    return Tried(trial, [option.id if option else None for option in found])


@dataclasses.dataclass(frozen=True)
class Results:
    """Which entry each strategy was found to follow, by what it was held against."""

    found: Mapping[tuple[str, str], str | None]
    """By the name of what was shown, and the phrase's key."""

    def know(self, phrase: Phrase, shown: Shown) -> bool:
        """Whether it was tried; where no entry was shown, there is nothing to try."""
        return not shown.options or (shown.name, phrase.key) in self.found

    def place_of(self, phrase: Phrase, shown: Shown) -> str | None:
        return self.found.get((shown.name, phrase.key))


def results_in(path: Path) -> Results:
    """What the followed file has so far; nothing where there is none."""
    rows = (entry.record for entry in entries([path], FollowedBatch, LeftOut())) if path.is_file() else ()
    return Results(
        {(row.shown, Phrase(row.move, each.strategy).key): each.entry for row in rows for each in row.followed}
    )


def trials(
    phrases: Iterable[Phrase], to_try: Mapping[str, Against], before: Results, learnt: Mapping[str, str]
) -> Iterator[Trial]:
    """What is still to be tried. The entry of a phrase that was learnt already is known."""
    own = {move: each.own for move, each in to_try.items()}
    others = {move: each.others for move, each in to_try.items()}
    phrases = [*phrases]
    for shown, known in ((own, learnt), (others, {})):
        new = [each for each in phrases if each.key not in known and not before.know(each, shown[each.move])]
        yield from (Trial(batch.phrases, shown[batch.move]) for batch in batches(new))


def following(settings: Settings, to_try: Iterable[Trial]) -> Job[Trial]:
    """Each strategy to the entry that it follows."""
    words = Words(command="strategies", option="--library", thing="group", done="held against entries", rows="groups")
    return listed([*to_try], follow, assigning_settings(settings), words)
