"""Speed side by side: bare aiohttp, bare AsyncOpenAI and this pipeline against the same server, in several rounds.

    python -m bench                       prints the table; writes bench/result.md and bench/concurrency.svg
    python -m bench replies --help        how usable a model's replies are, stage by stage
    python -m bench tokens                prompt tokens a sample, all and fresh, for three lengths of history
    python -m bench arms --help           whether a library of strategies helps to foresee
    python -m bench loop --help           the whole loop with a small model: data, training, predictions, figures

Ratios count: the absolute figures are those of the machine and of what else runs on it. The server is the stand-in of
the rehearsal, in a process of its own. A prefix cache without end is counted from its log, in blocks of 512 characters.
"""

import argparse
import datetime
import math
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from src.basics.command import as_command

from . import arms, loop, replies, tokens
from .measure import CONTENDERS, Figures, kept_busy, measure, medians, repeated, server
from .plot import svg

HERE = Path(__file__).parent
EVEN, EVEN_IN_FLIGHT = 0.02, 64  # seconds; the even server
SIGMA, MEDIAN, UNEVEN_IN_FLIGHT = 1.0, 0.2, 32  # the uneven server: spread, median latency in seconds
PLOTTED, LATENCY = (8, 16, 32, 64, 128, 256, 512), 0.2  # requests in flight; seconds


def even(rounds: int, calls: int) -> dict[str, Figures]:
    """Each contender in turn, round by round, where every answer takes equally long."""
    runs: dict[str, list[Figures]] = {name: [] for name in CONTENDERS}
    with server("--latency", EVEN) as url:
        for _ in range(rounds):
            for name, results in runs.items():
                results.append(measure(name, url, calls, EVEN_IN_FLIGHT))
    return {name: medians(results) for name, results in runs.items()}


def uneven(rounds: int, calls: int) -> dict[str, Figures]:
    """The same where some answers take ten times as long as others; with the share of requests kept in flight."""
    runs: dict[str, list[Figures]] = {name: [] for name in CONTENDERS}
    for _ in range(rounds):
        for name, results in runs.items():
            with tempfile.TemporaryDirectory() as folder:
                log = Path(folder, "log")
                with server("--latency", MEDIAN, "--sigma", SIGMA, "--log", log) as url:
                    run = measure(name, url, calls, UNEVEN_IN_FLIGHT)
                results.append(run | {"busy": kept_busy(log, UNEVEN_IN_FLIGHT)})
    return {name: medians(results) for name, results in runs.items()}


def share_repeated(calls: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "log")
        with server("--latency", EVEN, "--log", log) as url:
            measure("pipeline", url, calls, EVEN_IN_FLIGHT)
        return repeated(log)


def table(rounds: int, calls: int) -> Iterator[str]:
    flat, tailed, share = even(rounds, calls), uneven(rounds, calls), share_repeated(calls)
    slowest = flat["openai"]["calls"] / flat["openai"]["cpu"]
    perfect = UNEVEN_IN_FLIGHT / (MEDIAN * math.exp(SIGMA**2 / 2))
    machine = f"{os.cpu_count()} cores, Python {sys.version.split()[0]}"
    yield f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d}, {machine}, medians of {rounds} rounds of {calls:,} calls.\n"
    yield (
        f"| | calls/s ({1000 * EVEN:.0f} ms, {EVEN_IN_FLIGHT} in flight) | CPU ms a call | calls a CPU second"
        " (AsyncOpenAI = 1) | peak MB | uneven server: of perfect | requests kept in flight |"
    )
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for name, title in CONTENDERS.items():
        run, rough = flat[name], tailed[name]
        per_cpu = run["calls"] / run["cpu"]
        yield (
            f"| {title} | {run['calls'] / run['seconds']:,.0f} | {1000 / per_cpu:.2f} | {per_cpu / slowest:.1f} |"
            f" {run['peak']:.0f} | {rough['calls'] / rough['seconds'] / perfect:.0%} | {rough['busy']:.0%} |"
        )
    yield (
        f"\nThe uneven server's latency is log-normal (median {1000 * MEDIAN:.0f} ms, sigma {SIGMA:g}), with"
        f" {UNEVEN_IN_FLIGHT} in flight; perfect is {perfect:.0f} calls/s, start and end of the run included. Kept in"
        " flight: without the first and the last tenth of the requests. Of the pipeline's prompt characters,"
        f" {share:.0%} repeat the beginning of an earlier request."
    )


def plot() -> str:
    """Calls a second against requests in flight, about five seconds a point."""
    rates: dict[str, list[float]] = {name: [] for name in CONTENDERS}
    with server("--latency", LATENCY) as url:
        for in_flight in PLOTTED:
            for name, found in rates.items():
                run = measure(name, url, 25 * in_flight, in_flight)
                found.append(run["calls"] / run["seconds"])
    title = f"calls a second against requests in flight ({1000 * LATENCY:.0f} ms server)"
    return svg(title, PLOTTED, rates, CONTENDERS, LATENCY)


def main() -> None:
    others = {"arms": arms.main, "replies": replies.main, "loop": loop.main, "tokens": tokens.main}
    if (other := others.get(" ".join(sys.argv[1:2]))) is not None:
        sys.exit(as_command(lambda: other(sys.argv[2:])))
    parser = argparse.ArgumentParser(prog="python -m bench", description="Speed side by side; see the module's text.")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--calls", type=int, default=2400)
    options = parser.parse_args()
    result = "\n".join(table(options.rounds, options.calls)) + "\n"
    print(result)
    (HERE / "result.md").write_text(result, encoding="utf-8")
    (HERE / "concurrency.svg").write_text(plot(), encoding="utf-8")


if __name__ == "__main__":
    main()
