"""What all workers share, in one process beside the run's own: limits, budget and the call store."""

import asyncio
import dataclasses
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from ...basics.command import Stop
from ...calling.budget import Meter, Prices
from ...calling.common import Account, Common
from ...calling.completion import Completion, Usage
from ...calling.settings import Calling
from ...calling.store import Store

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


@dataclasses.dataclass
class Letter:
    """What one worker has to say at once."""

    enters: list[Enter] = dataclasses.field(default_factory=list)
    leaves: list[Leave] = dataclasses.field(default_factory=list)
    puts: list[Put] = dataclasses.field(default_factory=list)
    buried: list[bytes] = dataclasses.field(default_factory=list)
    retries: Counter[str] = dataclasses.field(default_factory=Counter)

    def __bool__(self) -> bool:
        return bool(self.enters or self.leaves or self.puts or self.buried or self.retries)


@dataclasses.dataclass(frozen=True)
class Granted:
    """A request may be sent, or is not to be: then with the reason."""

    ticket: int
    stop: Stop | None = None


@dataclasses.dataclass(frozen=True)
class Held:
    """What a request that is under way has of the limits."""

    seat: str
    wanted: Usage
    prompt: int
    paced: bool = False
    """It was counted as sent."""


@dataclasses.dataclass(frozen=True)
class State:
    """How things stand for all workers together."""

    calls: int
    retries: Counter[str]
    used: dict[str, Usage]
    """Tokens by seat."""


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
        self._store: Store | None = None
        self._held: defaultdict[str, dict[int, Held]] = defaultdict(dict)
        self._granted: defaultdict[str, list[Granted]] = defaultdict(list)
        self._entering: defaultdict[str, set[asyncio.Task[None]]] = defaultdict(set)

    def open(self, path: Path) -> None:
        """Keep replies in this store."""
        self._store = Store(path)

    async def exchange(self, worker: str, letter: Letter) -> Sequence[Granted]:
        """Take a worker's letter; give what it may send by now. No kill of any process can lose what was in it then."""
        if self._store:
            for put in letter.puts:
                self._store.put(put.question, put.sample, put.stage, put.completion)
            self._store.bury(letter.buried)
        self._common.retries += letter.retries
        for leave in letter.leaves:
            self.leave(worker, leave)
        for enter in letter.enters:
            task = asyncio.create_task(self.enter(worker, enter))
            self._entering[worker].add(task)
            task.add_done_callback(self._entering[worker].discard)
        await asyncio.sleep(0)  # those that need not wait are let in
        return self._granted.pop(worker, [])

    async def enter(self, worker: str, enter: Enter) -> None:
        """Let a request be sent when every limit allows it."""
        account, meter, stop = self._accounts[enter.seat], self._meters[enter.seat], None
        await account.slots.__aenter__()
        try:
            if self._common.stopped:
                raise self._common.stopped
            wanted = self._common.budget.reserve(meter, enter.prompt)
            held = self._held[worker][enter.ticket] = Held(enter.seat, wanted, enter.prompt)
            await account.pace.wait(wanted.total)
            self._held[worker][enter.ticket] = dataclasses.replace(held, paced=True)
        except Stop as reason:
            await account.slots.__aexit__(None, None, None)
            self._common.stop(reason)
            stop = reason
        except asyncio.CancelledError:  # the worker was lost meanwhile
            self.give_back(worker, enter.ticket, Usage())
            raise
        self._granted[worker].append(Granted(enter.ticket, stop))

    def leave(self, worker: str, leave: Leave) -> None:
        """A request is over: its slot is free, and what it cost is known."""
        held = self.give_back(worker, leave.ticket, leave.used)
        if held:
            self._common.calls += 1
            if leave.refused or leave.seconds:
                self._accounts[held.seat].slots.note(leave.kind, leave.seconds, refused=leave.refused)

    def give_back(self, worker: str, ticket: int, used: Usage) -> Held | None:
        held = self._held[worker].pop(ticket, None)
        if held:
            account = self._accounts[held.seat]
            if held.paced:
                account.pace.end(held.wanted.total, used.total)
            self._meters[held.seat].settle(held.wanted, used, held.prompt if used.prompt else 0)
            account.slots.release()
        return held

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
        return State(self._common.calls, self._common.retries, used)
