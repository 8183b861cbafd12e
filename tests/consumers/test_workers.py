"""Samples made by Ray's workers: the same bytes, the same limits, whatever is killed."""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from src.rehearsing.standin import reply_to, schema_of

from ..conftest import Serve, environment, read_rows, synthesis
from ..test_synthesis import many, training_bytes

pytest.importorskip("ray")

Start = Callable[..., str]


@pytest.fixture
def whole(endpoint: Start, tmp_path: Path) -> int:
    """Sixty dialogues, and their records as they are made without workers; gives the number of questions."""
    many(tmp_path, 60)
    assert synthesis(tmp_path, endpoint(log=tmp_path / "whole.log"), output="whole.jsonl").returncode == 0
    return len(read_rows(tmp_path / "whole.log"))


def asked(folder: Path) -> int:
    """How many requests the endpoint has written down in whole; it may be writing one."""
    log = folder / "asked.log"
    return log.read_bytes().count(b"\n") if log.exists() else 0


def same(folder: Path) -> bool:
    return training_bytes(folder, "out.jsonl") == training_bytes(folder, "whole.jsonl")


def begun(folder: Path, url: str, *arguments: object) -> "subprocess.Popen[str]":
    """Synthesis by two workers as a process, whose workers bear the folder's name."""
    base = ["--base-url", url, "--model", "m", "--api-key-env", "", "--input", "in.jsonl", "--output", "out.jsonl"]
    return subprocess.Popen(
        [sys.executable, "-m", "src.synthesis", *base, "--workers", "2", *map(str, arguments)],
        cwd=folder,
        env=environment(TRIAL=folder.name),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def processes(folder: Path, kind: bytes) -> Iterator[int]:
    """The processes of Ray's that are of this kind, for a run begun in this folder."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command, told = (process / "cmdline").read_bytes(), (process / "environ").read_bytes()
        except OSError:
            continue
        if command.startswith(b"ray::" + kind) and f"TRIAL={folder.name}".encode() in told:
            yield int(process.name)


@pytest.mark.parametrize("count", [1, 2])
def test_workers_make_the_same_bytes_with_the_same_calls(
    endpoint: Start, tmp_path: Path, whole: int, count: int
) -> None:
    done = synthesis(tmp_path, endpoint(log=tmp_path / "asked.log"), "--workers", count)
    assert done.returncode == 0, done.stderr
    assert same(tmp_path)
    assert asked(tmp_path) == whole == int(re.findall(r"calls +(\d+)", done.stdout)[0])


def test_a_cluster_that_died_on_this_machine_is_not_waited_for(
    endpoint: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    many(tmp_path, 4)
    with tempfile.TemporaryDirectory(prefix="ray", dir="/tmp") as folder:  # a socket's path may not be long
        (Path(folder) / "ray").mkdir()
        (Path(folder) / "ray/ray_current_cluster").write_text("127.0.0.1:9")
        monkeypatch.setenv("RAY_TMPDIR", folder)
        process = begun(tmp_path, endpoint())
        out, err = process.communicate(timeout=90)
    assert process.returncode == 0, err
    assert "samples made   4" in out


def test_a_killed_worker_costs_what_it_had_in_flight(endpoint: Start, tmp_path: Path, whole: int) -> None:
    process = begun(tmp_path, endpoint(latency=0.05, jitter=0.1, log=tmp_path / "asked.log"))
    until = time.monotonic() + 60
    while asked(tmp_path) < whole // 3 and time.monotonic() < until:
        time.sleep(0.1)
    victim = next(processes(tmp_path, b"Worker"))
    os.kill(victim, signal.SIGKILL)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert "a worker was lost" in err
    assert whole <= asked(tmp_path) <= whole + 10
    assert same(tmp_path)
    assert "samples made   60" in out


def test_a_killed_run_goes_on_and_repeats_what_was_in_flight(endpoint: Start, tmp_path: Path, whole: int) -> None:
    url = endpoint(latency=0.05, jitter=0.1, log=tmp_path / "asked.log")
    process = begun(tmp_path, url)
    until = time.monotonic() + 60
    while asked(tmp_path) < whole // 3 and time.monotonic() < until:
        time.sleep(0.1)
    process.kill()
    process.communicate()
    assert synthesis(tmp_path, url, "--workers", 2).returncode == 0
    assert whole <= asked(tmp_path) <= whole + 10
    assert same(tmp_path)


def test_a_run_whose_keeper_is_killed_says_so_and_goes_on(endpoint: Start, tmp_path: Path, whole: int) -> None:
    url = endpoint(latency=0.05, jitter=0.1, log=tmp_path / "asked.log")
    process = begun(tmp_path, url)
    until = time.monotonic() + 60
    while asked(tmp_path) < whole // 3 and time.monotonic() < until:
        time.sleep(0.1)
    os.kill(next(processes(tmp_path, b"Keeper")), signal.SIGKILL)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1, err
    assert err.rstrip().endswith("which repeats nothing that was answered.")
    assert "Traceback" not in out + err
    assert not (tmp_path / "out.jsonl.failed.jsonl").exists()
    assert synthesis(tmp_path, url, "--workers", 2).returncode == 0
    assert whole <= asked(tmp_path) <= whole + 10
    assert same(tmp_path)


def test_a_budget_is_for_all_workers_together(endpoint: Start, tmp_path: Path, whole: int) -> None:
    url, priced = endpoint(log=tmp_path / "asked.log"), ("--workers", 2, "--price-in", 1, "--price-out", 2)
    done = synthesis(tmp_path, url, *priced, "--max-cost", 0.05)
    assert done.returncode == 4, done.stderr
    assert 0.03 < float(re.findall(r"cost +([\d.]+)", done.stdout)[0]) <= 0.05
    assert synthesis(tmp_path, url, *priced).returncode == 0
    assert asked(tmp_path) == whole
    assert same(tmp_path)


def test_requests_a_minute_are_for_all_workers_together(endpoint: Start, tmp_path: Path) -> None:
    many(tmp_path, 7)
    done = synthesis(tmp_path, endpoint(log=tmp_path / "asked.log"), "--workers", 2, "--rpm", 40)
    assert done.returncode == 0, done.stderr
    came = sorted(row["came"] for row in read_rows(tmp_path / "asked.log"))
    assert len(came) > 40
    assert all(later - sooner > 60 for sooner, later in zip(came, came[40:], strict=False))


def test_what_ends_a_run_ends_it_for_all_workers(endpoint: Start, tmp_path: Path) -> None:
    many(tmp_path, 60)
    done = synthesis(tmp_path, endpoint(faults=(("badkey", 1.0),), log=tmp_path / "asked.log"), "--workers", 2)
    assert done.returncode == 1
    assert "the key was not accepted" in done.stderr
    assert "Traceback" not in done.stderr
    assert asked(tmp_path) <= 12


class Failing:
    """The stand-in, but that it fails for some seconds after so many answers; keeps when it was asked meanwhile."""

    def __init__(self, answers: int, seconds: float) -> None:
        self.answers, self.seconds = answers, seconds
        self.asked: list[float] = []

    def __call__(self, body: dict[str, Any]) -> Any:
        self.answers -= 1
        now = time.monotonic()
        if self.answers >= 0 or (self.asked and now > self.asked[0] + self.seconds):
            return reply_to(body["messages"], schema_of(body))
        self.asked.append(now)
        return web.json_response({"error": {"message": "maintenance"}}, status=500)


def test_an_outage_is_told_and_waited_for_once_for_all_workers(serve: Serve, tmp_path: Path) -> None:
    many(tmp_path, 60)
    endpoint = Failing(answers=100, seconds=6)
    done = synthesis(tmp_path, serve(endpoint), "--workers", 4, "--max-concurrency", 16)
    assert done.returncode == 0, done.stderr
    assert len(read_rows(tmp_path / "out.jsonl")) == 60
    tries = [came for came in endpoint.asked if came > endpoint.asked[0] + 0.9]
    assert 1 <= len(tries) <= 3  # after one second, two more and four more
    assert "the endpoint is down (500" in done.stderr
    assert "the endpoint answers again" in done.stderr


def test_an_outage_longer_than_patience_ends_the_run(serve: Serve, tmp_path: Path) -> None:
    many(tmp_path, 60)
    url = serve(Failing(answers=100, seconds=60))
    done = synthesis(tmp_path, url, "--workers", 2, "--patience", 3, "--max-concurrency", 16)
    assert done.returncode == 1
    assert "has been down" in done.stderr.splitlines()[-1]
    assert not (tmp_path / "out.jsonl.failed.jsonl").exists()


def test_failures_are_lines_of_the_sidecar(endpoint: Start, tmp_path: Path) -> None:
    many(tmp_path, 30)
    done = synthesis(tmp_path, endpoint(faults=(("filtered", 0.05),)), "--workers", 2)
    assert done.returncode == 3
    failed = read_rows(tmp_path / "out.jsonl.failed.jsonl")
    assert failed
    assert {row["kind"] for row in failed} == {"content_filter"}
    assert len(read_rows(tmp_path / "out.jsonl")) == 30 - len(failed)
