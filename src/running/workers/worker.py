"""A process that makes samples. What it may send, and where replies are kept, its keeper says."""

import asyncio
import dataclasses
import gc
import hashlib
import itertools
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from ...basics.command import Stop
from ...basics.text import shortened
from ...calling.answer import RequestFailed
from ...calling.budget import tokens_in
from ...calling.common import Common
from ...calling.completion import Completion, Usage
from ...calling.endpoint import OVERLOADED, Endpoint
from ...calling.outage import Outage
from ...calling.outcomes import Noted, Outcomes
from ...calling.question import Question
from ...calling.session import Bill, Failed, Misfit, Session
from ...calling.settings import Calling
from .keeper import COALESCED, KEEPER_GONE, Answer, Enter, Leave, Letter, Put, Trouble
from .line import LOST, Address, Line

GATHERED = 0.1  # seconds for which samples that have ended wait for others, to go back with them

Notes = list[tuple[str, tuple[Any, ...], dict[str, Any]]]


@dataclasses.dataclass(frozen=True)
class Given:
    """A sample to be made."""

    ticket: int
    item: Any
    sample: int
    known: Mapping[bytes, Completion]
    """Replies that it has already, by their questions."""


@dataclasses.dataclass(frozen=True)
class Ended:
    """What came of one sample: one of what was made, a failure and a reason to stop."""

    ticket: int
    bill: Bill
    notes: Notes
    made: Any = None
    failed: tuple[str, str, str, int, str | None] | None = None
    misfit: bool = False
    stop: Stop | None = None


class Link:
    """The way to the keeper: what is said within some milliseconds goes in one message, and is answered by one."""

    def __init__(self, keeper: Address, worker: str) -> None:
        self._keeper, self._worker = keeper, worker
        self._line: Line | None = None
        self._tickets = itertools.count()
        self._letter, self._sent = Letter(), asyncio.get_running_loop().create_future()
        self._waiting: dict[int, asyncio.Future[None]] = {}
        self._sending: asyncio.Task[None] | None = None
        self._broken: Stop | None = None
        self.outages: dict[str, FarOutage] = {}
        """By seat: who is to hear whether an endpoint is down."""

    async def enter(self, seat: str, prompt: int) -> int:
        """Return when a request may be sent. Raises Stop where none is to be sent any more."""
        if self._broken:
            raise self._broken
        ticket = next(self._tickets)
        self._waiting[ticket] = asyncio.get_running_loop().create_future()
        self.write().enters.append(Enter(ticket, seat, prompt))
        try:
            await self._waiting[ticket]
        finally:
            del self._waiting[ticket]
        return ticket

    async def put(self, put: Put) -> None:
        """Return when the reply is on disk. Raises Stop where none can be kept any more."""
        if self._broken:
            raise self._broken
        self.write().puts.append(put)
        await asyncio.shield(self._sent)

    def write(self) -> Letter:
        """The letter that goes out next."""
        if self._sending is None or self._sending.done():
            self._sending = asyncio.create_task(self.send())
        return self._letter

    async def send(self) -> None:
        """Send letters until there is nothing to say and nothing to wait for."""
        while self._letter or self._waiting:
            await asyncio.sleep(COALESCED)
            letter, sent = self._letter, self._sent
            self._letter, self._sent = Letter(), asyncio.get_running_loop().create_future()
            answer = await self.exchanged(letter)
            if isinstance(answer, Stop):
                for unsaid in (sent, self._sent):
                    unsaid.set_exception(self.broken(answer))
                    unsaid.exception()  # nobody may be waiting for it
                return
            sent.set_result(None)
            self.hear(answer)

    async def exchanged(self, letter: Letter) -> Answer | Stop:
        """What the keeper says to a letter, or why nothing can be kept any more."""
        try:
            self._line = self._line or await Line.to(self._keeper)
            answer: Answer | Stop = await self._line.ask((self._worker, letter))
        except LOST:
            return Stop(KEEPER_GONE)
        return answer

    def hear(self, answer: Answer) -> None:
        """Let those go that may."""
        for seat, outage in self.outages.items():
            outage.told(down=seat in answer.down)
        for each in answer.granted:
            waiting = self._waiting.get(each.ticket)
            if waiting is None or waiting.done():
                continue
            if each.stop:
                waiting.set_exception(each.stop)
            else:
                waiting.set_result(None)

    def broken(self, why: Stop) -> Stop:
        """The keeper cannot be asked any more, or refuses: whoever waits for it is told why, and all who come."""
        self._broken = self._broken or why
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(self._broken)
        return self._broken


class FarOutage(Outage):
    """What a worker sees of an outage: the keeper hears from all workers what may be one, and waits for them."""

    def __init__(self, seat: str, link: Link) -> None:
        super().__init__(patience=0)
        self._seat, self._link, self._doubtful = seat, link, False

    def answered(self) -> None:
        self.ever_answered = True
        if self._doubtful or self.down:  # any other answer the keeper sees by itself
            self._doubtful = False
            self._link.write().troubles.append(Trouble(self._seat))

    def failed(self, request: bytes, why: str, *, refused: bool) -> None:
        mark = hashlib.blake2b(request, digest_size=8).digest()
        self._doubtful = True
        self._link.write().troubles.append(Trouble(self._seat, why, mark, refused))

    def limited(self, why: str) -> None:
        self._doubtful = True
        self._link.write().troubles.append(Trouble(self._seat, why))

    def told(self, *, down: bool) -> None:
        """How it stands, as the keeper says."""
        self.count += down and not self.down
        self.down = down

    async def turn(self) -> bool:
        return False


class FarEndpoint(Endpoint):
    """An endpoint whose limits are the keeper's, who also knows whether it is down."""

    def __init__(self, config: Calling, key: str, seat: str, link: Link, common: Common | None = None) -> None:
        super().__init__(config, key, common)
        self._seat, self._link = seat, link
        self.outage = link.outages[seat] = FarOutage(seat, link)

    async def send(self, raw: bytes, kind: str, prompt: int) -> Completion:
        """One request, inside every limit."""
        ticket = await self._link.enter(self._seat, prompt)
        used, seconds, refused, start = Usage(), 0.0, False, time.monotonic()
        try:
            completion = await self._wire.send(raw)
            used, seconds = completion.usage, time.monotonic() - start
            if not used.total:
                reply = tokens_in(completion.text)
                used = Usage(prompt=prompt, completion=reply, total=prompt + reply)
        except RequestFailed as failed:
            used, refused = failed.usage, failed.status in OVERLOADED
            raise
        finally:
            self._link.write().leaves.append(Leave(ticket, kind, used, seconds, refused))
        return dataclasses.replace(completion, seconds=seconds)


@dataclasses.dataclass(frozen=True, kw_only=True)
class FarSession(Session):
    """Asks what a sample needs, from replies that came with it or else from the endpoint."""

    link: Link
    known: Mapping[bytes, Completion]
    noted: Noted = dataclasses.field(default_factory=Noted)

    @property
    def outcomes(self) -> Outcomes:
        return self.noted

    async def fresh(self, name: bytes, question: Question) -> Completion:
        """A reply, durable before it is used."""
        if (completion := self.known.get(name)) is None:
            completion = await self.endpoint.complete(question)
            await self.link.put(Put(name, self.sample, self.label(question.stage), completion))
        return completion

    def bury(self, questions: list[bytes]) -> None:
        self.link.write().buried.extend(questions)


@dataclasses.dataclass(frozen=True)
class Equipment:
    """What a worker makes samples with."""

    make: Callable[..., Any]
    common: Common
    endpoints: Mapping[str, Endpoint]
    """By seat; "" is the run's own model."""
    link: Link

    async def made(self, given: Given) -> Ended:
        """Make one sample."""
        main, others = self.endpoints[""], {seat: each for seat, each in self.endpoints.items() if seat}
        session = FarSession(main, main.config, None, given.sample, others, link=self.link, known=given.known)
        ended = Ended(given.ticket, session.bill, session.noted.notes)
        try:
            made = await self.make(session, given.item)
        except Stop as stop:
            return dataclasses.replace(ended, stop=stop)
        except Failed as failed:
            told = (failed.stage, failed.kind, str(failed), failed.attempts, failed.last_reply)
            return dataclasses.replace(ended, failed=told, misfit=isinstance(failed, Misfit))
        except Exception as error:  # noqa: BLE001 (whatever it is, it is this sample's failure)
            why = f"{type(error).__name__}: {shortened(str(error))}"
            return dataclasses.replace(ended, failed=("none", "internal", why, 0, None))
        finally:
            if self.common.retries:
                self.link.write().retries += self.common.retries
                self.common.retries.clear()
        return dataclasses.replace(ended, made=made)


class Worker:
    """Makes samples side by side, in a process of its own."""

    def __init__(self) -> None:
        self._name = secrets.token_hex(4)  # started again, it is another one
        self._equipment: Equipment | None = None
        self._making: set[asyncio.Task[None]] = set()
        self._ended: list[Ended] = []
        self._any_ended = asyncio.Event()

    async def begin(
        self, keeper: Address, make: Callable[..., Any], configs: Mapping[str, Calling], keys: Mapping[str, str]
    ) -> str:
        """Take what every sample needs; samples may come from then on. Gives the worker's name."""
        common, link = Common(configs[""]), Link(keeper, self._name)
        endpoints = {seat: FarEndpoint(config, keys[seat], seat, link, common) for seat, config in configs.items()}
        self._equipment = Equipment(make, common, endpoints, link)
        gc.freeze()  # what Ray has loaded stays; to look through it again and again takes a fifth of the time
        return self._name

    async def exchange(self, parcel: Sequence[Given]) -> Sequence[Ended]:
        """Begin to make what is given. Returns soon after anything has ended, with all that has; or with nothing."""
        if self._equipment is None:
            raise RuntimeError("started again meanwhile")  # to the run, a worker that was lost
        for given in parcel:
            making = asyncio.create_task(self.end(self._equipment.made(given)))
            self._making.add(making)
            making.add_done_callback(self._making.discard)
        await self._any_ended.wait()
        await asyncio.sleep(GATHERED)
        ended, self._ended = self._ended, []
        self._any_ended.clear()
        return ended

    async def end(self, making: Awaitable[Ended]) -> None:
        """Make one sample, to be fetched."""
        ended = await making
        self._ended.append(ended)
        self._any_ended.set()
