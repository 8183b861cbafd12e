"""A completion for a question, whatever it takes: retries by kind, the JSON mode that works, limits, budget.

All retrying of what fails on the way is done here (the SDK's own is off). Whether the text of a completion is any
good is not this module's question.
"""

import asyncio
import contextlib
import dataclasses
import itertools
import logging
import random
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Literal, Self, get_args

import orjson

from ..basics.command import Stop
from .answer import RequestFailed
from .budget import Prices, tokens_in
from .common import Common
from .completion import Completion, Usage
from .http import Wire
from .question import Question
from .settings import Calling, JsonMode

log = logging.getLogger(__name__)

FIRST_WAIT, LONGEST_WAIT = 0.5, 60.0  # seconds between tries; each wait doubles the one before
UNPROVEN_RETRIES = 2  # of a 5xx that may be the endpoint's way of refusing a JSON mode
OVERLOADED = {429, 503}

Mode = Literal["strict", "schema", "object", "text"]
# From the strongest to the weakest; "strict" is OpenAI's word beside a schema, which some endpoints do not take.
MODES: tuple[Mode, ...] = get_args(Mode)
WISHED: Mapping[JsonMode, tuple[Mode, ...]] = {
    "auto": MODES,
    "schema": ("strict", "schema"),
    "object": ("object",),
    "text": ("text",),
}
MAY_BE_THE_MODE = {"bad_request", "server_error"}  # kinds of failure that may mean "not in this JSON mode"


class Endpoint:
    """A model at an OpenAI-compatible endpoint, open inside `async with`.

    What it shares with the other models of its run, such as the budget, is in `common`.
    """

    def __init__(self, config: Calling, key: str, common: Common | None = None) -> None:
        self.config = config
        self.common = common or Common(config)
        self.prices = Prices(config.price_in, config.price_cached, config.price_out)
        self.meter = self.common.budget.meter(self.prices, config.max_tokens)
        account = self.common.account(config, key)
        self.slots, self._pace, self.outage = account.slots, account.pace, account.outage
        self._wire = Wire(config, key)
        self._jitter = random.Random()
        self._modes: dict[str, Mode] = {}
        self._opening = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._wire.close()

    # ------------------------------------------------------------------------------------------ the JSON mode

    async def complete(self, question: Question) -> Completion:
        """Ask until a completion comes. Raises RequestFailed when none can be had, Stop when the run has to end."""
        if (mode := self.mode_of(question)) is not None:
            return await self.persist(self.body(question, mode), question.stage)
        if self._modes:
            return await self.negotiate(question)
        async with self._opening:  # the very first goes alone: what it learns spares all others a refusal
            if not self._modes:
                return await self.negotiate(question)
        return await self.complete(question)

    def mode_of(self, question: Question) -> Mode | None:
        """The JSON mode that this question is asked in; None where that is not known yet."""
        return self._modes.get(question.stage) if question.schema is not None else "text"

    async def negotiate(self, question: Question) -> Completion:
        """Ask in the strongest JSON mode not known to be refused, then in weaker ones; keep the first that works."""
        refusal, outages, wished = None, self.outage.count, WISHED[self.config.json_mode]
        first = max(self._modes.values(), key=MODES.index, default=wished[0])
        for mode in wished[wished.index(first) :]:
            try:
                body = self.body(question, mode)
                completion = await self.persist(body, question.stage, proven=mode == wished[-1])
            except RequestFailed as failed:
                if failed.kind not in MAY_BE_THE_MODE:
                    raise
                if question.stage in self._modes:  # another request has found the mode meanwhile
                    return await self.complete(question)
                refusal = refusal or failed
                continue
            if outages == self.outage.count:  # what was refused in an outage says nothing of the mode
                known, self._modes[question.stage] = self._modes.get(question.stage), mode
                if refusal and known != mode:
                    log.warning("JSON mode is now %s: the endpoint refused %s (%s)", mode, first, refusal)
            return completion
        raise refusal or RequestFailed("bad_request", "no JSON mode was left to try", again=False)

    def body(self, question: Question, mode: Mode) -> dict[str, Any]:
        body: dict[str, Any] = {"model": self.config.model, "messages": question.messages}
        if self.config.temperature is not None:
            body["temperature"] = self.config.temperature
        if question.max_tokens is not None:
            body["max_tokens"] = question.max_tokens
        if mode in {"strict", "schema"}:
            named: dict[str, Any] = {"name": question.stage.replace(" ", "_"), "schema": question.schema}
            named |= {"strict": True} if mode == "strict" else {}
            body["response_format"] = {"type": "json_schema", "json_schema": named}
        elif mode == "object":
            body["response_format"] = {"type": "json_object"}
        return body | self.config.extra_body

    # ------------------------------------------------------------------------------------------ tries

    async def persist(self, body: dict[str, Any], kind: str, *, proven: bool = True) -> Completion:
        """Send until it succeeds, with growing, jittered waits; raises the last failure when the retries are used up.

        While the endpoint as a whole is down, waiting for it costs no retries.
        """
        raw = orjson.dumps(body)
        prompt = sum(tokens_in(message["content"]) for message in body["messages"])
        tries, wasted, start = itertools.count(), Usage(), time.monotonic()
        while True:
            with self.common.waits("endpoint down") if self.outage.down else contextlib.nullcontext():
                trying = await self.outage.turn()
            try:
                completion = await self.send(raw, kind, prompt)
            except RequestFailed as failed:
                failed.usage = wasted = wasted + failed.usage
                why = failed.kind
                self.note_failure(failed, raw, proven=proven)
                if self.outage.down:
                    wait = failed.wait or 0.0
                else:
                    wait = self.wait_after(failed, next(tries), time.monotonic() - start, proven=proven)
            else:
                self.outage.answered()
                return dataclasses.replace(completion, usage=completion.usage + wasted)
            finally:
                if trying:
                    self.outage.done()
            self.common.retries[why] += 1
            if wait:
                self.common.on_wait()
                with self.common.waits(why):
                    await asyncio.sleep(wait)

    def note_failure(self, failed: RequestFailed, raw: bytes, *, proven: bool) -> None:
        """Tell the outage watch of what may be one: no connection, or a 5xx that is no refusal of a JSON mode.

        An endpoint that says when to come again is not down, unless it says so to everybody for long.
        """
        if failed.unresolved and not self.outage.ever_answered:
            raise Stop(f"There is no such host ({failed}): check --base-url, and the network.") from failed
        if failed.kind == "rate_limit":
            self.outage.limited(str(failed))
        elif failed.kind == "connection" or (failed.kind == "server_error" and proven and failed.wait is None):
            self.outage.failed(raw, str(failed), refused=failed.kind == "connection")
        elif failed.kind != "server_error" or failed.wait is not None:
            self.outage.answered()

    def wait_after(self, failed: RequestFailed, tries: int, lasted: float, *, proven: bool) -> float:
        """Seconds until the next try; raises the failure itself where there is none.

        A limit of rate is no fault: it is waited for as long as an outage would be.
        """
        doubtful = failed.kind == "server_error" and not (proven and self.outage.ever_answered)
        allowed = min(self.config.max_retries, UNPROVEN_RETRIES) if doubtful else self.config.max_retries
        patient = failed.kind == "rate_limit" and self.config.max_retries and lasted < self.config.patience
        if not failed.again or (tries >= allowed and not patient):
            raise failed
        log.debug("try %d of %d: %s", tries + 1, allowed + 1, failed)
        growing = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(tries, 10)) * self._jitter.uniform(0.5, 1.0)
        return growing if failed.wait is None else failed.wait * self._jitter.uniform(1.0, 1.05)

    async def send(self, raw: bytes, kind: str, prompt: int) -> Completion:
        """One request, inside every limit. `prompt` is its estimated number of prompt tokens."""
        async with self.slots:
            if self.common.stopped:
                raise self.common.stopped
            wanted = self.common.budget.reserve(self.meter, prompt)
            used, sent = Usage(), False
            try:
                with self.common.waits("own limit"):
                    await self._pace.wait(wanted.total)
                sent, start = True, time.monotonic()
                completion = await self._wire.send(raw)
                used, seconds = completion.usage, time.monotonic() - start
                if not used.total:  # some endpoints do not tell, and a limit must hold all the same
                    reply = tokens_in(completion.text)
                    used = Usage(prompt=prompt, completion=reply, total=prompt + reply)
            except Stop as reason:
                self.common.stop(
                    reason
                )  # here, since a sample's other calls are waited for before its worker hears of it
                raise
            except RequestFailed as failed:
                used = failed.usage
                if failed.status in OVERLOADED:
                    self.slots.note(kind, 0.0, refused=True)
                raise
            finally:
                self.common.calls += sent
                if sent:
                    self._pace.end(wanted.total, used.total)
                self.meter.settle(wanted, used, prompt if used.prompt else 0)
            self.slots.note(kind, seconds, refused=False)
            return dataclasses.replace(completion, seconds=seconds)
