"""Items through a method, as many at a time as there are call slots, each ending as a row or as a failure.

Knows nothing of any method: it is handed a job.
"""

import asyncio
import contextlib
import dataclasses
import functools
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ..basics.command import Stop, signals_as
from ..basics.said import FirstFew
from ..basics.text import shortened
from ..basics.together import Aside
from ..calling.endpoint import Endpoint
from ..calling.outcomes import HOPELESS, Hopeless
from ..calling.session import UNUSABLE, Failed, Misfit, Session
from ..calling.store import Store
from .job import Item, Job, Made
from .output import Failure, Output, sample_number
from .progress import showing
from .pulse import Pulse
from .settings import Running
from .tally import Tally
from .upcoming import InOrder, Upcoming

log = logging.getLogger(__name__)


class LeftOff(Exception):
    """A signal came while input was read."""


FIRST_IN_FLIGHT = 12  # samples, until any reply could be used
LONGEST_KEPT = 100_000  # characters of a reply in the sidecar; the call store has it all
SAME_FAULTS = 10  # internal errors in a row that are equal: it is this program's fault, and goes on for every sample
MOST_IN_FLIGHT = 4  # samples for each call slot, counting those that wait for their next try


@dataclasses.dataclass(kw_only=True)
class Run:
    """One run of a method over an input."""

    config: Running
    job: Job[Any]
    endpoint: Endpoint
    others: Mapping[str, Endpoint]
    """Who sits at seats of their own."""
    output: Output
    store: Store | None
    begun: int = 0
    """Items that were taken."""
    order: InOrder = dataclasses.field(default_factory=InOrder)
    tally: Tally = dataclasses.field(default_factory=Tally)
    session: Callable[..., Session] = Session
    """How a sample's questions are asked."""
    todo: Upcoming = dataclasses.field(init=False)
    extra: set[asyncio.Task[bool]] = dataclasses.field(default_factory=set)
    """Samples beyond the workers' own: for those that wait for their next try, and the last ones of a run."""
    warnings: FirstFew = dataclasses.field(default_factory=lambda: FirstFew(log))
    doubtful: list[Failure] = dataclasses.field(default_factory=list)
    """Failures since anything was made that may be the model's at large: not written where it turns out hopeless."""
    internal: Counter[str] = dataclasses.field(default_factory=Counter)
    """Internal errors since anything was made."""
    ended: asyncio.Event = dataclasses.field(default_factory=asyncio.Event)
    """Set whenever a sample has ended."""
    reading: bool = False
    stopping: bool = False
    reason: Stop | None = None

    async def all(self) -> None:
        """Make every pending sample. Raises Stop, after the samples in flight, where the run could not go on."""
        self.tally.known = len(self.output.done)
        items = self.job.items(self.output.done, self.tally)
        self.todo = Upcoming(items, self.config.limit, (MOST_IN_FLIGHT - 1) * self.config.max_concurrency)
        self.endpoint.common.on_wait = self.fill_in
        with self.interruptible(), contextlib.suppress(asyncio.CancelledError):
            async with showing(self.job, Pulse(self.tally, self.endpoint.common, self.config.limit)):
                try:
                    await asyncio.gather(*(self.work() for _ in range(self.config.max_concurrency)))
                    while self.extra:
                        await asyncio.wait(self.extra)
                finally:
                    for task in self.extra:
                        task.cancel()
                    self.todo.close()
                    if not isinstance(self.reason, Hopeless):
                        self.write_doubtful()
        if self.reason:
            raise self.reason

    @contextlib.contextmanager
    def interruptible(self) -> Iterator[None]:
        """The first Ctrl-C (or SIGTERM) ends the run after the samples in flight; the second ends it at once."""
        loop, task = asyncio.get_running_loop(), asyncio.current_task()

        def interrupt() -> None:
            if task and (self.stopping or self.endpoint.common.down):  # nothing is to be finished where nothing answers
                task.cancel()
            else:
                parts = (self.tally.in_flight, self.job.words.thing)
                log.warning("stopping after the %d %ss in flight; once more to stop at once", *parts)
            self.stopping = self.tally.interrupted = True

        def at_once() -> None:
            loop.call_soon_threadsafe(interrupt)
            if self.reading:  # the loop stands still while it waits for input, which may never come
                raise LeftOff

        with signals_as(at_once):
            yield

    async def work(self) -> None:
        """Take samples from the shared iterator until none is left or the run is to stop."""
        while await self.take():
            pass

    def fill_in(self) -> None:
        """Start a sample beyond the workers' own; with a bound, since all may have to wait for their next try."""
        if self.tally.in_flight < MOST_IN_FLIGHT * self.config.max_concurrency:
            task = asyncio.create_task(self.take())
            self.extra.add(task)
            task.add_done_callback(self.extra.discard)

    async def take(self) -> bool:
        """Make the next sample; False where there is none, or the run is to stop."""
        await self.first_reply()
        if self.stopping or not (sample := self.next_item()):
            return False
        self.tally.in_flight += 1
        if self.todo.ending and self.tally.made:
            self.fill_in()  # the last samples all begin now, or the very last would be asked alone, step by step
        try:
            await self.one(sample)
        except Stop as stop:
            self.reason, self.stopping = self.reason or stop, True
            self.endpoint.common.stop(stop)
        finally:
            self.tally.in_flight -= 1
            self.ended.set()
        return True

    def next_item(self) -> Any:
        """The next sample; None where there is none, or a signal came while it was waited for."""
        try:
            self.reading = True
            item = next(self.todo, None)
            self.reading = False
        except LeftOff:
            self.reading, item = False, None
        self.tally.ahead = len(self.todo)
        return item

    async def first_reply(self) -> None:
        """Until any reply could be used, only a few samples may be in flight: they may all be in vain."""
        usable = self.endpoint.common.outcomes.any_usable
        while self.tally.in_flight >= FIRST_IN_FLIGHT and not usable.is_set() and not self.stopping:
            self.ended.clear()
            waiting = [asyncio.ensure_future(event.wait()) for event in (usable, self.ended)]
            try:
                await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for each in waiting:
                    each.cancel()

    async def one(self, sample: Item) -> None:
        """Make one sample: a line of the output, or a line of the sidecar."""
        number = sample_number(sample.sample_id, sample.item_id)
        session = self.session(self.endpoint, self.config, self.store, number, self.others)
        place, self.begun = self.begun, self.begun + 1
        try:
            made = await self.job.make(session, sample)
            row = self.row_of(made, session)
        except Stop:
            raise
        except Aside:
            self.tally.aside += 1
        except Failed as failed:
            self.end(place, functools.partial(self.fail, sample, session, failed))
        except Exception as error:
            log.debug("sample %r", sample.sample_id, exc_info=error)
            why = f"{type(error).__name__}: {shortened(str(error))}"
            self.end(place, functools.partial(self.fail, sample, session, Failed("none", "internal", why, 0, None)))
            self.internal[why] += 1
            if self.internal[why] >= SAME_FAULTS:
                raise Stop(f"The same internal error came up {SAME_FAULTS} times ({why}): please report it.") from error
        else:
            self.internal.clear()
            self.end(place, functools.partial(self.write, sample, session, made, row))

    def end(self, place: int, finish: Callable[[], None]) -> None:
        """An item is done: at once, or where the job compares with those before it, when its turn has come."""
        if self.job.fits:
            self.order.end(place, finish)
        else:
            finish()

    def write(self, sample: Item, session: Session, made: Made, row: dict[str, Any]) -> None:
        """A line of the output; or of the sidecar, where it does not fit those before it."""
        if self.job.fits and (misfit := self.job.fits(made)):
            self.fail(sample, session, misfit)
            return
        self.write_doubtful()
        self.output.add(row)
        self.tally.made[made.outcome] += 1

    def row_of(self, made: Made, session: Session) -> dict[str, Any]:
        """What is written of what was made, with all that decided how it came out."""
        bill = session.bill
        faults = [dataclasses.asdict(fault) for fault in bill.faults]
        return self.job.lines.whole(made.row(bill.usage), self.job.settings, faults, rehearsal=bill.rehearsal)

    def fail(self, sample: Item, session: Session, failed: Failed) -> None:
        if isinstance(failed, Misfit):
            session.forget()
        parts = (self.job.words.thing, sample.sample_id, failed.stage, failed.kind, failed)
        self.warnings.warn("%s %r failed at %s (%s): %s", *parts)
        failure = Failure(
            sample_id=sample.sample_id,
            item_id=sample.item_id,
            stage=failed.stage,
            kind=failed.kind,
            error=str(failed),
            attempts=failed.attempts,
            last_reply=failed.last_reply and failed.last_reply[:LONGEST_KEPT],
            usage=session.usage,
        )
        self.doubtful.append(failure)
        if failed.kind not in UNUSABLE or len(self.doubtful) > 2 * HOPELESS:
            self.write_doubtful()

    def write_doubtful(self) -> None:
        """Put what failed into the sidecar."""
        while self.doubtful:
            failure = self.doubtful.pop(0)
            self.tally.fail(failure.stage, failure.kind, failure.error)
            self.output.fail(failure)
