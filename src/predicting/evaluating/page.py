"""What was found as one HTML page: figures and intervals, and the predictions beside what was really said."""

import html
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from ...basics.pages import filled, head, in_script
from .cases import Attempt, Case, Predictor
from .figures import ALL, LIKENESSES, NEARER, OF_THE_JUDGE, Figure
from .place import TITLE
from .reading import Material
from .resampling import Interval
from .results import Difference, Results, in_json
from .scoring import Measure, best
from .table import ends_last, signed

HERE = Path(__file__).parent
DIGITS = {figure.name: figure.digits for figure in LIKENESSES}


def page(results: Results, held: Material, measures: Mapping[str, Measure], most: int) -> str:
    """The whole page, with as many samples as wished for: the best and the worst by the main figure."""
    script = (HERE / "evaluation.js").read_text(encoding="utf-8")
    title = TITLE.removeprefix("<title>") + ", ".join(predictor.name for predictor in held.predictors)
    picked = best_and_worst(results, held, measures, most)
    size = f"{results.samples:,} samples of {results.dialogues:,} dialogues"
    beware = "".join(f'<p class="notes">{html.escape(note)}</p>' for note in results.notes)
    parts = {
        "head": head(title, (HERE / "evaluation.css").read_text(encoding="utf-8"), script),
        "title": html.escape(title),
        "notes": f"<p>{size}, {results.resamples:,} draws, seed {results.seed}.</p>{beware}",
        "figures": figures(results),
        "differences": differences(results.differences),
        "judge": judge(results),
        "shown": said_of(len(picked), results.samples),
        "data": in_script(orjson.dumps(data(results, held, measures, picked))),
        "script": script,
    }
    return filled((HERE / "evaluation.html").read_text(encoding="utf-8"), parts)


def said_of(shown: int, samples: int) -> str:
    """How many samples the page shows."""
    if shown == samples:
        return "All samples stand here."
    return f"{shown:,} of {samples:,} samples stand here: the best and the worst of the first predictor."


# ---------------------------------------------------------------------------------------------- tables


def figures(results: Results) -> str:
    """A row for each figure, a column for each predictor and for both ends of the scale."""
    columns = ends_last(results)
    names = [*columns.ours, *columns.ends]
    rows, kind = list[str](), ""
    for name in results.metrics:
        figure = ALL[name]
        if figure.kind != kind:
            kind = figure.kind
            rows.append(
                f'<tr class="kind"><th scope="rowgroup" colspan="{len(names) + 1}">{html.escape(kind)}</th></tr>'
            )
        found = {each: results.predictors[each][name] for each in names if name in results.predictors[each]}
        scale = scale_of(found.values())
        cells = "".join(cell(figure, found.get(each), scale, end=each in columns.ends) for each in names)
        rows.append(f"<tr>{row_head(figure)}{cells}</tr>")
    head = "".join(f'<th scope="col">{html.escape(each)}</th>' for each in names)
    return f'<table><thead><tr><th scope="col">figure</th>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table>'


def row_head(figure: Figure) -> str:
    """A figure's name, which opens to its meaning and to the cheat that games it."""
    arrow = {"high": " ↑", "low": " ↓", "": ""}[figure.better]
    cheat = f"<small>Gamed by: {html.escape(figure.cheat)}.</small>" if figure.cheat else ""
    told = f"<summary>{figure.name}{arrow}</summary><small>{html.escape(figure.meaning)}.</small>{cheat}"
    return f'<th scope="row"><details>{told}</details></th>'


def scale_of(found: Iterable[Interval]) -> tuple[float, ...]:
    """The lowest and the highest of all that a row shows; nothing where all are the same."""
    ends = [end for each in found for end in (each.low, each.value, each.high) if end is not None]
    return (min(ends), max(ends)) if ends and min(ends) < max(ends) else ()


def cell(figure: Figure, interval: Interval | None, scale: tuple[float, ...], *, end: bool) -> str:
    """A figure with its interval, in numbers and drawn."""
    kind = ' class="end"' if end else ""
    if interval is None or interval.value is None:
        return f"<td{kind}>–</td>"
    if interval.low is None or not scale:
        return f"<td{kind}>{figure.shown(interval.value)}<small>n {interval.n:,}</small></td>"
    between = f"{figure.shown(interval.low)} to {figure.shown(interval.high)}"
    told = f"{figure.shown(interval.value)}{drawn(interval, scale)}<small>{between}</small>"
    return f'<td{kind} title="n {interval.n:,}">{told}</td>'


def drawn(interval: Interval, scale: Sequence[float]) -> str:
    """An interval as a line on the row's scale, with a dot at the value."""
    low, high = scale
    places = [4 + 92 * ((each or 0.0) - low) / (high - low) for each in (interval.low, interval.value, interval.high)]
    line = f'<line x1="{places[0]:.1f}" x2="{places[2]:.1f}" y1="5" y2="5"></line>'
    ends = '<line class="scale" x1="4" x2="96" y1="5" y2="5"></line>'
    return (
        f'<svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">{ends}{line}'
        f'<line class="dot" x1="{places[1]:.1f}" x2="{places[1]:.1f}" y1="5" y2="5"></line></svg>'
    )


def differences(found: Sequence[Difference]) -> str:
    """A row for each difference of two predictors; nothing where there is one alone."""
    if not found:
        return ""
    rows = "".join(
        f'<tr{clear(each.interval)}><th scope="row">{html.escape(each.a)} − {html.escape(each.b)}</th>'
        f"<td>{each.metric}</td><td>{signed(each)}</td><td>{each.interval.n:,}</td></tr>"
        for each in found
    )
    note = (
        "Of the samples that both have. Those with a star, in bold, are clear of zero; of equal predictors one in"
        " twenty is so by chance."
    )
    if any(each.metric == NEARER.name for each in found):
        note += f" {NEARER.name}: {NEARER.meaning}."
    head = "".join(f'<th scope="col">{name}</th>' for name in ("predictors", "figure", "difference", "n"))
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    return (
        '<section aria-label="Differences"><h2>Differences</h2>'
        f"<p>{note}</p>"
        f'<div class="wide tall" tabindex="0" role="region" aria-label="Table of differences">{table}</div></section>'
    )


def clear(interval: Interval) -> str:
    return ' class="clear"' if interval.clear_of_zero else ""


def judge(results: Results) -> str:
    """What the judge itself is worth; nothing where none was asked."""
    if not results.judge:
        return ""
    scale = (0.0, 1.0)
    rows = "".join(
        f"<tr>{row_head(OF_THE_JUDGE[name])}{cell(OF_THE_JUDGE[name], interval, scale, end=False)}"
        f"<td>{interval.n:,}</td></tr>"
        for name, interval in results.judge.items()
    )
    head = (
        f'<tr><th scope="col">figure</th><th scope="col">{html.escape(results.judge_model or "")}</th><th>n</th></tr>'
    )
    table = f"<table><thead>{head}</thead><tbody>{rows}</tbody></table>"
    return (
        '<section aria-label="The judge"><h2>The judge</h2>'
        f'<div class="wide" tabindex="0" role="region" aria-label="Table of the judge">{table}</div></section>'
    )


# ---------------------------------------------------------------------------------------------- samples


def data(results: Results, held: Material, measures: Mapping[str, Measure], cases: Sequence[Case]) -> dict[str, Any]:
    """What the script shows."""
    columns = ends_last(results)
    sortable = [name for name in results.metrics if name.rpartition("_")[0] in measures]
    return {
        "predictors": [predictor.name for predictor in held.predictors],
        "columns": [*columns.ours, *columns.ends],
        "figures": results.metrics,
        "digits": {name: ALL[name].digits for name in results.metrics},
        "main": results.main,
        "sortable": sortable,
        "measures": {name: DIGITS[name] for name in measures},
        "slices": [
            {
                "kind": part.kind,
                "slice": part.name,
                "predictors": {name: in_json(one) for name, one in part.found.items()},
            }
            for part in results.parts
        ],
        "samples": [sample(case, held.predictors, measures) for case in cases],
    }


def sample(case: Case, predictors: Sequence[Predictor], measures: Mapping[str, Measure]) -> dict[str, Any]:
    attempts = ((each.name, each.attempts.get(case.name)) for each in predictors)
    return {
        "sample_id": case.sample_id,
        "item_id": case.item_id,
        "category": case.category,
        "region": case.region,
        "context": [[turn.role, turn.content] for turn in case.context],
        "utterance": case.utterance,
        "by": {name: shown(case, attempt, measures) for name, attempt in attempts if attempt},
    }


def shown(case: Case, attempt: Attempt, measures: Mapping[str, Measure]) -> dict[str, Any]:
    """A predictor's texts with every score."""
    found = {name: [measure(case, text) for text in attempt.scored] for name, measure in measures.items()}
    scores = {name: [None if math.isnan(each) else round(each, 4) for each in one] for name, one in found.items()}
    return {"texts": attempt.texts, "category": attempt.category, "scores": scores}


def best_and_worst(results: Results, held: Material, measures: Mapping[str, Measure], most: int) -> Sequence[Case]:
    """All cases, or of more than `most` the first predictor's best and worst, half of each."""
    first, (name, _, _) = held.predictors[0], results.main.rpartition("_")
    if len(held.cases) <= most:
        return held.cases
    ordered = sorted(held.cases, key=lambda case: -known(score(case, first, measures[name])))
    return [*ordered[: most - most // 2], *ordered[len(ordered) - most // 2 :]]


def score(case: Case, predictor: Predictor, measure: Measure) -> float:
    attempt = predictor.attempts.get(case.name)
    return best([measure(case, text) for text in attempt.scored]) if attempt else math.nan


def known(value: float) -> float:
    return 0.0 if math.isnan(value) else value
