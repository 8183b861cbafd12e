"""The panel on strategies: what a library holds, and how often pairs were made under what is in it."""

from collections.abc import Iterator, Sequence

from ..basics.text import shortened
from ..methods.strategies.coverage import Coverage
from ..methods.strategies.figures import entropy, of_held_out, share
from ..methods.strategies.library import Library, LibraryEntry
from .charts import table
from .overview import Totals

MOST_LISTED, LONGEST = 30, 90  # entries; characters of a turn
HEAD = ("strategy", "turns", "dialogues", "chosen", "followed", "a real turn")
TITLE = "Strategies"


def strategies_panel(totals: Totals, library: Library | None, coverage: Coverage | None = None) -> Iterator[str]:
    """The panel; nothing where there is no library and no pair was made under strategies."""
    if library:
        listed = sorted(library.entries, key=lambda entry: (-entry.support, entry.id))[:MOST_LISTED]
        text = [*of_library(library), *of_held_out(library, coverage), *of_pairs(totals)]
        yield table(TITLE, [row(entry, totals) for entry in listed], HEAD, text)
    elif totals.steered:
        rows = [(name, count, totals.followed[name]) for name, count in totals.chosen.most_common(MOST_LISTED)]
        yield table(TITLE, rows, ("strategy", "chosen", "followed"), of_pairs(totals))


def row(entry: LibraryEntry, totals: Totals) -> tuple[str, *tuple[str | int, ...]]:
    first = entry.examples[0] if entry.examples else None
    turn = first.get("turn", "") if isinstance(first, dict) else ""
    name = entry.name or entry.founding or entry.id
    counts = (entry.support, entry.dialogues, totals.chosen[entry.id], totals.followed[entry.id])
    return (f"{entry.move}: {name}", *counts, shortened(str(turn), LONGEST))


def of_library(library: Library) -> Iterator[str]:
    entries = [entry for entry in library.entries if entry.support]
    supports: Sequence[int] = [entry.support for entry in entries]
    named = sum(entry.support for entry in entries if entry.offered)
    yield (
        f"{len(entries):,} entries, {sum(entry.offered for entry in entries):,} of them named and offered, which"
        f" {share(named, sum(supports))} of the turns with a strategy follow; entropy {entropy(supports):.2f} bits."
    )
    yield f"{sum(len(entry.outliers) for entry in entries):,} of the members that were shown are outliers."


def of_pairs(totals: Totals) -> Iterator[str]:
    if totals.steered:
        followed = share(totals.followed.total(), totals.predicted)
        yield f"{totals.steered:,} pairs were drafted under strategies; {followed} of their predictions follow one."
