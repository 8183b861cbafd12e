"""What a trained model has said, read in the form that it was trained on.

A reply that has not this form is malformed and stays so: nothing is guessed from it. Two liberties are no fault, since
servers and chat templates take them: thoughts may stand before any form, and where the template opens the thoughts
itself, or the server keeps them for itself, their first tag or all of them are missing.
"""

import dataclasses
import re
from collections.abc import Callable, Mapping
from typing import Any

import orjson
from pydantic import Field, ValidationError

from ..basics.shape import Shape, Text
from ..basics.text import loads, shortened, with_tags
from ..calling.completion import Completion
from ..calling.session import described
from ..pairs.opinions import Loose
from ..pairs.words import ACategory, Category
from ..training.templates import TAGS

MOST_PREDICTIONS = 4
"""So many are asked for. With more, the best of them would be better for that alone."""
OPENS, CLOSES = "<think>", "</think>"
PREDICTION = re.compile(r"<predict>((?:(?!</?predict>).)*)</predict>", re.DOTALL)
DECIDED = re.compile(r"^So the next utterance is most likely of the category (\w+)\.\s+^Mining view:", re.MULTILINE)


@dataclasses.dataclass(frozen=True)
class Foreseen:
    """What a predictor foresees, or why that cannot be read."""

    predictions: tuple[str, ...] = ()
    category: Category | None = None
    """As it was decided on, where the form has it."""
    thoughts: str | None = None
    fault: str | None = None
    """What is wrong with the reply, where no prediction can be taken from it."""
    logprobs: tuple[float, ...] = ()
    """How likely the model found each prediction, in nats, where that was asked for and told."""


class Malformed(Exception):
    """A reply that has not the form; the message says why, so that a model could act on it."""


def without_thoughts(text: str) -> tuple[str | None, str]:
    """The thoughts that stand at the beginning, if there are any, and what comes after them. Raises Malformed."""
    before, closing, after = text.rpartition(CLOSES)
    if closing:
        return before.strip().removeprefix(OPENS).strip(), after.strip()
    if text.lstrip().startswith(OPENS):
        raise Malformed("its thoughts do not end: there is no </think>")
    return None, text.strip()


def tagged(text: str) -> Foreseen:
    """Thoughts in one tag, then predictions, each in a tag of its own."""
    thoughts, rest = without_thoughts(text)
    if outside := PREDICTION.sub("", rest).strip():
        raise Malformed(f"this stands outside of <predict> and </predict>: {shortened(outside, 80)!r}")
    predictions = [with_tags(found, *TAGS).strip() for found in PREDICTION.findall(rest)]
    decided = DECIDED.search(thoughts or "")
    return Foreseen(checked(predictions), category_in(decided[1] if decided else None), restored(thoughts))


def checked(predictions: list[str]) -> tuple[str, ...]:
    """The predictions, if there are as many as can be. Raises Malformed."""
    if not predictions:
        raise Malformed("there is no prediction in it")
    if len(predictions) > MOST_PREDICTIONS:
        raise Malformed(f"it has {len(predictions)} predictions; {MOST_PREDICTIONS} were asked for")
    if not all(predictions):
        raise Malformed("a prediction is empty")
    return tuple(predictions)


def restored(thoughts: str | None) -> str | None:
    return with_tags(thoughts, *TAGS) if thoughts else None


class CategoryOf(Shape):
    """What stands under `category` in a JSON reply."""

    category: Loose[ACategory] = None


def category_in(given: Any) -> Category | None:
    return CategoryOf.model_validate({"category": given}).category


class JsonReply(Shape):
    """A JSON reply, as far as predictions need it."""

    predictions: tuple[Text, ...] = Field(min_length=1, max_length=MOST_PREDICTIONS)
    category: Loose[CategoryOf] = None


class CategoryForm(Shape):
    reasoning: Text
    category: Category


class ViewsForm(Shape):
    mining: Text
    exploration: Text


class JsonForm(Shape):
    """All of a JSON reply as it is trained, in its order; for a server that holds the model to it."""

    tree: dict[str, dict[str, str]]
    category: CategoryForm
    views: ViewsForm
    predictions: tuple[Text, ...] = Field(min_length=MOST_PREDICTIONS, max_length=MOST_PREDICTIONS)


def as_object(text: str) -> Foreseen:
    """One JSON object and nothing else."""
    thoughts, rest = without_thoughts(text)
    try:
        given = loads(with_tags(rest, *TAGS).encode())
        reply = JsonReply.model_validate(given)
        parts = {name: part for name, part in given.items() if name != "predictions"}
        said = orjson.dumps(parts).decode() if parts else restored(thoughts)
    except ValidationError as error:
        raise Malformed(described(error) if isinstance(given, dict) else "it is not a JSON object") from error
    except orjson.JSONEncodeError as error:
        raise Malformed("it is nested too deeply") from error
    except ValueError as error:
        raise Malformed(f"it is not JSON ({error})") from error
    return Foreseen(reply.predictions, reply.category.category if reply.category else None, said)


def plain(text: str) -> Foreseen:
    """The utterance itself."""
    thoughts, rest = without_thoughts(text)
    if not rest:
        raise Malformed("it is empty behind its thoughts")
    return Foreseen((rest,), None, thoughts or None)


READERS: Mapping[str, Callable[[str], Foreseen]] = {
    "full": tagged,
    "predictions": tagged,
    "json": as_object,
    "plain": plain,
}


def read(template: str, completion: Completion) -> Foreseen:
    """What a completion foresees, read in the form of this template."""
    try:
        return READERS[template](whole(template, completion))
    except Malformed as malformed:
        return Foreseen(fault=str(malformed))


def whole(template: str, completion: Completion) -> str:
    """The text of a reply that did not end early. An utterance that was cut off is one; other forms need their end."""
    if completion.finish == "content_filter":
        raise Malformed("the endpoint's content filter cut it off")
    if not completion.text.strip():
        raise Malformed("it is empty")
    if completion.finish == "length" and template != "plain":
        raise Malformed("it was cut off at the limit of tokens")
    return completion.text
