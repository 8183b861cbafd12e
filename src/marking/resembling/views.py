"""Three views of user turns, each of which sees what the others cannot.

Of characters: words and their endings, case and punctuation, in whatever order. Of words: their order. Of context:
whether a turn belongs where it stands, whatever it says.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from scipy import sparse

from ...basics.wording import words
from ...pairs.shortcut import Figure
from ..apart import Texts, longer
from ..guessing import Differences, figure, folds_of, right, unit
from ..ngrams import hashing, ngrams_of
from .fitting import fit
from .matching import TurnPair, enough
from .result import CHARACTERS, CONTEXT, WORDS

Pairs = Sequence[TurnPair]


def framed(text: str) -> list[str]:
    """The words of a text between signs for its beginning and its end."""
    return ["<", *words(text), ">"]


IN_A_WORD = hashing(1, 4, analyzer="char_wb")
"""Runs of characters inside a word. Chinese writes no spaces, so there they are of a clause."""
IN_A_ROW = hashing(2, 3, tokenizer=framed, token_pattern=None)
"""Two and three words in a row; of Chinese, signs."""


def by_characters(pairs: Pairs, _: int) -> Differences:
    return Differences(ngrams_in(pairs, IN_A_WORD), longer(texts_of(pairs)))


def by_words(pairs: Pairs, _: int) -> Differences:
    return Differences(ngrams_in(pairs, IN_A_ROW), np.zeros((len(pairs), 0)))


def by_context(pairs: Pairs, seed: int) -> Differences:
    return Differences(no_ngrams(pairs), fit(pairs, seed))


def by_length(pairs: Pairs, _: int) -> Differences:
    return Differences(no_ngrams(pairs), longer(texts_of(pairs)))


def texts_of(pairs: Pairs) -> Texts:
    return Texts([pair.made.text for pair in pairs], [pair.real.text for pair in pairs])


def ngrams_in(pairs: Pairs, reader: Any) -> Any:
    texts = texts_of(pairs)
    return unit(ngrams_of(texts.chosen, texts.rejected, [reader]).matrix)


def no_ngrams(pairs: Pairs) -> Any:
    return sparse.csr_matrix((len(pairs), 0))


def any_turn(_: TurnPair) -> bool:
    return True


@dataclasses.dataclass(frozen=True)
class View:
    """In what turns are compared, and which turns can be."""

    differences: Callable[[Pairs, int], Differences]
    sees: Callable[[TurnPair], bool] = any_turn

    def figure(self, pairs: Pairs, seed: int, name: str, fewest: int) -> Figure | None:
        """Of a made and a real turn, how often the made one is told by what other dialogues teach.

        None where it sees fewer dialogues than these.
        """
        seen = [pair for pair in pairs if self.sees(pair)]
        if not enough(seen, fewest):
            return None
        groups = [pair.group for pair in seen]
        return figure(right(self.differences(seen, seed), folds_of(groups, seed)), groups, seed, name)


VIEWS: Mapping[str, View] = {
    CHARACTERS: View(by_characters),
    WORDS: View(by_words),
    CONTEXT: View(by_context, sees=lambda pair: pair.has_context),
}
BY_LENGTH = View(by_length)
