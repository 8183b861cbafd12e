"""The stages as they are worded with `--misled consistent` and `none`, where that is not the published way.

What is asked in the published way stays word for word as it is, so that outputs of it can be gone on with.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

from ...calling.stage import Ask, ReplyT, Stage
from .misleading import MISLED_INSIGHT, WRONG_PATH, WRONG_TURN
from .stages import CATEGORY_REASONS, EVALUATION, INSIGHT, INTENT_TREE, REVISION, STAGES, TRUTH_PATH
from .steering import STEERED_INSIGHT

PLAIN = {"as bare as this user is": "as short and plain as this user writes"}
AT_HAND = {
    "two paths, the likeliest for this category and the likeliest on another subject,": "the two likeliest paths for "
    "this category, about different things,",
    "once is no habit. Then": "once is no habit; exploration makes no event up. Then",
}
WORDS: Mapping[Stage[Any], Mapping[str, str]] = {
    INTENT_TREE: {"names that you choose.": "names of yours; a list of topics does too."},
    CATEGORY_REASONS: {
        ", without a particular move or wording": ", but not which",
        ", with equal conviction, without a word on what speaks for another": " with equal conviction, and none on "
        "what speaks for another",
    },
    INSIGHT: PLAIN | AT_HAND,
    STEERED_INSIGHT: PLAIN | AT_HAND,
    EVALUATION: {"One entry for each prediction, in order: the reason": "For each prediction, in order: the reason"},
    TRUTH_PATH: {
        "another way in this view that the user could as well have gone with an utterance of this kind, to clearly "
        "another target": "where the user could as well go in this view with an utterance of this kind"
    },
    **dict.fromkeys(
        REVISION.values(),
        PLAIN
        | {
            ", in their order, each shown as it is given,": ", each shown as given,",
            "The text is a first look at the dialogue in two": "It has two",
            "a draft, a change, given paths, or which path": "draft, given paths, or which",
        },
    ),
}


def reworded(stage: Stage[ReplyT], words: Mapping[str, str]) -> Stage[ReplyT]:
    """The stage with these words of its task in place of those. Raises KeyError for some that it does not have."""
    task = stage.task
    for old, new in words.items():
        if old not in task:
            raise KeyError(f"{stage.name} has no {old!r}")
        task = task.replace(old, new)
    return dataclasses.replace(stage, task=task)


REWORDED: Mapping[Stage[Any], Stage[Any]] = {stage: reworded(stage, words) for stage, words in WORDS.items()}
REWORDED_STAGES = tuple(REWORDED.get(stage, stage) for stage in STAGES if stage is not WRONG_PATH)
MISREADING = (WRONG_TURN, MISLED_INSIGHT)
"""What is asked beside them where a rejected side is one of the dialogue misread."""


class Worded:
    """Asks each stage as it is worded here."""

    def __init__(self, ask: Ask, words: Mapping[Stage[Any], Stage[Any]]) -> None:
        self._ask, self._words = ask, words

    async def __call__(self, stage: Stage[ReplyT], /, **fields: Any) -> ReplyT:
        return await self._ask(self._words.get(stage, stage), **fields)
