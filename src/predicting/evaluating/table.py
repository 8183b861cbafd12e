"""What was found as text that fits a terminal of 80 columns."""

import dataclasses
from collections.abc import Iterator, Sequence

from .cases import COPIED, SHUFFLED
from .figures import ALL, NEARER, OF_THE_JUDGE, Figure
from .resampling import Interval
from .results import Difference, Results

NAME, OURS, END = 20, 21, 9  # columns of a figure's name, of a predictor, of an end of the scale
SIDE_BY_SIDE = 2  # predictors beside both ends of the scale
TOLD = ("nearer", "similarity_first", "similarity_best", "hit_best", "cosine_best", "chrf_first", "chrf_best")
TOLD_OF_WEIGHTS = ("perplexity", "nats", "context_nats", "first_of_10_gain")
"""Differences that are printed; the others stand in the files."""


def table(results: Results) -> str:
    """All figures, the main differences, what the judge is worth, and what to be wary of."""
    ours = ends_last(results).ours
    lines = [f"{results.samples:,} samples of {results.dialogues:,} dialogues; 95 % intervals by drawing dialogues"]
    for start in range(0, len(ours), SIDE_BY_SIDE):
        lines += ["", *block(results, ours[start : start + SIDE_BY_SIDE])]
    lines += section("differences, * where zero lies outside", differences(results))
    lines += section(f"the judge, {short(results.judge_model or '', 50)}", judge(results))
    lines += section("beware", wrapped(results.notes))
    return "\n".join(lines)


@dataclasses.dataclass(frozen=True)
class Columns:
    """Predictors, and the ends of the scale that there are."""

    ours: Sequence[str]
    ends: Sequence[str]


def ends_last(results: Results) -> Columns:
    ends = (COPIED, SHUFFLED)
    ours = [name for name in results.predictors if name not in ends]
    return Columns(ours, [name for name in ends if results.predictors.get(name)])


def block(results: Results, names: Sequence[str]) -> Iterator[str]:
    """Some predictors side by side, and both ends of each scale."""
    held = [results.predictors[name] for name in names]
    ends = [results.predictors.get(name, {}) for name in (COPIED, SHUFFLED)]
    head = "".join(short(name, OURS - 1).rjust(OURS) for name in names)
    yield f"{'':{NAME}}{head}{'copied':>{END}}{'shuffled':>{END}}".rstrip()
    kind = ""
    for name in results.metrics:
        if not any(name in found for found in held):
            continue
        figure = ALL[name]
        if figure.kind != kind:
            kind = figure.kind
            yield kind
        cells = "".join(cell(figure, found.get(name)).rjust(OURS) for found in held)
        marks = "".join(figure.shown(end[name].value if name in end else None).rjust(END) for end in ends)
        yield f"  {name:{NAME - 2}}{cells}{marks}"


def cell(figure: Figure, interval: Interval | None) -> str:
    """A figure with its interval."""
    if interval is None:
        return figure.shown(None)
    if interval.low is None:
        return figure.shown(interval.value)
    return f"{figure.shown(interval.value)} {figure.shown(interval.low)}–{figure.shown(interval.high)}"


def differences(results: Results) -> Iterator[str]:
    for each in results.differences:
        if each.metric in {*TOLD, *TOLD_OF_WEIGHTS}:
            names = f"{short(each.a, 14)} − {short(each.b, 14)}"
            yield f"{names:32}{each.metric:18}{signed(each)}"


def signed(difference: Difference) -> str:
    figure, interval = ALL.get(difference.metric, NEARER), difference.interval
    if interval.low is None:
        return f"{interval.value:+.{figure.digits}f}"
    star = " *" if interval.clear_of_zero else ""
    between = f"({interval.low:+.{figure.digits}f} to {interval.high:+.{figure.digits}f})"
    return f"{interval.value:+.{figure.digits}f} {between}{star}"


def judge(results: Results) -> Iterator[str]:
    for name, interval in results.judge.items():
        figure = OF_THE_JUDGE[name]
        yield f"{name:{NAME + 2}}{cell(figure, interval):{OURS}} n {interval.n:,}"


def section(title: str, lines: Iterator[str]) -> list[str]:
    """The lines below a heading; nothing where there are none."""
    held = [f"  {line}" for line in lines]
    return ["", title, *held] if held else []


def wrapped(sentences: Sequence[str], width: int = 78) -> Iterator[str]:
    for sentence in sentences:
        line = "-"
        for word in sentence.split():
            if len(line) + 1 + len(word) > width:
                yield line
                line = " "
            line += f" {word}"
        yield line


def short(name: str, most: int) -> str:
    """A name that fits, its end cut off where it does not."""
    return name if len(name) <= most else name[: most - 1] + "…"
