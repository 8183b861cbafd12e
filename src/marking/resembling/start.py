"""The comparison of made dialogues with real ones, from the files to the figures."""

import functools
from collections.abc import Sequence
from pathlib import Path

from ...basics.command import Stop
from ...basics.files import found, refuse_others
from ..kept import holds, keep
from ..shortcut import refuse_without_library
from .lines import told
from .result import Resemblance
from .settings import Settings

MOST = 2000
"""Dialogues of each language that are compared; of more so many are drawn. An interval is then 0.05 wide at most."""


def compare(settings: Settings) -> int:
    """Tell how near the made dialogues come to the real ones, and keep the figures; the exit status."""
    refuse_without_library("src.resemblance")
    made_files, real_files = found(settings.made, option="--made"), found(settings.real, option="--real")
    refuse_the_same(made_files, real_files)
    if settings.output.name:
        refuse_others(settings.output, "resemblance", functools.partial(holds, Resemblance))
        settings.output.parent.mkdir(parents=True, exist_ok=True)
    from .copies import Copies  # noqa: PLC0415 (brings NumPy)
    from .drawing import drawn  # noqa: PLC0415 (needed from here on)
    from .measuring import measured  # noqa: PLC0415 (brings scikit-learn)

    copies = Copies()
    made = drawn("made", made_files, MOST, settings, copies.add_made)
    real = drawn("real", real_files, 2 * MOST, settings, copies.add_real)
    result = measured(made, real, copies, settings.seed)
    if settings.output.name:  # first, since standard output may be full
        keep(result, settings.output)
    print("\n".join(told(result, {"made": made.tally, "real": real.tally})))
    if settings.output.name:
        print(f"all of it in {settings.output}")
    return 3 if made.tally.unreadable or real.tally.unreadable else 0


def refuse_the_same(made: Sequence[str], real: Sequence[str]) -> None:
    """Raise Stop where a file is on both sides: whatever is held against itself looks perfectly real."""
    both = {Path(file).resolve() for file in made} & {Path(file).resolve() for file in real}
    if both:
        raise Stop(f"{min(both)} is on both sides: give --made and --real files of their own.")
