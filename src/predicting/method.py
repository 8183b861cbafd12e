"""One sample through a model: asked in the form that it was trained on, and its reply read in that form."""

import asyncio
import dataclasses
import functools
from collections.abc import Sequence
from typing import Any

from ..basics.said import FirstFew
from ..calling.again import corrected
from ..calling.completion import Usage
from ..calling.question import Messages, Question
from ..calling.schema import closed
from ..calling.stage import AskText
from ..dialogues.chats import as_chat
from ..dialogues.samples import Sample
from ..training.templates import TEMPLATES
from .certainty import logprobs
from .replies import Foreseen, JsonForm, read
from .settings import PLAIN, Settings

STAGE = "prediction"
REPAIRS = 3  # replies beyond the first, as a stage of synthesis has them
COMPLAINT = """\
Your reply could not be used: {reason}.

Send the whole corrected reply in the form that was asked for, and nothing else."""

WELL_FORMED, PARTLY, MALFORMED = "well formed", "partly malformed", "malformed"


@dataclasses.dataclass(frozen=True)
class Said:
    """What the endpoint said to one question, the seconds that took, and what it foresees."""

    text: str
    seconds: float
    foreseen: Foreseen


@dataclasses.dataclass(frozen=True)
class Prediction:
    """One line of the output."""

    sample: Sample
    foreseen: Foreseen
    seconds: float | None = None
    """Until the last prediction was there; None where no model was asked."""
    malformed_reply: str | None = None
    """The first reply that could not be read, for whoever wants to know what it was."""

    @property
    def outcome(self) -> str:
        if not self.foreseen.predictions:
            return MALFORMED
        return PARTLY if self.foreseen.fault else WELL_FORMED

    def row(self, usage: Usage) -> dict[str, Any]:
        sample, foreseen = self.sample, self.foreseen
        tokens = {"prompt_tokens": usage.prompt, "completion_tokens": usage.completion, "total_tokens": usage.total}
        return {
            "sample_id": sample.sample_id,
            "item_id": sample.item_id,
            "context": [turn.model_dump() for turn in sample.context],
            "label": sample.utterance,
            "predictions": list(foreseen.predictions),
            "category": foreseen.category,
            "thoughts": foreseen.thoughts,
            "malformed": not foreseen.predictions,
            "reason": foreseen.fault,
            "latency": None if self.seconds is None else round(self.seconds, 3),
            "usage": tokens if usage.cached is None else {**tokens, "cached_prompt_tokens": usage.cached},
            "logprob": [round(nats, 4) for nats in foreseen.logprobs] or None,
            "reply": self.malformed_reply,
            "position": sample.position,
        }


def asked(sample: Sample, settings: Settings) -> Messages:
    """What a model is told of a sample: the words that it was trained on, or the dialogue as a chat."""
    if settings.template == PLAIN:
        return as_chat(sample.context, turned=settings.user_form)
    return [{"role": "user", "content": TEMPLATES[settings.template].asked(sample.history)}]


@functools.cache
def schema_of(template: str, json_mode: str) -> dict[str, Any] | None:
    """What replies are held to; None where a model is measured without such help."""
    if template != "json" or json_mode == "text":
        return None
    return closed(JsonForm)


async def predict(ask: AskText, sample: Sample, settings: Settings, untold: FirstFew) -> Prediction:
    """Have a model foresee the next utterance: one reply, or several draws side by side.

    Where log probabilities are wished for and the endpoint tells none, `untold` says so.
    """
    schema = schema_of(settings.template, settings.json_mode)
    question = Question(STAGE, asked(sample, settings), schema, settings.max_tokens)
    draws = [dataclasses.replace(question, draw=draw) for draw in range(settings.draws)]
    # All are waited for where one fails, since they are paid for.
    found = await asyncio.gather(*(reply_to(ask, draw, settings) for draw in draws), return_exceptions=True)
    said = [reply for reply in found if isinstance(reply, Said)]
    for failed in found:
        if isinstance(failed, BaseException):
            raise failed
    foreseen = together([reply.foreseen for reply in said])
    if settings.logprobs and foreseen.predictions and not foreseen.logprobs:
        untold.warn("%s: the endpoint tells no log probabilities of it, as --logprobs wishes", sample.sample_id)
    return Prediction(
        sample=sample,
        foreseen=foreseen,
        seconds=max(reply.seconds for reply in said),
        malformed_reply=next((reply.text for reply in said if reply.foreseen.fault), None),
    )


async def reply_to(ask: AskText, question: Question, settings: Settings) -> Said:
    """The model's reply, sent back with the reason while it is malformed, if that is wished."""
    seconds, asking = 0.0, question
    last = 1 + REPAIRS if settings.repair else 1
    for attempt in range(1, last + 1):
        completion = await ask.text(asking, attempt)
        seconds += completion.seconds
        foreseen = read(settings.template, completion)
        sureness = logprobs(settings.template, completion.tokens, len(foreseen.predictions))
        if not foreseen.fault or attempt == last:
            break
        shown = corrected(completion.text, foreseen.fault, COMPLAINT)
        asking = dataclasses.replace(question, messages=question.messages + shown)
    return Said(completion.text, seconds, dataclasses.replace(foreseen, logprobs=sureness))


def together(draws: Sequence[Foreseen]) -> Foreseen:
    """The draws as one: all predictions that could be read, and how many could not, with the first reason."""
    faults = [draw.fault for draw in draws if draw.fault]
    counted = f"{len(faults)} of {len(draws)} draws: " if faults and len(draws) > 1 else ""
    predictions = tuple(text for draw in draws for text in draw.predictions)
    sureness = tuple(nats for draw in draws for nats in draw.logprobs)
    return Foreseen(
        predictions=predictions,
        category=draws[0].category,
        thoughts=draws[0].thoughts,
        fault=f"{counted}{faults[0]}" if faults else None,
        logprobs=sureness if len(sureness) == len(predictions) else (),
    )
