"""A whole run: its output, store and endpoints opened, the job done, a summary, an exit status."""

import asyncio
import contextlib
import dataclasses
import logging
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ..basics.command import Stop
from ..basics.files import STANDARD_INPUT, Beside
from ..basics.remote import is_remote, upload
from ..calling.batches.desk import SEAT
from ..calling.batches.ledger import Batch, open_at
from ..calling.endpoint import Endpoint
from ..calling.local import at_home
from ..calling.masking import without_secrets
from ..calling.store import Store
from .account import set_billed_before
from .job import Job
from .making import Run
from .output import Output
from .rounds import Rounds, desk_for, refuse_what_has_no_batches
from .settings import Running
from .summary import account, summary
from .tally import Tally
from .workers.team import team_for

log = logging.getLogger(__name__)

UNKNOWN_TEXT = 4096  # tokens of what is asked about, where nobody has looked
FINISHED = (0, 3)  # exit statuses after which nothing is to come by itself
OPEN = 5  # the exit status where batches are to be collected later
AROUND_THE_TEXT = 4096  # tokens of instructions, of what other replies have said, and of the reply


def run(config: Running, key: str, job: Job[Any]) -> int:
    """Do a job, print a summary, and return the exit status. Raises Stop where it cannot run."""
    if config.output.is_dir() or not config.output.name:
        raise Stop(f"Output {config.output} is a folder: give --output a file in it.")
    here = [file for file in job.files if file != STANDARD_INPUT and not is_remote(file)]
    if config.output.exists() and any(map(config.output.samefile, here)):
        raise Stop(f"Output {config.output} is the same file as an input: give another --output.")
    if config.batch and config.workers:
        raise Stop("--batch asks for everything at once, so that --workers gain nothing: give one of them.")
    if config.ray_address and not config.workers:
        raise Stop("--ray-address is for --workers: say how many, such as --workers 8.")
    if config.batch:
        refuse_what_has_no_batches(config, job)
    # What stands in a record is read by others: no key of --extra-body is.
    job = dataclasses.replace(job, settings=without_secrets(job.settings, key))
    with contextlib.ExitStack() as stack:
        output = stack.enter_context(Output(config.output, job.words.command, job.lines))
        if not config.accept_changes:
            output.refuse_to_mix(job.settings, job.words.option)
        path = Beside(config.output).calls
        refuse_open_batches(config, path)
        store = None if config.no_cache else stack.enter_context(Store(path))
        if store and config.prune:
            log.info("dropped %d stored replies of finished samples from %s", store.prune(output.done), path)
        config = stack.enter_context(at_home(config, context_for(job) if config.model_file else 0))
        status = asyncio.run(run_open(config, key, job, output, store))
    if config.upload and status in FINISHED:
        copy(config)
    return status


def copy(config: Running) -> None:
    """Copy the output, and what could not be made, to where they are wanted."""
    files = [path for path in (config.output, Beside(config.output).failures) if path.exists()]
    for address in upload(files, config.upload):
        print(f"copied         {address}")


def refuse_open_batches(config: Running, path: Path) -> None:
    """Raise Stop where what is asked for lies in a batch already, and would be paid for twice."""
    if not config.batch and (batches := open_at(path)):
        questions = sum(batch.questions for batch in batches)
        raise Stop(
            f"{questions:,} questions for {config.output} lie in open batches: give --batch to collect them, or another"
            " --output."
        )


def context_for(job: Job[Any]) -> int:
    """Tokens that a question of this job may take together with its reply, in whole thousands."""
    longest = job.longest() if job.longest else UNKNOWN_TEXT
    return -(-(longest + AROUND_THE_TEXT) // 1024) * 1024


async def run_open(config: Running, key: str, job: Job[Any], output: Output, store: Store | None) -> int:
    async with contextlib.AsyncExitStack() as stack:
        enter = stack.enter_async_context
        endpoint = await enter(Endpoint(config, key))
        keys = {name: seat.key for name, seat in job.seats.items()}
        others = {
            name: await enter(Endpoint(dataclasses.replace(config, **seat.changes), seat.key, endpoint.common))
            for name, seat in job.seats.items()
        }
        desk = await enter(desk_for(config, key, store, endpoint)) if store and config.batch else None
        others |= {SEAT: desk.endpoint} if desk else {}
        if store:
            # Workers' keeper knows the meters of models alone; there, what came in batches counts in full.
            batch = None if config.workers else endpoint.prices.at(config.price_batch)
            set_billed_before(store, endpoint, others, batch)
        team = None
        if config.workers:
            team = await enter(team_for(config, job, store, {"": endpoint, **others}, {"": key, **keys}))
            job = dataclasses.replace(job, make=team.make)
        run = Run(config=config, job=job, endpoint=endpoint, others=others, output=output, store=store)
        start = time.monotonic()
        try:
            await (Rounds(run, desk).all() if desk else run.all())
        finally:
            if team:
                with contextlib.suppress(Stop):  # what the workers could not keep has ended the run already
                    await team.look()
            tell(run, time.monotonic() - start, desk.open if desk else [])
    return status_of(run.tally, job, still_open=bool(desk and desk.left_open))


def tell(run: Run, seconds: float, batches: Sequence[Batch]) -> None:
    """Print what became of a run, and keep it beside the replies."""
    print(summary(run.config, run.job.words, run.tally, run.endpoint, run.store, seconds=seconds))
    for line in left(batches):
        print(line)
    if run.store:
        run.store.note_run(account(run.tally, run.endpoint, run.others, seconds).model_dump_json())


def left(batches: Sequence[Batch]) -> Iterator[str]:
    """What is to be known of batches that are open at a run's end."""
    for batch in batches:
        yield f"batch open     {batch.id or '(not sent yet)'}, {batch.questions:,} questions"
    if batches:
        yield "next           the same command, which collects them and goes on"


def status_of(tally: Tally, job: Job[Any], *, still_open: bool) -> int:
    """The exit status. Raises Stop where the input holds nothing of use."""
    if nothing := tally.nothing_usable(job.words.rows, job.files):
        raise Stop(nothing)
    if tally.interrupted:
        return 130
    if still_open:
        return OPEN
    return 3 if tally.failed or tally.unreadable else 0
