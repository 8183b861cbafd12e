"""How well the two sides of pairs can be told apart by their text alone, as a file beside the marked records tells it.

Written by `src.quality --shortcut`; read by whoever shows the records or makes training files of them.
"""

import logging
from collections.abc import Iterator
from pathlib import Path

from pydantic import Field

from ..basics.files import Beside
from ..basics.shape import Shape

log = logging.getLogger(__name__)

LENGTHS, CATEGORY, SHUFFLED = "lengths alone", "category alone", "shuffled sides"
"""The controls: what a text's length tells, what the category's name tells, and what there is where nothing can be."""
FEWEST_PAIRS = 60
"""With fewer the interval is so wide that a strong shortcut and none look alike."""


class Figure(Shape):
    """How often the chosen side of a pair scores higher than its rejected side, with an interval of 95 %."""

    auc: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.auc:.2f} [{self.low:.2f}, {self.high:.2f}]"


class Telling(Shape):
    """An n-gram that gives a side away: where it stands, and in how many pairs the one or the other side has more."""

    text: str
    part: str
    chosen: int
    rejected: int

    def __str__(self) -> str:
        return f"{self.text!r} in {self.part} (more on {self.chosen:,} chosen, {self.rejected:,} rejected sides)"


class Shortcut(Shape):
    """What was measured of one file of records; without `all` where the pairs were too few to know."""

    pairs: int
    of: int
    """The pairs of the file, of which `pairs` were drawn."""
    bytes: int
    """The size of the file then; where it is another now, other pairs stand in it."""
    seed: int
    all: Figure | None = None
    parts: dict[str, Figure] = Field(default_factory=dict)
    controls: dict[str, Figure] = Field(default_factory=dict)
    tells_chosen: tuple[Telling, ...] = ()
    tells_rejected: tuple[Telling, ...] = ()

    @property
    def headline(self) -> str:
        """The figure in a few words, or that there is none."""
        if self.all is None:
            return f"cannot be known: {self.pairs:,} pairs are too few, {FEWEST_PAIRS} at least are needed"
        return f"AUC {self.all}"

    @property
    def in_words(self) -> str:
        """The figure with the controls that belong beside it."""
        beside = [f"{name} {self.controls[name]}" for name in (LENGTHS, SHUFFLED) if name in self.controls]
        return "; ".join([self.headline, *beside])

    @property
    def figures(self) -> dict[str, Figure]:
        """Every figure by its name, the one of all text first and the controls last."""
        return ({"all text": self.all} if self.all else {}) | self.parts | self.controls

    @property
    def sides(self) -> Iterator[tuple[str, tuple[Telling, ...]]]:
        """What gives each side away, the most telling first."""
        yield "tells the chosen", self.tells_chosen
        yield "tells the rejected", self.tells_rejected


def shortcut_beside(records: Path) -> Shortcut | None:
    """What was measured of these records; None where nothing was, or where other records stand there now."""
    path = Beside(records).shortcut
    if not path.exists():
        return None
    try:
        found = Shortcut.model_validate_json(path.read_bytes())
    except (OSError, ValueError) as error:
        log.warning("%s cannot be read (%s): nothing is said of shortcuts.", path, error)
        return None
    if found.bytes != records.stat().st_size:
        log.warning("%s is of other records than %s now has: measure again with --shortcut.", path, records)
        return None
    return found
