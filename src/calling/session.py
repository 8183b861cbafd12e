"""One question, one validated answer, its cost: a session asks all that one sample needs."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

from ..basics.text import json_in, shortened, without_thoughts
from .again import COMPLAINT, TEXT_COMPLAINT, Unusable, next_question
from .answer import RequestFailed
from .checks import faults_in
from .completion import Completion, Usage
from .endpoint import Endpoint
from .outcomes import Outcomes
from .question import Question
from .schema import as_type, json_schema
from .settings import Calling
from .stage import REPEATED_FORMAT, Fault, ReplyT, Stage, messages
from .store import Store, question_name

MOST_ATTEMPTS = 4  # replies to one question; at 5 % bad replies, one question in 160,000 still fails
# Kinds of unusable reply that the model is to blame for.
UNUSABLE = {"invalid_reply", "invalid_json", "empty", "length", REPEATED_FORMAT}
SEAT_ENDS = ": "  # between a seat and a stage

T = TypeVar("T")


class Failed(Exception):
    """This sample cannot be made: which stage failed, in what way, after how many attempts, on what reply."""

    def __init__(self, stage: str, kind: str, error: str, attempts: int, last_reply: str | None) -> None:
        super().__init__(error)
        self.stage, self.kind, self.attempts, self.last_reply = stage, kind, attempts, last_reply


class Misfit(Failed):
    """The same where single replies were usable and what came of them is not: all are asked for anew another time."""


@dataclasses.dataclass(frozen=True)
class KeptFault:
    """A fault of a reply that stayed, whatever was said to the model; a record holds it under `faults`."""

    stage: str
    check: str
    reason: str


@dataclasses.dataclass
class Bill:
    """What one sample has cost, whoever was asked, and what is to be known of its replies."""

    usage: Usage = Usage()
    rehearsal: bool = False
    faults: list[KeptFault] = dataclasses.field(default_factory=list)
    asked: list[bytes] = dataclasses.field(default_factory=list)
    """The names of all questions."""


@dataclasses.dataclass(frozen=True)
class Session:
    """Asks the questions of one sample and adds up what they cost. Implements `calling.stage.AskSeats`.

    A question that the store has a reply to is not asked again.
    """

    endpoint: Endpoint
    config: Calling
    store: Store | None = None
    sample: int = 0
    others: Mapping[str, Endpoint] = dataclasses.field(default_factory=dict)
    """Who sits at seats of their own."""
    seat: str = ""
    draw: int = 0
    bill: Bill = dataclasses.field(default_factory=Bill)

    @property
    def usage(self) -> Usage:
        return self.bill.usage

    def at(self, seat: str) -> "Session":
        """The same for who sits at this seat; whoever is asked anyway, where the seat is nobody's own."""
        if seat not in self.others:
            return self
        endpoint = self.others[seat]
        return dataclasses.replace(self, endpoint=endpoint, config=endpoint.config, seat=seat)

    def drawn(self, draw: int) -> "Session":
        """The same, whose questions are other ones than those of another draw, though their words are equal."""
        return dataclasses.replace(self, draw=draw)

    def label(self, stage: str) -> str:
        """What a stage is called in the store and in counts: with the seat in front where that is somebody's own."""
        return f"{self.seat}{SEAT_ENDS}{stage}" if self.seat else stage

    async def __call__(self, stage: Stage[ReplyT], /, **fields: Any) -> ReplyT:
        """Ask, check, and send an unusable reply back with the reason. Raises Failed or Stop."""
        schema = json_schema(stage, fields, fresh=self.config.takes_fresh_schemas)

        def question(form: str = "") -> Question:
            return Question(stage.name, messages(stage, fields, form), schema, self.config.max_tokens, self.draw)

        def read(completion: Completion) -> ReplyT:
            return usable(stage, completion, fields)

        return await self.answered(question(), read, COMPLAINT, lambda: question(as_type(schema)))

    async def utterance(self, question: Question, /, fault_of: Callable[[str], Fault | None]) -> str:
        """A text without a fault: one that has some is sent back with the reason. Raises Failed or Stop."""
        question = dataclasses.replace(question, draw=question.draw or self.draw, max_tokens=self.config.max_tokens)
        return await self.answered(question, lambda completion: spoken(completion, fault_of), TEXT_COMPLAINT)

    async def answered(
        self,
        first: Question,
        read: Callable[[Completion], T],
        complaint: str,
        bare: Callable[[], Question] | None = None,
    ) -> T:
        """What is read out of the first reply that can be used. `read` raises Unusable.

        A model that repeats the example is asked anew with the `bare` question, which has no texts to repeat.
        """
        question, asked, doubtful, last_reply = first, list[bytes](), None, None
        while True:
            asked.append(self.name(question, len(asked)))
            try:
                completion = await self.answer(asked[-1], question)
                last_reply = completion.text
                reply = read(completion)
            except RequestFailed as failed:
                self.bill.usage += failed.usage
                raise Failed(self.label(first.stage), failed.kind, str(failed), len(asked), last_reply) from failed
            except Unusable as unusable:
                self.outcomes.fault(self.label(first.stage), unusable.kind)
                doubtful = unusable if unusable.reply else doubtful
                if unusable.kind == REPEATED_FORMAT and bare:
                    first, bare = bare(), None
                    following: Question | None = first
                else:
                    following = next_question(first, question, completion, unusable, complaint)
                if following is None or len(asked) == MOST_ATTEMPTS:
                    if doubtful:
                        kept: T = self.keep(first.stage, doubtful, len(asked))
                        return kept
                    self.give_up(asked, first.stage, unusable, last_reply or "")
                    name = self.label(first.stage)
                    raise Failed(name, unusable.kind, str(unusable), len(asked), last_reply) from unusable
                question = following
            else:
                self.outcomes.answered(self.label(first.stage), len(asked), kept=False)
                return reply

    @property
    def outcomes(self) -> Outcomes:
        return self.endpoint.common.outcomes

    def keep(self, stage: str, doubtful: Unusable, attempts: int) -> Any:
        """A reply with a fault that the model does not mend; whoever reads the record is shown the fault."""
        self.bill.faults += [KeptFault(stage, fault.check, fault.reason) for fault in doubtful.faults]
        self.outcomes.answered(self.label(stage), attempts, kept=True)
        return doubtful.reply

    def give_up(self, asked: list[bytes], stage: str, unusable: Unusable, last_reply: str) -> None:
        """A question that failed for good is asked anew by the next run, and not answered from the store."""
        self.bury(asked)
        if unusable.kind in UNUSABLE:
            self.outcomes.unanswered(self.label(stage), str(unusable), last_reply)

    def forget(self) -> None:
        """The sample as a whole is no good: the next run asks all its questions anew."""
        self.bury(self.bill.asked)

    def bury(self, questions: list[bytes]) -> None:
        """Serve the replies to these questions no more."""
        if self.store:
            self.store.bury(questions)

    async def text(self, question: Question, /, attempt: int = 1) -> Completion:
        """One reply as it is, neither checked nor sent back. Raises Failed or Stop."""
        question = dataclasses.replace(question, draw=question.draw or self.draw)
        try:
            completion = await self.answer(self.name(question, attempt), question)
        except RequestFailed as failed:
            self.bill.usage += failed.usage
            raise Failed(self.label(question.stage), failed.kind, str(failed), attempt, None) from failed
        self.outcomes.any_usable.set()
        return completion

    def name(self, question: Question, attempt: int) -> bytes:
        """The name of a question in the store. A limit of tokens is part of it only where it was raised."""
        config = self.config
        raised = question.max_tokens if question.max_tokens != config.max_tokens else None
        sent = [config.model, question.messages, config.temperature, config.extra_body, raised, attempt]
        return question_name(self.sample, [*sent, question.draw] if question.draw else sent)

    async def answer(self, name: bytes, question: Question) -> Completion:
        """One completion, from the store or else from the endpoint and then stored; counted either way."""
        completion = self.store.get(name) if self.store else None
        if completion is None:
            completion = await self.fresh(name, question)
        self.bill.asked.append(name)
        self.bill.usage += completion.usage
        self.bill.rehearsal = self.bill.rehearsal or completion.rehearsal
        return completion

    async def fresh(self, name: bytes, question: Question) -> Completion:
        """A completion from the endpoint, stored before it is used."""
        completion = await self.endpoint.complete(question)
        if self.store:
            self.store.put(name, self.sample, self.label(question.stage), completion)
        return completion


def usable(stage: Stage[ReplyT], completion: Completion, fields: Mapping[str, Any]) -> ReplyT:
    """The stage's reply in a completion; raises Unusable with a reason that a model can act on."""
    reply = shaped(stage, completion, stage.expected(fields))
    faults = tuple(faults_in(stage, reply, fields))
    if not faults:
        return reply
    reasons = "; ".join(dict.fromkeys(fault.reason for fault in faults))
    worst = next((fault for fault in faults if fault.fatal), faults[0])
    raise Unusable(worst.check, reasons, reply=None if worst.fatal else reply, faults=faults)


def spoken(completion: Completion, fault_of: Callable[[str], Fault | None]) -> str:
    """The text of a completion, without thoughts before it; raises Unusable with a reason that a model can act on."""
    if completion.finish == "content_filter":
        raise Unusable("content_filter", "the endpoint's content filter cut the reply off", again=False)
    text = without_thoughts(completion.text)
    if not text:
        cut = completion.finish == "length"
        raise Unusable(*(("length", "it was cut off at the limit of tokens") if cut else ("empty", "it is empty")))
    if fault := fault_of(text):
        raise Unusable(fault.check, fault.reason, reply=None if fault.fatal else text, faults=(fault,))
    return text


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
