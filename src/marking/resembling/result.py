"""What was found of two files of dialogues, as `src.resemblance --output` writes it."""

from pathlib import Path

from pydantic import Field

from ...basics.command import Stop
from ...basics.shape import Shape
from ...pairs.shortcut import Figure

FEWEST = 60
"""Dialogues of each side. With fewer the interval is so wide that people and machines look alike."""
FEWEST_OF_HALVES = 30
"""The same of the controls, which have half as many real dialogues at least."""
CHARACTERS, WORDS, CONTEXT = VIEWS = ("characters", "words", "context")
HALVES, SALAD, ELSEWHERE = "real halves", "word salad", "wrong dialogue"
"""The controls: other real dialogues, the same with the words of each turn shuffled, the same with turns of others."""
LENGTH, MADE = "length alone", "made"


class Worst(Figure):
    """The view that tells the sides apart best."""

    view: str


class Side(Shape):
    """One of the two files, or all that were named together."""

    files: tuple[str, ...]
    dialogues: int
    turns: int
    languages: dict[str, int]
    profile: dict[str, int | float]


class Copied(Shape):
    """How many made dialogues hold a run of words of a real one, and how many are little else and left out."""

    dialogues: int
    left_out: int
    of: int
    usual: float | None = None
    """Which share of real dialogues hold a run of other real ones, of those in the controls."""
    examples: tuple[str, ...] = ()


class Compared(Shape):
    """What the figures are of: as many dialogues of each side, and as many turns."""

    dialogues: int
    turns: int
    groups: int
    """Dialogues of which none is another's twin."""
    languages: dict[str, int]


class GivesAway(Shape):
    """An n-gram by which a side is known, and in how many of the dialogues the one or the other has more of it."""

    text: str
    made: int
    real: int

    def __str__(self) -> str:
        return f"{self.text!r} (more in {self.made:,} made, {self.real:,} real dialogues)"


class Resemblance(Shape):
    """All figures of one comparison; without `worst` where the dialogues were too few to know."""

    auc: dict[str, Figure] = Field(default_factory=dict)
    worst: Worst | None = None
    copied: Copied
    controls: dict[str, dict[str, Figure]] = Field(default_factory=dict)
    """By control and view."""
    length: Figure | None = None
    """What the length of a turn alone tells."""
    compared: Compared
    made: Side
    real: Side
    tells_made: tuple[GivesAway, ...] = ()
    tells_real: tuple[GivesAway, ...] = ()
    seed: int


def figures_in(path: Path) -> Resemblance:
    """What an earlier comparison has kept. Raises Stop where the file has no such figures."""
    try:
        return Resemblance.model_validate_json(path.read_bytes())
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no figures of a comparison"
        raise Stop(
            f"--resemblance {path} cannot be read ({reason}): make it with python -m src.resemblance --output {path}"
        ) from error
