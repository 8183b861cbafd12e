"""How a run is shown while it goes, and what it says at its end."""

import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from fcntl import ioctl
from pathlib import Path

import pytest

from src.calling.common import Common
from src.calling.completion import Usage
from src.config import Config
from src.running.job import Words
from src.running.progress import screen
from src.running.pulse import Moment, Pulse
from src.running.tally import Tally

from .conftest import ROOT, dialogue, environment, synthesis, write_rows

FULL = Moment(
    made=1_234_567,
    failed=891,
    in_flight=200,
    to_go=8_765_432,
    share=0.123,
    rate=1234.5,
    seconds_left=7100.0,
    calls=98_765_432,
    retries={"rate_limit": 12_345, "timeout": 678, "server_error": 9},
    waiting={"rate_limit": 199, "own limit": 1},
    unusable=4_321,
    tokens=Usage(prompt=9_876_543_210, completion=1_234_567_890, total=11_111_111_100, cached=7_654_321_098),
    cost=12_345.67,
    cost_in_all=98_765.43,
)


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("width", range(20, 200))
def test_every_line_fits_the_terminal_and_a_narrow_one_has_one(width: int) -> None:
    lines = screen(FULL, Words(), width)
    assert all(len(line.replace("{bar}", "")) <= width for line in lines)
    assert len(lines) == (1 if width < 60 else 3)


def test_at_80_columns_nothing_that_matters_is_missing() -> None:
    first, second, third = screen(FULL, Words(), 79)
    assert "made 1,234,567" in first
    assert "left" in first
    assert second.startswith("calls 98,765,432")
    assert "unusable replies 4,321" in second
    assert "cached in" in third
    assert "cost 12,345.67 of about 98,765.43" in third


def test_what_matters_least_goes_first() -> None:
    assert "to go" in screen(FULL, Words(), 150)[0]
    assert "to go" not in screen(FULL, Words(), 50)[0]
    assert "made 1,234,567" in screen(FULL, Words(), 50)[0]


def pulse(tally: Tally, rows: int | None, limit: int | None = None, clock: Clock | None = None) -> Pulse:
    made = Pulse(tally, Common(Config()), limit, clock or Clock())
    made.rows = rows
    return made


@pytest.mark.parametrize(
    ("tally", "rows", "limit", "to_go"),
    [
        (Tally(), 100, None, 100),
        (Tally(), None, None, None),
        (Tally(), None, 40, 40),
        (Tally(rows=30, in_flight=10, ahead=20), 100, None, 100),
        (Tally(rows=30, in_flight=10, ahead=20), 100, 25, 25),
        (Tally(rows=60, already=50, known=50, in_flight=10), 100, None, 50),  # a resume
        (Tally(rows=0, known=50), 100, None, 50),  # a resume that has read nothing yet
        (Tally(rows=40, elsewhere=20, in_flight=20), 100, None, 50),  # every other dialogue is another shard's
        (Tally(rows=10, in_flight=30), 100, None, 300),  # three samples a dialogue
    ],
)
def test_what_is_to_go_is_right(tally: Tally, rows: int | None, limit: int | None, to_go: int | None) -> None:
    assert pulse(tally, rows, limit).look().to_go == to_go


def test_the_bar_never_goes_backwards() -> None:
    tally = Tally(rows=10, in_flight=5)
    tally.made["far"] = 5
    look = pulse(tally, 20)
    before = look.look().share
    tally.rows, tally.ahead = 11, 50  # a dialogue of very many samples
    assert before
    assert look.look().share == before


def test_the_rate_is_that_of_the_last_minute() -> None:
    tally, clock = Tally(rows=500), Clock()
    look = pulse(tally, 1000, clock=clock)
    for second in range(600):
        clock.now += 1
        tally.made["far"] += 1 if second < 500 else 0
        tally.failed += second >= 500 and second % 10 == 0
        moment = look.look()
    assert moment.rate == pytest.approx(0.1, rel=0.1)
    assert moment.seconds_left
    assert moment.seconds_left == pytest.approx((moment.to_go or 0) / 0.1, rel=0.1)


def in_terminal(columns: int, *arguments: str) -> Iterator[str]:
    """What a command draws on a terminal of so many columns, drawing by drawing."""
    leader, follower = pty.openpty()
    ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    command = [sys.executable, "-m", *arguments]
    with subprocess.Popen(command, cwd=ROOT, env=environment(), stdout=subprocess.DEVNULL, stderr=follower) as process:
        os.close(follower)
        shown = b""
        while chunk := read_or_nothing(leader):
            shown += chunk
        assert process.wait() in {0, 3}
    os.close(leader)
    return (re.sub(r"\x1b\[[A-Z]", "", text) for text in re.split(r"[\r\n]+", shown.decode()))


def read_or_nothing(leader: int) -> bytes:
    try:
        return os.read(leader, 65536)
    except OSError:  # so a terminal ends whose program has ended
        return b""


@pytest.mark.parametrize("columns", [50, 80])
def test_a_real_terminal_is_never_overfull(endpoint: Callable[..., str], tmp_path: Path, columns: int) -> None:
    write_rows(tmp_path / "in.jsonl", [dialogue(f"d{number}") for number in range(30)])
    options = (
        "--base-url",
        endpoint(latency=0.05),
        "--model",
        "m",
        "--api-key-env",
        "",
        "--max-concurrency",
        "2",
        "--price-in",
        "1",
    )
    files = ("--input", str(tmp_path / "in.jsonl"), "--output", str(tmp_path / "out.jsonl"))
    drawn = [*in_terminal(columns, "src.synthesis", *options, *files)]
    progress = [text for text in drawn if text.startswith(("made ", "calls ", "tokens "))]
    assert progress
    assert all(len(text) < columns for text in progress)
    assert any(text.startswith("calls ") for text in progress) == (columns == 80)
    assert not any("Traceback" in text or "it/s" in text for text in drawn)


def test_without_a_terminal_lines_have_time_level_and_what_is_to_go(
    endpoint: Callable[..., str], tmp_path: Path
) -> None:
    write_rows(tmp_path / "in.jsonl", [dialogue(f"d{number}") for number in range(5)])
    done = synthesis(tmp_path, endpoint())
    assert re.search(r"(?m)^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\S* INFO made 5, 0 to go", done.stderr)


def test_a_log_for_machines_is_json_with_the_progress_in_numbers(endpoint: Callable[..., str], tmp_path: Path) -> None:
    write_rows(tmp_path / "in.jsonl", [dialogue(f"d{number}") for number in range(5)])
    url = endpoint()
    done = synthesis(tmp_path, url, "--log-format", "json")
    rows = [json.loads(line) for line in done.stderr.splitlines()]
    assert all({"time", "level", "message"} <= row.keys() for row in rows)
    assert rows[-1]["progress"]["made"] == 5
    assert rows[-1]["progress"]["to_go"] == 0
    stopped = synthesis(tmp_path, url, "--log-format", "json", input="none.jsonl")
    assert stopped.returncode == 1
    assert json.loads(stopped.stderr)["level"] == "ERROR"


def test_the_summary_tells_failures_by_stage_and_kind_with_an_example() -> None:
    tally = Tally()
    tally.fail("insight", "length", "The reply was cut off at 100 tokens.")
    tally.fail("insight", "length", "another")
    tally.fail("intent tree", "timeout", "no answer in 5 s")
    told = "\n".join(tally.in_words())
    assert "failed         3" in told
    assert "at insight 2 length, such as: The reply was cut off at 100 tokens." in told
    assert "at intent tree 1 timeout, such as: no answer in 5 s" in told


def test_an_estimate_tells_the_time_by_what_was_given_measured_or_allowed(
    endpoint: Callable[..., str], tmp_path: Path
) -> None:
    write_rows(tmp_path / "in.jsonl", [dialogue(f"d{number}") for number in range(20)])
    url = endpoint(latency=0.2)
    assert "--latency SECONDS, of one call, tells it" in synthesis(tmp_path, url, "--estimate").stdout
    given = synthesis(tmp_path, url, "--estimate", "--latency", 10, "--max-concurrency", 4).stdout
    assert "about 07:30 at 4 requests in flight, 10.0 s a call" in given  # 20 samples of 9 calls each
    allowed = synthesis(tmp_path, url, "--estimate", "--latency", 1, "--rpm", 9).stdout
    assert "about 20:00" in allowed
    synthesis(tmp_path, url, "--limit", 3)
    assert re.search(r"0\.[2-9] s a call, as measured", synthesis(tmp_path, url, "--estimate").stdout)
