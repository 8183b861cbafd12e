"""Batches: the same records as asked directly, at half the price, whatever fails; nothing is lost or paid for twice."""

import json
import random
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from src.rehearsing.standin import reply_to, schema_of

from .conftest import Done, command, read_rows, started, synthesis
from .test_synthesis import many, training_bytes

Start = Callable[..., str]
FAST = ("--batch", "--batch-poll", 0.05, "--batch-fewest", 0)


@pytest.fixture
def whole(endpoint: Start, tmp_path: Path) -> int:
    """Forty dialogues, and their records as they are asked directly; gives the number of questions."""
    many(tmp_path, 40)
    assert synthesis(tmp_path, endpoint(log=tmp_path / "whole.log"), output="whole.jsonl").returncode == 0
    return len(read_rows(tmp_path / "whole.log"))


def asked(folder: Path, name: str = "asked.log", fault: str | None = None) -> int:
    """Questions that came to the endpoint; those alone that a fault befell."""
    return sum(fault is None or row["fault"] == fault for row in read_rows(folder / name))


def same(folder: Path) -> bool:
    """Whether the records are those that were asked for directly."""
    return training_bytes(folder, "out.jsonl") == training_bytes(folder, "whole.jsonl")


def test_records_are_those_asked_for_directly_at_half_the_price(endpoint: Start, tmp_path: Path, whole: int) -> None:
    priced = ("--price-in", 1, "--price-out", 2)
    url = endpoint(log=tmp_path / "asked.log")
    done = synthesis(tmp_path, url, *FAST, *priced)
    assert done.returncode == 0, done.stderr
    assert same(tmp_path)
    assert asked(tmp_path) == whole == int(re.findall(r"calls +(\d+)", done.stdout)[0])
    direct = sum(not row.get("batch") for row in read_rows(tmp_path / "asked.log"))
    assert direct <= 10  # one for each stage, whose JSON mode is not known before
    tokens = [
        int(count.replace(",", "")) for count in re.findall(r"prompt ([\d,]+); completion ([\d,]+)", done.stdout)[0]
    ]
    price = (tokens[0] + 2 * tokens[1]) / 1e6
    assert 0.5 * price < float(re.findall(r"cost +([\d.]+)", done.stdout)[0]) < 0.6 * price
    for how in (FAST, ()):  # what came in batches cost the half, whoever asks later
        again = synthesis(tmp_path, url, *how, *priced)
        assert (again.returncode, asked(tmp_path)) == (0, whole)
        assert re.findall(r"([\d.]+) on this output", again.stdout) == re.findall(r"cost +([\d.]+)", done.stdout)


def test_what_expires_is_asked_again_and_nothing_else_is(endpoint: Start, tmp_path: Path, whole: int) -> None:
    url = endpoint(log=tmp_path / "asked.log", faults=(("expired", 0.05),))
    assert synthesis(tmp_path, url, *FAST).returncode == 0
    expired = asked(tmp_path, fault="expired")
    assert expired
    assert asked(tmp_path) == whole + expired
    assert same(tmp_path)


def test_what_no_batch_answers_is_asked_directly(endpoint: Start, tmp_path: Path, whole: int) -> None:
    url = endpoint(log=tmp_path / "asked.log", faults=(("expired", 1.0),))
    assert synthesis(tmp_path, url, *FAST).returncode == 0
    assert same(tmp_path)
    assert sum(not row.get("batch") for row in read_rows(tmp_path / "asked.log")) == whole


def test_lines_with_an_error_end_their_samples_alone(endpoint: Start, tmp_path: Path, whole: int) -> None:
    url = endpoint(log=tmp_path / "asked.log", faults=(("filtered", 0.05),))
    done = synthesis(tmp_path, url, *FAST)
    assert done.returncode == 3
    failures = read_rows(tmp_path / "out.jsonl.failed.jsonl")
    assert 0 < len(failures) < 40
    assert {row["kind"] for row in failures} == {"content_filter"}
    assert len(read_rows(tmp_path / "out.jsonl")) == 40 - len(failures)
    assert synthesis(tmp_path, endpoint(log=tmp_path / "second.log"), *FAST).returncode == 0
    assert asked(tmp_path) - asked(tmp_path, fault="filtered") + asked(tmp_path, "second.log") == whole
    assert same(tmp_path)


def test_bad_replies_are_sent_back_as_they_are_directly(endpoint: Start, tmp_path: Path) -> None:
    many(tmp_path, 40)
    faults = (("prose", 0.04), ("truncated", 0.03), ("500", 0.05), ("notjson", 0.05))
    done = synthesis(tmp_path, endpoint(faults=faults, log=tmp_path / "asked.log"), *FAST)
    assert done.returncode == 0, done.stdout
    assert len(read_rows(tmp_path / "out.jsonl")) == 40
    told = re.findall(r"(\d+) of (\d+) at once, (\d+) repaired", done.stdout)
    repaired = sum(int(count) for _, _, count in told)
    assert repaired >= 5
    assert repaired <= asked(tmp_path, fault="prose") + asked(tmp_path, fault="truncated")


def test_a_batch_that_fails_at_once_is_a_sentence_and_costs_nothing(
    endpoint: Start, tmp_path: Path, whole: int
) -> None:
    done = synthesis(tmp_path, endpoint(log=tmp_path / "asked.log", faults=(("batchfailed", 1.0),)), *FAST)
    assert done.returncode == 1
    assert re.search(r"Batch batch-\d+ failed \(rehearsed\): mend that", done.stderr)
    assert "Traceback" not in done.stderr
    assert synthesis(tmp_path, endpoint(log=tmp_path / "asked.log"), *FAST).returncode == 0
    assert asked(tmp_path) == whole
    assert same(tmp_path)


def test_a_full_queue_is_waited_for(endpoint: Start, tmp_path: Path, whole: int) -> None:
    url = endpoint(log=tmp_path / "asked.log", faults=(("batchfull", 0.6),))
    done = synthesis(tmp_path, url, *FAST, "--batch-size", 20)
    assert done.returncode == 0, done.stderr
    assert "the account's queue is full" in done.stderr
    assert (asked(tmp_path), same(tmp_path)) == (whole, True)


def test_a_batch_is_found_that_was_made_without_our_being_told(endpoint: Start, tmp_path: Path, whole: int) -> None:
    url = endpoint(log=tmp_path / "asked.log", faults=(("batchlost", 0.7),))
    done = synthesis(tmp_path, url, *FAST, "--batch-size", 30)
    assert done.returncode == 0, done.stderr
    assert (asked(tmp_path), same(tmp_path)) == (whole, True)


def test_killed_again_and_again_it_repeats_no_question_of_a_batch(endpoint: Start, tmp_path: Path, whole: int) -> None:
    url = endpoint(log=tmp_path / "asked.log")
    dice = random.Random(3)
    kills = 8
    for _ in range(kills):
        process = started(tmp_path, url, "--batch", "--batch-poll", 0.3, "--batch-fewest", 0)
        time.sleep(0.9 + 1.2 * dice.random())
        process.kill()
        process.communicate()
    assert synthesis(tmp_path, url, *FAST).returncode == 0
    rows = read_rows(tmp_path / "asked.log")
    in_batches = [json.dumps(row["messages"]) for row in rows if row.get("batch")]
    assert len(in_batches) == len({*in_batches})
    assert whole <= len(rows) <= whole + 10 * (kills + 1)  # each run asks one question of a stage directly
    assert same(tmp_path)
    assert not [*tmp_path.glob("out.jsonl.batch-*")]


def test_without_waiting_the_same_command_collects_later(endpoint: Start, tmp_path: Path, whole: int) -> None:
    url = endpoint(log=tmp_path / "asked.log")
    runs = list[Done]()
    while not runs or runs[-1].returncode == 5:
        runs.append(synthesis(tmp_path, url, *FAST, "--batch-wait", "no"))
        assert len(runs) < 30
    assert runs[-1].returncode == 0
    assert len(runs) > 5
    assert re.search(r"batch open     batch-\d+, \d+ questions\nnext           the same command", runs[0].stdout)
    rows = read_rows(tmp_path / "asked.log")
    assert len(rows) <= whole + 10 * len(runs)
    assert same(tmp_path)


@pytest.mark.usefixtures("whole")
def test_open_batches_are_for_the_model_and_key_that_they_were_begun_with(endpoint: Start, tmp_path: Path) -> None:
    url = endpoint()
    assert synthesis(tmp_path, url, *FAST, "--batch-wait", "no").returncode == 5
    other = synthesis(tmp_path, url, *FAST, "--model", "another", "--accept-changes")
    assert other.returncode == 1
    assert re.search(r"\d+ questions lie in an open batch of m at http", other.stderr)
    without = synthesis(tmp_path, url)
    assert without.returncode == 1
    assert "lie in open batches: give --batch to collect them" in without.stderr
    assert synthesis(tmp_path, url, *FAST).returncode == 0
    assert same(tmp_path)


def test_batches_keep_within_requests_bytes_and_the_queue(endpoint: Start, tmp_path: Path, whole: int) -> None:
    limits = ("--batch-size", 25, "--batch-megabytes", 0.1, "--batch-queue", 40_000)
    done = synthesis(tmp_path, endpoint(log=tmp_path / "asked.log"), *FAST, *limits)
    assert done.returncode == 0, done.stderr
    sizes = [int(size) for size in re.findall(r"batch-\d+: (\d+) questions sent", done.stderr)]
    assert len(sizes) > 10
    assert max(sizes) <= 25
    assert (asked(tmp_path), same(tmp_path)) == (whole, True)


def test_a_budget_holds_and_what_it_allowed_is_not_lost(endpoint: Start, tmp_path: Path, whole: int) -> None:
    url = endpoint(log=tmp_path / "asked.log")
    priced = (*FAST, "--price-in", 1, "--price-out", 2)
    done = synthesis(tmp_path, url, *priced, "--max-cost", 0.05)
    assert done.returncode == 4, done.stderr
    assert 0 < float(re.findall(r"cost +([\d.]+)", done.stdout)[0]) <= 0.05
    assert synthesis(tmp_path, url, *priced).returncode == 0
    assert whole <= asked(tmp_path) <= whole + 10
    assert same(tmp_path)


def test_few_questions_are_asked_directly(endpoint: Start, tmp_path: Path, whole: int) -> None:
    done = synthesis(tmp_path, endpoint(log=tmp_path / "asked.log"), "--batch", "--batch-fewest", 10_000)
    assert done.returncode == 0
    assert not any(row.get("batch") for row in read_rows(tmp_path / "asked.log"))
    assert (asked(tmp_path), same(tmp_path)) == (whole, True)


def test_a_limit_is_for_all_passes_together(endpoint: Start, tmp_path: Path) -> None:
    many(tmp_path, 40)
    assert synthesis(tmp_path, endpoint(), *FAST, "--limit", 7).returncode == 0
    assert len(read_rows(tmp_path / "out.jsonl")) == 7


def test_an_endpoint_without_batches_is_a_sentence(serve: Callable[..., str], tmp_path: Path) -> None:
    many(tmp_path, 12)
    url = serve(lambda body: reply_to(body["messages"], schema_of(body)))
    done = synthesis(tmp_path, url, *FAST)
    assert done.returncode == 1
    assert "has no batches in the OpenAI form (it answered 404" in done.stderr
    assert synthesis(tmp_path, url).returncode == 0  # nothing waits there


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("--no-cache", "leave --no-cache away"),
        ("--model-file=m.gguf", "give one of them"),
        ("--input=-", "can be read only once"),
    ],
)
def test_what_goes_with_no_batch_is_refused(tmp_path: Path, option: str, said: str) -> None:
    many(tmp_path, 1)
    (tmp_path / "m.gguf").write_bytes(b"GGUF")
    done = command(
        "synthesis", "--input", "in.jsonl", "--output", "o.jsonl", "--batch", option, folder=tmp_path, ZAI_API_KEY="k"
    )
    assert (done.returncode, said in done.stderr) == (1, True), done.stderr


def test_talks_that_go_turn_by_turn_are_refused(endpoint: Start, tmp_path: Path) -> None:
    (tmp_path / "topics.txt").write_text("bread\n")
    given = ("--recipe", "script", "--seeds", "topics.txt", "--count", 2, "--base-url", endpoint(), "--api-key-env", "")
    done = command("converse", *given, "--output", "made.jsonl", "--batch", folder=tmp_path)
    assert (done.returncode, "asks one thing after another" in done.stderr) == (1, True), done.stderr


def test_a_judge_is_asked_in_batches_too(endpoint: Start, tmp_path: Path) -> None:
    many(tmp_path, 12)
    url = endpoint(log=tmp_path / "asked.log")
    assert synthesis(tmp_path, url).returncode == 0
    before = asked(tmp_path)
    judge = ("--judge", "--base-url", url, "--model", "m", "--api-key-env", "")
    assert command("quality", "--input", "out.jsonl", *judge, *FAST, folder=tmp_path).returncode == 0
    of_judge = read_rows(tmp_path / "asked.log")[before:]
    assert len(of_judge) >= 12
    assert sum(bool(row.get("batch")) for row in of_judge) >= 11
