"""What the page has of a pair: a short row for the list, the filters and the charts, and all its texts, packed."""

import base64
import dataclasses
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from ..basics.dice import dice
from ..basics.text import shortened
from ..pairs.opinions import Quality
from ..pairs.sides import LoosePath, MarkedSide
from .overview import LooseGrade, ShownRecord

LONGEST_TITLE = 120  # characters of an utterance in the list
BLOCK = 64
"""Pairs that are packed together. More are smaller, and take longer to open: 64 are ready within a few milliseconds."""


@dataclasses.dataclass
class Packed:
    """The rows of all pairs, and their texts by the block, as the page has them."""

    rows: list[list[Any]] = dataclasses.field(default_factory=list)
    blocks: list[str] = dataclasses.field(default_factory=list)
    _open: list[bytes] = dataclasses.field(default_factory=list)

    def add(self, record: ShownRecord) -> None:
        self.rows.append(row_of(record))
        self._open.append(orjson.dumps(pair_of(record)))
        if len(self._open) == BLOCK:
            self.close()

    def close(self) -> None:
        """Pack what is still open: a pair a line."""
        if self._open:
            self.blocks.append(base64.b64encode(zlib.compress(b"\n".join(self._open))).decode())
            self._open = []


def row_of(record: ShownRecord) -> list[Any]:
    """In the order of `COLUMNS` in assets/data.js."""
    return [
        as_json(record.sample_id),  # as it is written: a browser would make 1 of 1.0, and round what has 17 digits
        as_json(record.item_id),
        record.region,
        record.view,
        record.chosen.category,
        record.rejected.category,
        record.top_sim,
        record.quality.margin if record.quality else None,
        sorted(Counter(mark.tag for mark in record.marks).items()),
        shortened(record.utterance, LONGEST_TITLE),
    ]


def as_json(name: Any) -> str:
    return orjson.dumps(name, default=str).decode()


def pair_of(record: ShownRecord) -> dict[str, Any]:
    """All that the page shows of a pair."""
    quality = record.quality or Quality()
    true_paths = record.truth_path.paths if record.truth_path else ()
    grades = {name: {"similarity": value} for name, value in (quality.similarities or {}).items()}
    grades |= {grade.prediction: graded(grade) for grade in record.evaluate_reason}
    chosen = rewritten(record, chosen_paths(record))
    rejected = rewritten(record, record.rejected.wrong_paths)
    return {
        "flags": [mark.model_dump() for mark in record.marks],
        "context": [[turn.role, turn.content] for turn in record.context],
        "utterance": record.utterance,
        "tree": record.chosen.tree,
        **misread(record),
        "paths": [*map(str, true_paths)],
        "wrong": [*map(str, record.rejected.wrong_paths or ())],
        "chosen": side_of(record.chosen, grades, quality.chosen, chosen),
        "rejected": side_of(record.rejected, grades, quality.rejected, rejected),
    }


def misread(record: ShownRecord) -> dict[str, Any]:
    """The rejected side's tree where it has one of its own, and what the dialogue was taken to have ended in."""
    tree, exchange = record.rejected.tree, record.rejected.exchange
    ended = [["user", exchange.user], ["assistant", exchange.assistant]] if exchange else []
    return {"misread": {"tree": tree, "context": ended}} if tree != record.chosen.tree else {}


def graded(grade: LooseGrade) -> dict[str, Any]:
    return {"similarity": grade.similarity, "why": grade.reason}


def rewritten(record: ShownRecord, paths: Sequence[LoosePath] | None) -> Mapping[str, Sequence[str]]:
    """The view that was rewritten along these paths, with the path of each of its predictions."""
    view = record.truth_path.view if record.truth_path and paths else ""
    return {view.lower(): [*map(str, paths or ())]} if view else {}


def chosen_paths(record: ShownRecord) -> Sequence[LoosePath] | None:
    """The true paths in the order in which they were given to the revision, where there was one and that is known."""
    if not (record.truth_path and record.revision) or record.seed is None:
        return None
    paths = record.truth_path.paths
    return dice(record.seed, record.sample_id, f"{record.item_id} path order").sample(paths, len(paths))


def side_of(
    side: MarkedSide,
    grades: Mapping[str, Mapping[str, Any]],
    judged: Mapping[str, Any] | None,
    along: Mapping[str, Sequence[str]],
) -> dict[str, Any]:
    """A side with its views. `along` has the path of each prediction of a view that was rewritten along paths."""
    return {
        "category": side.category,
        "reason": side.category_reasoning,
        "judged": judged,
        "mining": {
            "reasoning": side.mining,
            "predictions": [*predictions(side.mining_predictions, grades, along.get("mining", ()))],
        },
        "exploration": {
            "reasoning": side.exploration,
            "predictions": [*predictions(side.exploration_predictions, grades, along.get("exploration", ()))],
        },
    }


def predictions(
    texts: Sequence[str], grades: Mapping[str, Mapping[str, Any]], paths: Sequence[str]
) -> Iterator[dict[str, Any]]:
    """Each with its similarity and the reason for it, and the path that it was made along, as far as they are known."""
    for place, text in enumerate(texts):
        path = {"path": paths[place]} if place < len(paths) else {}
        yield {"text": text, **grades.get(text, {}), **path}
