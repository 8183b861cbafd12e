"""What `python -m src.resemblance` can be told."""

import dataclasses
from pathlib import Path

from ...basics.command import Stop
from ...basics.options import option
from ...dialogues.settings import OfDialogues


@dataclasses.dataclass(frozen=True)
class Settings(OfDialogues):
    """Two sides of dialogues, and where the figures go."""

    made: tuple[str, ...] = option(
        (), str, "made dialogues: files, folders or globs", group="input", variable=False, nargs="+", metavar="FILE"
    )
    real: tuple[str, ...] = option(
        (), str, "real ones, which they are held against", group="input", variable=False, nargs="+", metavar="FILE"
    )
    output: Path = option(
        Path(), Path, "a JSON file for all figures", group="output", variable=False, metavar="FILE.json"
    )

    def __post_init__(self) -> None:
        for side, other, files in (("made", "real", self.made), ("real", "made", self.real)):
            if not files:
                raise Stop(f"--{side} is missing: give it dialogues to hold against those of --{other}.")
