"""What all workers share, in one process beside the run's own: limits, budget, an outage and the call store."""

import asyncio
import dataclasses
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from ...basics.command import Stop
from ...calling.budget import Meter, Prices
from ...calling.common import Account, Common
from ...calling.completion import Completion, Usage
from ...calling.settings import Calling
from ...calling.store import Store
from .line import Address, Listener

MINUTE = 62.0  # seconds; between what is granted and what is sent lies the way to a worker, which may be busy
KEEPER_GONE = (
    "The process that keeps the replies and limits of all workers has ended: run the same command again, which repeats"
    " nothing that was answered."
)
COALESCED = 0.02  # seconds for which what is to be said is gathered; small beside any model, large beside a message


@dataclasses.dataclass(frozen=True)
class Enter:
    """A request wants to be sent."""

    ticket: int
    seat: str
    prompt: int
    """Tokens, estimated."""


@dataclasses.dataclass(frozen=True)
class Leave:
    """A request is over."""

    ticket: int
    kind: str
    used: Usage
    seconds: float
    refused: bool


@dataclasses.dataclass(frozen=True)
class Put:
    """A reply to be kept."""

    question: bytes
    sample: int
    stage: str
    completion: Completion


@dataclasses.dataclass(frozen=True)
class Trouble:
    """What a request tells of whether the endpoint is down."""

    seat: str
    why: str = ""
    """"" where it has answered after all."""
    request: bytes = b""
    """Its mark, where it has got no answer; without one it was refused for its rate."""
    refused: bool = False


@dataclasses.dataclass
class Letter:
    """What one worker has to say at once."""

    enters: list[Enter] = dataclasses.field(default_factory=list)
    leaves: list[Leave] = dataclasses.field(default_factory=list)
    puts: list[Put] = dataclasses.field(default_factory=list)
    buried: list[bytes] = dataclasses.field(default_factory=list)
    troubles: list[Trouble] = dataclasses.field(default_factory=list)
    retries: Counter[str] = dataclasses.field(default_factory=Counter)

    def __bool__(self) -> bool:
        return any(vars(self).values())


@dataclasses.dataclass(frozen=True)
class Granted:
    """A request may be sent, or is not to be: then with the reason."""

    ticket: int
    stop: Stop | None = None


@dataclasses.dataclass(frozen=True)
class Answer:
    """What a worker is told: what it may send, and the seats whose endpoint is down."""

    granted: Sequence[Granted]
    down: Collection[str]


@dataclasses.dataclass
class Held:
    """What a request that is under way, or wants to be, has of the limits."""

    seat: str
    prompt: int
    trying: bool = False
    """It is the one that is let through while the endpoint is down."""
    slot: bool = False
    wanted: Usage | None = None
    paced: bool = False
    """It was counted as sent."""


@dataclasses.dataclass(frozen=True)
class State:
    """How things stand for all workers together."""

    calls: int
    retries: Counter[str]
    used: dict[str, Usage]
    """Tokens by seat."""
    troubles: dict[str, str]
    """Why an endpoint is down, by seat; "" where it is not."""


class Keeper:
    """One for all workers. It ends with the run; what it was told to keep is on disk when it answers."""

    def __init__(self, configs: Mapping[str, Calling], keys: Mapping[str, str], before: Mapping[str, Usage]) -> None:
        """The settings and keys of all seats, "" for the run's own model, and what each was billed before."""
        self._common = Common(configs[""])
        self._accounts: dict[str, Account] = {}
        self._meters: dict[str, Meter] = {}
        for seat, config in configs.items():
            self._accounts[seat] = self._common.account(config, keys[seat])
            self._accounts[seat].pace.minute = MINUTE
            prices = Prices(config.price_in, config.price_cached, config.price_out)
            self._meters[seat] = self._common.budget.meter(prices, config.max_tokens)
            self._meters[seat].before = before[seat]
        self._listener = Listener(self.answer)
        self._store: Store | None = None
        self._held: defaultdict[str, dict[int, Held]] = defaultdict(dict)
        self._granted: defaultdict[str, list[Granted]] = defaultdict(list)
        self._entering: defaultdict[str, set[asyncio.Task[None]]] = defaultdict(set)

    def open(self, path: Path) -> None:
        """Keep replies in this store."""
        self._store = Store(path)

    async def listen(self, host: str) -> Address:
        """Where workers send their letters from now on."""
        return await self._listener.open(host)

    async def answer(self, message: tuple[str, Letter]) -> Answer | Stop:
        """What a worker is told: an answer, or why nothing can be kept any more."""
        try:
            return await self.exchange(*message)
        except Stop as stop:
            return stop

    async def exchange(self, worker: str, letter: Letter) -> Answer:
        """Take a worker's letter; give what it may send by now. No kill of any process can lose what was in it then."""
        if self._store:
            for put in letter.puts:
                self._store.put(put.question, put.sample, put.stage, put.completion)
            self._store.bury(letter.buried)
        self._common.retries += letter.retries
        for trouble in letter.troubles:
            self.hear(trouble)
        for leave in letter.leaves:
            self.leave(worker, leave)
        for enter in letter.enters:
            task = asyncio.create_task(self.enter(worker, enter))
            self._entering[worker].add(task)
            task.add_done_callback(self._entering[worker].discard)
        await asyncio.sleep(0)  # those that need not wait are let in
        down = [seat for seat, account in self._accounts.items() if account.outage.down]
        return Answer(self._granted.pop(worker, []), down)

    def hear(self, trouble: Trouble) -> None:
        """Judge whether the endpoint is down, by what all workers have met."""
        outage = self._accounts[trouble.seat].outage
        if not trouble.why:
            outage.answered()
        elif trouble.request:
            outage.failed(trouble.request, trouble.why, refused=trouble.refused)
        else:
            outage.limited(trouble.why)

    async def enter(self, worker: str, enter: Enter) -> None:
        """Let a request be sent when every limit allows it."""
        held = self._held[worker][enter.ticket] = Held(enter.seat, enter.prompt)
        stop = None
        try:
            await self.let_in(held)
        except Stop as reason:
            self.give_back(worker, enter.ticket, Usage())
            self._common.stop(reason)
            stop = reason
        except asyncio.CancelledError:  # the worker was lost meanwhile
            self.give_back(worker, enter.ticket, Usage())
            raise
        self._granted[worker].append(Granted(enter.ticket, stop))

    async def let_in(self, held: Held) -> None:
        account = self._accounts[held.seat]
        held.trying = await account.outage.turn()
        await account.slots.__aenter__()
        held.slot = True
        if self._common.stopped:
            raise self._common.stopped
        wanted = held.wanted = self._common.budget.reserve(self._meters[held.seat], held.prompt)
        await account.pace.wait(wanted.total)
        held.paced = True

    def leave(self, worker: str, leave: Leave) -> None:
        """A request is over: its slot is free, and what it cost is known."""
        held = self._held[worker].get(leave.ticket)
        if held:
            account = self._accounts[held.seat]
            self._common.calls += 1
            if leave.seconds:
                account.outage.answered()
            if leave.refused or leave.seconds:
                account.slots.note(leave.kind, leave.seconds, refused=leave.refused)
            self.give_back(worker, leave.ticket, leave.used)

    def give_back(self, worker: str, ticket: int, used: Usage) -> None:
        if held := self._held[worker].pop(ticket, None):
            account = self._accounts[held.seat]
            if held.wanted and held.paced:
                account.pace.end(held.wanted.total, used.total)
            if held.wanted:
                self._meters[held.seat].settle(held.wanted, used, held.prompt if used.prompt else 0)
            if held.slot:
                account.slots.release()
            if held.trying:
                account.outage.done()

    async def lost(self, worker: str) -> None:
        """A worker was killed: what it held is free. Its requests under way are not known to have cost anything."""
        for task in list(self._entering[worker]):
            task.cancel()
        for ticket in list(self._held[worker]):
            self.give_back(worker, ticket, Usage())
        self._granted.pop(worker, None)

    async def stop(self, reason: Stop) -> None:
        """Let nothing more be sent."""
        self._common.stop(reason)

    async def state(self) -> State:
        used = {seat: meter.used for seat, meter in self._meters.items()}
        troubles = {seat: account.outage.trouble for seat, account in self._accounts.items()}
        return State(self._common.calls, self._common.retries, used, troubles)
