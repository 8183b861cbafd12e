"""When to show a prediction at all: whether a predictor's log probabilities tell its right predictions from others."""

import dataclasses

import numpy as np

from .resampling import Mask, Numbers, divided


@dataclasses.dataclass(frozen=True, eq=False)
class Ranking:
    """How sure a predictor was of each sample's prediction, and whether it was right; NaN where that is not known."""

    sureness: Numbers
    right: Numbers

    @property
    def present(self) -> Mask:
        return ~np.isnan(self.sureness) & ~np.isnan(self.right)

    def masked(self, mask: Mask) -> "Ranking":
        return Ranking(np.where(mask, self.sureness, np.nan), np.where(mask, self.right, np.nan))

    def surest_first(self) -> "np.ndarray[tuple[int], np.dtype[np.intp]]":
        """The places of the samples that are known, the surest first."""
        there = np.flatnonzero(self.present)
        return there[np.argsort(-self.sureness[there], kind="stable")]


@dataclasses.dataclass(frozen=True, eq=False)
class Auroc:
    """How often a right prediction was surer than a wrong one; 0.5 by chance."""

    ranking: Ranking

    @property
    def present(self) -> Mask:
        return self.ranking.present

    def within(self, mask: Mask) -> "Auroc":
        return Auroc(self.ranking.masked(mask))

    def of(self, weights: Numbers) -> Numbers:
        order = self.ranking.surest_first()
        if not order.size:
            return np.full(len(weights), np.nan)
        sureness, right = self.ranking.sureness[order], self.ranking.right[order]
        starts = np.flatnonzero(np.diff(sureness, prepend=np.inf))  # where a group of equally sure ones begins
        good = np.add.reduceat(weights[:, order] * right, starts, axis=1)
        bad = np.add.reduceat(weights[:, order] * (1 - right), starts, axis=1)
        surer = np.cumsum(good, axis=1) - good / 2  # of equally sure ones every other counts
        return divided((surer * bad).sum(axis=1), good.sum(axis=1) * bad.sum(axis=1))


@dataclasses.dataclass(frozen=True, eq=False)
class PrecisionAt:
    """The share of right predictions among those that are shown where only the surest part is shown."""

    ranking: Ranking
    coverage: float

    @property
    def present(self) -> Mask:
        return self.ranking.present

    def within(self, mask: Mask) -> "PrecisionAt":
        return PrecisionAt(self.ranking.masked(mask), self.coverage)

    def of(self, weights: Numbers) -> Numbers:
        order = self.ranking.surest_first()
        if not order.size:
            return np.full(len(weights), np.nan)
        drawn = weights[:, order]
        before = np.cumsum(drawn, axis=1) - drawn
        shown = np.clip(self.coverage * drawn.sum(axis=1, keepdims=True) - before, 0, drawn)
        return divided(shown @ self.ranking.right[order], shown.sum(axis=1))
