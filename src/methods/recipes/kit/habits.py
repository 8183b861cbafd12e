"""How people type and how they begin, as real dialogues show it, in the words of the tables in `people`."""

import dataclasses
import re
from collections.abc import Sequence

from .people import CAPITAL_NO_STOP, GREETING, KEYWORDS, OTHER_OPENINGS, PLAIN, QUESTION, SMALL_NO_STOP
from .signs import length_in_words

SMALL_WITH_STOPS = "all lower case, with full stops and question marks"
COURTEOUS = 'asks with "please" or "could you"'
KEYWORDS_AT_MOST = 3
ENDS = re.compile(r"[.!?…。！？][\"'”’」)]*$")
ASKS = re.compile(r"[?？]|(?:吗|呢)[。！\s]*$")
COURTEOUSLY = re.compile(r"\b(?:please|(?:can|could|will|would) you)\b|请|麻烦|能不能|可不可以", re.IGNORECASE)
GREETS = re.compile(r"(?:hi|hello|hey|good (?:morning|evening|afternoon|day))\b|你好|您好|嗨", re.IGNORECASE)


@dataclasses.dataclass(frozen=True)
class Habits:
    """Ways of typing, with an entry for each turn, and ways of beginning, for each dialogue; lists to draw from."""

    typing: Sequence[str]
    openings: Sequence[str]


def habits_of(dialogues: Sequence[Sequence[str]]) -> Habits | None:
    """The habits of the users of dialogues, each given as its user turns; None where there is none."""
    said = [texts for each in dialogues if (texts := [text.strip() for text in each if text.strip()])]
    if not said:
        return None
    openings = [opening for texts in said for opening in openings_like(texts[0])]
    return Habits(sorted(typing_of(text) for texts in said for text in texts), sorted(openings))


def typing_of(text: str) -> str:
    """How a turn is typed, by its first letter, its last sign, and whether it asks as one does of people."""
    stops = ENDS.search(text) is not None
    with_stops, without = (SMALL_WITH_STOPS, SMALL_NO_STOP) if text[0].islower() else (PLAIN, CAPITAL_NO_STOP)
    way = with_stops if stops else without
    return f"{way}; {COURTEOUS}" if COURTEOUSLY.search(text) else way


def openings_like(text: str) -> Sequence[str]:
    """The way that a first message begins, as often as there are ways that nothing in a text tells apart."""
    if GREETS.match(text):
        told = GREETING
    elif length_in_words(text) <= KEYWORDS_AT_MOST:
        told = KEYWORDS
    elif ASKS.search(text):
        told = QUESTION
    else:
        return OTHER_OPENINGS
    return [told] * len(OTHER_OPENINGS)
