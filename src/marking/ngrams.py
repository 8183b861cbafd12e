"""Texts of two sides as differences of their n-grams, and which n-grams the columns of these stand for.

Hashed, so that memory is bounded whatever the texts are; a column may stand for several n-grams, of which the most
frequent one gives its name. Needs scikit-learn.
"""

import dataclasses
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.feature_extraction.text import HashingVectorizer

from ..basics.wording import as_written, words

CHARACTERS, WORDS = (2, 5), (1, 2)
COLUMNS = 2**20
LONGEST = 4000  # characters of a text; what gives a side away comes earlier, and a text of a megabyte comes along
ENOUGH = 6  # pairs, to see what a column stands for
FEWEST = 2  # pairs that differ in an n-gram; what only one has cannot be known of another


def hashing(*ngrams: int, **more: Any) -> Any:
    counts = {"n_features": COLUMNS, "norm": None, "alternate_sign": False, "lowercase": False, "dtype": np.float32}
    return HashingVectorizer(ngram_range=ngrams, **counts, **more)


READERS = (hashing(*WORDS, tokenizer=words, token_pattern=None), hashing(*CHARACTERS, analyzer="char"))
"""Of words, without case, and of characters as they stand."""
FOR_READERS = 0  # of these, the one whose n-grams are easier to read


@dataclasses.dataclass(frozen=True)
class Ngrams:
    """By how much n-grams stand more often on the chosen side of a pair, as columns; those that can tell something."""

    chosen: Sequence[str]
    rejected: Sequence[str]
    matrix: Any
    """A row for each pair; what both sides share is nought."""
    readers: Any
    """For each column which reader it is of."""
    places: Any
    """And which of that reader's columns it is."""
    read_by: Sequence[Any]
    """The readers."""

    def name(self, column: int) -> str:
        """The n-gram that the column most often stands for; "" where it can no longer be found."""
        found, reader = Counter[str](), self.read_by[self.readers[column]]
        analyse = reader.build_analyzer()
        for pair in self.matrix[:, [column]].nonzero()[0][:ENOUGH]:
            for text in (self.chosen[pair], self.rejected[pair]):
                ngrams = sorted(set(analyse(text)))
                columns = one_each(reader, ngrams)
                found.update(ngram for ngram, at in zip(ngrams, columns, strict=True) if at == self.places[column])
        return as_written([max(found, key=lambda ngram: (found[ngram], len(ngram), ngram), default="")])


def one_each(reader: Any, ngrams: Sequence[str]) -> Sequence[int]:
    """The column of each n-gram."""
    as_is = HashingVectorizer(analyzer=lambda ngram: [ngram], n_features=reader.n_features, norm=None)
    return [*map(int, as_is.transform(ngrams).indices)]


def ngrams_of(chosen: Sequence[str], rejected: Sequence[str], read_by: Sequence[Any] = READERS) -> Ngrams:
    """The differences of these texts, the first against the first and so on, weighted by TF-IDF."""
    chosen, rejected = [text[:LONGEST] for text in chosen], [text[:LONGEST] for text in rejected]
    matrices, readers, found = [], list[Any](), list[Any]()
    for number, reader in enumerate(read_by):
        one, other = (damped(reader.transform(texts)) for texts in (chosen, rejected))
        weights = rarity(one) + rarity(other)
        between = (one - other).tocsc()
        between.eliminate_zeros()
        places = np.flatnonzero(np.diff(between.indptr) >= FEWEST)
        matrices.append(between[:, places] @ sparse.diags(weights[places].astype(np.float32)))
        readers.append(np.full(len(places), number))
        found.append(places)
    matrix = sparse.hstack(matrices, format="csr")
    return Ngrams(chosen, rejected, matrix, np.concatenate(readers), np.concatenate(found), read_by)


def damped(counts: Any) -> Any:
    """The second time that an n-gram stands in a text tells less than the first."""
    counts.data = 1 + np.log(counts.data, dtype=np.float32)
    return counts


def rarity(counts: Any) -> Any:
    """What an n-gram counts for, by how few texts have it."""
    texts = np.bincount(counts.indices, minlength=counts.shape[1])
    return np.log((1 + counts.shape[0]) / (1 + texts)) + 1
