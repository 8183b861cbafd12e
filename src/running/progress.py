"""What a run has done so far, and how it is shown: a bar on a terminal, a line now and then elsewhere, a summary."""

import asyncio
import contextlib
import logging
import shutil
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any, NoReturn

from tqdm import tqdm
from tqdm.contrib.logging import logging_redirect_tqdm

from ..basics.files import Beside
from ..calling.budget import Budget
from ..calling.endpoint import Endpoint
from ..calling.store import Store
from .account import RunAccount, StageReplies
from .job import Job, Words
from .settings import Running
from .tally import Tally

log = logging.getLogger(__name__)

BAR_EVERY, LINE_EVERY = 0.3, 10.0  # seconds between drawings of the bar; between lines where there is no terminal


def summary(config: Running, words: Words, tally: Tally, endpoint: Endpoint, store: Store | None) -> str:
    """What was made, what it cost, where it lies, and what to type next."""
    common = endpoint.common
    usage = common.budget.used
    cached = f", of them {usage.cached:,} cached" if usage.cached is not None else ""
    lines = [
        outcomes(tally, words),
        *tally.in_words(words.done),
        f"calls          {common.calls:,}",
        f"tokens         {usage.total:,} (prompt {usage.prompt:,}{cached}; completion {usage.completion:,})",
    ]
    lines += repairs(replies(endpoint))
    if common.budget.priced:
        lines.append(f"cost           {in_all(common.budget)}")
    if store:
        lines.append(f"call store     {store.path}, {store.size() / 1e6:,.1f} MB, {store.hits:,} replies from it")
    lines.append(f"records        {config.output}")
    if tally.failed:
        lines.append(f"failures       {Beside(config.output).failures} (the same command tries them again)")
    if tally.interrupted:
        lines.append("interrupted    the same command goes on from here")
    elif words.next_step and (tally.made or tally.already):
        lines.append(f"next           {words.next_step.format(output=config.output)}")
    return "\n".join(lines)


def in_all(budget: Budget) -> str:
    """What this run has cost, and all runs on its output."""
    whole = budget.cost_before + budget.cost
    return f"{budget.cost:,.4f}" + (f" in this run, {whole:,.4f} on this output" if budget.before.total else "")


def outcomes(tally: Tally, words: Words) -> str:
    """How many items ended well, and how."""
    each = ", ".join(f"{outcome} {tally.made[outcome]:,}" for outcome in words.outcomes)
    shown = f" ({each})" if tally.made and each else ""
    return f"{f'{words.thing}s {words.done}':<14} {tally.made.total():,}{shown}"


def account(tally: Tally, endpoint: Endpoint, others: Mapping[str, Endpoint], seconds: float) -> RunAccount:
    """The same for whoever reads it later."""
    became = ("rows", "failed", "already", "elsewhere", "unreadable", "interrupted", "passed_over")
    return RunAccount(
        **{name: getattr(tally, name) for name in became},
        made=tally.made.total(),
        seconds=seconds,
        calls=endpoint.common.calls,
        tokens=endpoint.meter.used,
        seats={name: other.meter.used for name, other in others.items()},
        replies=replies(endpoint),
        prices=endpoint.prices,
    )


def replies(endpoint: Endpoint) -> dict[str, StageReplies]:
    """How the questions of each stage ended."""
    return {name: StageReplies(**vars(stage)) for name, stage in endpoint.common.outcomes.stages.items()}


def repairs(stages: Mapping[str, StageReplies]) -> Iterator[str]:
    """A line for each stage whose replies were not all usable at once."""
    for name, stage in stages.items():
        if stage.at_once < stage.asked or stage.kept:
            parts = [f"{stage.at_once:,} of {stage.asked:,} at once", f"{stage.repaired:,} repaired"]
            parts += [f"{stage.kept:,} kept with a fault"] if stage.kept else []
            parts += [f"{stage.never:,} never"] if stage.never else []
            yield f"replies        {name}: {', '.join(parts)} (mostly {stage.commonest_fault})"


@contextlib.asynccontextmanager
async def showing(job: Job[Any], tally: Tally, endpoint: Endpoint) -> AsyncIterator[None]:
    """Show progress while the body runs."""
    work = bar(job, tally, endpoint) if sys.stderr.isatty() else lines(job.words, tally, endpoint)
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        (outcome,) = await asyncio.gather(task, return_exceptions=True)
        if isinstance(outcome, Exception):  # no reason to end a run, and none to be silent
            log.warning("progress could not be shown: %r", outcome)


async def bar(job: Job[Any], tally: Tally, endpoint: Endpoint) -> None:
    """A tqdm bar over the rows of the input."""
    total = await asyncio.to_thread(job.total)
    columns, rows = shutil.get_terminal_size((100, 24))  # where a terminal says it has none, tqdm would draw nothing
    with tqdm(total=total, unit=f" {job.words.rows}", ncols=columns, nrows=rows) as drawn, logging_redirect_tqdm():
        try:
            while True:
                await asyncio.sleep(BAR_EVERY)
                draw(drawn, job.words, tally, endpoint)
        finally:
            draw(drawn, job.words, tally, endpoint)


def draw(drawn: "tqdm[NoReturn]", words: Words, tally: Tally, endpoint: Endpoint) -> None:
    drawn.n = max(0, tally.rows - tally.in_flight)
    drawn.set_postfix_str(
        f"{words.done} {tally.made.total():,}, failed {tally.failed:,}, calls {endpoint.common.calls:,},"
        f" tokens {tqdm.format_sizeof(endpoint.common.budget.used.total)}{cost_in_words(endpoint)}"
    )


def cost_in_words(endpoint: Endpoint) -> str:
    cost = endpoint.common.budget.cost
    return f", cost {cost:,.2f}" if cost else ""


async def lines(words: Words, tally: Tally, endpoint: Endpoint) -> None:
    """A line of the log every few seconds."""
    start = time.monotonic()
    while True:
        await asyncio.sleep(LINE_EVERY)
        made = tally.made.total()
        log.info(
            "%s %d, failed %d, in flight %d, calls %d, tokens %d%s, %.2f %ss/s",
            *(
                words.done,
                made,
                tally.failed,
                tally.in_flight,
                endpoint.common.calls,
                endpoint.common.budget.used.total,
                cost_in_words(endpoint),
            ),
            made / (time.monotonic() - start),
            words.thing,
        )
