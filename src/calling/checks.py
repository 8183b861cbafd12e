"""What a reply has to satisfy beyond its shape, given what was asked; written as data, beside a stage's other data."""

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from ..basics.text import normalised
from .stage import Reply, Stage

DIGITS = str.maketrans("", "", "0123456789")


@dataclasses.dataclass(frozen=True)
class Fault:
    """A check that a reply does not pass, and why, in words that a model can act on."""

    check: str
    reason: str
    fatal: bool = False
    """Whether nothing can be made of such a reply; another fault is kept, and stands in the record, if it stays."""


def faults_in(stage: Stage[Any], reply: Reply, fields: Mapping[str, Any]) -> Iterator[Fault]:
    """All that is wrong with a reply that has the right shape."""
    for text in repeated(stage, reply):
        why = f'"{text}" is a text of the reply format, which says what goes there: put your own in its place'
        yield Fault("repeated_format", why, fatal=True)
    for check in stage.checks:
        if reason := check(reply, fields):
            yield Fault(check.__name__, reason)


def repeated(stage: Stage[Any], reply: Reply) -> Iterator[str]:
    """The texts of the reply format that a reply repeats where they stand there; numbers in them do not count."""
    shown = {(said.place, bare(said.text)) for said in stage.example.texts()}
    for said in reply.texts():
        if (said.place, bare(said.text)) in shown:
            yield said.text


def bare(text: str) -> str:
    return normalised(text).translate(DIGITS)
