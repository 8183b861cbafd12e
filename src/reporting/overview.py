"""What a run has made, in numbers, and these as lines for a terminal. `panels` draws them for a page."""

import dataclasses
import shutil
import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import Field
from tqdm import tqdm

from ..basics.shape import Shape
from ..basics.text import shortened
from ..marking.resembling.lines import verdict
from ..pairs.opinions import AsText, FoundMark, Loose, LooseQuality
from ..pairs.sides import MarkedRecord
from ..pairs.words import HIGH, LOW
from .accounts import Accounts

BLOCKS = " ▁▂▃▄▅▆▇█"
STEPS = 20  # of a histogram
MOST_NGRAMS, MOST_IN_A_LINE = 8, 3  # of those that give a side away
TELLING_HEAD = ("n-gram", "chosen", "rejected")


class LooseGrade(Shape):
    """What was found of a prediction of the draft."""

    prediction: AsText = Field("", alias="input")
    reason: AsText = ""
    similarity: Any = None


class ShownSteering(Shape):
    """Under which strategies a draft was made, by their ids."""

    chosen: tuple[str, ...] = ()
    followed: tuple[str | None, ...] = ()


class ShownRecord(MarkedRecord):
    """A record as far as the page shows it."""

    sample_id: Any = None
    item_id: Any = 0
    region: str = "not told"
    seed: int | None = None
    model: Any = None
    top_sim: float | None = Field(None, ge=0, le=1, allow_inf_nan=False)
    high_confidence_threshold: float = HIGH
    low_confidence_threshold: float = LOW
    evaluate_reason: tuple[LooseGrade, ...] = ()
    quality: LooseQuality = None
    usage: dict[str, Any] | None = None
    strategies: Loose[ShownSteering] = None
    rehearsal: bool = False

    @property
    def marks(self) -> Sequence[FoundMark]:
        return (self.quality.tags if self.quality else None) or ()

    @property
    def tags(self) -> set[str]:
        return {mark.tag for mark in self.marks}

    @property
    def view(self) -> str:
        return self.truth_path.view if self.truth_path else "not told"


@dataclasses.dataclass
class Totals:
    """What the overview counts."""

    pairs: int = 0
    rehearsed: int = 0
    models: Counter[str] = dataclasses.field(default_factory=Counter)
    similarity: float = 0.0
    """The sum of all best similarities."""
    similarities: list[int] = dataclasses.field(default_factory=lambda: [0] * STEPS)
    margins: list[int] = dataclasses.field(default_factory=lambda: [0] * STEPS)
    """How many pairs have which margin, from -1 to 1, where a judge gave one."""
    regions: Counter[str] = dataclasses.field(default_factory=Counter)
    views: Counter[str] = dataclasses.field(default_factory=Counter)
    categories: Counter[tuple[str, str]] = dataclasses.field(default_factory=Counter)
    """How many pairs have which category on the chosen side, the true one, and which on the rejected side."""
    checked: int = 0
    """Pairs that `src.quality` has looked at."""
    marked: int = 0
    thresholds: tuple[float, float] = (LOW, HIGH)
    tags: Counter[str] = dataclasses.field(default_factory=Counter)
    tokens: Counter[str] = dataclasses.field(default_factory=Counter)
    steered: int = 0
    """Pairs whose draft was made under strategies of a library."""
    chosen: Counter[str] = dataclasses.field(default_factory=Counter)
    """For how many drafts each strategy was chosen."""
    followed: Counter[str] = dataclasses.field(default_factory=Counter)
    """How many of their predictions follow it."""
    predicted: int = 0

    def add_strategies(self, told: ShownSteering) -> None:
        self.steered += 1
        self.predicted += len(told.followed)
        self.chosen.update(told.chosen)
        self.followed.update(name for name in told.followed if name)

    def add(self, record: ShownRecord) -> None:
        self.pairs += 1
        self.rehearsed += record.rehearsal
        self.models[str(record.model or "not told")] += 1
        if record.top_sim is not None:
            self.similarity += record.top_sim
            self.similarities[min(STEPS - 1, max(0, int(record.top_sim * STEPS)))] += 1
        margin = record.quality.margin if record.quality else None
        if margin is not None and -1 <= margin <= 1:
            self.margins[min(STEPS - 1, max(0, int((margin + 1) / 2 * STEPS)))] += 1
        self.regions[record.region] += 1
        self.views[record.view] += 1
        self.categories[record.chosen.category, record.rejected.category] += 1
        self.thresholds = record.low_confidence_threshold, record.high_confidence_threshold
        self.checked += record.quality is not None
        self.marked += bool(record.tags)
        self.tags.update(record.tags)
        if record.strategies:
            self.add_strategies(record.strategies)
        self.tokens.update({name: count for name, count in (record.usage or {}).items() if isinstance(count, int)})


def funnel(totals: Totals, found: Accounts) -> dict[str, int]:
    """How many are left at each step, from rows of the input to pairs without a flag, as far as it is known."""
    steps: dict[str, int] = {}
    if run := found.widest_run:
        steps["read"] = run.rows
        steps["dialogues"] = run.rows - run.unreadable - sum(run.passed_over.values())
        if run.elsewhere:
            steps["of this shard"] = steps["dialogues"] - run.elsewhere
    steps["samples"] = totals.pairs + sum(found.failures.values())
    steps["pairs"] = totals.pairs
    return steps | ({"without a flag": totals.checked - totals.marked} if totals.checked else {})


def stage_rows(found: Accounts) -> Iterator[tuple[str, int, int, int, int, str, str]]:
    for stage, cost in found.stages:
        usage = stage.usage
        seconds = f"{stage.seconds:.2f}" if stage.seconds else ""
        yield stage.stage, stage.calls, usage.prompt, usage.cached or 0, usage.completion, seconds, cost


STAGE_TEXT = ("stage", "calls", "prompt", "cached", "reply", "s/call", "cost")
"""The same for a terminal; tokens where nothing else is said."""
WIDTHS = (7, 8, 7, 7, 7, 10)  # columns of the figures there
MOST_IN_FULL = 100_000  # a larger count is told in thousands or millions
NARROWEST = 40  # columns; on a narrower terminal lines break where it likes
STAGE_HEAD = ("stage", "calls", "prompt tokens", "of them cached", "reply tokens", "seconds a call", "cost")


def facts(totals: Totals, found: Accounts) -> dict[str, str | int]:
    figures: dict[str, str | int] = {"pairs": totals.pairs}
    figures |= {f"{name.replace('_', ' ')} of the pairs": count for name, count in totals.tokens.items()}
    if billed := sum(stage.usage.total for stage, _ in found.stages):
        figures["tokens of all calls"] = billed
    if found.cost is not None:
        figures["cost" if all(cost for _, cost in found.stages) else "cost where known"] = f"{found.cost:,.4f}"
        if found.synthesis.stages and totals.pairs:
            figures["cost of a pair"] = f"{found.cost / totals.pairs:,.4f}"
    if seconds := sum(run.seconds for account in (found.synthesis, found.judge) for run in account.runs):
        figures["minutes of all runs"] = f"{seconds / 60:,.1f}"
    return figures


TOLD_APART = "Chosen told from rejected by the text alone"


def shortcut_lines(found: Accounts) -> Iterator[str]:
    """How well the sides are told apart, for a terminal."""
    for name, shortcut in found.shortcuts.items():
        yield f"{'shortcut':<19}{f'{name}: ' if len(found.shortcuts) > 1 else ''}{shortcut.in_words}"
        for side, ngrams in shortcut.sides:
            if ngrams:
                yield f"{side:<19}{'; '.join(map(str, ngrams[:MOST_IN_A_LINE]))}"


def in_words(totals: Totals, found: Accounts) -> Iterator[str]:
    """The overview for a terminal."""
    for name, value in facts(totals, found).items():
        yield f"{name:<32}{value if isinstance(value, str) else f'{value:,}'}"
    drawn = (BLOCKS[blocks_of(count, totals.similarities)] for count in totals.similarities)
    yield f"best similarity    {''.join(drawn)}"
    low, high = (round(value * STEPS) for value in totals.thresholds)
    yield f"{'':<19}{'0':<{low}}{'↑':<{high - low}}{'↑':<{STEPS - high}}1"
    counts: dict[str, Mapping[str, int]] = {
        "input to pairs": funnel(totals, found),
        "passed over": found.widest_run.passed_over if found.widest_run else {},
        "regions": totals.regions,
        "true view": totals.views,
        "categories": Counter({f"{true} against {drawn}": n for (true, drawn), n in totals.categories.items()}),
        "flags": totals.tags,
        "failures": found.failures + found.unjudged,
    }
    for name, values in counts.items():
        if values:
            ordered = values.most_common() if isinstance(values, Counter) else values.items()
            yield hanging(name, ", ".join(f"{value} {count:,}" for value, count in ordered))
    yield from shortcut_lines(found)
    if found.resemblance:
        yield f"{'resemblance':<19}worst AUC {verdict(found.resemblance)}"
    if any(totals.margins):
        yield f"margins            {''.join(BLOCKS[blocks_of(count, totals.margins)] for count in totals.margins)}"
        yield f"{'':<19}{'-1':<{STEPS // 2}}{'0':<{STEPS // 2 - 1}}1"
    if stages := [*stage_rows(found)]:
        yield from map(stage_line, (STAGE_TEXT, *stages))


def hanging(name: str, text: str) -> str:
    """A named text in lines that the terminal takes whole, all beside the name."""
    width = max(NARROWEST, shutil.get_terminal_size().columns - 1)
    return textwrap.fill(text, width, initial_indent=f"{name:<19}", subsequent_indent=" " * 19, break_on_hyphens=False)


def stage_line(values: Sequence[Any]) -> str:
    """A line of the stages' table, in 79 columns."""
    name, *figures = values
    shown = (value if isinstance(value, str) else in_few_signs(value) for value in figures)
    return f"{shortened(name, 33):<33}" + "".join(
        f"{value:>{width}}" for value, width in zip(shown, WIDTHS, strict=True)
    )


def in_few_signs(count: int) -> str:
    return f"{count:,}" if count < MOST_IN_FULL else tqdm.format_sizeof(count)


def blocks_of(count: int, counts: Sequence[int]) -> int:
    return -(-count * (len(BLOCKS) - 1) // max(1, *counts))
