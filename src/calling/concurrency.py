"""How many requests may be in flight: a limit below the one given that follows what the endpoint can bear.

It shrinks where more than a few requests are refused, and where fewer in flight bring as many answers (a saturated
server of one's own refuses nothing, it only gets slower). It grows back by trying. One refused request changes nothing.
"""

import asyncio
import statistics
import time
from collections import deque
from collections.abc import Callable

WINDOW = 4  # a decision is taken after so many answers for each one in flight
FEWEST = 64  # answers before a decision
FEWEST_OF_A_KIND = 5  # answers; a window may begin with the stragglers of a kind
REFUSED = 0.15  # a share of refusals above this is the endpoint's limit and not a chance fault
SHRINK = 0.7
NO_LOSS = 0.95  # fewer in flight are kept if they bring at least this part of the answers
SLOWED = 3.0  # times a calm answer's time; from here on it is tried whether fewer in flight do as well
HOLD = 10  # windows to wait after a try that did not pay; twice as many after the next such try


class Slots:
    """A semaphore whose limit adapts. `async with slots:` holds one slot; tell it of each outcome with `note`."""

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.most = most
        self.limit = float(most)
        self.in_flight = 0
        self._clock = clock
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._calm: dict[str, float] = {}
        self._hold, self._patience = 0, HOLD
        self._tried: tuple[float, float] | None = None
        self._begin_window()

    async def __aenter__(self) -> None:
        if self.in_flight < int(self.limit) and not self._waiting:
            self.in_flight += 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.release()
            raise

    async def __aexit__(self, *_: object) -> None:
        self.release()

    def release(self) -> None:
        """Give a slot back; `async with` does so by itself."""
        self.in_flight -= 1
        self._admit()

    def _admit(self) -> None:
        while self._waiting and self.in_flight < int(self.limit):
            turn = self._waiting.popleft()
            if not turn.done():
                self.in_flight += 1
                turn.set_result(None)

    def note(self, kind: str, seconds: float, *, refused: bool) -> None:
        """Take one outcome into account: an answer to a question of this kind, or a refusal for load."""
        self._refused += refused
        self._count += 1
        if not refused:
            self._seconds.setdefault(kind, []).append(seconds)
            if self.in_flight <= 1:
                self._calm[kind] = min(seconds, self._calm.get(kind, seconds))
        flooded = self._refused >= max(FEWEST, int(self.limit)) / 2
        if flooded or self._count >= max(FEWEST, WINDOW * int(self.limit)):
            self._decide()

    def _begin_window(self) -> None:
        self._refused = self._count = 0
        self._seconds: dict[str, list[float]] = {}
        self._since = self._clock()

    def _decide(self) -> None:
        rate = (self._count - self._refused) / max(1e-9, self._clock() - self._since)
        self.limit = max(1.0, min(float(self.most), self._next_limit(rate)))
        self._begin_window()
        self._admit()

    def _next_limit(self, rate: float) -> float:
        """The limit for the next window, judged by refusals first and then by what the last change brought."""
        if self._refused > REFUSED * self._count:
            self._tried, self._hold, self._patience = None, HOLD, HOLD
            return self.limit * SHRINK
        if self._tried:
            before, rate_before = self._tried
            self._tried = None
            if not self._paid(before, rate / max(1e-9, rate_before)):
                self._hold, self._patience = self._patience, 2 * self._patience
                return before
            self._patience = HOLD
        self._hold = max(0, self._hold - 1)
        if self._hold:
            return self.limit
        change = self._change()
        if change != 1.0:
            self._tried = (self.limit, rate)
        return self.limit * change

    def _paid(self, before: float, gain: float) -> bool:
        """Whether more in flight brought a fair part of what they could, or fewer did not lose."""
        if self.limit > before:
            return gain >= 1 + 0.3 * (self.limit / before - 1)
        return gain >= NO_LOSS

    def _change(self) -> float:
        """What to try next: fewer where answers take much longer than in calm, else more where more are allowed.

        Even the quick ones have to: in a queue all wait, while some endpoints only take very different times.
        """
        slowed = [
            sorted(times)[len(times) // 10] / self._calm[kind]
            for kind, times in self._seconds.items()
            if kind in self._calm and len(times) >= FEWEST_OF_A_KIND
        ]
        if slowed and statistics.median(slowed) >= SLOWED and self.limit > 1:
            return SHRINK
        return min(2.0, self.most / self.limit)
