"""Small figures for a page, as inline SVG and HTML that need nothing else."""

import html
from collections.abc import Iterable, Mapping, Sequence

WIDTH, ROW, LABEL = 320, 18, 150
PLOT, BASE = 110, 16  # heights of a histogram and of the line below it


def figure(title: str, inside: str) -> str:
    return f"<figure><h2>{html.escape(title)}</h2>{inside}</figure>"


def table(title: str, rows: Iterable[tuple[str, int]]) -> str:
    cells = "".join(f'<tr><td>{html.escape(name)}</td><td class="n">{count:,}</td></tr>' for name, count in rows)
    return figure(title, f"<table>{cells}</table>")


def bars(title: str, counts: Mapping[str, int]) -> str:
    """A bar for each name, the longest first."""
    ordered = sorted(counts.items(), key=lambda item: -item[1])
    most = max(counts.values(), default=1)
    room = WIDTH - LABEL - 60
    drawn = []
    for place, (name, count) in enumerate(ordered):
        y, length = place * ROW, max(1, round(room * count / most))
        told = html.escape(name)
        drawn.append(
            f'<text x="{LABEL - 6}" y="{y + 13}" text-anchor="end">{told}</text>'
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
