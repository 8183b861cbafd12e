"""A comparison as lines for the terminal."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import starmap

from ...running.tally import Tally
from .result import FEWEST, LENGTH, MADE, VIEWS, Resemblance, Side

MOST_PRINTED = 5
NAME, COLUMN = 16, 20  # characters of a line's name, and of a figure with its interval
CHANCE = 0.5


def told(found: Resemblance, tallies: Mapping[str, Tally]) -> Iterator[str]:
    """The sides, the figures beside their controls, what gives the sides away, and the profiles beside each other."""
    for name, side in (("made", found.made), ("real", found.real)):
        yield f"{name:<{NAME}}{in_words(side)}"
        yield from (f"{'':<{NAME}}{line}" for line in tallies[name].in_words())
    yield f"{'compared':<{NAME}}{compared(found)}"
    yield from block("copied", [*copied(found)])
    yield f"{'worst AUC':<{NAME}}{verdict(found)}"
    if found.auc:
        yield from starmap(in_columns, [("", *columns_of(found)), *rows_of(found)])
    yield from block("tells the made", found.tells_made[:MOST_PRINTED])
    yield from block("tells the real", found.tells_real[:MOST_PRINTED])
    yield f"{'':<{2 * NAME}}{'made':>9}{'real':>9}"
    for name, value in found.made.profile.items():
        yield f"{name:<{2 * NAME}}{number(value):>9}{number(found.real.profile[name]):>9}"


def block(name: str, lines: Sequence[object]) -> Iterator[str]:
    """Lines under one name, which stands before the first."""
    for place, line in enumerate(lines):
        yield f"{'' if place else name:<{NAME}}{line}"


def in_words(side: Side) -> str:
    return f"{side.dialogues:,} dialogues, {side.turns:,} user turns ({counted(side.languages)})"


def counted(languages: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in languages.items())


def compared(found: Resemblance) -> str:
    """What the figures are of, and what is not alike in the two sides."""
    both = found.compared
    alone = [name for name in {**found.made.languages, **found.real.languages} if name not in both.languages]
    told = f"{both.dialogues:,} dialogues of each side, {both.turns:,} user turns"
    told += f" ({counted(both.languages)})" if both.languages else ""
    return told + (f"; on one side alone, so left out: {', '.join(alone)}" if alone else "")


def copied(found: Resemblance) -> Iterator[str]:
    """How many dialogues have something of a real one, how usual that is, and what for example."""
    copied = found.copied
    share = copied.dialogues / max(1, copied.of)
    yield f"{copied.dialogues:,} made dialogues ({share:.1%}) have 8 words in a row of a real one"
    if copied.usual is not None:
        yield f"{copied.usual:.1%} of the real dialogues have 8 words in a row of another"
    if copied.left_out:
        yield f"{copied.left_out:,} made dialogues are little else and left out"
    yield from (f"such as: {example}" for example in copied.examples)


def verdict(found: Resemblance) -> str:
    """The worst figure, and what it means."""
    worst = found.worst
    if worst is None:
        return (
            f"cannot be known: {found.compared.dialogues:,} dialogues of each side are too few, {FEWEST} at least are"
            " needed, and of some variety"
        )
    if worst.low > CHANCE:
        return f"{worst} by {worst.view}: made user turns can be told from real ones"
    return f"{worst} by {worst.view}: not told apart, 0.5 is chance"


def columns_of(found: Resemblance) -> Sequence[str]:
    """What each figure of a row is of: the made dialogues, and each control."""
    return (MADE, *found.controls) if found.auc else ()


def rows_of(found: Resemblance) -> Iterator[tuple[str, *tuple[str, ...]]]:
    """The name of each view, and its figure in each column."""
    if found.auc:
        columns = (found.auc, *found.controls.values())
        for view in VIEWS:
            yield view, *(str(figures.get(view, "too few")) for figures in columns)
        yield LENGTH, *(str(found.length), *("" for _ in found.controls))


def in_columns(name: str, *cells: str) -> str:
    return (f"{name:<{NAME}}" + "".join(f"{cell:<{COLUMN}}" for cell in cells)).rstrip()


def number(value: float) -> str:
    """A median as it is, and a share in per cent."""
    return f"{value:,}" if isinstance(value, int) else f"{value:.0%}"
