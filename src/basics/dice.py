"""Randomness by name: one stream for each decision, so that neither timing nor concurrency can move a draw."""

import dataclasses
import random

from .options import Options, number, option
from .seen import HALF


@dataclasses.dataclass(frozen=True)
class Draws(Options):
    """Settings of whatever draws."""

    seed: int = option(
        0,
        number(-HALF, HALF, int),
        "fixes every random draw; change it for a second, different set",
        group="method",
    )


def dice(seed: int, item: object, decision: str) -> random.Random:
    """The stream of one decision about one item; the type of an item's name counts."""
    return random.Random(f"{seed} {item!r} {decision}")
