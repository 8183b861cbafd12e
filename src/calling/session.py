"""One question, one validated answer, its cost: a session asks all that one sample needs."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from ..basics.text import json_in, shortened
from .answer import RequestFailed
from .checks import Fault, faults_in
from .completion import Completion, Usage
from .endpoint import Endpoint
from .question import Messages, Question
from .schema import json_schema
from .settings import Calling
from .stage import ReplyT, Stage, messages
from .store import Store, question_name

MOST_ATTEMPTS = 4  # replies to one question; at 5 % bad replies, one question in 160,000 still fails
SMALLEST_LIMIT = 4096  # tokens; half of what a reply that was cut off is given at least
UNUSABLE = {
    "invalid_reply",
    "invalid_json",
    "empty",
    "length",
    "repeated_format",
}  # kinds that the model is to blame for
LONGEST_QUOTE = 8_000  # characters of a bad reply that are shown to the model again

COMPLAINT = """\
Your reply could not be used: {reason}.

Send the whole corrected reply: one JSON object in the reply format above, and nothing else."""


class Failed(Exception):
    """This sample cannot be made: which stage failed, in what way, after how many attempts, on what reply."""

    def __init__(self, stage: str, kind: str, error: str, attempts: int, last_reply: str | None) -> None:
        super().__init__(error)
        self.stage, self.kind, self.attempts, self.last_reply = stage, kind, attempts, last_reply


class Unusable(Exception):
    """A reply that was billed and does not fit; `again` tells whether asking again can help.

    Where the shape is right and something else is at fault, `reply` is the reply and `faults` what is wrong with it.
    """

    def __init__(
        self, kind: str, reason: str, *, again: bool = True, reply: Any = None, faults: tuple[Fault, ...] = ()
    ) -> None:
        super().__init__(reason)
        self.kind, self.again, self.reply, self.faults = kind, again, reply, faults


@dataclasses.dataclass(frozen=True)
class KeptFault:
    """A fault of a reply that stayed, whatever was said to the model; a record holds it under `faults`."""

    stage: str
    check: str
    reason: str


class Session:
    """Asks the questions of one sample and adds up what they cost. Implements `calling.stage.AskText`.

    A question that the store has a reply to is not asked again.
    """

    def __init__(self, endpoint: Endpoint, config: Calling, store: Store | None = None, sample: int = 0) -> None:
        self._endpoint, self._config, self._store, self._sample = endpoint, config, store, sample
        self.usage = Usage()
        self.rehearsal = False
        self.faults: list[KeptFault] = []

    async def __call__(self, stage: Stage[ReplyT], /, **fields: Any) -> ReplyT:
        """Ask, check, and send an unusable reply back with the reason. Raises Failed or Stop."""
        schema = json_schema(stage, fields, fresh=self._config.takes_fresh_schemas)
        first = Question(stage.name, messages(stage, fields), schema, self._config.max_tokens)
        question, asked, doubtful, last_reply = first, list[bytes](), None, None
        while True:
            asked.append(self.name(question, len(asked)))
            try:
                completion = await self.answer(asked[-1], question)
                last_reply = completion.text
                reply = usable(stage, completion, fields)
            except RequestFailed as failed:
                self.usage += failed.usage
                raise Failed(stage.name, failed.kind, str(failed), len(asked), last_reply) from failed
            except Unusable as unusable:
                self._endpoint.outcomes.fault(stage.name, unusable.kind)
                doubtful = unusable if unusable.reply else doubtful
                following = next_question(first, question, completion, unusable)
                if following is None or len(asked) == MOST_ATTEMPTS:
                    if doubtful:
                        return self.keep(stage, doubtful, len(asked))
                    self.give_up(asked, stage, unusable, last_reply or "")
                    raise Failed(stage.name, unusable.kind, str(unusable), len(asked), last_reply) from unusable
                question = following
            else:
                self._endpoint.outcomes.answered(stage.name, len(asked), kept=False)
                return reply

    def keep(self, stage: Stage[ReplyT], doubtful: Unusable, attempts: int) -> ReplyT:
        """A reply with a fault that the model does not mend; whoever reads the record is shown the fault."""
        self.faults += [KeptFault(stage.name, fault.check, fault.reason) for fault in doubtful.faults]
        self._endpoint.outcomes.answered(stage.name, attempts, kept=True)
        reply: ReplyT = doubtful.reply
        return reply

    def give_up(self, asked: list[bytes], stage: Stage[Any], unusable: Unusable, last_reply: str) -> None:
        """A question that failed for good is asked anew by the next run, and not answered from the store."""
        if self._store:
            self._store.bury(asked)
        if unusable.kind in UNUSABLE:
            self._endpoint.outcomes.unanswered(stage.name, str(unusable), last_reply)

    async def text(self, question: Question, /, attempt: int = 1) -> Completion:
        """One reply as it is, neither checked nor sent back. Raises Failed or Stop."""
        try:
            completion = await self.answer(self.name(question, attempt), question)
        except RequestFailed as failed:
            self.usage += failed.usage
            raise Failed(question.stage, failed.kind, str(failed), attempt, None) from failed
        self._endpoint.outcomes.any_usable.set()
        return completion

    def name(self, question: Question, attempt: int) -> bytes:
        """The name of a question in the store. A limit of tokens is part of it only where it was raised."""
        config = self._config
        raised = question.max_tokens if question.max_tokens != config.max_tokens else None
        sent = [config.model, question.messages, config.temperature, config.extra_body, raised, attempt]
        return question_name(self._sample, [*sent, question.draw] if question.draw else sent)

    async def answer(self, name: bytes, question: Question) -> Completion:
        """One completion, from the store or else from the endpoint and then stored; counted either way."""
        completion = self._store.get(name) if self._store else None
        if completion is None:
            completion = await self._endpoint.complete(question)
            if self._store:
                self._store.put(name, self._sample, question.stage, completion)
        self.usage += completion.usage
        self.rehearsal = self.rehearsal or completion.rehearsal
        return completion


def next_question(first: Question, question: Question, completion: Completion, unusable: Unusable) -> Question | None:
    """What to ask after an unusable reply: the same anew where it was cut off, else with what is wrong about it.

    None where asking again cannot help.
    """
    if not unusable.again:
        return None
    if unusable.kind != "length":
        said = first.messages + corrected(completion.text, str(unusable))
        return dataclasses.replace(first, messages=said, max_tokens=question.max_tokens)
    limit = larger_limit(completion, question.max_tokens, first.max_tokens)
    return None if limit is None else dataclasses.replace(first, max_tokens=limit)


def larger_limit(completion: Completion, limit: int | None, first: int | None) -> int | None:
    """The limit of tokens for a reply that was cut off: twice what it reached. Raised once; None if that was filled."""
    if limit is None or limit == first:
        return 2 * max(completion.usage.completion, limit or 0, SMALLEST_LIMIT)
    return None if completion.usage.completion >= limit else limit


def corrected(reply: str, reason: str, complaint: str = COMPLAINT) -> Messages:
    """The turns that show a model its unusable reply and what was wrong with it."""
    return [
        {"role": "assistant", "content": shortened(reply, LONGEST_QUOTE) or "(empty)"},
        {"role": "user", "content": complaint.format(reason=reason)},
    ]


def usable(stage: Stage[ReplyT], completion: Completion, fields: Mapping[str, Any]) -> ReplyT:
    """The stage's reply in a completion; raises Unusable with a reason that a model can act on."""
    reply = shaped(stage, completion, stage.expected(fields))
    faults = tuple(faults_in(stage, reply, fields))
    if not faults:
        return reply
    reasons = "; ".join(dict.fromkeys(fault.reason for fault in faults))
    worst = next((fault for fault in faults if fault.fatal), faults[0])
    raise Unusable(worst.check, reasons, reply=None if worst.fatal else reply, faults=faults)


def shaped(stage: Stage[ReplyT], completion: Completion, expected: int | None) -> ReplyT:
    """The reply, if it has the right shape."""
    if completion.finish == "content_filter":
        raise Unusable("content_filter", "the endpoint's content filter cut the reply off", again=False)
    try:
        return stage.reply.model_validate(json_in(completion.text), context={"expected": expected})
    except ValueError as error:  # ValidationError is one
        if completion.finish == "length":
            raise Unusable("length", "it was cut off at the limit of tokens") from error
        if isinstance(error, ValidationError):
            raise Unusable("invalid_reply", described(error)) from error
        if completion.text.strip():
            raise Unusable("invalid_json", str(error)) from error
        raise Unusable("empty", "it is empty") from error


def described(error: ValidationError) -> str:
    """What does not fit, by key; the first few faults say enough."""
    faults = [
        f'"{shortened(".".join(map(str, fault["loc"])), 80)}": {fault["msg"].removeprefix("Value error, ")}'
        for fault in error.errors(include_url=False, include_input=False)[:5]
    ]
    return "; ".join(faults)
