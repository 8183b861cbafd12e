"""What the stand-in says in place of a trained model: a trajectory in the form that the prompt asks for."""

import random
from typing import Any, Protocol, get_args

from ..pairs.sides import Side
from ..pairs.words import Category
from ..training.templates import TEMPLATES


class Speaker(Protocol):
    """Who makes texts from the words of a dialogue."""

    @property
    def dice(self) -> random.Random: ...
    def some_words(self, most: int) -> str: ...
    def utterance(self) -> str: ...


def trained_answer(question: str, speaker: Speaker) -> str:
    """A reply to a question that begins as one of the templates does."""
    template = next(each for each in TEMPLATES.values() if question.startswith(each.question.partition("{")[0]))
    return template.answer(Side.model_validate(trajectory(speaker)))


def trajectory(speaker: Speaker) -> dict[str, Any]:
    """A trajectory under its names on disk."""

    def view() -> dict[str, Any]:
        return {"reasoning": rehearsed(speaker), "predictions": [speaker.utterance(), speaker.utterance()]}

    return {
        "intent_tree": {speaker.some_words(1): {speaker.some_words(1): speaker.some_words(3)} for _ in range(3)},
        "utterance_category_reason": {
            "category": speaker.dice.choice(get_args(Category)),
            "reasoning": rehearsed(speaker),
        },
        "insight_reason": {"mining_view": view(), "explore_view": view()},
    }


def rehearsed(speaker: Speaker) -> str:
    return f"Rehearsed: {speaker.some_words(6)}."
