"""Predictions of several sources graded together against what was really said, so that no source shows."""

import random
from collections.abc import Iterable, Mapping

from ..basics.text import normalised
from ..calling.stage import Ask
from ..methods.proutt.stages import EVALUATION


async def graded_together(
    ask: Ask, *, history: str, utterance: str, texts: Iterable[str], draw: random.Random
) -> Mapping[str, float]:
    """The similarity of each text to the utterance, by one question that has them in a drawn order.

    Texts that differ in nothing that counts are graded as one.
    """
    texts = [*texts]
    different = {key_of(text): text for text in texts}
    order = draw.sample(sorted(different), len(different))
    evaluation = await ask(
        EVALUATION, history=history, utterance=utterance, predictions=[different[key] for key in order]
    )
    similarity = {key: grade.similarity for key, grade in zip(order, evaluation.grades, strict=True)}
    return {text: similarity[key_of(text)] for text in texts}


def key_of(text: str) -> str:
    """What two texts have in common that are graded as one; of signs without a word nothing would be left."""
    return normalised(text) or text
