"""The words of a text in any language, and whether a text names something."""

import itertools
import re
import unicodedata
from collections.abc import Sequence

SHORTEST_STEM, STEM = 3, 0.6  # letters, and share of a word, by which its inflected forms are known

SIGNS = r"\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"  # kana, Han, Hangul
SIGN = re.compile(f"[{SIGNS}]")
BETWEEN_SIGNS = re.compile(f"(?<=[{SIGNS}]) (?=[{SIGNS}])")
WORD = re.compile(rf"{SIGN.pattern}|[^\W\d_{SIGNS}]+")


def words(text: str) -> list[str]:
    """Runs of letters, in lower case; each sign of Chinese, Japanese and Korean by itself."""
    return WORD.findall(unicodedata.normalize("NFKC", text).casefold())


def share_named(name: str, text: str) -> float:
    """How much of a name stands in a text, from 0 to 1: by its words in any inflection, or by pairs of signs."""
    there = words(text)
    wanted = parts(words(name))
    flat = "".join(there)
    found = [part in flat if is_sign(part[0]) else any(same_word(part, word) for word in there) for part in wanted]
    return sum(found) / len(found) if found else 1.0


def parts(found: list[str]) -> list[str]:
    """Words, and of signs that follow one another each two together."""
    alone = [word for word in found if not is_sign(word) and (len(word) >= SHORTEST_STEM or len(found) == 1)]
    runs = ["".join(run) for signs, run in itertools.groupby(found, is_sign) if signs]
    pairs = [run[place : place + 2] for run in runs for place in range(max(1, len(run) - 1))]
    return alone + pairs


def as_written(found: Sequence[str]) -> str:
    """Words as one text, with spaces but where a sign stands beside a sign."""
    return BETWEEN_SIGNS.sub("", " ".join(found))


def is_sign(word: str) -> bool:
    """Whether it begins with a sign of Chinese, Japanese or Korean."""
    return SIGN.match(word) is not None


def same_word(one: str, other: str) -> bool:
    """Whether both begin alike for as long as two forms of one word do."""
    stem = max(SHORTEST_STEM, round(STEM * len(one)))
    return one == other or (len(one) > SHORTEST_STEM and one[:stem] == other[:stem])
