"""The panels of the page's Overview, in their order.

To add one, write a function that takes what was counted and what lies beside the records and gives figures of `charts`,
and give it a place in PANELS. The simplest is `table`: a title, rows of a name and its figures, the names of the
columns, and a few lines of text below. A panel of which nothing is known gives nothing.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import get_args

from ..marking.resembling.lines import columns_of, copied, number, rows_of, verdict
from ..pairs.shortcut import Shortcut
from ..pairs.words import Category
from .accounts import Accounts
from .charts import bars, figure, histogram, matrix, strip, table
from .overview import (
    MOST_NGRAMS,
    STAGE_HEAD,
    TELLING_HEAD,
    TOLD_APART,
    Totals,
    facts,
    funnel,
    stage_rows,
)
from .strategies import strategies_panel

Panel = Callable[[Totals, Accounts], Iterator[str]]
IN_THE_TABLE = {"prompt tokens of the pairs", "completion tokens of the pairs"}  # and not in the strip


def panels(totals: Totals, found: Accounts) -> str:
    """The whole Overview: a strip of figures, and all panels of which something is known."""
    figures: dict[str, str | int] = {"pairs": totals.pairs}
    if graded := sum(totals.similarities):
        figures["mean best similarity"] = f"{totals.similarity / graded:.2f}"
    if totals.checked:
        figures["with a flag"] = f"{totals.marked:,} of {totals.checked:,}"
    figures |= {name: value for name, value in facts(totals, found).items() if name not in IN_THE_TABLE}
    inside = "".join(drawn for panel in PANELS for drawn in panel(totals, found))
    return f'{strip(figures)}<div class="panels">{inside}</div>'


def similarities(totals: Totals, _: Accounts) -> Iterator[str]:
    low, high = totals.thresholds
    yield histogram("Best similarity of the draft", totals.similarities, {"low": low, "high": high}, "similarity")
    if any(totals.margins):
        yield histogram("Margin of the chosen side", totals.margins, {"even": 0.0}, "margin", start=-1)


def categories(totals: Totals, _: Accounts) -> Iterator[str]:
    yield matrix("Categories of both sides", totals.categories, get_args(Category), "categories")


def regions(totals: Totals, _: Accounts) -> Iterator[str]:
    yield figure("Regions and true views", bars(totals.regions, "region") + bars(totals.views, "view"))


def flags(totals: Totals, _: Accounts) -> Iterator[str]:
    if totals.tags:
        yield figure("Flags", bars(totals.tags, "flag"), ("Pairs that src.quality has marked so.",))


def from_input_to_pairs(totals: Totals, found: Accounts) -> Iterator[str]:
    passed_over = Counter(found.widest_run.passed_over if found.widest_run else {}).most_common()
    lines = (f"Passed over: {reason}, {count:,}." for reason, count in passed_over)
    yield figure("From the input to pairs", bars(funnel(totals, found), longest_first=False), lines)
    if found.failures or found.unjudged:
        yield table("Failures by stage and kind", (found.failures + found.unjudged).most_common())


def shortcuts(_: Totals, found: Accounts) -> Iterator[str]:
    for name, shortcut in found.shortcuts.items():
        yield from of_shortcut(shortcut, f" in {name}" if len(found.shortcuts) > 1 else "")


def of_shortcut(shortcut: Shortcut, where: str) -> Iterator[str]:
    """The figures of a shortcut with their controls, and what gives the sides away."""
    rows: list[tuple[str, *tuple[str, ...]]] = [(name, str(figure)) for name, figure in shortcut.figures.items()]
    note = f"of {shortcut.pairs:,} pairs; 0.50 is chance" if rows else shortcut.headline
    yield table(f"{TOLD_APART}{where}", rows or [("AUC", note)], ("", f"AUC {note}") if rows else ())
    telling = [ngram for _, ngrams in shortcut.sides for ngram in ngrams[:MOST_NGRAMS]]
    if telling:
        told = [(f"“{ngram.text}” ({ngram.part})", ngram.chosen, ngram.rejected) for ngram in telling]
        yield table(f"What gives the sides away{where}: pairs where one side has more of it", told, TELLING_HEAD)


def resemblance(_: Totals, found: Accounts) -> Iterator[str]:
    """How near the dialogues come to real ones, beside the controls; what gives them away; both profiles."""
    if measured := found.resemblance:
        lines = (f"Worst AUC {verdict(measured)}.", *(f"{line}." for line in copied(measured)))
        yield table(
            "Made user turns told from real ones, AUC", rows_of(measured), ("", *columns_of(measured)), lines, wide=True
        )
        if telling := (*measured.tells_made[:MOST_NGRAMS], *measured.tells_real[:MOST_NGRAMS]):
            told = [(f"“{ngram.text}”", ngram.made, ngram.real) for ngram in telling]
            yield table("What gives made users away: dialogues with more of it", told, ("n-gram", "made", "real"))
        profile = [
            (name, number(value), number(measured.real.profile[name])) for name, value in measured.made.profile.items()
        ]
        yield table("Made and real users", profile, ("", "made", "real"))


def stages(_: Totals, found: Accounts) -> Iterator[str]:
    if rows := [*stage_rows(found)]:
        yield table("What each stage took", rows, STAGE_HEAD)


def strategies(totals: Totals, found: Accounts) -> Iterator[str]:
    yield from strategies_panel(totals, found.library, found.coverage)


PANELS: tuple[Panel, ...] = (
    similarities,
    categories,
    regions,
    from_input_to_pairs,
    flags,
    shortcuts,
    resemblance,
    strategies,
    stages,
)
