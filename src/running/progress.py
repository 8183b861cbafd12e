"""How a run is shown while it goes: up to three lines on a terminal, a line of the log now and then elsewhere."""

import asyncio
import contextlib
import dataclasses
import logging
import os
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any, NoReturn

from tqdm import tqdm
from tqdm.contrib.logging import logging_redirect_tqdm

from ..basics.log import PROGRESS
from .job import Job, Words
from .pulse import Moment, Pulse
from .summary import by_kind

log = logging.getLogger(__name__)

DRAW_EVERY, LINE_EVERY = 0.3, 10.0  # seconds between drawings; between lines where there is no terminal
NARROW = 60  # columns; below, one line has to do
ROOM_FOR_BAR = 8  # columns; a shorter bar says nothing
UNKNOWN_WIDTH = 100  # columns, where a terminal does not tell


@dataclasses.dataclass(frozen=True)
class Part:
    """A piece of a line, and its rank: of what does not fit, the highest rank goes first."""

    text: str
    rank: int


def laid_out(parts: Sequence[Part], width: int) -> str:
    """As many parts as fit into the width, in their order."""
    left = [*parts]
    while left and len(", ".join(part.text for part in left)) > width:
        left.remove(max(left, key=lambda part: part.rank))
    return ", ".join(part.text for part in left)


def work_done(moment: Moment, words: Words) -> Iterator[Part]:
    yield Part(f"{words.done} {moment.made:,}", 0)
    if moment.failed:
        yield Part(f"failed {moment.failed:,}", 1)
    if moment.to_go is not None:
        yield Part(f"{moment.to_go:,} to go", 3)


def pace(moment: Moment) -> Iterator[Part]:
    if moment.rate is not None:
        shown = f"{moment.rate:,.1f}/s" if moment.rate >= 1 else f"{moment.rate * 60:,.1f}/min"
        yield Part(shown, 4)
    if moment.seconds_left is not None:
        yield Part(f"{tqdm.format_interval(moment.seconds_left)} left", 2)


def calls(moment: Moment) -> Iterator[Part]:
    yield Part(f"calls {moment.calls:,}", 0)
    if moment.retries:
        yield Part(f"tried again {sum(moment.retries.values()):,} ({by_kind(moment.retries)})", 2)
    if moment.waiting:
        yield Part(f"waiting {sum(moment.waiting.values()):,} ({by_kind(moment.waiting)})", 3)
    if moment.unusable:
        yield Part(f"unusable replies {moment.unusable:,}", 1)


def spent(moment: Moment) -> Iterator[Part]:
    used, sized = moment.tokens, tqdm.format_sizeof
    cached = f" + {sized(used.cached)} cached" if used.cached is not None else ""
    yield Part(f"tokens {sized(used.prompt - (used.cached or 0))}{cached} in, {sized(used.completion)} out", 1)
    if moment.cost is not None:
        whole = f" of about {moment.cost_in_all:,.2f}" if moment.cost_in_all is not None else ""
        yield Part(f"cost {moment.cost:,.2f}{whole}", 0)


# ---------------------------------------------------------------------------------------------- on a terminal


def screen(moment: Moment, words: Words, width: int) -> list[str]:
    """The lines for a terminal of so many columns. The first has `{bar}` where there is room for one."""
    if width < NARROW:
        return [laid_out([*work_done(moment, words), *pace(moment)], width)]
    first, last = laid_out([*work_done(moment, words)], width // 2), laid_out([*pace(moment)], width // 3)
    share = "" if moment.share is None else f"{moment.share:4.0%}"
    room = width - len(first) - len(share) - len(last) - 4
    drawn = moment.share is not None and room >= ROOM_FOR_BAR
    head = f"{first} {share} |{{bar}}| {last}" if drawn else laid_out([*work_done(moment, words), *pace(moment)], width)
    return [head, *(laid_out([*parts], width) for parts in (calls(moment), spent(moment)))]


def width_now() -> int:
    """Columns of the terminal at this moment; one stays free, since some terminals break a line that is full."""
    try:
        columns = os.get_terminal_size(sys.stderr.fileno()).columns
    except (OSError, ValueError):
        columns = 0
    return (columns or UNKNOWN_WIDTH) - 1


class Screen:
    """Up to three lines at the foot of a terminal."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self._lines: list[tqdm[NoReturn]] = [
            tqdm(total=1.0, position=place, leave=False, bar_format="{desc}", file=sys.stderr) for place in range(3)
        ]

    def show(self, moment: Moment) -> None:
        width = width_now()
        texts = screen(moment, self._words, width)
        for line, text in zip(self._lines, [*texts, "", ""], strict=False):
            line.ncols = width
            line.bar_format = text.replace("{", "{{").replace("}", "}}").replace("{{bar}}", "{bar}") or " "
            line.n = moment.share or 0.0
            line.refresh()

    def close(self) -> None:
        for line in reversed(self._lines):
            line.close()


async def drawn(job: Job[Any], pulse: Pulse) -> None:
    """The run on a terminal, drawn anew several times a second."""
    with contextlib.closing(Screen(job.words)) as screen, logging_redirect_tqdm():
        while True:
            await asyncio.sleep(DRAW_EVERY)
            screen.show(pulse.look())


# ---------------------------------------------------------------------------------------------- elsewhere


def line(moment: Moment, words: Words) -> str:
    """Everything in one line, for a log."""
    parts = [*work_done(moment, words), *pace(moment), *calls(moment), *spent(moment)]
    return ", ".join(part.text for part in parts)


async def logged(job: Job[Any], pulse: Pulse) -> None:
    """A line of the log every few seconds, and one at the end."""

    def say() -> None:
        moment = pulse.look()
        log.info("%s", line(moment, job.words), extra={PROGRESS: moment.as_row()})

    try:
        while True:
            await asyncio.sleep(LINE_EVERY)
            say()
    finally:
        say()


@contextlib.asynccontextmanager
async def showing(job: Job[Any], pulse: Pulse) -> AsyncIterator[None]:
    """Show how the run goes while the body runs."""
    tasks = [asyncio.create_task(work) for work in (counted(job, pulse), shown(job, pulse))]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        for outcome in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(outcome, Exception):  # no reason to end a run, and none to be silent
                log.warning("progress could not be shown: %r", outcome)


async def counted(job: Job[Any], pulse: Pulse) -> None:
    """Tell the pulse how many rows the input has, as soon as that is known."""
    pulse.rows = await asyncio.to_thread(job.total)


async def shown(job: Job[Any], pulse: Pulse) -> None:
    await (drawn(job, pulse) if sys.stderr.isatty() else logged(job, pulse))
