"""How long calls will take, told before the first: by a call's seconds and how many may be in flight, or by limits."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from tqdm import tqdm

from ..basics.files import Beside
from .settings import Running

MINUTE = 60.0  # seconds


def duration(config: Running, calls: int, tokens: int, latency: float | None) -> Iterator[str]:
    """A line for an estimate: the time of so many calls. `latency` are a call's seconds, if somebody has told them."""
    measured = None if latency else seconds_of_a_call(Beside(config.output).calls)
    seconds = latency or measured
    limits = [calls / config.rpm * MINUTE] if config.rpm else []
    limits += [tokens / config.tpm * MINUTE] if config.tpm else []
    if not seconds and not limits:
        yield "duration       --latency SECONDS, of one call, tells it before a first run has measured"
        return
    whole = max([calls * (seconds or 0.0) / config.max_concurrency, *limits])
    how = f"{seconds:.1f} s a call{', as measured' if measured else ''}" if seconds else "by the limits of a minute"
    yield f"duration       about {tqdm.format_interval(whole)} at {config.max_concurrency} requests in flight, {how}"


def seconds_of_a_call(store: Path) -> float | None:
    """The mean of what earlier runs on this output have measured; None where there is none."""
    if not store.is_file():
        return None
    try:
        with contextlib.closing(sqlite3.connect(f"{store.resolve().as_uri()}?mode=ro", uri=True)) as calls:
            (mean,) = calls.execute("SELECT avg(nullif(seconds, 0)) FROM calls").fetchone()
    except sqlite3.Error:  # an older store has no times
        return None
    return float(mean) if mean else None
