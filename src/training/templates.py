"""What the trained model is told and says: templates, and their texts."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import TypeVar

import orjson

from ..basics.text import on_one_line, without_tags
from ..calling.stage import as_text, fill
from ..pairs.sides import Side

OPENING = "Foresee what the user will say next in the dialogue below."
"""How every template begins; by it a training file of ours is known."""
PREDICT = """\
Foresee what the user will say next in the dialogue below.

1. Write the user's intent tree as a JSON object of two levels: topics, and under each topic attributes with one short \
value each.
2. Reason about the category of the next utterance and decide on one: Statement (tells something), Question \
(wants to know something) or Instruction (wants something done).
3. Reason along two views of the tree, and show each tree path you take.
   Mining view, staying with a topic of the tree: existing topic -> new attribute, or existing topic -> attribute: \
other value.
   Exploration view, moving to a related new topic: existing topic -> new topic - attribute.
4. Write two predictions for each view, the mining ones first. Each is the whole next utterance as the user would type \
it, of the category from step 2 and in the language of the dialogue.

%(form)s

<dialogue>
{history}
</dialogue>"""
PREDICT_AS_JSON = PREDICT % {
    "form": """\
Reply with one JSON object: "tree" from step 1; "category" with its "reasoning" and the "category"; "views" with the \
reasoning of "mining" and "exploration"; "predictions" as a list of four texts."""
}
PREDICT %= {
    "form": """\
Put steps 1 to 3 between <think> and </think>, and then each prediction between <predict> and </predict> on a line of \
its own."""
}
PREDICT_ONLY = """\
Foresee what the user will say next in the dialogue below. Write four predictions: two that stay with a topic of the \
dialogue, then two that move to a related new topic. Each is the whole next utterance as the user would type it, in \
the language of the dialogue. Put each between <predict> and </predict> on a line of its own.

<dialogue>
{history}
</dialogue>"""

ANSWER = """\
<think>
Intent tree:
{tree}

Category of the next utterance: {category_reasoning}
So the next utterance is most likely of the category {category}.

Mining view: {mining}

Exploration view: {exploration}
</think>
{predictions}"""

TAGS = ("think", "predict")
K = TypeVar("K")


def thoughts_and_predictions(side: Side) -> str:
    """All thoughts in one tag, then each prediction in a tag on a line of its own."""
    thoughts = {
        "tree": as_text(side.tree),
        "category_reasoning": side.category_reasoning,
        "category": side.category,
        "mining": side.mining,
        "exploration": side.exploration,
    }
    return fill(ANSWER, {**safe(thoughts), "predictions": predictions_alone(side)})


def predictions_alone(side: Side) -> str:
    """Each prediction in a tag on a line of its own."""
    texts = safe(dict(enumerate(side.predictions))).values()
    return "\n".join([f"<predict>{on_one_line(text)}</predict>" for text in texts])


def safe(texts: dict[K, str]) -> dict[K, str]:
    """The texts without what could be taken for a tag of ours. Nearly all have no bracket at all: one look tells."""
    if "<" not in "".join(texts.values()):
        return texts
    return {key: without_tags(text, *TAGS) for key, text in texts.items()}


def as_json(side: Side) -> str:
    """Everything as one JSON object, for whoever parses it."""
    parts = {
        "tree": side.tree,
        "category": {"reasoning": side.category_reasoning, "category": side.category},
        "views": {"mining": side.mining, "exploration": side.exploration},
        "predictions": side.predictions,
    }
    return without_tags(orjson.dumps(parts).decode(), *TAGS)


@dataclasses.dataclass(frozen=True)
class Template:
    """What the trained model is told, with a place for the history, and what it says for a trajectory."""

    question: str
    answer: Callable[[Side], str]

    def asked(self, history: str) -> str:
        return fill(self.question, {"history": without_tags(history, "dialogue")})


TEMPLATES: Mapping[str, Template] = {
    "full": Template(PREDICT, thoughts_and_predictions),
    "predictions": Template(PREDICT_ONLY, predictions_alone),
    "json": Template(PREDICT_AS_JSON, as_json),
}
