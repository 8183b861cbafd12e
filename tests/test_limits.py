"""Limits of speed: over any sliding minute, and with the endpoint's own capacity, on a clock that tests can turn."""

import asyncio
import heapq
import itertools
import random
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from src.calling.budget import Budget, Prices, tokens_in
from src.calling.completion import Usage
from src.calling.concurrency import Slots
from src.calling.rate import Pace

from .conftest import dialogue, read_rows, started, synthesis, write_rows


class Clock:
    """Time that passes only when all wait for it."""

    def __init__(self, settling: int = 20) -> None:
        self.now, self.settling = 0.0, settling
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = itertools.count()

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        wake = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.now + seconds, next(self._order), wake))
        await wake

    async def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        task = asyncio.ensure_future(work)
        while not task.done():
            for _ in range(self.settling):  # let everything that can run do so before time goes on
                await asyncio.sleep(0)
            if not task.done() and self._sleepers:
                self.now, _, wake = heapq.heappop(self._sleepers)
                if not wake.done():
                    wake.set_result(None)
        return task.result()


class Server:
    """Answers `capacity` requests at a time, refuses beyond `most`, and notes how many were in flight."""

    def __init__(self, clock: Clock, seconds: Callable[[], float], capacity: int = 10**6, most: int = 10**6) -> None:
        self._clock, self._seconds, self._room, self._most = clock, seconds, asyncio.Semaphore(capacity), most
        self.busy, self.seen = 0, list[int]()

    async def answer(self) -> bool:
        if self.busy >= self._most:
            await self._clock.sleep(0.01)
            return False
        self.busy += 1
        self.seen.append(self.busy)
        async with self._room:
            await self._clock.sleep(self._seconds())
        self.busy -= 1
        return True


def ask(server: Server, slots: Slots, clock: Clock, count: int, workers: int = 256) -> None:
    """Bring `count` requests through, each tried until it is answered."""

    async def worker(todo: Any) -> None:
        for _ in todo:
            answered = False
            while not answered:
                async with slots:
                    start = clock()
                    answered = await server.answer()
                    slots.note("stage", clock() - start, refused=not answered)
                if not answered:
                    await clock.sleep(1.0)

    async def main() -> None:
        await clock.run(run())

    async def run() -> None:
        todo = iter(range(count))
        await worker(itertools.islice(todo, 1))
        await asyncio.gather(*(worker(todo) for _ in range(workers)))

    asyncio.run(main())


def test_a_saturated_server_that_refuses_nothing_gets_fewer_requests() -> None:
    clock = Clock()
    server, slots = Server(clock, lambda: 1.0, capacity=8), Slots(64, clock)
    ask(server, slots, clock, 4000)
    assert slots.limit <= 24
    assert clock() <= 4000 / 8 * 1.1  # and is kept busy


def test_a_server_that_refuses_gets_fewer_requests_and_more_again_when_it_can() -> None:
    clock = Clock()
    server, slots = Server(clock, lambda: 1.0, most=20), Slots(64, clock)
    ask(server, slots, clock, 3000)
    assert slots.limit <= 28
    server._most = 10**6
    ask(server, slots, clock, 6000)
    assert slots.limit > 50


def test_chance_refusals_do_not_slow_the_run() -> None:
    dice, clock = random.Random(3), Clock()
    server, slots = Server(clock, lambda: 1.0), Slots(64, clock)
    answer = server.answer

    async def sometimes() -> bool:
        return dice.random() > 0.05 and await answer()

    server.answer = sometimes  # type: ignore[method-assign]
    ask(server, slots, clock, 3000)
    assert slots.limit == 64
    assert clock() < 3000 / 64 * 1.3


def test_a_server_of_uneven_speed_keeps_all_slots_busy() -> None:
    dice, clock = random.Random(1), Clock()
    server, slots = Server(clock, lambda: dice.lognormvariate(0, 1)), Slots(32, clock)
    ask(server, slots, clock, 8000)
    perfect = 8000 / 32 * 1.6487  # the mean of the distribution
    assert clock() < perfect / 0.93


def test_a_server_that_can_take_few_of_many_is_not_flooded_for_long() -> None:
    clock = Clock()
    server, slots = Server(clock, lambda: 1.0, most=50), Slots(2000, clock)
    refusals = 0
    answer = server.answer

    async def counted() -> bool:
        nonlocal refusals
        answered = await answer()
        refusals += not answered
        return answered

    server.answer = counted  # type: ignore[method-assign]
    ask(server, slots, clock, 4000, workers=2000)
    assert slots.limit < 75
    assert refusals < 4 * 2000


@pytest.mark.parametrize(("rpm", "tpm"), [(30, None), (None, 3000), (50, 4000)])
def test_no_sliding_minute_has_more_than_allowed(rpm: int | None, tpm: int | None) -> None:
    clock = Clock(settling=150)
    pace, dice = Pace(rpm, tpm, clock, clock.sleep), random.Random(2)
    sent: list[float] = []
    spent: list[tuple[float, float, int]] = []

    async def request() -> None:
        tokens = dice.randint(50, 150)
        await pace.wait(tokens)
        start = clock()
        sent.append(start)
        await clock.sleep(dice.random() * 20)
        pace.end(tokens, tokens)
        spent.append((start, clock(), tokens))

    async def main() -> None:
        await clock.run(asyncio.wait([asyncio.ensure_future(request()) for _ in range(120)]))

    asyncio.run(main())
    for begin in (start for start, _, _ in spent):
        assert not rpm or sum(begin <= moment < begin + 60 for moment in sent) <= rpm
        assert not tpm or sum(tokens for start, _, tokens in spent if begin <= start < begin + 60) <= tpm
        assert not tpm or sum(tokens for _, end, tokens in spent if begin <= end < begin + 60) <= tpm
    assert clock() < 60 * 120 * 100 / (tpm or 10**9) + 60 * 120 / (rpm or 10**9) + 200  # and it is not idle


def test_a_request_larger_than_the_limit_is_sent_alone_and_not_never() -> None:
    clock = Clock()
    pace = Pace(None, 100, clock, clock.sleep)

    async def main() -> None:
        await clock.run(pace.wait(500))

    asyncio.run(main())


def test_prices_count_cached_tokens_at_their_price() -> None:
    usage = Usage(prompt=1_000_000, completion=500_000, total=1_500_000, cached=400_000)
    assert Prices(2.0, 0.5, 8.0).of(usage) == pytest.approx(0.6 * 2 + 0.4 * 0.5 + 0.5 * 8)
    assert Prices(2.0, None, 8.0).of(usage) == pytest.approx(2 + 4)


def test_a_budget_reserves_for_calls_in_flight() -> None:
    budget = Budget(None, 10_000)
    meters = [budget.meter(Prices(1, None, 1), 1000) for _ in range(2)]
    for number in range(5):
        budget.reserve(meters[number % 2], 1000)
    with pytest.raises(Exception, match="max-total-tokens"):
        budget.reserve(meters[0], 1000)


def test_a_budget_counts_each_model_at_its_own_prices() -> None:
    budget = Budget(1.0, None)
    dear, cheap = budget.meter(Prices(100, None, 100), 1000), budget.meter(Prices(1, None, 1), 1000)
    cheap.before = Usage(prompt=100_000, completion=0, total=100_000)
    for _ in range(4):
        budget.reserve(dear, 1000)
    assert budget.reserve(cheap, 1000).total == 2000
    with pytest.raises(Exception, match="max-cost"):
        budget.reserve(dear, 1000)


def test_the_rule_for_tokens_is_the_one_that_is_stated() -> None:
    assert tokens_in("abcd" * 100) == 100
    assert tokens_in("你好吗" * 100) == 200


def test_300_requests_are_in_flight_where_128_files_may_be_open(endpoint: Callable[..., str], tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    write_rows(tmp_path / "in.jsonl", [dialogue(number) for number in range(200)])
    url = endpoint(latency=0.5)
    usual, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (128, most))  # what a process that is started now begins with
    try:
        process = started(tmp_path, url, "--max-concurrency", 300, "--max-retries", 0)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (usual, most))
    process.communicate()
    assert (process.returncode, len(read_rows(tmp_path / "out.jsonl"))) == (0, 200)
    if most != resource.RLIM_INFINITY:
        beyond = synthesis(tmp_path, url, "--max-concurrency", most, output="other.jsonl")
        assert beyond.returncode == 1
        assert f"give at most {most - 64}" in beyond.stderr
