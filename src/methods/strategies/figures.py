"""What a library is like, on a terminal: how many turns follow its entries, what they are, what is left over."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from ...basics.text import shortened
from .gathering import Gathered, Gathering
from .library import Library, LibraryEntry

MOST_LISTED = 12
LONGEST = 90  # characters of a turn that is shown


def figures(library: Library, found: Gathering, path: Path) -> Iterator[str]:
    """Lines for the terminal."""
    phrases, entries = found.phrases, [entry for entry in library.entries if entry.support]
    offered, rare = [entry for entry in entries if entry.offered], [entry for entry in entries if entry.rare]
    used = phrases.counts.total()
    left = f"without a strategy {phrases.without:,}, with a faulty one {phrases.faulty:,}"
    yield f"\nturns          {phrases.turns:,}, {left}"
    yield f"strategies     {used:,}, different {len(phrases.texts):,}, unassigned {share(found.unassigned, used)}"
    yield f"entries        {len(entries):,}, named {len(offered):,}, rare {len(rare):,}"
    yield f"covered        {share(support(offered), used)} by named entries, {share(support(rare), used)} by rare ones"
    yield f"outliers       {sum(len(entry.outliers) for entry in entries):,} of the members that were shown"
    yield f"entropy        {entropy(entry.support for entry in entries):.2f} bits, of moves {move_entropy(entries):.2f}"
    if offered:
        yield "\nsupport  entry"
    for entry in sorted(offered, key=lambda each: (-each.support, each.id))[:MOST_LISTED]:
        yield from listed(entry, found.by_entry.get(entry.id, Gathered()))
    yield f"\nlibrary        {path}, {len(library.entries):,} lines, to be edited by hand"


def listed(entry: LibraryEntry, of: Gathered) -> Iterator[str]:
    yield f"{entry.support:>7}  {entry.move}: {shortened(entry.name)}"
    if of.examples:
        yield f"         “{shortened(of.examples[0].utterance, LONGEST)}”"


def support(entries: Iterable[LibraryEntry]) -> int:
    return sum(entry.support for entry in entries)


def share(part: int, whole: int) -> str:
    return f"{part:,} ({part / whole:.0%})" if whole else f"{part:,}"


def entropy(counts: Iterable[int]) -> float:
    """How evenly turns are spread, in bits: that of so many entries of equal size is the logarithm of their number."""
    each = [count for count in counts if count]
    return sum(count / sum(each) * math.log2(sum(each) / count) for count in each)


def move_entropy(entries: Iterable[LibraryEntry]) -> float:
    moves: Counter[str] = Counter()
    for entry in entries:
        moves[entry.move] += entry.support
    return entropy(moves.values())
