"""What the stand-in says where a reply has to hold something: a strategy, a quotation, the values of a step.

Strategies are made of words for any subject, and put together by how they begin.
"""

import random
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

MOVES = ("deepen", "revise")  # few of all, so that a handful of dialogues makes clusters
DOES = ("asks for", "wants to change")
WHAT = ("an example", "the reason", "the order of steps")
AFTER = ("after a general answer", "when the assistant lists options", "once a first try is done", "before deciding")
IN_MARKS = re.compile(r'"([^"]+)"')
SHARED = re.compile(r"(.*?) (?:after|when|once|before) ")


class Speaker(Protocol):
    """Who makes texts from what a prompt offers."""

    @property
    def dice(self) -> random.Random: ...
    @property
    def inputs(self) -> Mapping[str, str]: ...
    @property
    def topics(self) -> Sequence[str]: ...
    def listed(self, tag: str) -> list[str]: ...
    def some_words(self, most: int) -> str: ...


def move(speaker: Speaker, _: int) -> str:
    return speaker.dice.choice(MOVES)


def strategy(speaker: Speaker, _: int) -> str:
    """A strategy that could come from any dialogue."""
    return " ".join(speaker.dice.choice(part) for part in (DOES, WHAT, AFTER))


def entry(speaker: Speaker, place: int) -> str:
    """Where a phrase belongs: the letters of the entry that begins as it does, or a label for a new one."""
    label = beginning(speaker.listed("phrases")[place])
    lines = [line.partition(". ") for line in speaker.inputs.get("library", "").splitlines()]
    return next((letters for letters, _, text in lines if beginning(text.partition(" (")[0]) == label), label)


def beginning(text: str) -> str:
    found = SHARED.match(text)
    return found[1] if found else text


def quote(speaker: Speaker, place: int) -> str:
    """A line of the document."""
    lines = [line for line in speaker.inputs.get("document", "").splitlines() if line.strip()]
    return lines[place % len(lines)] if lines else "it"


def turn(speaker: Speaker, place: int) -> str:
    """A user's turn with all that its step has in quotation marks."""
    steps = speaker.listed("steps")
    values = IN_MARKS.findall(steps[place]) if place < len(steps) else []
    return " ".join([speaker.some_words(6), *values])


def topic(speaker: Speaker, _: int) -> str:
    return speaker.dice.choice(speaker.topics)


def attribute(speaker: Speaker, _: int) -> str:
    return speaker.some_words(1)


def value(speaker: Speaker, _: int) -> str:
    return speaker.some_words(3)


def shown(_: Speaker, __: int) -> str:
    return "shown"


def new(_: Speaker, __: int) -> str:
    return "new"


def first(_: Speaker, __: int) -> str:
    return "1"


WAYS: Mapping[str, Callable[[Speaker, int], str]] = {
    "move": move,
    "strategy": strategy,
    "entry": entry,
    "name": strategy,
    "quote": quote,
    "user": turn,
    "topic": topic,
    "attribute": attribute,
    "value": value,
    "best": first,
    "verdict": shown,
    "finding": new,
}
"""By the key of a reply that is to hold it."""
