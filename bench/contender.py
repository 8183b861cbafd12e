"""One contender of the benchmark, in a process of its own: asks a server many questions and prints what that took.

python -m bench.contender NAME URL CALLS IN_FLIGHT
"""

import asyncio
import contextlib
import io
import json
import logging
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import httpx2
import openai
import orjson

from src import synthesis
from src.calling.stage import messages
from src.dialogues.raw import Raw
from src.dialogues.samples import samples
from src.dialogues.turns import cleaned
from src.methods.proutt.estimate import inputs
from src.methods.proutt.settings import Config
from src.methods.proutt.stages import STAGES
from src.running import runner

WORDS = ("rose", "garden", "water", "light", "window", "soil", "winter", "paper", "travel", "hotel", "coffee", "budget")


def dialogues(count: int, rounds: int = 4, characters: int = 3700) -> Iterator[dict[str, Any]]:
    """Dialogues of a given length, each with words of its own."""
    each = characters // (2 * rounds)
    for number in range(count):
        text = " ".join(f"{WORDS[(number + place) % len(WORDS)]}{number * 7 + place}" for place in range(each // 8))
        turns = [
            {"role": role, "content": f"{text} {place}?"} for place in range(rounds) for role in ("user", "assistant")
        ]
        yield {"id": number, "conversation": [*turns, {"role": "user", "content": f"{text[:80]} then?"}]}


def bodies(calls: int) -> list[bytes]:
    """Requests as the pipeline sends them."""
    made: list[bytes] = []
    for row in dialogues(-(-calls // len(STAGES))):
        (sample,) = samples(cleaned(Raw(row["id"], row["conversation"]), Config()), 0, Config(), Counter())
        asked = (messages(stage, inputs(stage, sample)) for stage in STAGES)
        made.extend(orjson.dumps({"model": "bench", "messages": each}) for each in asked)
    return made[:calls]


async def shared(work: list[bytes], in_flight: int, ask: Callable[[bytes], Awaitable[object]]) -> None:
    """Ask everything, so many at a time."""
    todo = iter(work)

    async def worker() -> None:
        for body in todo:
            await ask(body)

    await asyncio.gather(*(worker() for _ in range(in_flight)))


async def bare_aiohttp(url: str, work: list[bytes], in_flight: int) -> None:
    connector = aiohttp.TCPConnector(limit=in_flight)
    async with aiohttp.ClientSession(connector=connector, headers={"Content-Type": "application/json"}) as session:

        async def ask(body: bytes) -> object:
            async with session.post(f"{url}/chat/completions", data=body) as response:
                return orjson.loads(await response.read())

        await shared(work, in_flight, ask)


async def bare_openai(url: str, work: list[bytes], in_flight: int) -> None:
    limits = httpx2.Limits(max_connections=in_flight, max_keepalive_connections=in_flight)
    pool = openai.DefaultAsyncHttpxClient(limits=limits)
    async with openai.AsyncOpenAI(api_key="none", base_url=url, http_client=pool) as client:

        async def ask(body: bytes) -> object:
            return await client.chat.completions.create(**orjson.loads(body))

        await shared(work, in_flight, ask)


def pipeline(url: str, calls: int, in_flight: int) -> int:
    """The whole pipeline with checks, call store and progress; gives the number of its calls."""
    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()) as told:
        rows = Path(folder, "in.jsonl")
        rows.write_text("".join(json.dumps(row) + "\n" for row in dialogues(-(-calls // 8))))
        base = ["--base-url", url, "--model", "bench", "--api-key-env", "", "--max-concurrency", str(in_flight)]
        synthesis.main([*base, "--input", str(rows), "--output", str(Path(folder, "out.jsonl"))])
    return int(
        next(line for line in told.getvalue().splitlines() if line.startswith("calls")).split()[1].replace(",", "")
    )


def main() -> None:
    name, url, calls, in_flight = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    work = bodies(calls) if name != "pipeline" else []
    assert runner  # imported before the clock starts, as the others' clients are
    start, cpu = time.monotonic(), time.process_time()
    if name == "pipeline":
        calls = pipeline(url, calls, in_flight)
    else:
        asyncio.run({"aiohttp": bare_aiohttp, "openai": bare_openai}[name](url, work, in_flight))
    seconds, cpu = time.monotonic() - start, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"calls": calls, "seconds": seconds, "cpu": cpu, "peak": peak}))


if __name__ == "__main__":
    main()
