"""No paid call is lost, repeated or wasted: kills, faults, full limits, each with real processes and real HTTP."""

import contextlib
import json
import random
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from src.calling.answer import RequestFailed, judged, message_in
from src.config import Config
from src.methods.proutt.estimate import calls_of, stages

from .conftest import ROOT, command, environment, read_rows, started, synthesis
from .test_synthesis import many, training_bytes

Start = Callable[..., str]


def test_killed_ten_times_it_pays_at_most_for_what_was_in_flight(endpoint: Start, tmp_path: Path) -> None:
    many(tmp_path, 100)
    whole = endpoint(log=tmp_path / "whole.log")
    assert synthesis(tmp_path, whole, output="whole.jsonl").returncode == 0
    url = endpoint(latency=0.02, jitter=0.04, log=tmp_path / "killed.log")
    dice = random.Random(5)
    for _ in range(10):
        process = started(tmp_path, url)
        time.sleep(1.0 + dice.random() / 2)
        process.kill()
        process.communicate()
    assert synthesis(tmp_path, url).returncode == 0
    unbroken, paid = (len(read_rows(tmp_path / name)) for name in ("whole.log", "killed.log"))
    assert unbroken <= paid <= unbroken + 10 * 10  # ten kills, ten requests in flight
    assert training_bytes(tmp_path, "out.jsonl") == training_bytes(tmp_path, "whole.jsonl")
    assert len(read_rows(tmp_path / "out.jsonl")) == 100


def test_a_failed_sample_pays_only_for_what_is_missing(endpoint: Start, tmp_path: Path) -> None:
    many(tmp_path, 20)
    synthesis(tmp_path, endpoint(log=tmp_path / "whole.log"), output="whole.jsonl")
    synthesis(tmp_path, endpoint(faults=(("filtered", 0.1),), log=tmp_path / "first.log"))
    failed = len(read_rows(tmp_path / "out.jsonl.failed.jsonl"))
    assert failed >= 5
    assert synthesis(tmp_path, endpoint(log=tmp_path / "second.log")).returncode == 0
    whole, first, second = (len(read_rows(tmp_path / f"{name}.log")) for name in ("whole", "first", "second"))
    refused = sum(request["fault"] == "filtered" for request in read_rows(tmp_path / "first.log"))
    assert 0 < refused < first
    assert first - refused + second == whole
    assert training_bytes(tmp_path, "out.jsonl") == training_bytes(tmp_path, "whole.jsonl")


def test_a_prompt_edited_in_one_stage_pays_only_from_there_on(endpoint: Start, tmp_path: Path) -> None:
    many(tmp_path, 10)
    synthesis(tmp_path, endpoint())
    (tmp_path / "out.jsonl").rename(tmp_path / "old.jsonl")
    edited = tmp_path / "edited"
    shutil.copytree(ROOT / "src", edited / "src")
    prompts = edited / "src/methods/proutt/misleading.py"
    text = prompts.read_text(encoding="utf-8")
    assert text.count("Give two wrong paths:") == 1
    prompts.write_text(text.replace("Give two wrong paths:", "Now give two wrong paths:"), encoding="utf-8")
    url = endpoint(log=tmp_path / "asked.log")
    base = ["--base-url", url, "--model", "m", "--api-key-env", "", "--input", "in.jsonl", "--output", "out.jsonl"]
    done = subprocess.run(
        [sys.executable, "-m", "src.synthesis", *base],
        cwd=tmp_path,
        env=environment(PYTHONPATH=str(edited)),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0
    texts = [request["messages"][1]["content"] for request in read_rows(tmp_path / "asked.log")]
    assert texts
    assert all("# Task: wrong path" in text or "# Task: revision" in text for text in texts)


def test_unusable_replies_are_stored_as_billed_and_not_served_again(endpoint: Start, tmp_path: Path) -> None:
    many(tmp_path, 3)
    synthesis(tmp_path, endpoint(faults=(("prose", 1.0),)))
    database = sqlite3.connect(tmp_path / "out.jsonl.calls.sqlite")
    billed, served, tokens = database.execute("SELECT count(*), sum(served), sum(total) FROM calls").fetchone()
    database.close()
    failures = read_rows(tmp_path / "out.jsonl.failed.jsonl")
    assert (billed, served) == (3 * 2 * 4, 0)
    assert tokens == sum(failure["usage"]["total_tokens"] for failure in failures)
    assert synthesis(tmp_path, endpoint()).returncode == 0


def test_without_cache_nothing_is_kept_and_prune_drops_what_is_finished(endpoint: Start, tmp_path: Path) -> None:
    many(tmp_path, 60)
    url = endpoint()
    synthesis(tmp_path, url, "--no-cache", output="bare.jsonl")
    assert not (tmp_path / "bare.jsonl.calls.sqlite").exists()
    synthesis(tmp_path, url)
    before = (tmp_path / "out.jsonl.calls.sqlite").stat().st_size
    pruned = synthesis(tmp_path, url, "--prune")
    assert "stored replies of finished samples" in pruned.stderr
    assert (tmp_path / "out.jsonl.calls.sqlite").stat().st_size < before / 4


def test_mixed_faults_lose_no_sample_in_twice_the_calls_at_most(endpoint: Start, tmp_path: Path) -> None:
    many(tmp_path, 100)
    faults = (("429", 0.05), ("500", 0.02), ("prose", 0.03), ("truncated", 0.02), ("reset", 0.01))
    url = endpoint(faults=faults, log=tmp_path / "asked.log")
    assert synthesis(tmp_path, url, "--max-concurrency", 32).returncode == 0
    assert len(read_rows(tmp_path / "out.jsonl")) == 100
    assert len(read_rows(tmp_path / "asked.log")) < 900 * 1.3


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_an_endpoint_that_is_down_is_waited_for_and_marks_nothing_as_failed(tmp_path: Path) -> None:
    many(tmp_path, 20)
    port = unused_port()
    process = started(tmp_path, f"http://127.0.0.1:{port}/v1")
    assert process.stderr
    assert any("the endpoint is down" in line for line in process.stderr)
    server = subprocess.Popen(
        [sys.executable, "-m", "src.rehearsal", "--serve", "--port", str(port)],
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.DEVNULL,
    )
    _, stderr = process.communicate(timeout=60)
    server.terminate()
    server.wait()
    assert process.returncode == 0, stderr
    assert "the endpoint answers again" in stderr
    assert len(read_rows(tmp_path / "out.jsonl")) == 20


@pytest.mark.parametrize("fault", ["500", "reset"])
def test_after_its_patience_the_run_stops_cleanly(endpoint: Start, tmp_path: Path, fault: str) -> None:
    many(tmp_path, 50)
    done = synthesis(tmp_path, endpoint(faults=((fault, 1.0),)), "--patience", "3", "--max-concurrency", "20")
    assert done.returncode == 1
    assert "has been down" in done.stderr.splitlines()[-1]
    assert len(read_rows(tmp_path / "out.jsonl.failed.jsonl")) <= 4
    assert synthesis(tmp_path, endpoint()).returncode == 0
    assert len(read_rows(tmp_path / "out.jsonl")) == 50


def test_a_5xx_that_comes_back_each_time_is_taken_for_a_refused_mode(endpoint: Start, tmp_path: Path) -> None:
    many(tmp_path, 6)
    done = synthesis(tmp_path, endpoint(faults=(("brokenschema", 1.0),)))
    assert done.returncode == 0
    assert done.stderr.count("JSON mode is now object") == 1


def test_a_cut_off_reply_is_asked_for_again_with_a_larger_limit_once(endpoint: Start, tmp_path: Path) -> None:
    many(tmp_path, 1)
    url = endpoint(faults=(("truncated", 1.0),), log=tmp_path / "asked.log")
    synthesis(tmp_path, url, "--max-tokens", 4, "--json-mode", "text")
    (failure,) = read_rows(tmp_path / "out.jsonl.failed.jsonl")
    assert failure["kind"] == "length"
    limits = [request["max_tokens"] for request in read_rows(tmp_path / "asked.log")]
    assert limits[0] == 4
    assert sorted(set(limits)) == [4, 8192]


def test_a_budget_of_tokens_or_money_is_not_passed(endpoint: Start, tmp_path: Path) -> None:
    many(tmp_path, 50)
    url = endpoint(latency=0.01)
    done = synthesis(tmp_path, url, "--max-total-tokens", 60_000)
    assert done.returncode == 4
    assert "--max-total-tokens 60000" in done.stderr
    used = sum(row["usage"]["total_tokens"] for row in read_rows(tmp_path / "out.jsonl"))
    database = sqlite3.connect(tmp_path / "out.jsonl.calls.sqlite")
    (billed,) = database.execute("SELECT sum(total) FROM calls").fetchone()
    database.close()
    assert 30_000 < billed <= 60_000
    assert used <= billed
    wish = ("--price-in", 1, "--price-out", 10, "--max-cost", 0.05)
    money = [synthesis(tmp_path, url, *wish, output="money.jsonl") for _ in range(3)]
    assert [each.returncode for each in money] == [4, 4, 4]
    cost = float(next(line for line in money[0].stdout.splitlines() if line.startswith("cost")).split()[1])
    assert 0.02 < cost <= 0.05
    told = next(line for line in money[2].stdout.splitlines() if line.startswith("cost"))
    in_this_run, on_this_output = map(float, re.findall(r"[\d.]+", told))
    assert in_this_run < 0.05 - cost + 1e-9
    assert cost <= on_this_output <= 0.05
    assert "by earlier runs" in money[2].stderr
    assert synthesis(tmp_path, url).returncode == 0


def test_an_estimate_asks_nothing_and_is_near_the_truth(endpoint: Start, tmp_path: Path) -> None:
    prices = ("--price-in", 1, "--price-out", 4)
    demo = ROOT / "data/raw/demo.jsonl"
    told = command("synthesis", "--input", demo, "--estimate", *prices, folder=tmp_path)
    assert told.returncode == 0
    assert "11 to be made" in told.stdout
    totals = {line.split()[0]: line.split()[1:] for line in told.stdout.splitlines() if line.split()}
    synthesis(tmp_path, endpoint(log=tmp_path / "asked.log"), input=demo)
    regions = [row["region"] for row in read_rows(tmp_path / "out.jsonl")]
    counted = sum(calls_of(stage, region, "published") for stage in stages(Config()) for region in regions)
    assert counted == len(read_rows(tmp_path / "asked.log"))
    prompt = sum(row["usage"]["prompt_tokens"] for row in read_rows(tmp_path / "out.jsonl"))
    least, most = (int(totals[region][1].replace(",", "")) for region in ("far", "middle"))
    assert least * 0.7 < prompt < most * 1.3
    assert float(totals["middle"][3]) > float(totals["far"][3]) > 0


def test_two_interrupts_end_it_at_once_and_it_goes_on(endpoint: Start, tmp_path: Path) -> None:
    many(tmp_path, 20)
    url = endpoint(latency=4, log=tmp_path / "asked.log")
    process = started(tmp_path, url)
    while len(read_rows(tmp_path / "asked.log")) < 12:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    time.sleep(0.2)
    start = time.monotonic()
    process.send_signal(signal.SIGINT)
    stdout, _ = process.communicate(timeout=20)
    assert time.monotonic() - start < 3.5
    assert process.returncode == 130
    assert "interrupted" in stdout
    again = synthesis(tmp_path, endpoint())
    assert again.returncode == 0
    assert ", 0 replies from it" not in again.stdout


def test_what_the_disk_refuses_ends_in_one_sentence_and_loses_nothing(endpoint: Start, tmp_path: Path) -> None:
    many(tmp_path, 30)
    url = endpoint()
    small = f"ulimit -f 100; exec {sys.executable} -m src.synthesis --base-url {url} --model m --api-key-env ''"
    full = subprocess.run(
        ["bash", "-c", f"trap '' XFSZ; {small} --input in.jsonl --output out.jsonl"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert full.returncode == 1
    assert "run the same command again" in full.stderr.splitlines()[-1]
    assert "Traceback" not in full.stderr
    assert synthesis(tmp_path, url).returncode == 0
    assert len(read_rows(tmp_path / "out.jsonl")) == 30


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("PRAGMA user_version = 99", "made by another version (format 99"),
        ("CREATE TABLE other (x)", "made by another version (format 0"),
        (None, "cannot be used (file is not a database)"),
    ],
)
def test_a_store_that_is_not_ours_is_left_alone(tmp_path: Path, content: str | None, told: str) -> None:
    many(tmp_path, 1)
    path = tmp_path / "out.jsonl.calls.sqlite"
    if content is None:
        path.write_bytes(b"no database, whatever its name says" * 100)
    else:
        database = sqlite3.connect(path)
        database.execute(content)
        database.commit()
        database.close()
    before = path.read_bytes()
    done = synthesis(tmp_path, "http://127.0.0.1:9/v1")
    assert done.returncode == 1
    assert told in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert path.read_bytes() == before


def test_a_store_without_times_is_brought_up_to_date_and_keeps_its_replies(endpoint: Start, tmp_path: Path) -> None:
    many(tmp_path, 3)
    url = endpoint()
    synthesis(tmp_path, url)
    made = (tmp_path / "out.jsonl").read_bytes()
    with contextlib.closing(sqlite3.connect(tmp_path / "out.jsonl.calls.sqlite")) as store:
        store.executescript("ALTER TABLE calls DROP COLUMN seconds; DROP TABLE runs; PRAGMA user_version = 1")
    assert re.search(
        r"^insight +3 ", command("report", "--input", "out.jsonl", "--text", folder=tmp_path).stdout, re.MULTILINE
    )
    (tmp_path / "out.jsonl").unlink()
    again = synthesis(tmp_path, url)
    assert again.returncode == 0
    assert re.search(r"^calls +0$", again.stdout, re.MULTILINE)
    assert sorted(read_rows(tmp_path / "out.jsonl"), key=str) == sorted(map(json.loads, made.splitlines()), key=str)


def test_the_key_is_nowhere(endpoint: Start, tmp_path: Path) -> None:
    many(tmp_path, 4)
    secret = "sk-5ecret-key-5ecret"
    for faults in ((("echokey", 0.5),), (("badkey", 1.0),)):
        base = ("--base-url", endpoint(faults=faults), "--model", "m", "--input", "in.jsonl", "--output", "out.jsonl")
        done = command("synthesis", *base, "--max-retries", 0, folder=tmp_path, ZAI_API_KEY=secret)
        assert secret not in done.stdout + done.stderr
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert secret.encode() not in path.read_bytes(), path


def test_a_refusal_in_the_middle_stops_all_others_at_once(endpoint: Start, tmp_path: Path) -> None:
    many(tmp_path, 60)
    log = tmp_path / "asked.log"
    done = synthesis(tmp_path, endpoint(faults=(("badkey", 0.02),), latency=0.02, log=log), "--max-concurrency", 16)
    assert done.returncode == 1
    assert "answered 401" in done.stderr
    asked = read_rows(log)
    refused = next(request["came"] + request["pause"] for request in asked if request["fault"] == "badkey")
    later = sum(request["came"] > refused for request in asked)
    assert later <= 16  # what each slot had sent before the refusal arrived; nothing is sent behind it
    assert not read_rows(tmp_path / "out.jsonl.failed.jsonl")
    assert synthesis(tmp_path, endpoint()).returncode == 0
    assert len(read_rows(tmp_path / "out.jsonl")) == 60


def test_a_limit_of_rate_loses_no_sample_however_often_it_is_met(endpoint: Start, tmp_path: Path) -> None:
    many(tmp_path, 6)
    done = synthesis(tmp_path, endpoint(faults=(("429", 0.7),)), "--max-retries", 2, "--max-concurrency", 16)
    assert done.returncode == 0, done.stderr
    assert len(read_rows(tmp_path / "out.jsonl")) == 6


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, '{"error": {"message": "Your request exceeded model token limit: 8192", "type": "invalid"}}', "context"),
        (400, '{"error": {"message": "Content Exists Risk"}}', "content_filter"),
        (403, '{"error": {"message": "flagged by moderation"}}', "content_filter"),
        (400, '{"error": {"message": "json_schema is not supported by this model", "type": "invalid"}}', "bad_request"),
        (400, '{"error": {"message": "Model Not Exist"}}', "no such model"),
        (400, '{"error": {"code": "1211", "message": "\\u6a21\\u578b\\u4e0d\\u5b58\\u5728"}}', "no such model"),
        (400, '{"error": {"message": "Invalid model: x"}}', "no such model"),
        (404, "not found", "no such model"),
        (401, "{}", "key was not accepted"),
        (429, '{"error": {"code": "insufficient_quota", "message": "pay"}}', "no credit left"),
        (429, '{"error": {"message": "slow down"}}', "rate_limit"),
        (503, "busy", "server_error"),
    ],
)
def test_an_error_is_judged_by_what_it_says(status: int, body: str, kind: str) -> None:
    error = judged(status, message_in(body), None)
    assert kind in (f"{error.kind} " if isinstance(error, RequestFailed) else str(error))
