"""A reply that cannot be used, and what to ask then."""

import dataclasses
from typing import Any

from ..basics.text import shortened
from .completion import Completion
from .question import Messages, Question
from .stage import Fault

SMALLEST_LIMIT = 4096  # tokens; half of what a reply that was cut off is given at least
LONGEST_QUOTE = 8_000  # characters of a bad reply that are shown to the model again

COMPLAINT = """\
Your reply could not be used: {reason}.

Send the whole corrected reply: one JSON object in the reply format above, and nothing else."""


TEXT_COMPLAINT = """\
Your reply could not be used: {reason}.

Send it again without that fault, and nothing else."""


class Unusable(Exception):
    """A reply that was billed and does not fit; `again` tells whether asking again can help.

    Where the shape is right and something else is at fault, `reply` is the reply and `faults` what is wrong with it.
    """

    def __init__(
        self, kind: str, reason: str, *, again: bool = True, reply: Any = None, faults: tuple[Fault, ...] = ()
    ) -> None:
        super().__init__(reason)
        self.kind, self.again, self.reply, self.faults = kind, again, reply, faults


def next_question(
    first: Question, question: Question, completion: Completion, unusable: Unusable, complaint: str
) -> Question | None:
    """What to ask after an unusable reply: the same anew where it was cut off, else with what is wrong about it.

    None where asking again cannot help.
    """
    if not unusable.again:
        return None
    if unusable.kind != "length":
        said = first.messages + corrected(completion.text, str(unusable), complaint)
        return dataclasses.replace(first, messages=said, max_tokens=question.max_tokens)
    limit = larger_limit(completion, question.max_tokens, first.max_tokens)
    return None if limit is None else dataclasses.replace(first, max_tokens=limit)


def larger_limit(completion: Completion, limit: int | None, first: int | None) -> int | None:
    """The limit of tokens for a reply that was cut off: twice what it reached. Raised once; None if that was filled."""
    if limit is None or limit == first:
        return 2 * max(completion.usage.completion, limit or 0, SMALLEST_LIMIT)
    return None if completion.usage.completion >= limit else limit


def corrected(reply: str, reason: str, complaint: str) -> Messages:
    """The turns that show a model its unusable reply and what was wrong with it."""
    return [
        {"role": "assistant", "content": shortened(reply, LONGEST_QUOTE) or "(empty)"},
        {"role": "user", "content": complaint.format(reason=reason)},
    ]
