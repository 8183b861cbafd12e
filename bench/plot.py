"""Calls a second against requests in flight, as SVG."""

import math
from collections.abc import Iterator, Mapping, Sequence

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 640, 360, 60, 130, 48, 56
COLOURS = {"aiohttp": "#777777", "openai": "#c2571a", "pipeline": "#1a6fc2"}
STEPS = 5  # lines across
LETTERS = 14  # between two lines of text


def svg(
    title: str, in_flight: Sequence[int], rates: Mapping[str, Sequence[float]], names: Mapping[str, str], latency: float
) -> str:
    """One line a contender, each named where it ends, and a dashed one for what the latency allows at most."""
    top = round_up(max(max(found) for found in rates.values()))

    def place(number: int, rate: float) -> str:
        x = LEFT + number * (WIDTH - LEFT - RIGHT) / (len(in_flight) - 1)
        return f"{x:.0f},{HEIGHT - BOTTOM - min(rate, top) / top * (HEIGHT - TOP - BOTTOM):.0f}"

    def parts() -> Iterator[str]:
        yield (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif"'
            f' font-size="12" role="img"><title>{title}</title>'
        )
        yield f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/><text x="16" y="24" font-size="14">{title}</text>'
        for step in range(STEPS + 1):
            y = place(0, top * step / STEPS).split(",")[1]
            yield f'<path d="M{LEFT},{y}H{WIDTH - RIGHT}" stroke="#dddddd"/>'
            yield f'<text x="{LEFT - 8}" y="{int(y) + 4}" text-anchor="end">{top * step / STEPS:,.0f}</text>'
        for number, count in enumerate(in_flight):
            x = place(number, 0).split(",")[0]
            yield f'<text x="{x}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{count}</text>'
        yield f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 14}" text-anchor="middle">requests in flight</text>'
        most = " ".join(place(number, count / latency) for number, count in enumerate(in_flight))
        yield f'<polyline points="{most}" fill="none" stroke="#aaaaaa" stroke-dasharray="4 4"/>'
        yield from lines()

    def lines() -> Iterator[str]:
        heights: list[int] = []
        for name, found in sorted(rates.items(), key=lambda item: -item[1][-1]):
            drawn = [place(number, rate) for number, rate in enumerate(found)]
            yield f'<polyline points="{" ".join(drawn)}" fill="none" stroke="{COLOURS[name]}" stroke-width="2"/>'
            y = max([int(drawn[-1].split(",")[1]) + 4, *(height + LETTERS for height in heights[-1:])])
            heights.append(y)
            yield f'<text x="{WIDTH - RIGHT + 8}" y="{y}" fill="{COLOURS[name]}">{names[name]}</text>'

    return "\n".join([*parts(), "</svg>\n"])


def round_up(rate: float) -> float:
    """The next number that divides well into steps."""
    unit = 10.0 ** int(math.log10(rate)) / 2
    return math.ceil(rate / unit) * unit
