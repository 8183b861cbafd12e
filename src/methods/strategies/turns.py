"""Every user turn with the entry that it follows and others beside it: what a user simulator learns from."""

import contextlib
import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson

from ...basics.dice import dice
from ...basics.files import beginning, refuse_others, replaced
from ...basics.text import loads
from ...pairs.ordered import Records
from ...pairs.reading import Entry
from .gathering import Gathering
from .library import LibraryEntry
from .phrases import ExtractedTurn
from .settings import Settings

CANDIDATES = 8  # entries that a turn is shown with, its own among them
KEPT = ("sample_id", "item_id", "context", "label", "chat_history", "position")


@dataclasses.dataclass(frozen=True)
class Candidates:
    """Entries to choose from, the true one among them."""

    offered: Sequence[LibraryEntry]
    seed: int

    def of(self, true: LibraryEntry, sample_id: object, item_id: int) -> list[str]:
        """Names in an order that tells nothing."""
        draw = dice(self.seed, sample_id, f"{item_id} candidates")
        others = [*dict.fromkeys(entry.name for entry in self.offered if entry.name != true.name)]
        names = [true.name, *draw.sample(others, min(CANDIDATES - 1, len(others)))]
        return draw.sample(names, len(names))


def write_turns(settings: Settings, found: Gathering) -> None:
    """Write the turns of all entries that are offered. Raises Stop where the path holds something else."""
    path = settings.output if settings.output.name else settings.place.turns
    refuse_others(path, "strategies", holds_turns)
    with replaced(path) as file:
        file.writelines(orjson.dumps(row) + b"\n" for row in rows(settings, found))


def rows(settings: Settings, found: Gathering) -> Iterator[dict[str, Any]]:
    candidates = Candidates(found.library.offered.things, settings.seed)
    for turn in in_order(settings.place.extracted) if candidates.offered else ():
        entry = found.library.by_id.get(found.place_of(turn.record) or "")
        if entry and entry.offered:
            kept = {name: turn.row.get(name) for name in KEPT}
            own = {"move": entry.move, "strategy": turn.record.strategy, "entry": entry.id, "name": entry.name}
            shown = candidates.of(entry, turn.record.sample_id, turn.record.item_id)
            made = {name: turn.row[name] for name in ("model", "seed", "prompts", "rehearsal") if name in turn.row}
            yield kept | own | {"candidates": shown} | made


def in_order(extracted: Path) -> Iterator[Entry[ExtractedTurn]]:
    """The turns in the order of their dialogues' input, however they were extracted."""
    with contextlib.closing(Records([extracted], repeats=True)) as records:
        for _, _, line in records:
            with contextlib.suppress(ValueError):  # named where the turns were counted
                row = loads(line)
                yield Entry(row, ExtractedTurn.model_validate(row))


def holds_turns(path: Path) -> bool:
    """Whether a file holds turns with their entries."""
    try:
        row = loads(beginning(path).partition(b"\n")[0])
    except ValueError:
        return False
    return isinstance(row, dict) and {"candidates", "entry"} <= row.keys()
