"""When a request may be sent: requests and tokens a minute."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable

MINUTE = 60.5  # seconds; a little more than a minute, since requests reach the endpoint at uneven speed


class Pace:
    """Keeps requests and tokens of any sliding minute under the limits. Without limits it never waits.

    A request counts from when it is sent until a minute after it has ended, with its tokens estimated until they are
    known: so the limits hold whether the endpoint counts a request when it comes or when it is answered.
    """

    def __init__(
        self,
        rpm: int | None,
        tpm: int | None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.rpm, self.tpm, self._clock, self._sleep = rpm, tpm, clock, sleep
        self.minute = MINUTE
        self._sent: deque[float] = deque()
        self._ended: deque[tuple[float, int]] = deque()
        self._spent = self._reserved = 0
        self._turn = asyncio.Lock()

    async def wait(self, tokens: int) -> None:
        """Return when a request of so many tokens may be sent, and count it as sent."""
        if not self.rpm and not self.tpm:
            return
        async with self._turn:  # first come, first served
            while (seconds := self._seconds_to_wait(tokens)) > 0:
                await self._sleep(seconds)
            self._sent.append(self._clock())
            self._reserved += tokens

    def end(self, reserved: int, tokens: int) -> None:
        """Count what a request that was waited for has really cost."""
        if self.rpm or self.tpm:
            self._reserved -= reserved
            self._spent += tokens
            self._ended.append((self._clock(), tokens))

    def _seconds_to_wait(self, tokens: int) -> float:
        now = self._clock()
        while self._sent and self._sent[0] <= now - self.minute:
            self._sent.popleft()
        while self._ended and self._ended[0][0] <= now - self.minute:
            self._spent -= self._ended.popleft()[1]
        if self.rpm and len(self._sent) >= self.rpm:
            return self._sent[0] + self.minute - now
        used = self._spent + self._reserved
        if self.tpm and used and used + tokens > self.tpm:
            return self._ended[0][0] + self.minute - now if self._ended and not self._reserved else 0.05
        return 0.0
