"""Whether made user turns hold runs of words of real ones, which is no likeness but a copy."""

import itertools
import re
import unicodedata
from array import array
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from ...basics.text import shortened
from ...basics.wording import WORD, as_written, is_sign
from .chats import Chat

TOKEN = re.compile(rf"{WORD.pattern}|\d+")
RUN, RUN_OF_SIGNS = 8, 13  # words, and signs of Chinese and the like, of which a word has one or two
MOSTLY = 0.5  # of a dialogue's runs; so many are never common by chance, however alike people speak
MOST_EXAMPLES = 3


def runs_of(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    """Every run of so many words in a row inside a text, without case and punctuation; all texts in a row as one too.

    So of short texts it is known whether all of them are there again.
    """
    read = [TOKEN.findall(unicodedata.normalize("NFKC", text).casefold()) for text in texts]
    whole = tuple(itertools.chain.from_iterable(read))
    size = RUN_OF_SIGNS if 2 * sum(map(is_sign, whole)) > len(whole) else RUN
    for found in read:
        yield from zip(*(found[start:] for start in range(size)), strict=False)
    if len(whole) >= size:
        yield whole


class Copies:
    """The runs of made dialogues, of 12 bytes each, and which of these the real ones have too.

    Add all made dialogues before the first real one.
    """

    def __init__(self) -> None:
        self._runs, self._owners = array("q"), array("i")
        self.examples: list[str] = []
        """A few of the runs, as words."""

    def add_made(self, chat: Chat) -> None:
        runs = {hash(run) for run in runs_of(chat.user_turns)}
        self._runs.extend(runs)
        self._owners.extend([chat.place] * len(runs))

    @cached_property
    def _order(self) -> Any:
        return np.argsort(np.frombuffer(self._runs, np.int64), kind="stable")

    @cached_property
    def _sorted(self) -> Any:
        return np.frombuffer(self._runs, np.int64)[self._order]

    @cached_property
    def _found(self) -> Any:
        """For each run, in order, whether a real dialogue has it."""
        return np.zeros(len(self._runs), bool)

    def add_real(self, chat: Chat) -> None:
        runs = [*runs_of(chat.user_turns)]
        numbers = np.array([hash(run) for run in runs], np.int64)
        first, behind = np.searchsorted(self._sorted, numbers), np.searchsorted(self._sorted, numbers, "right")
        places = np.flatnonzero(first < behind)
        if len(places) and not self._found[first[places]].any() and len(self.examples) < MOST_EXAMPLES:
            self.examples.append(shortened(as_written(runs[places[0]])))
        for place in places:
            self._found[first[place] : behind[place]] = True

    @property
    def shares(self) -> dict[int, float]:
        """How much of a dialogue is copied, by its place, for those of which some is."""
        owners = np.frombuffer(self._owners, np.int32)
        runs, copied = np.bincount(owners), np.bincount(owners[self._order[self._found]])
        return {int(place): float(copied[place] / runs[place]) for place in np.flatnonzero(copied)}

    @property
    def mostly(self) -> set[int]:
        """The places of dialogues that are little else."""
        return {place for place, share in self.shares.items() if share >= MOSTLY}
