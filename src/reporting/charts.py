"""Small figures for a page, as inline SVG and HTML that need nothing else."""

import html
from collections.abc import Iterable, Mapping, Sequence

FITTING = 5  # columns of a table that stand beside other figures
WIDTH, ROW, LABEL = 360, 18, 190
PLOT, BASE = 110, 16  # heights of a histogram and of the line below it


def figure(title: str, inside: str, *, wide: bool = False) -> str:
    return f"<figure{' class=wide' if wide else ''}><h2>{html.escape(title)}</h2>{inside}</figure>"


def table(title: str, rows: Iterable[tuple[str, *tuple[str | int, ...]]], head: Sequence[str] = ()) -> str:
    """A name and its figures in each row."""
    names = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in head)
    body = "".join(
        f'<tr><th scope="row">{html.escape(name)}</th>{"".join(map(cell, figures))}</tr>' for name, *figures in rows
    )
    heading = f"<tr>{names}</tr>" if head else ""
    return figure(title, f"<table>{heading}{body}</table>", wide=len(head) > FITTING)


def cell(value: str | int) -> str:
    return f'<td class="n">{html.escape(value if isinstance(value, str) else f"{value:,}")}</td>'


def bars(title: str, counts: Mapping[str, int], *, longest_first: bool = True) -> str:
    """A bar for each name."""
    ordered = sorted(counts.items(), key=lambda item: -item[1]) if longest_first else [*counts.items()]
    most = max([*counts.values(), 1])
    room = WIDTH - LABEL - 60
    drawn = []
    for place, (name, count) in enumerate(ordered):
        y, length = place * ROW, max(1, round(room * count / most))
        shown = html.escape(name)
        drawn.append(
            f'<text x="{LABEL - 6}" y="{y + 13}" text-anchor="end">{shown}</text>'
            f'<rect class="bar" x="{LABEL}" y="{y + 3}" width="{length}" height="{ROW - 6}"></rect>'
            f'<text x="{LABEL + length + 4}" y="{y + 13}">{count:,}</text>'
        )
    said = html.escape(", ".join(f"{name} {count}" for name, count in ordered))
    size = f'viewBox="0 0 {WIDTH} {ROW * len(ordered)}"'
    return figure(title, f'<svg {size} role="img" aria-label="{said}">{"".join(drawn)}</svg>')


def histogram(title: str, counts: Sequence[int], thresholds: Sequence[float], start: float = 0.0) -> str:
    """Values from `start` to 1 in equal steps, with a line at each threshold."""
    most, step = max([*counts, 1]), (WIDTH - 20) / len(counts)
    drawn = []
    for place, count in enumerate(counts):
        height = PLOT * count / most
        place_and_size = f'x="{10 + place * step:.1f}" y="{PLOT - height:.1f}" width="{step - 1:.1f}"'
        drawn.append(f'<rect class="bar" {place_and_size} height="{height:.1f}"><title>{count}</title></rect>')
    for value in (start, *thresholds, 1.0):
        x = 10 + (value - start) / (1 - start) * (WIDTH - 20)
        drawn.append(f'<text x="{x:.1f}" y="{PLOT + BASE - 2}" text-anchor="middle">{value:g}</text>')
    for value in thresholds:
        x = 10 + (value - start) / (1 - start) * (WIDTH - 20)
        drawn.append(f'<line class="mark" x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{PLOT}"></line>')
    said = html.escape(f"{title}: " + ", ".join(map(str, counts)))
    size = f'viewBox="0 0 {WIDTH} {PLOT + BASE}"'
    return figure(title, f'<svg {size} role="img" aria-label="{said}">{"".join(drawn)}</svg>')
