"""Figures with intervals: what is computed of weighted samples, and how far it moves when other dialogues are drawn.

Whole dialogues are drawn and not samples, since the samples of one dialogue resemble each other. All figures of one
evaluation see the same draws, so that the difference of two is paired.
"""

import dataclasses
import math
import statistics
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol, Self

import numpy as np
from numpy.random import PCG64, Generator
from numpy.typing import NDArray

from ...basics.dice import dice

Numbers = NDArray[np.float64]
Mask = NDArray[np.bool_]

NORMAL = statistics.NormalDist()
OUTSIDE = 0.05  # of the intervals do not hold what they are about
FEWEST = 2  # dialogues; one alone does not vary
HELD_AT_ONCE = 10_000_000  # weights, 8 bytes each


class Statistic(Protocol):
    """A figure of samples, each of which counts as often as its weight says."""

    @property
    def present(self) -> Mask:
        """The samples that it is computed of."""
        ...

    def within(self, mask: Mask) -> Self:
        """The same of these samples alone."""
        ...

    def of(self, weights: Numbers) -> Numbers:
        """The figure for each row of weights, one weight a sample; NaN where no sample counts."""
        ...


def plain(numbers: Numbers) -> Numbers:
    return numbers


@dataclasses.dataclass(frozen=True, eq=False)
class Ratio:
    """A sum over a sum, such as a mean or a share. A sample without a denominator is absent."""

    above: Numbers
    below: Numbers
    finish: Callable[[Numbers], Numbers] = plain

    @property
    def present(self) -> Mask:
        return self.below > 0

    def within(self, mask: Mask) -> "Ratio":
        return Ratio(np.where(mask, self.above, 0.0), np.where(mask, self.below, 0.0), self.finish)

    def of(self, weights: Numbers) -> Numbers:
        return self.finish(divided(weights @ self.above, weights @ self.below))


def divided(above: Numbers, below: Numbers) -> Numbers:
    """The quotient; NaN where nothing is below."""
    return np.divide(above, below, out=np.full_like(above, np.nan), where=below > 0)


def mean(values: Numbers, finish: Callable[[Numbers], Numbers] = plain) -> Ratio:
    """The mean of the values that are numbers."""
    there = ~np.isnan(values)
    return Ratio(np.where(there, values, 0.0), there.astype(np.float64), finish)


def ratio(above: Numbers, below: Numbers, finish: Callable[[Numbers], Numbers] = plain) -> Ratio:
    """The sum of one over the sum of the other, of the samples that have both."""
    there = ~np.isnan(above) & ~np.isnan(below)
    return Ratio(np.where(there, above, 0.0), np.where(there, below, 0.0), finish)


@dataclasses.dataclass(frozen=True, eq=False)
class Quantile:
    """The value that a share of the samples does not exceed."""

    values: Numbers
    share: float

    @property
    def present(self) -> Mask:
        return ~np.isnan(self.values)

    def within(self, mask: Mask) -> "Quantile":
        return Quantile(np.where(mask, self.values, np.nan), self.share)

    def of(self, weights: Numbers) -> Numbers:
        there = np.flatnonzero(self.present)
        order = there[np.argsort(self.values[there], kind="stable")]
        if not order.size:
            return np.full(len(weights), np.nan)
        reached = np.cumsum(weights[:, order], axis=1)
        total = reached[:, -1:]
        place = (reached >= self.share * total).argmax(axis=1)
        return np.where(total[:, 0] > 0, self.values[order][place], np.nan)


# ---------------------------------------------------------------------------------------------- drawing


@dataclasses.dataclass(frozen=True)
class Interval:
    """A figure, and where it lies in 95 of 100 draws of dialogues; None where it cannot be told."""

    value: float | None
    low: float | None
    high: float | None
    n: int
    """Samples that it is computed of."""

    @property
    def clear_of_zero(self) -> bool:
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)


@dataclasses.dataclass(frozen=True, eq=False)
class Resampling:
    """Dialogues drawn again and again with replacement: the same ones whenever they are asked for."""

    dialogue: NDArray[np.int64]
    """The dialogue of each sample, as a number from 0."""
    count: int
    seed: int

    @property
    def dialogues(self) -> int:
        return int(self.dialogue.max()) + 1

    def weights(self) -> Iterator[Numbers]:
        """How often each sample was drawn, a row a draw, some rows at a time."""
        generator = Generator(PCG64(dice(self.seed, "all dialogues", "resamples").getrandbits(64)))
        rows = max(1, HELD_AT_ONCE // len(self.dialogue))
        even = np.full(self.dialogues, 1 / self.dialogues)
        for start in range(0, self.count, rows):
            drawn = generator.multinomial(self.dialogues, even, size=min(rows, self.count - start))
            yield drawn[:, self.dialogue].astype(np.float64)

    def intervals(self, figures: Sequence[Statistic]) -> list[Interval]:
        """Each figure with its interval."""
        values = self.once(figures)
        spread = self.spread(figures)
        return [
            self.interval(value, drawn, figure.present)
            for value, drawn, figure in zip(values, spread.T, figures, strict=True)
        ]

    def differences(self, ours: Sequence[Statistic], theirs: Sequence[Statistic]) -> list[Interval]:
        """Each of our figures less the one in the same place of theirs, of the samples that both have."""
        both = [one.present & other.present for one, other in zip(ours, theirs, strict=True)]
        ours = [one.within(mask) for one, mask in zip(ours, both, strict=True)]
        theirs = [other.within(mask) for other, mask in zip(theirs, both, strict=True)]
        values = self.once(ours) - self.once(theirs)
        spread = self.spread(ours) - self.spread(theirs)
        found = [self.interval(*one) for one in zip(values, spread.T, both, strict=True)]
        return [self.widened(*one) for one in zip(found, spread.T, both, strict=True)]

    def once(self, figures: Sequence[Statistic]) -> Numbers:
        """The figures of the samples as they are."""
        (found,) = together(figures, np.ones((1, len(self.dialogue))))
        return np.asarray(found)

    def spread(self, figures: Sequence[Statistic]) -> Numbers:
        """The figures of every draw, a row a draw."""
        return np.concatenate([together(figures, weights) for weights in self.weights()])

    def interval(self, value: float, drawn: Numbers, present: Mask) -> Interval:
        """The interval of one figure. One dialogue tells nothing of others, so it has none."""
        drawn, count, dialogues = drawn[~np.isnan(drawn)], int(present.sum()), self.dialogues_of(present)
        if math.isnan(value) or dialogues < FEWEST or not drawn.size:
            return Interval(None if math.isnan(value) else float(value), None, None, count)
        low, high = np.quantile(drawn, [tail := tail_of(dialogues), 1 - tail])
        return Interval(float(value), float(low), float(high), count)

    def widened(self, interval: Interval, drawn: Numbers, present: Mask) -> Interval:
        """The interval of a difference, at least as wide as Student's t makes it of the standard error of the draws.

        Where few samples differ, such as in exact matches, most draws lie on one side of zero, and percentiles alone
        would tell equal predictors apart too often.
        """
        if interval.value is None or interval.low is None or interval.high is None:
            return interval
        dialogues = self.dialogues_of(present)
        reach = student(dialogues - 1) * float(np.nanstd(drawn)) * math.sqrt(dialogues / (dialogues - 1))
        low, high = min(interval.low, interval.value - reach), max(interval.high, interval.value + reach)
        return dataclasses.replace(interval, low=low, high=high)

    def dialogues_of(self, mask: Mask) -> int:
        return len(np.unique(self.dialogue[mask]))


def together(figures: Sequence[Statistic], weights: Numbers) -> Numbers:
    """All figures for each row of weights, those that are ratios in one product of matrices."""
    found = np.empty((len(weights), len(figures)))
    ratios = [place for place, figure in enumerate(figures) if isinstance(figure, Ratio)]
    if ratios:
        held: list[Any] = [figures[place] for place in ratios]
        above = weights @ np.stack([figure.above for figure in held], axis=1)
        below = weights @ np.stack([figure.below for figure in held], axis=1)
        quotients = divided(above, below)
        for column, figure in enumerate(held):
            quotients[:, column] = figure.finish(quotients[:, column])
        found[:, ratios] = quotients
    for place, figure in enumerate(figures):
        if not isinstance(figure, Ratio):
            found[:, place] = figure.of(weights)
    return found


def tail_of(dialogues: int) -> float:
    """The share of draws to leave out at each end.

    Resampling of few dialogues spread too little. The expanded percentile interval (Hesterberg 2015) reaches as far as
    Student's t would.
    """
    return NORMAL.cdf(-student(dialogues - 1) * math.sqrt(dialogues / (dialogues - 1)))


def student(freedom: int) -> float:
    """Student's quantile for these intervals, by its expansion in 1 / degrees of freedom."""
    z = NORMAL.inv_cdf(1 - OUTSIDE / 2)
    return z + (z**3 + z) / (4 * freedom) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)
