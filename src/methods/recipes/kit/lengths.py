"""How long dialogues are, as real ones show it."""

import dataclasses
from collections.abc import Sequence

from .signs import length_in_words


@dataclasses.dataclass(frozen=True)
class Lengths:
    """User turns of dialogues, words of their first user turns, and of the later ones; each a list to draw from."""

    user_turns: Sequence[int]
    first_words: Sequence[int]
    words: Sequence[int]


def lengths_of(dialogues: Sequence[Sequence[str]]) -> Lengths | None:
    """The lengths of dialogues, each given as its user turns; None where there is none."""
    real = [texts for texts in dialogues if texts]
    if not real:
        return None
    first = sorted(max(1, length_in_words(texts[0])) for texts in real)
    later = sorted(max(1, length_in_words(text)) for texts in real for text in texts[1:])
    return Lengths(sorted(map(len, real)), first, later or first)
