"""Dialogues that are too much like one made before: the same opening, or nearly the same words throughout."""

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ....basics.seen import SEEN, Seen, hashed
from ....basics.text import loads, normalised
from ....basics.wording import words
from ....calling.session import Misfit
from .signs import shingles_of

log = logging.getLogger(__name__)

HASHES = 64
SHORT_OPENING = 2  # words; "hi there" may begin many
INSTALL = "pip install -r requirements-quality.txt"


class Neighbours:
    """What was made before, as far as it takes to know it again."""

    def __init__(self, output: Path, alike: float, *, own_openings: bool) -> None:
        self._alike, self._own_openings = alike, own_openings
        self._openings = Seen()
        self._near = near_index(alike) if alike else None
        for texts in made_in(output):
            self.refusal(texts)

    def refusal(self, texts: Sequence[str]) -> Misfit | None:
        """Why a dialogue of these turns cannot stand beside those before; where it can, it is one of them from now."""
        opening = hashed(normalised(texts[0]).encode())
        if self._own_openings and len(words(texts[0])) > SHORT_OPENING and self._openings.get(opening):
            return refused("opening_again", f"another dialogue begins with the same words: {texts[0][:200]!r}")
        if self._near is not None and (shingles := shingles_of("\n".join(texts))):
            if self._near.known(shingles):
                return refused("near_duplicate", f"{self._alike:.0%} or more of it is another dialogue's")
            self._near.add(shingles)
        self._openings.mark(opening, SEEN)
        return None


def refused(kind: str, why: str) -> Misfit:
    return Misfit("checks", kind, why, 1, None)


def made_in(output: Path) -> Iterator[list[str]]:
    """The turns of each dialogue in a file of made ones, without those that somebody really said."""
    if not output.is_file():
        return
    with output.open("rb") as file:
        for line in file:
            try:
                row = loads(line)
                yield [turn["content"] for turn in row["conversation"][row["made"].get("real", 0) :]] or [""]
            except (ValueError, KeyError, TypeError):
                continue


class Index:
    """MinHash signatures, found again by what is like them."""

    def __init__(self, alike: float, datasketch: Any) -> None:
        self._datasketch = datasketch
        self._index = datasketch.MinHashLSH(threshold=alike, num_perm=HASHES)
        self._alike = alike
        self._signatures: dict[int, Any] = {}

    def known(self, shingles: set[str]) -> bool:
        signature = self._signature(shingles)
        return any(signature.jaccard(self._signatures[name]) >= self._alike for name in self._index.query(signature))

    def add(self, shingles: set[str]) -> None:
        signature, name = self._signature(shingles), len(self._signatures)
        self._signatures[name] = signature
        self._index.insert(name, signature)

    def _signature(self, shingles: set[str]) -> Any:
        signature = self._datasketch.MinHash(num_perm=HASHES, seed=1)
        signature.update_batch([shingle.encode() for shingle in sorted(shingles)])
        return signature


def near_index(alike: float) -> Index | None:
    """An index of texts so much alike; None, with a word about it, where the library for it is missing."""
    try:
        import datasketch  # noqa: PLC0415 (optional)
    except ImportError:
        log.warning("dialogues that nearly repeat others are not looked for; to have them left out: %s", INSTALL)
        return None
    return Index(alike, datasketch)
