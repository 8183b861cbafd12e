"""What a library is like, on a terminal: how many turns follow its entries, what they are, what is left over."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from ...basics.text import shortened
from .coverage import Coverage, state_of
from .gathering import Gathered, Gathering
from .library import Library, LibraryEntry

MOST_LISTED = 12
LONGEST = 90  # characters of a turn that is shown


def figures(library: Library, found: Gathering, path: Path, coverage: Coverage | None = None) -> Iterator[str]:
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
    for number, line in enumerate(of_held_out(library, coverage)):
        yield f"{'' if number else 'held out':<14} {line}"
    if offered:
        yield "\nsupport  entry"
    for entry in sorted(offered, key=lambda each: (-each.support, each.id))[:MOST_LISTED]:
        yield from listed(entry, found.by_entry.get(entry.id, Gathered()))
    yield f"\nlibrary        {path}, {len(library.entries):,} lines, to be edited by hand"


def of_held_out(library: Library, coverage: Coverage | None) -> Iterator[str]:
    """How far the library covers turns that it was not made from, and what they would follow for lesser reasons."""
    if coverage is None:
        return
    if coverage.library != state_of(library):
        yield "measured before the library changed: --step coverage measures it anew"
        return
    left = f"without a strategy {coverage.without:,}, with a faulty one {coverage.faulty:,}"
    yield f"{coverage.turns:,} turns of {coverage.dialogues:,} dialogues that are held back, {left}"
    whole = coverage.strategies
    named = f"{share(coverage.named, whole)} of {whole:,} strategies follow named entries"
    yield f"{named}, {share(coverage.unnamed, whole)} rare or banned ones"
    frequent = f"{share(coverage.frequent, whole)} follow the most frequent entry of their move"
    others = f"{share(coverage.others, coverage.controlled)} were found among as many entries of other moves"
    yield f"for comparison: {frequent}; {others if coverage.controlled else 'there are no entries of other moves'}"
    if coverage.untold:
        yield f"{coverage.untold:,} could not be held against the library: the same command tries them again"


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
