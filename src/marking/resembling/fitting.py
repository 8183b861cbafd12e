"""How well user turns fit what was said before them: by the words that both have, rare ones counting more.

A turn that has nothing to do with its context has no more in common with it than with that of another dialogue.
"""

import dataclasses
from collections.abc import Callable, Sequence
from itertools import groupby
from random import Random
from typing import Any

import numpy as np
from scipy import sparse

from ...basics.dice import dice
from ...basics.wording import words
from ..ngrams import damped, hashing, rarity
from .chats import Said
from .matching import TurnPair

READER = hashing(1, 2, tokenizer=words, token_pattern=None)
CONTEXTS: Sequence[Callable[[Said], str]] = (
    lambda said: said.answers,
    lambda said: said.own,
    lambda said: said.heard,
)
SHUFFLED = 3  # contexts of others that each turn is held against
LEAST = 1e-6
FARTHEST = 3.0  # standard deviations; a classifier finds its way faster without what lies beyond


@dataclasses.dataclass(frozen=True)
class Weighed:
    """Texts as weighed words, a row a text."""

    words: Any
    lengths: Any
    """Of the rows, as vectors."""

    def of(self, places: Any) -> "Weighed":
        """Other texts of these, or the same in another order."""
        return Weighed(self.words[places], self.lengths[places])


def fit(pairs: Sequence[TurnPair], seed: int) -> Any:
    """For each pair by how much better the made turn fits its contexts than the real one fits its own, in a short row.

    A turn's fit is what it has in common with its context beyond what it has in common with contexts of others. It is
    told in standard deviations, and squared too, since a turn can also fit too well.
    """
    sides = [[pair.made for pair in pairs], [pair.real for pair in pairs]]
    counts = [read([said.text for said in side]) for side in sides]
    weights = rarity(sparse.vstack([*counts, *(read([said.answers for said in side]) for side in sides)]))
    texts = [weighed(count, weights) for count in counts]
    stream, columns = dice(seed, "turns", "resemblance other contexts"), list[Any]()
    for context_of in CONTEXTS:
        others = [elsewhere([pair.language for pair in pairs], stream) for _ in range(SHUFFLED)]
        contexts = [weighed(read([context_of(said) for said in side]), weights) for side in sides]
        columns.append(np.vstack([beyond(*both, others) for both in zip(texts, contexts, strict=True)]))
    found = np.hstack(columns)
    found = np.clip((found - found.mean(axis=0)) / (found.std(axis=0) + LEAST), -FARTHEST, FARTHEST)
    made, real = np.split(np.hstack([found, found**2 / FARTHEST]), 2)
    return (made - real) / np.sqrt(made.shape[1])


def read(texts: Sequence[str]) -> Any:
    return damped(READER.transform(texts))


def weighed(counts: Any, weights: Any) -> Weighed:
    """The words by what each counts for."""
    words = sparse.csr_matrix((counts.data * weights[counts.indices], counts.indices, counts.indptr), counts.shape)
    return Weighed(words, np.sqrt(of_rows(words.multiply(words))))


def elsewhere(kinds: Sequence[str], stream: Random) -> Any:
    """For each turn the place of another one of its kind."""
    order = sorted(range(len(kinds)), key=lambda place: (kinds[place], stream.random()))
    other = np.empty(len(order), int)
    for _, group in groupby(order, kinds.__getitem__):
        places = [*group]
        other[places] = places[1:] + places[:1]
    return other


def beyond(texts: Weighed, contexts: Weighed, others: Sequence[Any]) -> Any:
    """How much more each text has in common with its own context than with those at the other places."""
    return common(texts, contexts) - np.mean([common(texts, contexts.of(other)) for other in others], axis=0)


def common(texts: Weighed, contexts: Weighed) -> Any:
    """For each text and its context the share of the text that stands in the context, and how alike both are."""
    share = of_rows(texts.words.multiply(contexts.words.sign())) / (of_rows(texts.words) + LEAST)
    alike = of_rows(texts.words.multiply(contexts.words)) / (texts.lengths * contexts.lengths + LEAST)
    return np.column_stack([share, alike])


def of_rows(matrix: Any) -> Any:
    """The sum of each row."""
    return np.asarray(matrix.sum(axis=1)).ravel()
