"""How like two texts are on their surface: ROUGE-L, exact and near match, TF-IDF cosine, and the words in them.

rouge-score takes Latin letters and digits alone, so that a Chinese text has nothing in common with itself. Here each
sign of a script without spaces is a word; of an English text the words, and so the score, are those of rouge-score.
"""

import functools
import itertools
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping

from ...basics.text import normalised

UNSPACED = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
"""Thai, Lao, Burmese, Khmer, kana, Han: written without spaces between words."""
WORD = re.compile(rf"[{UNSPACED}]|[^\W_{UNSPACED}]+")
SHORTEST_GRAM, LONGEST_GRAM = 2, 4  # characters; tells inflected words and Chinese words alike


@functools.lru_cache(maxsize=1 << 14)
def words(text: str) -> tuple[str, ...]:
    """Words in lower case; each sign of a script without spaces by itself."""
    return tuple(WORD.findall(unicodedata.normalize("NFKC", text).lower()))


def rouge_l(prediction: str, real: str) -> float:
    """The longest common subsequence of words as F1, from 0 to 1."""
    ours, theirs = words(prediction), words(real)
    common = common_subsequence(ours, theirs)
    return 2 * common / (len(ours) + len(theirs)) if common else 0.0


def common_subsequence(one: tuple[str, ...], other: tuple[str, ...]) -> int:
    """The length of the longest common subsequence; the bits of an int are a whole row of the usual table."""
    places: dict[str, int] = {}
    for place, word in enumerate(one):
        places[word] = places.get(word, 0) | 1 << place
    full = (1 << len(one)) - 1
    row = full
    for word in other:
        kept = row & places.get(word, 0)
        row = ((row + kept) | (row - kept)) & full
    return len(one) - row.bit_count()


def exact(prediction: str, real: str) -> float:
    """1 where both are the same but for white space around them."""
    return float(prediction.strip() == real.strip())


def near(prediction: str, real: str) -> float:
    """1 where both are the same but for case, punctuation and white space. Of texts without a word nothing is left."""
    bare = normalised(real)
    return float(bare == normalised(prediction)) if bare else exact(prediction, real)


class TfIdf:
    """Cosine of groups of characters, each weighted by how rare it is in some texts."""

    def __init__(self, documents: Iterable[str]) -> None:
        different = {*documents}
        self._found = Counter(gram for text in different for gram in {*grams(text)})
        self._most = math.log(1 + len(different))
        self._vector = functools.lru_cache(maxsize=1 << 14)(self.vector)

    def vector(self, text: str) -> Mapping[str, float]:
        """A text as weights of its groups, of length 1. Empty where the text is."""
        counts = Counter(grams(text))
        weights = {
            gram: (1 + math.log(count)) * (1 + self._most - math.log(1 + self._found[gram]))
            for gram, count in counts.items()
        }
        length = math.sqrt(sum(weight * weight for weight in weights.values()))
        return {gram: weight / length for gram, weight in weights.items()}

    def cosine(self, one: str, other: str) -> float:
        ours, theirs = sorted((self._vector(one), self._vector(other)), key=len)
        return min(1.0, sum(weight * theirs.get(gram, 0.0) for gram, weight in ours.items()))


def grams(text: str) -> list[str]:
    """Every two to four characters that follow one another, with the ends marked by a space."""
    folded = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    if not folded:
        return []
    whole = f" {folded} "
    sizes = range(SHORTEST_GRAM, LONGEST_GRAM + 1)
    return [*itertools.chain.from_iterable((whole[i : i + n] for i in range(len(whole) - n + 1)) for n in sizes)]
