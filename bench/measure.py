"""A server in a process of its own, contenders in processes of their own, and what the server's log tells of them."""

import contextlib
import hashlib
import json
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

CONTENDERS = {"aiohttp": "bare aiohttp", "openai": "bare AsyncOpenAI", "pipeline": "this pipeline"}
BLOCK = 512  # characters

Figures = dict[str, float]


@contextlib.contextmanager
def server(*arguments: object) -> Iterator[str]:
    """The stand-in endpoint; gives its base URL."""
    command = [sys.executable, "-m", "src.rehearsal", "--serve", *map(str, arguments)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        yield process.stdout.readline().split()[1]
    finally:
        process.terminate()
        process.wait()


def measure(name: str, url: str, calls: int, in_flight: int) -> Figures:
    """One contender's run: calls, seconds, CPU seconds, peak memory in MB."""
    command = [sys.executable, "-m", "bench.contender", name, url, str(calls), str(in_flight)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    figures: Figures = json.loads(done.stdout)
    return figures


def medians(runs: list[Figures]) -> Figures:
    return {figure: statistics.median(run[figure] for run in runs) for figure in runs[0]}


def kept_busy(log: Path, in_flight: int) -> float:
    """The mean share of the allowed requests that the server held, leaving out the first and the last tenth of them."""
    asked = [json.loads(line) for line in log.read_bytes().splitlines()]
    held = sorted((request["came"], request["came"] + request["pause"]) for request in asked)
    start, end = held[len(held) // 10][0], held[len(held) * 9 // 10][0]
    busy = sum(max(0.0, min(last, end) - max(first, start)) for first, last in held)
    return float(busy / (end - start) / in_flight)


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
