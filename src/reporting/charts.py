"""Small figures for a page, as HTML that needs nothing else. Every text is escaped here.

What filters the pairs when clicked is a button with `data-filter`, the filter's name, and `data-value`.
"""

import dataclasses
import html
from collections.abc import Iterable, Mapping, Sequence

FITTING = 5  # columns of a table that stand beside other figures
ROOM_FOR_A_NAME = 0.75  # of the width of a chart; from there on a name stands before its line


def figure(title: str, inside: str, lines: Iterable[str] = (), *, wide: bool = False) -> str:
    """A panel: its title, what it shows, and lines of text below."""
    told = "".join(f"<p>{html.escape(line)}</p>" for line in lines)
    kind = "panel wide" if wide else "panel"
    return f'<figure class="{kind}"><figcaption>{html.escape(title)}</figcaption>{inside}{told}</figure>'


def strip(figures: Mapping[str, str | int]) -> str:
    """A few figures in one line, each above its name."""
    told = "".join(f"<div><dt>{html.escape(name)}</dt><dd>{shown(value)}</dd></div>" for name, value in figures.items())
    return f'<dl class="strip">{told}</dl>'


def shown(value: str | int) -> str:
    return html.escape(value if isinstance(value, str) else f"{value:,}")


def table(
    title: str,
    rows: Iterable[tuple[str, *tuple[str | int, ...]]],
    head: Sequence[str] = (),
    lines: Iterable[str] = (),
    *,
    wide: bool = False,
) -> str:
    """A name and its figures in each row."""
    names = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in head)
    body = "".join(
        f'<tr><th scope="row">{html.escape(name)}</th>{"".join(f"<td>{shown(value)}</td>" for value in figures)}</tr>'
        for name, *figures in rows
    )
    heading = f"<thead><tr>{names}</tr></thead>" if head else ""
    inside = f'<div class="scrolls"><table>{heading}<tbody>{body}</tbody></table></div>'
    return figure(title, inside, lines, wide=wide or len(head) > FITTING)


@dataclasses.dataclass(frozen=True)
class Sets:
    """What a click sets: a filter of the pairs, to a value. Nothing, where the filter has no name."""

    filter: str
    value: str


def button(kind: str, label: str, inside: str, sets: Sets, style: str = "") -> str:
    """What filters the pairs when clicked; a plain box where it sets nothing."""
    told = html.escape(label)
    common = f'class="{kind}" title="{told}"' + (f' style="{style}"' if style else "")
    if not sets.filter:
        return f"<div {common}>{inside}</div>"
    data = f'data-filter="{sets.filter}" data-value="{html.escape(sets.value)}"'
    return f'<button type="button" {common} aria-label="{told}: show these pairs" {data}>{inside}</button>'


def bars(counts: Mapping[str, int], filters: str = "", *, longest_first: bool = True) -> str:
    """A bar for each name. `filters` is the filter that a bar sets to its name."""
    ordered = sorted(counts.items(), key=lambda item: -item[1]) if longest_first else [*counts.items()]
    most = max([*counts.values(), 1])
    drawn = []
    for name, count in ordered:
        length = f'<span class="track"><i style="width:{100 * count / most:.1f}%"></i></span>'
        inside = f"<span>{html.escape(name)}</span>{length}<b>{count:,}</b>"
        drawn.append(f"<li>{button('bar', f'{name}: {count:,}', inside, Sets(filters, name))}</li>")
    return f'<ul class="bars">{"".join(drawn)}</ul>'


def histogram(
    title: str, counts: Sequence[int], thresholds: Mapping[str, float], filters: str, start: float = 0.0
) -> str:
    """Values from `start` to 1 in equal steps, with a labelled line at each threshold."""
    most, step = max([*counts, 1]), (1 - start) / len(counts)
    drawn = []
    for place, count in enumerate(counts):
        low, high = (start + each * step for each in (place, place + 1))
        sets = Sets(filters if count else "", f"{low:.2f} {high:.2f}")
        label = f"{low:.2f} to {high:.2f}: {count:,} pairs"
        drawn.append(button("step", label, "<i></i>", sets, f"--height:{100 * count / most:.1f}%"))
    lines = "".join(threshold(name, value, (value - start) / (1 - start)) for name, value in thresholds.items())
    ends = "".join(f"<span>{value:g}</span>" for value in (start, (start + 1) / 2, 1.0))
    steps = f'<div class="steps">{"".join(drawn)}</div>'
    return figure(title, f'<div class="histogram">{steps}{lines}</div><div class="axis">{ends}</div>')


def threshold(name: str, value: float, place: float) -> str:
    """A line at a place from 0 to 1, with its name on the side where there is room."""
    kind = "threshold before" if place > ROOM_FOR_A_NAME else "threshold"
    return f'<span class="{kind}" style="left:{100 * place:.1f}%">{html.escape(name)} {value:g}</span>'


def matrix(title: str, counts: Mapping[tuple[str, str], int], names: Sequence[str], filters: str) -> str:
    """How often two things of the same names meet: the first by row, the second by column; the more, the darker."""
    most, total = max([*counts.values(), 1]), max(1, sum(counts.values()))

    def cell(one: str, other: str) -> str:
        count = counts.get((one, other), 0)
        kind = "cell deep" if 2 * count > most else "cell"
        sets = Sets(filters if count else "", f"{one} {other}")
        inside = f"<b>{count:,}</b><small>{count / total:.0%}</small>"
        label = f"{one} against {other}: {count:,}"
        return f"<td>{button(kind, label, inside, sets, f'--share:{count / most:.2f}')}</td>"

    head = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in names)
    rows = "".join(
        f'<tr><th scope="row">{html.escape(one)}</th>{"".join(cell(one, other) for other in names)}</tr>'
        for one in names
    )
    inside = f'<table class="matrix"><thead><tr><td></td>{head}</tr></thead><tbody>{rows}</tbody></table>'
    return figure(title, inside, ("Rows: the true category. Columns: that of the rejected side.",))
