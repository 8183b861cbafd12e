"""What a reply has to satisfy beyond its shape, given what was asked; written as data, beside a stage's other data."""

import dataclasses
import functools
from collections.abc import Iterator, Mapping
from typing import Any

from ..basics.text import normalised
from .stage import REPEATED_FORMAT, Fault, Reply, Stage

DIGITS = str.maketrans("", "", "0123456789")


def faults_in(stage: Stage[Any], reply: Reply, fields: Mapping[str, Any]) -> Iterator[Fault]:
    """All that is wrong with a reply that has the right shape."""
    for text in repeated(stage, reply):
        why = f'"{text}" is a text of the reply format, which says what goes there: put your own in its place'
        yield Fault(REPEATED_FORMAT, why, fatal=True)
    for check in (*stage.demands, *stage.checks):
        if reason := check(reply, fields):
            yield Fault(check.__name__, reason, fatal=check in stage.demands)


def repeated(stage: Stage[Any], reply: Reply) -> Iterator[str]:
    """The texts of the reply format that a reply repeats where they stand there; numbers in them do not count."""
    shown = shown_texts(stage)
    for said in reply.texts():
        there = shown.get(said.place)
        # Most texts are longer than any that is shown, and need no closer look.
        if there and len(said.text) <= there.longest and bare(said.text) in there.texts:
            yield said.text


@dataclasses.dataclass(frozen=True)
class Shown:
    """What the reply format shows at one place."""

    texts: frozenset[str]
    longest: int
    """Characters of a text that may still be one of these, with other punctuation."""


@functools.cache
def shown_texts(stage: Stage[Any]) -> Mapping[str, Shown]:
    """The texts of a stage's reply format, by their place."""
    by_place: dict[str, set[str]] = {}
    for said in stage.example.texts():
        by_place.setdefault(said.place, set()).add(bare(said.text))
    return {place: Shown(frozenset(texts), 2 * max(map(len, texts))) for place, texts in by_place.items()}


def bare(text: str) -> str:
    return normalised(text).translate(DIGITS)
