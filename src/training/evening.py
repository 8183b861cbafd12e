"""Pairs without two signals that teach nothing: a prediction that both sides have, and which answer is the longer.

Lengths are balanced, not made equal. Of the pairs that differ in length about as much as one another, as many stay with
the longer answer chosen as with the longer answer rejected; those in excess are drawn and left out. Whoever goes by
length alone is then right in every second pair, and no pair is bent. To keep only pairs of about equal length would
leave fewer, and among them the longer side would still be the same one.
"""

import dataclasses
import math
import pickle
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

import orjson

from ..basics.dice import dice
from ..basics.seen import hashed
from ..basics.text import normalised
from ..pairs.sides import Pair, Side, Trainable
from .examples import example_of
from .formats import Row

PAIRS_IN_A_GROUP, MOST_GROUPS = 200, 10
"""Pairs that are balanced among themselves; each group costs the pairs that chance has too many of on one side."""


@dataclasses.dataclass(frozen=True)
class Ready:
    """A record that becomes a row of a split."""

    record: Trainable
    row: Row
    split: str


@dataclasses.dataclass(frozen=True, slots=True)
class Lean:
    """How a pair leans: by how much its chosen answer is the longer, and a number by which it is drawn."""

    longer: float
    draw: float


@dataclasses.dataclass
class Balance:
    """In how many pairs the chosen answer was the longer, and in how many it is."""

    before: int = 0
    of: int = 0
    now: int = 0
    left: int = 0

    def __str__(self) -> str:
        before, now = f"{self.before:,} of {self.of:,}", f"{self.now:,} of {self.left:,}"
        return f"the chosen answer was the longer in {before} pairs and is in {now}"

    def balanced(self, pairs: Iterable[Ready], seed: int) -> Iterator[Ready]:
        """The pairs that stay, in their order; each split is balanced by itself. They wait in a file meanwhile."""
        leans: dict[str, dict[int, Lean]] = defaultdict(dict)
        with tempfile.TemporaryFile() as waiting:
            count = 0
            for count, pair in enumerate(pairs, 1):
                leans[pair.split][count] = lean_of(pair.row, seed)
                pickle.dump(pair, waiting)
            gone = {place for split in leans.values() for place in excess(split)}
            self.note(leans.values(), gone)
            waiting.seek(0)
            for place in range(1, count + 1):
                pair = pickle.load(waiting)
                if place not in gone:
                    yield pair

    def note(self, leans: Iterable[dict[int, Lean]], gone: set[int]) -> None:
        """Count the pairs before and after."""
        for split in leans:
            stay = [lean for place, lean in split.items() if place not in gone]
            self.of, self.left = self.of + len(split), self.left + len(stay)
            self.before += sum(lean.longer > 0 for lean in split.values())
            self.now += sum(lean.longer > 0 for lean in stay)


def lean_of(row: Row, seed: int) -> Lean:
    """How a row of a pair leans. Equal rows are drawn alike, wherever they stand."""
    example = example_of(row)
    chosen, rejected = (max(1, len(answer.content)) for answer in example.answers)
    return Lean(math.log(chosen / rejected), dice(seed, hashed(orjson.dumps(row)), "balanced length").random())


def excess(leans: dict[int, Lean]) -> Iterator[int]:
    """The pairs that have to go so that length tells nothing: in every group those in excess on one side."""
    ordered = sorted((place for place in leans if leans[place].longer), key=lambda place: abs(leans[place].longer))
    groups = min(MOST_GROUPS, max(1, len(ordered) // PAIRS_IN_A_GROUP))
    for number in range(groups):
        group = ordered[len(ordered) * number // groups : len(ordered) * (number + 1) // groups]
        sides = [[place for place in group if (leans[place].longer > 0) is longer] for longer in (True, False)]
        fewer, more = sorted(sides, key=len)
        yield from sorted(more, key=lambda place: leans[place].draw)[: len(more) - len(fewer)]


@dataclasses.dataclass
class Shared:
    """How many predictions were left out since both sides have them, and of how many pairs."""

    predictions: int = 0
    pairs: int = 0

    def note(self, before: Trainable, after: Trainable) -> None:
        gone = len(before.said) - len(after.said)
        self.predictions += gone
        self.pairs += gone > 0

    def __str__(self) -> str:
        return f"left out of both sides: {self.predictions:,} shared predictions, in {self.pairs:,} pairs"


def without_shared(record: Pair) -> Pair | None:
    """The pair without the predictions that both sides have; None where nothing is left of a side."""
    chosen, rejected = ({*map(normalised, side.predictions)} for side in (record.chosen, record.rejected))
    both = chosen & rejected
    left = record.model_copy(
        update={"chosen": without(record.chosen, both), "rejected": without(record.rejected, both)}
    )
    return left if left.chosen.predictions and left.rejected.predictions else None


def without(side: Side, gone: set[str]) -> Side:
    """The side without these predictions; a view may have none left."""
    return side.model_copy(
        update={
            "mining_predictions": those_but(side.mining_predictions, gone),
            "exploration_predictions": those_but(side.exploration_predictions, gone),
        }
    )


def those_but(predictions: Sequence[str], gone: set[str]) -> tuple[str, ...]:
    return tuple(text for text in predictions if normalised(text) not in gone)
