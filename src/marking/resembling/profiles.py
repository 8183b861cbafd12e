"""What can be counted of user turns without a classifier: how many, how long, asking, in which case, with which end."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from ...basics.wording import words
from ..signs import ASKS

ENDED = re.compile(r"[.!?。！？…؟।~～][\s\"'”’)）」]*$")
THANKS = re.compile(
    r"\b(thanks?|thank you|thx|ty|cheers|merci|danke|gracias|obrigad[oa]|grazie|dank je|bedankt|tack|takk|dzięk\w*"
    r"|спасибо|благодар\w*|شكر\w*|धन्यवाद|teşekkür\w*)\b|谢|ありがと|감사|고마",
    re.IGNORECASE,
)


class Profile:
    """Counts of one side's user turns."""

    def __init__(self) -> None:
        self._lengths: Counter[int] = Counter()
        """How many turns have how many words."""
        self._turns: Counter[int] = Counter()
        """How many dialogues have how many user turns."""
        self._having: Counter[str] = Counter()
        self.languages: Counter[str] = Counter()

    def add(self, said: Sequence[str], language: str) -> None:
        """Count the user turns of one dialogue."""
        self._turns[len(said)] += 1
        self.languages[language] += 1
        self._having["ends thanking"] += bool(THANKS.search(said[-1]))
        for text in said:
            self._lengths[len(words(text))] += 1
            self._having.update(signs_of(text.strip()))

    @property
    def dialogues(self) -> int:
        return self._turns.total()

    @property
    def turns(self) -> int:
        return self._lengths.total()

    @property
    def figures(self) -> Mapping[str, float]:
        """Medians, and shares from 0 to 1."""
        turns, dialogues = max(1, self.turns), max(1, self.dialogues)
        return {
            "user turns a dialogue": middle(self._turns),
            "dialogues of one turn": self._turns[1] / dialogues,
            "words a turn": middle(self._lengths),
            "turns that ask": self._having["asks"] / turns,
            "turns that begin small": self._having["small"] / turns,
            "turns with a full end": self._having["ended"] / turns,
            "turns that thank": self._having["thanks"] / turns,
            "dialogues that end in thanks": self._having["ends thanking"] / dialogues,
        }


def signs_of(text: str) -> list[str]:
    """What a turn has: whether it asks, begins in lower case, ends in a full stop or the like, thanks."""
    found = {
        "asks": bool(ASKS.search(text)),
        "small": text[:1].islower(),
        "ended": bool(ENDED.search(text)),
        "thanks": bool(THANKS.search(text)),
    }
    return [name for name, there in found.items() if there]


def middle(counts: Counter[int]) -> int:
    """The median of what was counted; of an even number the lower one."""
    left = (counts.total() + 1) // 2
    for value in sorted(counts):
        left -= counts[value]
        if left <= 0:
            return value
    return 0
