"""What replies have to satisfy beyond their shape. Each check is named for what it demands."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from ...basics.wording import words
from .replies import Abstraction, Extraction, Places
from .vocabulary import GENERAL, stem

MOST_WORDS = 20  # of a strategy, as published
MOST_IN_A_NAME = 14
SHORTEST_NAME = 3  # letters; what is shorter names little
NUMBER = re.compile(r"\d+")
NAME = re.compile(r"(?<=[^.!?:\s]\s)[A-Z][\w'’-]+|\S+@\S+|https?:\S+")

Fields = Mapping[str, Any]


def strategy_is_short(reply: Extraction, _: Fields) -> str | None:
    count = len(reply.strategy.split())
    return f"the strategy has {count} words; at most {MOST_WORDS}, so shorten it" if count > MOST_WORDS else None


def strategy_is_english(reply: Extraction, _: Fields) -> str | None:
    if not reply.any:
        return None
    odd = next((sign for sign in reply.strategy if is_foreign(sign)), None)
    return f'"{odd}" is no letter of English: write the strategy in English' if odd else None


def is_foreign(sign: str) -> bool:
    return sign.isalpha() and not unicodedata.name(sign, "LATIN").startswith("LATIN")


def strategy_is_free_of_its_dialogue(reply: Extraction, fields: Fields) -> str | None:
    if not reply.any:
        return None
    named = [*dict.fromkeys(particulars(reply.strategy, f"{fields['history']}\n{fields['utterance']}"))]
    if not named:
        return None
    shown = ", ".join(f'"{each}"' for each in named)
    return f"the strategy has {shown} from this dialogue: say what kind of thing it is, in words for any subject"


def particulars(strategy: str, dialogue: str) -> Iterator[str]:
    """Names, numbers and words of a subject that a strategy has from its dialogue."""
    spoken = {stem(word) for word in words(dialogue)}
    for word in words(strategy):
        root = stem(word)
        if len(word) >= SHORTEST_NAME and root in spoken and root not in GENERAL:
            yield word
    there = {*NUMBER.findall(dialogue)}
    yield from (number for number in NUMBER.findall(strategy) if number in there)


def phrases_stand_in_order(reply: Places, _: Fields) -> str | None:
    numbers = [place.number for place in reply.places]
    if numbers == [*range(1, len(numbers) + 1)]:
        return None
    return f"the numbers are {', '.join(map(str, numbers))}: give one place for each phrase, in their order"


def entries_exist(reply: Places, fields: Fields) -> str | None:
    known = {*fields["entries"]}
    for place in reply.places:
        if " " not in place.entry and place.entry.upper() not in known:
            return (
                f'"{place.entry}" of phrase {place.number} is no letter of the library: give one of its letters, or a'
                " label of several words for a new entry"
            )
    return None


def name_is_short(reply: Abstraction, _: Fields) -> str | None:
    count = len(reply.name.split())
    return f"the name has {count} words; at most {MOST_IN_A_NAME}" if count > MOST_IN_A_NAME else None


def nobody_is_named(reply: Abstraction, _: Fields) -> str | None:
    for text in (reply.name, reply.when):
        if found := NAME.search(text) or NUMBER.search(text):
            return f'"{found[0]}" is a particular: say what kind of thing it is'
    return None


def members_have_it(reply: Abstraction, _: Fields) -> str | None:
    """Most of what was put together must be of one idea, or the name is not theirs."""
    no = Counter(reply.belongs)["no"]
    if 2 * no <= len(reply.belongs):
        return None
    return f"{no} of {len(reply.belongs)} are said not to belong: name what most of them have in common"
