"""Whether a classifier tells chosen from rejected by the text alone, without the dialogue: measured, told and kept.

The tree is left out where both sides share it.
"""

import dataclasses
import functools
import heapq
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..basics.command import Stop
from ..basics.dice import dice
from ..basics.files import Beside, refuse_others
from ..pairs.reading import LeftOut, entries
from ..pairs.shortcut import FEWEST_PAIRS, Shortcut
from ..pairs.sides import TwoSides
from .kept import holds, keep

MOST_PAIRS = 2000
"""Of more, so many are drawn: the interval is then 0.04 wide at most, and it takes a minute whatever comes."""
MOST_PRINTED = 5
INSTALL = "pip install -r requirements-quality.txt"


def refuse_without_library(what: str) -> None:
    """Raise Stop where scikit-learn is missing, which this needs."""
    try:
        import sklearn  # noqa: F401, PLC0415 (optional)
    except ImportError as error:
        raise Stop(f"{what} needs scikit-learn: {INSTALL}") from error


@dataclasses.dataclass(frozen=True)
class Drawn:
    """The pairs that are measured, and of how many."""

    pairs: Sequence[TwoSides]
    of: int


def drawn_from(records: Path, seed: int) -> Drawn:
    """All pairs of a file, or so many as count, drawn by their names: in whatever order the file has them."""
    kept: list[tuple[float, int, TwoSides]] = []
    count = 0
    for count, entry in enumerate(entries([records], TwoSides, LeftOut()), 1):
        pair = entry.record
        item = (pair.sample_id, pair.item_id, pair.chosen.predictions, pair.rejected.predictions)
        place = (dice(seed, item, "shortcut sample").random(), -count, pair)
        (heapq.heappush if count <= MOST_PAIRS else heapq.heappushpop)(kept, place)
    return Drawn([pair for *_, pair in sorted(kept, key=lambda place: place[:2])], count)


def measure(records: Path, seed: int) -> Shortcut:
    """Measure the pairs of a file, and write the figures beside it."""
    drawn = drawn_from(records, seed)
    base = Shortcut(pairs=len(drawn.pairs), of=drawn.of, bytes=records.stat().st_size, seed=seed)
    found = base
    if base.pairs >= FEWEST_PAIRS:
        from .apart import measured  # noqa: PLC0415 (brings scikit-learn)

        found = measured(base, drawn.pairs)
    path = Beside(records).shortcut
    refuse_others(path, "quality", functools.partial(holds, Shortcut))
    keep(found, path)
    return found


def told(found: Shortcut, output: Path) -> Iterator[str]:
    """The lines for the terminal: the figure, each part and each control, and what gives the sides away."""
    yield f"shortcut {found.headline}" if found.all else f"shortcut AUC {found.headline}"
    if found.of > found.pairs:
        yield f"  of {found.pairs:,} pairs, drawn from {found.of:,}"
    for name, figure in found.figures.items():
        if figure is not found.all:
            yield f"  {name:<19}{figure}"
    for name, ngrams in found.sides:
        for place, ngram in enumerate(ngrams[:MOST_PRINTED]):
            yield f"  {'' if place else name:<19}{ngram}"
    yield f"  all of it in {Beside(output).shortcut}"
