"""Where questions wait, are sent off in batches, and come back as stored replies."""

import asyncio
import dataclasses
import hashlib
import logging
import os
import secrets
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from io import FileIO
from typing import Any, TypeVar

import httpx2
import orjson

from ...basics.command import Stop
from ...basics.files import Beside, owner_only
from ...basics.text import loads
from ..answer import RequestFailed, completion_of, judged, message_in
from ..budget import tokens_in
from ..completion import Completion, Usage
from ..endpoint import FIRST_WAIT, LONGEST_WAIT, Endpoint
from ..session import SEAT_ENDS
from ..store import Store
from .ledger import Batch, Ledger, Queued
from .provider import Provider, State
from .settings import Batching
from .spool import Spool

log = logging.getLogger(__name__)

SEAT = "batch"  # in front of a stage, for replies that cost what a batch costs
MEGABYTE = 10**6
OK = range(200, 300)
MOST_TRIES = 3  # batches that may leave a question without an answer; then it is asked directly

T = TypeVar("T")


@dataclasses.dataclass
class Desk:
    """The batches of one output. Knows nothing of samples but their numbers."""

    config: Batching
    provider: Provider
    endpoint: Endpoint
    """Whose meter has the price of batches."""
    store: Store
    ledger: Ledger
    spool: Spool
    beside: Beside
    about: dict[str, Any]
    """Which model is asked, where, and with which key."""
    patience: float
    locks: defaultdict[str, asyncio.Lock] = dataclasses.field(default_factory=lambda: defaultdict(asyncio.Lock))
    """One for each stage whose JSON mode is not known yet."""
    unsent: set[str] = dataclasses.field(default_factory=set)
    """Batches that nobody but us can know of."""
    shown: dict[str, tuple[str, int]] = dataclasses.field(default_factory=dict)
    left_open: bool = False
    """Batches are open and were not to be waited for."""
    full_until: float = 0.0
    full_wait: float = 0.0

    def begin(self) -> None:
        """Take up what an earlier run has left. Raises Stop where that was begun with another model or key."""
        self.ledger.forget_refusals()
        for batch in self.open:
            if batch.about != self.about:
                was = f"{batch.about.get('model')} at {batch.about.get('base_url')}"
                raise Stop(
                    f"{batch.questions:,} questions lie in an open batch of {was}, and now the model, the address or"
                    " the key is another: collect them with the same command as then; whoever cancels the batch at the"
                    " provider collects what is left of it."
                )
            for queued in self.ledger.questions(batch.tag):
                self.endpoint.meter.reserved += queued.wanted

    @property
    def open(self) -> list[Batch]:
        return self.ledger.open_batches()

    # ------------------------------------------------------------------------------------------ out

    def add(self, name: bytes, sample: int, stage: str, body: dict[str, Any]) -> None:
        """Have a question wait for its batch. Raises Stop where the budget does not allow it."""
        prompt = sum(tokens_in(message["content"]) for message in body["messages"])
        wanted = self.endpoint.common.budget.reserve(self.endpoint.meter, prompt)
        self.ledger.wait(Queued(name, sample, stage, wanted))
        self.spool.add(name, body)

    async def send(self) -> None:
        """Cut what waits into batches, and send as many as the account's queue has room for."""
        most_bytes = round(self.config.batch_megabytes * MEGABYTE)
        for names, lines, prompt in self.spool.cut(self.config.batch_size, most_bytes, self.config.batch_queue):
            tag = secrets.token_hex(8)
            with FileIO(self.beside.batch(tag), "w", opener=owner_only) as file:
                for line in lines:
                    file.write(line)
                os.fsync(file.fileno())
            self.ledger.begin(Batch(tag, "", self.about, len(names), prompt), names)
            self.unsent.add(tag)
        self.spool.clear()
        await self.send_what_fits()

    async def send_what_fits(self) -> None:
        """Send the batches that are not sent yet, until the queue is full."""
        if time.monotonic() < self.full_until:
            return
        sent = sum(batch.prompt for batch in self.open if batch.id)
        for batch in self.open:
            if batch.id:
                continue
            if sent and self.config.batch_queue is not None and sent + batch.prompt > self.config.batch_queue:
                break
            await self.patiently(lambda batch=batch: self.submit(batch))  # type: ignore[misc]
            sent += batch.prompt

    async def submit(self, batch: Batch) -> None:
        """Send one batch, unless the provider has it already: then we were only not told."""
        there = None if batch.tag in self.unsent else await self.provider.find(batch.tag)
        if there is None:
            path = self.beside.batch(batch.tag)
            if not path.exists():  # deleted by somebody: its questions are written anew
                self.close(batch, counts=False)
                return
            try:
                file = await self.provider.upload(path)
                self.unsent.discard(batch.tag)
                there = await self.provider.create(file, batch.tag)
            except Stop:
                self.take_back(batch)
                raise
        self.ledger.created(batch.tag, there.id)
        log.info("batch %s: %s questions sent", there.id, f"{batch.questions:,}")

    def take_back(self, refused: Batch) -> None:
        """The provider takes no batch: nobody is to wait for what only we know of."""
        for batch in self.open:
            if batch.tag in self.unsent or batch.tag == refused.tag:
                self.close(batch, counts=False)

    async def patiently(self, act: Callable[[], Awaitable[T]]) -> T:
        """Act until it succeeds, as long as an outage is waited for."""
        start, wait = time.monotonic(), FIRST_WAIT
        while True:
            try:
                return await act()
            except RequestFailed as failed:
                if not failed.again or time.monotonic() - start > self.patience:
                    raise Stop(f"The batches cannot go on ({failed}): run the same command again later.") from failed
                log.debug("once more: %s", failed)
                await asyncio.sleep(failed.wait or wait)
                wait = min(LONGEST_WAIT, 2 * wait)

    # ------------------------------------------------------------------------------------------ in

    async def collect(self) -> None:
        """Look at each open batch once: replies of those that have ended go into the store."""
        for batch in self.open:
            if batch.id:
                state = await self.patiently(lambda name=batch.id: self.provider.look(name))  # type: ignore[misc]
                self.show(batch, state)
                if state.ended:
                    await self.end(batch, state)
        await self.send_what_fits()

    def show(self, batch: Batch, state: State) -> None:
        """Say what has changed."""
        now = (state.status, state.done)
        if self.shown.get(batch.tag) != now:
            self.shown[batch.tag] = now
            log.info(
                "batch %s: %s, %s of %s answered", batch.id, state.status, f"{state.done:,}", f"{batch.questions:,}"
            )

    async def end(self, batch: Batch, state: State) -> None:
        """A batch is over. Raises Stop where it failed as a whole, or a line of it ends the run."""
        if state.full:
            self.later(batch)
            return
        stops: list[Stop] = []
        for file in filter(None, (state.output, state.errors)):
            await self.patiently(lambda file=file: self.read(batch, file, stops))  # type: ignore[misc]
        failed = state.status == "failed"
        self.close(batch, counts=not failed)
        for file in filter(None, (state.input, state.output, state.errors)):
            await self.provider.delete(file)
        if failed:
            raise Stop(f"Batch {state.id} failed ({state.why}): mend that, and run the same command again.")
        for stop in stops:
            raise stop

    async def read(self, batch: Batch, file: str, stops: list[Stop]) -> None:
        """Put the replies in a file into the store; those that are there already are passed over."""
        async for line in self.provider.lines(file):
            if line.strip():
                self.take(batch, line, stops)

    def take(self, batch: Batch, line: bytes, stops: list[Stop]) -> None:
        """One line of a batch's results. What cannot be read counts as not answered."""
        try:
            row = loads(line)
            queued = self.ledger.find(bytes.fromhex(row["custom_id"]), batch.tag)
            response = row.get("response") or {}
            status, body = int(response.get("status_code") or 0), response.get("body")
        except (ValueError, KeyError, TypeError, AttributeError):
            log.warning("batch %s has a line that is no result and is passed over", batch.id)
            return
        if queued is None:
            return
        if status in OK:
            self.keep(queued, orjson.dumps(body))
        elif status:
            said = self.provider.mask(message_in(orjson.dumps(body).decode()))
            error = judged(status, said, None)
            if isinstance(error, Stop):
                stops.append(error)
            elif isinstance(error, RequestFailed) and not error.again:
                self.settle(queued, Usage())
                self.ledger.refuse(queued.question, error.kind, str(error))

    def keep(self, queued: Queued, body: bytes) -> None:
        """A reply goes into the store; it is durable before anything else is done with it."""
        try:
            completion = completion_of(body, httpx2.Headers(), self.provider.mask)
        except RequestFailed as failed:
            log.debug("%s", failed)
            self.endpoint.meter.used += failed.usage
            return
        self.store.put(queued.question, queued.sample, f"{SEAT}{SEAT_ENDS}{queued.stage}", completion)
        self.settle(queued, billed(completion, queued.wanted))
        self.endpoint.common.calls += 1
        self.ledger.answered(queued.question)

    def settle(self, queued: Queued, used: Usage) -> None:
        self.endpoint.meter.settle(queued.wanted, used, 0)

    def close(self, batch: Batch, *, counts: bool = True) -> None:
        """Whatever a batch has not answered is free to be asked again."""
        for queued in self.ledger.questions(batch.tag):
            self.settle(queued, Usage())
        self.ledger.close(batch.tag, counts=counts)
        self.beside.batch(batch.tag).unlink(missing_ok=True)

    def later(self, batch: Batch) -> None:
        """The account's queue was full: this batch is sent again when there may be room."""
        self.full_wait = min(2 * self.full_wait or self.config.batch_poll, 30 * self.config.batch_poll)
        self.full_until = time.monotonic() + self.full_wait
        self.ledger.created(batch.tag, "")
        self.unsent.add(batch.tag)  # what bears its name has failed
        log.warning(
            "batch %s: the account's queue is full; it is sent again in %.0f s or later (--batch-queue keeps within a"
            " limit)",
            *(batch.id, self.full_wait),
        )


def billed(completion: Completion, wanted: Usage) -> Usage:
    """What a reply cost; where the provider does not tell, what was expected of its prompt."""
    if completion.usage.total:
        return completion.usage
    reply = tokens_in(completion.text)
    return Usage(wanted.prompt, reply, wanted.prompt + reply)


def key_print(key: str) -> str:
    """What tells keys apart and gives none away."""
    return hashlib.blake2b(key.encode(), digest_size=8, person=b"proutt").hexdigest() if key else ""
