"""What the dice decide of a dialogue: each decision from a stream of its own, so that none moves another."""

import dataclasses
import functools
import random
from collections.abc import Mapping, Sequence
from typing import TypeVar

from ....basics.dice import dice
from ...strategies.library import Offered

T = TypeVar("T")

USER_TURNS = (1, 1, 2, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 9, 10, 12, 14, 18)
"""Where no real dialogues are given: as chats with assistants are, six user turns in the median, a ninth with one."""
FIRST_WORDS = (4, 6, 7, 8, 9, 10, 11, 12, 14, 15, 17, 19, 22, 26, 31, 40, 55, 90)
WORDS = (2, 3, 4, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 16, 19, 24, 32, 50)
"""Words of the user's first turn, and of a later one, likewise."""

LANGUAGES: Mapping[str, str] = {
    "ar": "Arabic",
    "cs": "Czech",
    "da": "Danish",
    "de": "German",
    "el": "Greek",
    "en": "English",
    "es": "Spanish",
    "fa": "Persian",
    "fi": "Finnish",
    "fr": "French",
    "he": "Hebrew",
    "hi": "Hindi",
    "hu": "Hungarian",
    "id": "Indonesian",
    "it": "Italian",
    "ja": "Japanese",
    "ko": "Korean",
    "nl": "Dutch",
    "no": "Norwegian",
    "pl": "Polish",
    "pt": "Portuguese",
    "ro": "Romanian",
    "ru": "Russian",
    "sv": "Swedish",
    "th": "Thai",
    "tr": "Turkish",
    "uk": "Ukrainian",
    "vi": "Vietnamese",
    "zh": "Chinese (Simplified)",
}


@dataclasses.dataclass(frozen=True)
class Wishes:
    """What a run wishes of its draws."""

    seed: int = 0
    languages: tuple[str, ...] = ()
    friction: float = 0.25
    user_turns: Sequence[int] = USER_TURNS
    first_words: Sequence[int] = FIRST_WORDS
    words: Sequence[int] = WORDS
    typing: Sequence[str] = ()
    """Ways of typing, where they are not the usual ones."""
    openings: Sequence[str] = ()
    """Ways to begin, likewise."""
    thinking: bool = False
    """Whether the assistant reasons aloud before each reply."""
    strategies: Offered | None = None
    """A library that the user's seat is to follow."""
    turned: bool = False
    """Whether the user's seat is asked as a chat in which the roles have changed places."""


@dataclasses.dataclass(frozen=True)
class Draw:
    """The dice of one dialogue."""

    wishes: Wishes
    item: str
    """The dialogue's id."""

    def dice(self, decision: str) -> random.Random:
        """The stream of one decision."""
        return dice(self.wishes.seed, self.item, decision)

    def one_of(self, decision: str, table: Sequence[T]) -> T:
        return self.dice(decision).choice(table)

    def some_of(self, decision: str, table: Sequence[T], most: int) -> list[T]:
        """So many of the table at most, at least one, in a drawn order."""
        drawn = self.dice(decision)
        return drawn.sample(table, min(len(table), drawn.randint(1, most)))

    @functools.cached_property
    def language(self) -> str:
        """The language's name, for a prompt; "" where none is wished for, and the seed's own will do."""
        if not self.wishes.languages:
            return ""
        code = self.one_of("language", self.wishes.languages)
        return LANGUAGES.get(code, code)

    @functools.cached_property
    def user_turns(self) -> int:
        """How many turns the user has."""
        return self.one_of("user turns", self.wishes.user_turns)

    def words(self, number: int) -> int:
        """About how many words the user's turn of this number has."""
        return self.one_of(f"words {number}", self.wishes.first_words if number == 1 else self.wishes.words)
