"""What a run has made, in numbers: as figures for a page, and as lines for a terminal."""

import dataclasses
import logging
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from .charts import bars, histogram, table
from .heuristics import MarkedRecord
from .utils import loads

log = logging.getLogger(__name__)

BLOCKS = " ▁▂▃▄▅▆▇█"
STEPS = 20  # of a histogram


class ShownRecord(MarkedRecord):
    """A record as far as the page shows it."""

    sample_id: Any = None
    item_id: Any = 0
    region: str = "not told"
    top_sim: float | None = None
    category_truth: dict[str, Any] | None = None
    evaluate_reason: tuple[dict[str, Any], ...] = ()
    quality: dict[str, Any] | None = None
    usage: dict[str, Any] | None = None
    rehearsal: bool = False

    @property
    def tags(self) -> list[dict[str, Any]]:
        return [mark for mark in (self.quality or {}).get("tags", []) if isinstance(mark, dict)]


@dataclasses.dataclass
class Totals:
    """What the overview counts."""

    pairs: int = 0
    left_out: int = 0
    rehearsed: int = 0
    similarities: list[int] = dataclasses.field(default_factory=lambda: [0] * STEPS)
    margins: list[int] = dataclasses.field(default_factory=lambda: [0] * STEPS)
    """How many pairs have which margin, from -1 to 1, where a judge gave one."""
    regions: Counter[str] = dataclasses.field(default_factory=Counter)
    views: Counter[str] = dataclasses.field(default_factory=Counter)
    chosen: Counter[str] = dataclasses.field(default_factory=Counter)
    rejected: Counter[str] = dataclasses.field(default_factory=Counter)
    tags: Counter[str] = dataclasses.field(default_factory=Counter)
    tokens: Counter[str] = dataclasses.field(default_factory=Counter)

    def add(self, record: ShownRecord) -> None:
        self.pairs += 1
        self.rehearsed += record.rehearsal
        if record.top_sim is not None:
            self.similarities[min(STEPS - 1, max(0, int(record.top_sim * STEPS)))] += 1
        margin = (record.quality or {}).get("margin")
        if isinstance(margin, int | float):
            self.margins[min(STEPS - 1, max(0, int((margin + 1) / 2 * STEPS)))] += 1
        self.regions[record.region] += 1
        self.views[record.truth_path.view if record.truth_path else "not told"] += 1
        self.chosen[record.chosen.category] += 1
        self.rejected[record.rejected.category] += 1
        self.tags.update({str(mark.get("tag")) for mark in record.tags})
        self.tokens.update({name: count for name, count in (record.usage or {}).items() if isinstance(count, int)})


def charts(totals: Totals, source: Path) -> Iterator[str]:
    """Each figure of the overview, as HTML."""
    yield table("totals", [("pairs", totals.pairs), *totals.tokens.items()])
    yield histogram("best similarity of the draft", totals.similarities, (0.3, 0.8))
    if any(totals.margins):
        yield histogram("margin of the chosen side", totals.margins, (0.0,), start=-1)
    yield bars("regions", totals.regions)
    yield bars("true view", totals.views)
    yield bars("category: true", totals.chosen)
    yield bars("category: of the rejected side", totals.rejected)
    if totals.tags:
        yield bars("marks", totals.tags)
    if failures := failures_of(source):
        yield bars("failures by stage and kind", failures)
    if stages := stages_of(source):
        yield table("tokens by stage", stages)


def in_words(totals: Totals, source: Path) -> Iterator[str]:
    """The overview for a terminal."""
    yield f"pairs              {totals.pairs:,}"
    drawn = (BLOCKS[blocks_of(count, totals.similarities)] for count in totals.similarities)
    yield f"best similarity    {''.join(drawn)}"
    yield "                   0     0.3       0.8 1"
    counts = {
        "regions": totals.regions,
        "true view": totals.views,
        "true category": totals.chosen,
        "rejected category": totals.rejected,
        "marks": totals.tags,
        "failures": failures_of(source),
        "tokens": totals.tokens,
        "tokens by stage": Counter(dict(stages_of(source))),
    }
    for name, values in counts.items():
        if values:
            yield f"{name:<19}{', '.join(f'{value} {count:,}' for value, count in values.most_common())}"


def blocks_of(count: int, counts: Sequence[int]) -> int:
    return -(-count * (len(BLOCKS) - 1) // max(1, *counts))


def beside(source: Path, ending: str) -> Path:
    """What synthesis wrote beside the records that these came from."""
    return source.with_name(source.name.replace(".quality.jsonl", ".jsonl") + ending)


def failures_of(source: Path) -> Counter[str]:
    path, counts = beside(source, ".failed.jsonl"), Counter[str]()
    if path.exists():
        with path.open("rb") as file:
            for line in file:
                row = loads(line)
                counts[f"{row.get('stage')}: {row.get('kind')}"] += 1
    return counts


def stages_of(source: Path) -> list[tuple[str, int]]:
    path = beside(source, ".calls.sqlite")
    if not path.exists():
        return []
    try:
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as store:
            found = store.execute("SELECT stage, sum(total) FROM calls GROUP BY stage ORDER BY 2 DESC").fetchall()
            store.commit()
    except sqlite3.Error as error:
        log.warning("%s cannot be read (%s): the page has no tokens by stage.", path, error)
        return []
    return [(str(stage), int(total)) for stage, total in found]
