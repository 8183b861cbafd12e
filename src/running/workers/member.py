"""One life of a worker as the run sees it: samples go there several at a time, and what came of them comes back so."""

import asyncio
import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from ...calling.completion import Completion
from .keeper import COALESCED
from .worker import Ended, Given

TICKETS = itertools.count()  # no two samples have the same, whichever life of which worker they are given to


class Lost(Exception):
    """The worker was killed before a sample had ended."""


class Member:
    """A worker from one start of it to the next. A call to it costs more than a request, so that few are made."""

    def __init__(self, actor: Any, starts: int = 0) -> None:
        self.actor = actor
        self.starts = starts
        """Of the same worker, without a sample that it has ended."""
        self.name = ""
        self.there = False
        self._parcel: list[Given] = []
        self._waiting: dict[int, asyncio.Future[Ended]] = {}
        self._calls: set[asyncio.Task[None]] = set()
        self._gathering = False
        """A call is to go out in a moment."""
        self._out = 0
        """Calls without an answer yet."""

    @property
    def load(self) -> int:
        return len(self._waiting)

    async def make(self, item: Any, sample: int, known: Mapping[bytes, Completion]) -> Ended:
        """Have a sample made. Raises Lost."""
        ticket = next(TICKETS)
        waiting: asyncio.Future[Ended] = asyncio.get_running_loop().create_future()
        self._waiting[ticket] = waiting
        self._parcel.append(Given(ticket, item, sample, known))
        self.call()
        try:
            return await waiting
        finally:
            self._waiting.pop(ticket, None)

    def call(self) -> None:
        """Call the worker in a moment, with all that comes up until then."""
        if not self._gathering:
            self._gathering = True
            call = asyncio.create_task(self.exchange())
            self._calls.add(call)
            call.add_done_callback(self._calls.discard)

    async def exchange(self) -> None:
        """Send what is to be made and take what has ended. As long as anything is waited for, some call is out."""
        await asyncio.sleep(COALESCED)
        parcel, self._parcel, self._gathering = self._parcel, [], False
        self._out += 1
        try:
            ended: Sequence[Ended] = await self.actor.exchange.remote(parcel)
        except Exception as error:  # noqa: BLE001 (whatever it is, nothing comes from there any more)
            self.end(error)
            return
        finally:
            self._out -= 1
        for each in ended:
            waiting = self._waiting.pop(each.ticket, None)
            if waiting and not waiting.done():
                waiting.set_result(each)
        if self._waiting and not self._out:
            self.call()

    def end(self, error: Exception | None = None) -> None:
        """Nothing more is asked of this life of the worker; whoever waits is told."""
        self.there = False
        for call in self._calls:
            call.cancel()
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(Lost(str(error)))
        self._waiting = {}
