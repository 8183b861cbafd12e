"""What is said of `--workers` where they cannot be had; how samples go to and fro. Ray is tried with the consumers."""

import asyncio
import contextlib
import dataclasses
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Sequence
from pathlib import Path
from typing import Any

import pytest

from src.basics.command import Stop
from src.calling.completion import Completion, Usage
from src.calling.settings import Calling
from src.methods.proutt.stages import INTENT_TREE
from src.running.workers.keeper import KEEPER_GONE, Answer, Keeper, Letter, Put
from src.running.workers.line import LOST, Address, Line
from src.running.workers.member import Lost, Member
from src.running.workers.worker import Ended, Given, Worker

from .conftest import command, without
from .test_synthesis import many


def test_without_ray_the_line_that_installs_it_is_said(tmp_path: Path) -> None:
    many(tmp_path, 2)
    given = ("--input", "in.jsonl", "--output", "out.jsonl", "--api-key-env=", "--workers", "2")
    done = without("ray", "synthesis", *given, folder=tmp_path)
    assert done.returncode == 1
    assert done.stderr.endswith("ray is missing, for --workers: pip install -r requirements-cluster.txt\n")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--workers", 0), "0 is not between 1 and 10000"),
        (("--workers", 2, "--batch"), "give one of them"),
        (("--ray-address", "auto"), "--ray-address is for --workers"),
    ],
)
def test_workers_that_make_no_sense_are_refused(tmp_path: Path, options: tuple[object, ...], said: str) -> None:
    many(tmp_path, 2)
    given = ("--input", "in.jsonl", "--output", "out.jsonl", "--api-key-env=")
    done = command("synthesis", *given, *options, folder=tmp_path)
    assert (done.returncode, said in done.stderr) == (1, True), done.stderr


KEYS = {"": ""}


@contextlib.asynccontextmanager
async def kept() -> AsyncIterator[tuple[Keeper, Address]]:
    """A keeper in this process, which listens."""
    keeper = Keeper({"": Calling()}, KEYS, {"": Usage()})
    yield keeper, await keeper.listen("127.0.0.1")
    await keeper._listener.close()
    if keeper._store:
        keeper._store.__exit__()


class Actor:
    """A worker in this process, which counts how often it is called."""

    def __init__(self) -> None:
        self.worker = Worker()
        self.exchange = self
        self.calls = 0

    async def begin(self, address: Address) -> None:
        await self.worker.begin(address, lambda _, seconds: asyncio.sleep(seconds, seconds), {"": Calling()}, KEYS)

    async def remote(self, parcel: Sequence[Given]) -> Sequence[Ended]:
        self.calls += 1
        return await self.worker.exchange(parcel)


class Dying:
    """A worker that takes what it is given and is killed at a given moment."""

    def __init__(self) -> None:
        self.exchange = self
        self.parcels: list[Sequence[Given]] = []
        self.called, self.killed = asyncio.Event(), asyncio.Event()

    async def remote(self, parcel: Sequence[Given]) -> Sequence[Ended]:
        self.parcels.append(parcel)
        self.called.set()
        await self.killed.wait()
        raise ConnectionError


def made_by(member: Member, seconds: Sequence[float]) -> Awaitable[list[Any]]:
    """What comes of samples that take so long each; none waits for ever."""
    making = (member.make(each, place, {}) for place, each in enumerate(seconds))
    return asyncio.wait_for(asyncio.gather(*making, return_exceptions=True), 30)


def test_samples_go_to_a_worker_and_come_back_several_at_a_time() -> None:
    async def made() -> None:
        actor = Actor()
        member, lengths = Member(actor), [number % 37 / 50 for number in range(300)]
        async with kept() as (_, address):
            await actor.begin(address)
            assert [each.made for each in await made_by(member, lengths)] == lengths
            assert [each.made for each in await made_by(member, [0.3, 0.0])] == [0.3, 0.0]
        assert actor.calls < 20
        assert member.load == 0

    asyncio.run(made())


def test_samples_for_a_worker_that_was_started_again_meanwhile_are_lost_and_not_waited_for() -> None:
    async def made() -> None:
        assert [type(each) for each in await made_by(Member(Actor()), [0.0] * 3)] == [Lost] * 3

    asyncio.run(made())


def test_a_worker_whose_keeper_is_gone_before_it_begins_says_so() -> None:
    async def told() -> None:
        async with kept() as (_, address):
            pass
        worker = Worker()
        await worker.begin(address, lambda ask, _: ask(INTENT_TREE, history="User: roses?"), {"": Calling()}, KEYS)
        (ended,) = await asyncio.wait_for(worker.exchange([Given(1, None, 1, {})]), 30)
        assert str(ended.stop) == KEEPER_GONE

    asyncio.run(told())


def test_nothing_is_read_from_who_does_not_know_the_token() -> None:
    async def told() -> None:
        async with kept() as (keeper, address):
            stranger = await Line.to(dataclasses.replace(address, token=bytes(len(address.token))))
            friend = await Line.to(address)
            with pytest.raises(LOST):
                await stranger.ask(("worker", Letter(retries=Counter({"stranger": 1}))))
            assert await friend.ask(("worker", Letter(retries=Counter({"friend": 1})))) == Answer([], [])
            assert (await keeper.state()).retries == Counter({"friend": 1})
            friend.close()
            stranger.close()

    asyncio.run(told())


def test_a_keeper_that_can_keep_nothing_any_more_says_why(tmp_path: Path) -> None:
    async def told() -> None:
        async with kept() as (keeper, address):
            keeper.open(tmp_path / "calls.sqlite")
            with contextlib.closing(sqlite3.connect(tmp_path / "calls.sqlite")) as other:
                other.execute("DROP TABLE calls")
            worker = await Line.to(address)
            put = Put(b"question", 0, "stage", Completion("reply", "stop", Usage(), rehearsal=False))
            said = await worker.ask(("worker", Letter(puts=[put])))
            assert isinstance(said, Stop)
            assert "no such table" in str(said)
            worker.close()

    asyncio.run(told())


def test_who_waits_for_a_lost_worker_is_told_and_nothing_more_is_sent_there() -> None:
    async def lost() -> None:
        actor = Dying()
        member = Member(actor)
        under_way = asyncio.ensure_future(made_by(member, [1.0] * 5))
        await actor.called.wait()
        not_gone = asyncio.ensure_future(made_by(member, [1.0]))
        await asyncio.sleep(0)
        actor.killed.set()
        assert [type(each) for each in await under_way + await not_gone] == [Lost] * 6
        await asyncio.sleep(0.1)
        assert [len(parcel) for parcel in actor.parcels] == [5]

    asyncio.run(lost())
