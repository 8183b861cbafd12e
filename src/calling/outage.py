"""An endpoint that is down: noticed, said, waited for, in the end given up, and no sample marked as failed for it."""

import asyncio
import logging
import time

from ..basics.command import Stop

log = logging.getLogger(__name__)

FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0  # seconds between tries while it is down; each wait doubles the one before
REFUSED_IN_A_ROW = 3  # connections that failed with no answer between: nobody is there
LIMITED_FOR = 10.0  # seconds of nothing but 429: it is no limit that lets some through
REQUESTS_IN_A_ROW = 3  # different requests that got nothing but 5xx: it is not one bad request


class Outage:
    """Knows whether the endpoint is down. While it is, one request at a time is let through, after a growing wait."""

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._turns = asyncio.Lock()
        self._failing: set[bytes] = set()
        self._refused = 0
        self._since = 0.0
        self._wait = FIRST_WAIT
        self._why = ""
        self._limited_since: float | None = None
        self.ever_answered = False
        self.down = False
        self.count = 0
        """How often the endpoint has been down."""

    def answered(self) -> None:
        """The endpoint has answered something."""
        if self.down:
            log.warning("the endpoint answers again")
        self.down, self._refused, self.ever_answered, self._limited_since = False, 0, True, None
        self._failing.clear()

    def failed(self, request: bytes, why: str, *, refused: bool) -> None:
        """A request has got no answer: the connection was refused or broke, or the status was 5xx."""
        self._failing.add(request)
        self._refused += refused
        self._why = why
        if not self.down and (self._refused >= REFUSED_IN_A_ROW or len(self._failing) >= REQUESTS_IN_A_ROW):
            self._goes_down(time.monotonic())

    def limited(self, why: str) -> None:
        """A request was refused for its rate. An account of which nothing else is heard is down as well."""
        now = time.monotonic()
        self._limited_since, self._why = self._limited_since or now, why
        if not self.down and now - self._limited_since >= min(LIMITED_FOR, self._patience / 2):
            self._goes_down(self._limited_since)

    def _goes_down(self, since: float) -> None:
        self.down, self._since, self._wait = True, since, FIRST_WAIT
        self.count += 1

    @property
    def trouble(self) -> str:
        """Why it is down, or ""."""
        return self._why if self.down else ""

    def follow(self, trouble: str) -> None:
        """Take over what somebody else has found, who waits for it."""
        if trouble and not self.down:
            log.warning("the endpoint is down (%s); it is tried again from time to time", trouble)
            self._why = trouble
            self._goes_down(time.monotonic())
        elif self.down and not trouble:
            self.answered()

    async def turn(self) -> bool:
        """Return when a request may be sent; True if it is the one that tries, which has to call `done`.

        Raises Stop where the endpoint has been down for too long.
        """
        if not self.down:
            return False
        await self._turns.acquire()
        try:
            if self.down:
                await self._wait_for_the_next_try()
                return True
        except BaseException:
            self._turns.release()
            raise
        self._turns.release()
        return False

    def done(self) -> None:
        """The request that tried has its outcome; the next may try."""
        self._turns.release()

    async def _wait_for_the_next_try(self) -> None:
        lasted = time.monotonic() - self._since
        if lasted + self._wait > self._patience:
            raise Stop(
                f"The endpoint has been down for {lasted:.0f} s ({self._why}): run the same command again when it is up"
                " (or give more --patience); nothing is lost."
            )
        log.warning("the endpoint is down (%s); next try in %.0f s", self._why, self._wait)
        await asyncio.sleep(self._wait)
        self._wait = min(LONGEST_WAIT, 2 * self._wait)
