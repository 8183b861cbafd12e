"""Which dialogues a library comes from, so that nothing learnt from a real turn is used to foresee that very turn."""

from pathlib import Path

from ...pairs.seen import marks_of


def dialogues_of(library: Path) -> frozenset[str]:
    """The marks of the dialogues that a library comes from. Raises Stop where it does not tell them."""
    return frozenset(marks_of(library, "Library", "python -m src.strategies"))
