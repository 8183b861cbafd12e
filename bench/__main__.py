"""Speed side by side: bare aiohttp, bare AsyncOpenAI and this pipeline against the same server, in several rounds.

    python -m bench                       prints the table; writes bench/result.md and bench/concurrency.svg

Ratios count: the absolute figures are those of the machine and of what else runs on it. The server is the stand-in of
the rehearsal, in a process of its own. A prefix cache without end is counted from its log, in blocks of 512 characters.
"""

import argparse
import contextlib
import datetime
import hashlib
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
CONTENDERS = {"aiohttp": "bare aiohttp", "openai": "bare AsyncOpenAI", "pipeline": "this pipeline"}
BLOCK = 512  # characters
SIGMA, MEDIAN, TAILED = 1.0, 0.05, 32  # the uneven server: spread, median latency in seconds, requests in flight


@contextlib.contextmanager
def server(*arguments: object) -> Iterator[str]:
    """The stand-in endpoint in a process of its own; gives its base URL."""
    command = [sys.executable, "-m", "src.rehearsal", "--serve", *map(str, arguments)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        yield process.stdout.readline().split()[1]
    finally:
        process.terminate()
        process.wait()


def measure(name: str, url: str, calls: int, in_flight: int) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.contender", name, url, str(calls), str(in_flight)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    result: dict[str, float] = json.loads(done.stdout)
    return result


def medians(url: str, calls: int, in_flight: int, rounds: int) -> dict[str, dict[str, float]]:
    """Each contender in turn, round by round; the median of each figure."""
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in CONTENDERS}
    for _ in range(rounds):
        for name, results in runs.items():
            results.append(measure(name, url, calls, in_flight))
    return {
        name: {figure: statistics.median(run[figure] for run in results) for figure in results[0]}
        for name, results in runs.items()
    }


def repeated(log: Path) -> float:
    """The share of prompt characters that an endless prefix cache would have had, in the order of arrival."""
    seen: set[bytes] = set()
    total = hits = 0
    for line in log.read_bytes().splitlines():
        text = "".join(f"<{m['role']}>{m['content']}" for m in json.loads(line)["messages"])
        state, known = hashlib.blake2b(digest_size=12), True
        for start in range(0, len(text) - BLOCK + 1, BLOCK):
            state.update(text[start : start + BLOCK].encode())
            name = state.digest()
            known = known and name in seen
            hits += BLOCK * known
            seen.add(name)
        total += len(text)
    return hits / total


def table(rounds: int, calls: int) -> Iterator[str]:
    with server("--latency", 0.02) as url:
        even = medians(url, calls, 64, rounds)
    perfect = TAILED / (MEDIAN * math.exp(SIGMA**2 / 2))
    with server("--latency", MEDIAN, "--sigma", SIGMA) as url:
        tailed = medians(url, calls, TAILED, rounds)
    with tempfile.TemporaryDirectory() as folder:
        with server("--latency", 0.02, "--log", Path(folder, "log")) as url:
            measure("pipeline", url, calls, 64)
        share = repeated(Path(folder, "log"))
    slowest = even["openai"]["calls"] / even["openai"]["cpu"]
    machine = f"{os.cpu_count()} cores, Python {sys.version.split()[0]}"
    yield f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d}, {machine}, medians of {rounds} rounds of {calls:,} calls.\n"
    yield (
        "| | calls/s, 20 ms, 64 in flight | CPU ms a call | calls a CPU second, against AsyncOpenAI | peak MB |"
        f" of perfect, uneven server, {TAILED} in flight |"
    )
    yield "| --- | --- | --- | --- | --- | --- |"
    for name, title in CONTENDERS.items():
        run, uneven = even[name], tailed[name]
        per_cpu = run["calls"] / run["cpu"]
        yield (
            f"| {title} | {run['calls'] / run['seconds']:,.0f} | {1000 / per_cpu:.2f} | {per_cpu / slowest:.1f} |"
            f" {run['peak']:.0f} | {uneven['calls'] / uneven['seconds'] / perfect:.0%} |"
        )
    yield f"\nOf the pipeline's prompt characters, {share:.0%} repeat an earlier request's beginning."


def plot() -> str:
    """Calls a second against requests in flight, at 200 ms latency, as SVG."""
    points = (8, 16, 32, 64, 128, 256)
    with server("--latency", 0.2) as url:
        rates = {name: [] for name in CONTENDERS}  # type: dict[str, list[float]]
        for in_flight in points:
            for name, found in rates.items():
                run = measure(name, url, 25 * in_flight, in_flight)  # about five seconds each
                found.append(run["calls"] / run["seconds"])
    top = max(map(max, rates.values()))
    width, height, margin = 640, 360, 60
    colours = {"aiohttp": "#8a8a8a", "openai": "#c2571a", "pipeline": "#1a6fc2"}

    def place(number: int, rate: float) -> str:
        x = margin + number * (width - 2 * margin) / (len(points) - 1)
        return f"{x:.0f},{height - margin - rate / top * (height - 2 * margin):.0f}"

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"',
        ' font-family="sans-serif" font-size="12">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
        f'<text x="{margin}" y="24" font-size="14">calls a second against requests in flight (200 ms server)</text>',
        f'<path d="M{margin},{margin - 20}V{height - margin}H{width - margin}" fill="none" stroke="black"/>',
        f'<text x="{margin - 8}" y="{margin}" text-anchor="end">{top:,.0f}</text>',
    ]
    for number, in_flight in enumerate(points):
        x = place(number, 0).split(",")[0]
        parts.append(f'<text x="{x}" y="{height - margin + 18}" text-anchor="middle">{in_flight}</text>')
    for row, (name, found) in enumerate(rates.items()):
        line = " ".join(place(number, rate) for number, rate in enumerate(found))
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colours[name]}" stroke-width="2"/>')
        parts.append(
            f'<text x="{margin + 12}" y="{margin + 18 * row}" fill="{colours[name]}">{CONTENDERS[name]}</text>'
        )
    return "\n".join([*parts, "</svg>\n"])


def main() -> None:
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
