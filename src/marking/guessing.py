"""A classifier that guesses which side of a pair is the chosen one, and how often it is right on pairs not seen before.

Of both sides it is given the difference alone. That is why both are in one fold, and why what they share tells nothing.
Needs scikit-learn.
"""

import dataclasses
from collections import Counter
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
from numpy.random import default_rng
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from ..basics.dice import dice
from ..pairs.shortcut import Figure

FOLDS = 5
RESAMPLED = 2000  # times; the ends of an interval move by less than 0.01 from one seed to another
INTERVAL = (2.5, 97.5)  # per cent
WIDENED = ((1 / FOLDS + 1 / (FOLDS - 1)) * FOLDS) ** 0.5
"""The folds share what they learn from, so intervals are made wider by half (Nadeau and Bengio's correction)."""
STRENGTH, ROUNDS = 1.0, 1000  # of the classifier; a word that only one side has is learnt from 60 pairs
LEAST = 1e-9  # what is as good as nought


def folds_of(names: Sequence[Hashable], seed: int) -> Any:
    """The fold of each pair, about as many in each. Pairs of one name, their dialogue's, are in one."""
    counts = Counter(names)
    if len(counts) < FOLDS:  # too few dialogues: each pair is taken for one of its own
        names = range(len(names))
        counts = Counter(names)
    stream = dice(seed, "pairs", "shortcut folds")
    held, fold_of = [0] * FOLDS, dict[Hashable, int]()
    for name in sorted(stream.sample([*counts], len(counts)), key=lambda name: -counts[name]):
        fold_of[name] = held.index(min(held))
        held[fold_of[name]] += counts[name]
    return np.array([fold_of[name] for name in names])


@dataclasses.dataclass(frozen=True)
class Differences:
    """What the chosen side of each pair has more of than its rejected one: in n-grams, and in other measures."""

    ngrams: Any
    """A sparse row for each pair."""
    others: Any
    """A short row for each pair, such as by how much its texts are longer."""

    def of(self, pairs: Any) -> "Differences":
        """Those of some of the pairs."""
        return Differences(self.ngrams[pairs], self.others[pairs])

    def turned(self, sides: Any) -> "Differences":
        """The same with the sides of some pairs (-1, of the others 1) in each other's place."""
        return Differences(scaled(self.ngrams, sides), self.others * sides[:, None])


@dataclasses.dataclass(frozen=True)
class Guesser:
    """What was learnt: how much each n-gram speaks for the side that has more of it, and the other measures too."""

    signs: Any
    """How consistently each n-gram stands on one side, by which it counts: nought for most."""
    weights: Any

    def scores(self, differences: Differences) -> Any:
        """By how much each pair's chosen side seems to be the chosen one; nought where nothing speaks for either."""
        return (seen_through(self.signs, differences) @ self.weights).round(9)


def learnt(differences: Differences) -> Guesser:
    """What these pairs teach. The classifier wants two kinds, so every second pair is put to it the other way round."""
    signs = consistency(differences.ngrams)
    sides = np.where(np.arange(differences.ngrams.shape[0]) % 2, 1, -1)
    model = LogisticRegression(
        C=STRENGTH, fit_intercept=False, solver="liblinear", dual=True, random_state=0, max_iter=ROUNDS
    )
    return Guesser(signs, model.fit(seen_through(signs, differences.turned(sides)), sides).coef_[0])


def consistency(ngrams: Any) -> Any:
    """For each n-gram how far from even it stands on the two sides, in standard deviations; nought below one."""
    more = ngrams.sign()
    pairs, surplus = np.bincount(ngrams.indices, minlength=ngrams.shape[1]), np.asarray(more.sum(axis=0)).ravel()
    signs = np.abs(surplus) / np.sqrt(pairs + 1)
    return np.where(signs < 1, 0, signs)


def seen_through(signs: Any, differences: Differences) -> Any:
    """The n-grams by their consistency, with as much weight in one pair as in another, and the other measures."""
    kept = np.flatnonzero(signs)
    ngrams = differences.ngrams[:, kept] @ sparse.diags(signs[kept])
    return sparse.hstack([unit(ngrams), sparse.csr_matrix(differences.others)], format="csr")


def unit(matrix: Any) -> Any:
    """Each row as long as any other, but for those that are nought."""
    lengths = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
    return scaled(matrix, 1 / np.maximum(lengths, LEAST))


def scaled(matrix: Any, factors: Any) -> Any:
    """Each row times its factor."""
    return sparse.diags(factors.astype(float)) @ matrix


def right(differences: Differences, folds: Any) -> Any:
    """For each pair 1 where the chosen side scores higher, by what the other folds teach; 0.5 where both are equal."""
    credit = np.full(len(folds), 0.5)
    if differences.ngrams.nnz or differences.others.any():
        for fold in np.unique(folds):
            held_out = folds == fold
            scores = learnt(differences.of(~held_out)).scores(differences.of(held_out))
            credit[held_out] = (1 + np.sign(scores)) / 2
    return credit


def figure(credit: Any, names: Sequence[Hashable], seed: int, name: str) -> Figure:
    """The share of right guesses with its interval, from dialogues drawn again and again, widened."""
    stream = default_rng(dice(seed, name, "shortcut interval").getrandbits(64))
    places = {each: place for place, each in enumerate(dict.fromkeys(names))}
    dialogues = [places[each] for each in names]
    credited, asked = np.bincount(dialogues, credit), np.bincount(dialogues)
    again = (stream.integers(0, len(asked), len(asked)) for _ in range(RESAMPLED))
    drawn = [credited[dialogue].sum() / asked[dialogue].sum() for dialogue in again]
    auc = credit.mean()
    low, high = np.clip(auc + WIDENED * (np.percentile(drawn, INTERVAL) - auc), 0, 1)
    return Figure(auc=round(float(auc), 4), low=round(float(low), 4), high=round(float(high), 4))


def coins(count: int, seed: int) -> Any:
    """For each pair whether its sides change places (-1) or not (1)."""
    stream = dice(seed, "pairs", "shortcut shuffled sides")
    return np.array(stream.choices((-1, 1), k=count))
