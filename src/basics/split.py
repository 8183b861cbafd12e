"""Shares of the dialogues, such as test=0.1: the same dialogue falls into the same share wherever it is asked."""

import argparse
import dataclasses
from collections.abc import Sequence

import orjson

from .options import number
from .seen import hashed

WHOLE = "train"  # the share of what is not split, and of what no other share takes
LOST = 1e-6  # what adding decimal fractions can lose


@dataclasses.dataclass(frozen=True)
class Split:
    """Named shares of the dialogues.

    Which one a dialogue falls into follows from a hash of its name alone, so that nothing moves for what is added.
    """

    shares: Sequence[tuple[str, float]]

    def of(self, name: object) -> str:
        """The share of what has this name; of dialogues it is their id."""
        place = hashed(orjson.dumps(name, default=str)) / 2**64
        for split, share in self.shares:
            place -= share
            if place < 0:
                return split
        return self.shares[-1][0]


def split(text: str) -> Split:
    """NAME=SHARE,NAME=SHARE whose shares make 1 together; where they make less, the rest is `train`.

    The rest comes first and the others from the end, so that `test=0.1` is the test of `train=0.9,test=0.1`, and stays
    what it is where another share is named after it.
    """
    shares: list[tuple[str, float]] = []
    for part in text.split(","):
        name, _, share = part.partition("=")
        if not name.isidentifier() or any(name == other for other, _ in shares):
            raise argparse.ArgumentTypeError(f"{part!r} is not NAME=SHARE with a name of its own, such as train=0.95")
        shares.append((name, number(0, 1)(share)))
    rest = 1 - sum(share for _, share in shares)
    if abs(rest) <= LOST:
        return Split(shares)
    if rest < 0 or any(name == WHOLE for name, _ in shares):
        raise argparse.ArgumentTypeError(f"the shares of {text!r} do not make 1 together")
    return Split([(WHOLE, rest), *reversed(shares)])
