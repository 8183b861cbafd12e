"""A run by batches: pass after pass over the items, each as far as the stored replies lead, and a batch between two.

No item waits in memory: the next pass makes it anew from the store, and comes one step further.
"""

import asyncio
import contextlib
import dataclasses
import functools
import logging
from collections.abc import AsyncIterator, Generator
from pathlib import Path
from typing import Any

from ..basics.command import Stop, signals_as
from ..basics.files import STANDARD_INPUT, Beside
from ..basics.seen import DONE, Seen
from ..basics.together import Aside
from ..calling.batches.desk import Desk, key_print
from ..calling.batches.ledger import Ledger
from ..calling.batches.provider import Provider
from ..calling.batches.spool import Spool
from ..calling.batches.stepping import Stepping
from ..calling.budget import Spent
from ..calling.endpoint import Endpoint
from ..calling.stage import AskSeats
from ..calling.store import Store
from .job import Item, Job, Made
from .making import Run
from .output import sample_number
from .settings import Running
from .tally import Tally

log = logging.getLogger(__name__)


@dataclasses.dataclass
class Rounds:
    """The passes of one run."""

    run: Run
    """What all of them together are; its tally is theirs."""
    desk: Desk
    failed: Seen = dataclasses.field(default_factory=Seen)
    """Items that failed: this run does not try them again."""

    async def all(self) -> None:
        """Make every pending item. Raises Stop where the run could not go on."""
        self.desk.begin()
        known, hits = len(self.run.output.done), None
        while not self.run.tally.interrupted:
            reason = await self.one_pass(batched=True)
            hits = self.run.store.hits if self.run.store and hits is None else hits
            waiting = self.desk.spool.count
            if not waiting and not self.desk.open:
                if reason:
                    raise reason
                break
            if waiting < self.desk.config.batch_fewest and not self.desk.open and not reason:
                log.info("%d questions are too few for a batch and are asked directly", waiting)
                self.desk.spool.clear()
                await self.one_pass(batched=False)
                break
            if not await self.answers():
                break
        self.run.tally.known = known
        if self.run.store and hits is not None:
            self.run.store.hits = hits  # later passes only look up what this run has paid for

    async def one_pass(self, *, batched: bool) -> Stop | None:
        """Every pending item as far as it goes; gives the reason where the budget ended it. Raises any other Stop."""
        before, config = self.run.tally, self.run.config
        if config.limit is not None:
            config = dataclasses.replace(config, limit=config.limit - before.ended)
            if not config.limit:
                return None
        parts = {field.name: getattr(self.run, field.name) for field in dataclasses.fields(Run) if field.name in SHARED}
        one = Run(**parts | {"config": config, "job": self.job()})
        one.session = functools.partial(Stepping, desk=self.desk) if batched else one.session
        try:
            await one.all()
        except Spent as spent:  # what was set aside for until then is still sent
            self.run.endpoint.common.stopped = None
            return spent
        finally:
            self.add(one.tally)
        return None

    def job(self) -> Job[Any]:
        """The job without the items that failed; how an item's questions ended is told when the item has."""
        job = self.run.job

        def items(done: Seen, tally: Tally) -> Generator[Any]:
            for item in job.items(done.only(DONE), tally):  # what an earlier pass has seen it may see again
                if not self.failed.get(sample_number(item.sample_id, item.item_id)):
                    yield item

        async def make(ask: AskSeats, item: Item) -> Made:
            try:
                made = await job.make(ask, item)
            except (Aside, Stop):
                raise
            except Exception:
                self.failed.mark(sample_number(item.sample_id, item.item_id), DONE)
                tell(ask)
                raise
            tell(ask)
            return made

        def tell(ask: AskSeats) -> None:
            if isinstance(ask, Stepping):
                ask.noted.tell(self.run.endpoint.common.outcomes)

        return dataclasses.replace(job, items=items, make=make)

    def add(self, tally: Tally) -> None:
        """The newest pass tells of the input; of what was made and what failed, all together."""
        before = self.run.tally
        tally.made += before.made
        tally.failures += before.failures
        tally.failed += before.failed
        tally.examples = {**tally.examples, **before.examples}
        tally.already -= before.made.total()
        for field in dataclasses.fields(Tally):
            setattr(before, field.name, getattr(tally, field.name))

    async def answers(self) -> bool:
        """Send what waits, and wait until each open batch has ended; False where that is not to be waited for."""
        loop, task = asyncio.get_running_loop(), asyncio.current_task()

        def interrupt() -> None:
            if task:
                loop.call_soon_threadsafe(task.cancel)

        try:
            with signals_as(interrupt):
                await self.desk.send()
                await self.desk.collect()
                while self.desk.open:
                    if self.desk.config.batch_wait == "no":
                        self.desk.left_open = True
                        return False
                    await asyncio.sleep(self.desk.config.batch_poll)
                    await self.desk.collect()
        except asyncio.CancelledError:
            self.run.tally.interrupted = True
            return False
        return True


SHARED = ("endpoint", "others", "output", "store")


def refuse_what_has_no_batches(config: Running, job: Job[Any]) -> None:
    """Raise Stop where batches cannot be used."""
    if config.no_cache:
        raise Stop("--batch keeps replies beside the output until a sample is made: leave --no-cache away.")
    if config.model_file:
        raise Stop("--batch needs a provider of batches, and --model-file is served on this machine: give one of them.")
    if job.seats or job.fits or job.words.command == "strategies":
        raise Stop(f"src.{job.words.command} asks one thing after another: leave --batch away.")
    if piped := [file for file in job.files if file == STANDARD_INPUT or Path(file).is_fifo()]:
        raise Stop(f"--batch reads the input once for each step, and {piped[0]} can be read only once: give a file.")


@contextlib.asynccontextmanager
async def desk_for(config: Running, key: str, store: Store, endpoint: Endpoint) -> AsyncIterator[Desk]:
    """The desk of an output's batches; its endpoint has their price."""
    prices = endpoint.prices.at(config.price_batch)
    halved = dataclasses.replace(
        config, price_in=prices.prompt, price_cached=prices.cached, price_out=prices.completion
    )
    beside, provider = Beside(config.output), Provider(config, key)
    about = {"model": config.model, "base_url": config.base_url.rstrip("/"), "key": key_print(key)}
    async with Endpoint(halved, key, endpoint.common) as priced:
        with Ledger(store.path) as ledger, contextlib.closing(Spool(beside.batch("next"), provider.path)) as spool:
            try:
                yield Desk(config, provider, priced, store, ledger, spool, beside, about, config.patience)
            finally:
                await provider.close()
