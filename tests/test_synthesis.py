"""The command over real HTTP: what is made, what fails, what is resumed, what is refused."""

import json
import random
import re
import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from src.methods.proutt.stages import STAGES

from .conftest import ROOT, command, dialogue, read_rows, started, synthesis, turns, write_rows

Start = Callable[..., str]

PUBLISHED_ORDER = [
    "sample_id",
    "item_id",
    "context",
    "label",
    "negative_label",
    "chat_history",
    "intent_tree",
    "utterance_category_reason",
    "utterance_category_gt",
    "insight_reason",
    "evaluate_reason",
    "top_sim",
    "gt_insight_path",
    "revised_insight_reason",
    "usage",
    "chosen",
    "rejected",
]


def many(tmp_path: Path, count: int) -> list[Any]:
    rows = [dialogue(f"d{number}", 2 + number % 3) for number in range(count)]
    write_rows(tmp_path / "in.jsonl", rows)
    return rows


def test_records_have_the_published_keys_in_the_published_order(endpoint: Start, tmp_path: Path) -> None:
    many(tmp_path, 30)
    assert synthesis(tmp_path, endpoint()).returncode == 0
    records = read_rows(tmp_path / "out.jsonl")
    assert len(records) == 30
    for record in records:
        revised = record["region"] != "close"
        expected = [key for key in PUBLISHED_ORDER if revised or key != "revised_insight_reason"]
        assert list(record)[: len(expected)] == expected
        assert [entry["input"] for entry in record["evaluate_reason"]] == [
            *record["insight_reason"]["mining_view"]["predictions"],
            *record["insight_reason"]["explore_view"]["predictions"],
        ]
        assert record["top_sim"] == max(entry["similarity"] for entry in record["evaluate_reason"])
        assert (record["model"], record["seed"], record["rehearsal"]) == ("m", 0, True)


def draft_of(record: Any) -> Any:
    truth = record["utterance_category_gt"]["predicted_category"]
    reason = next(entry for entry in record["utterance_category_reason"] if entry["category"] == truth)
    return {
        "intent_tree": record["intent_tree"],
        "utterance_category_reason": reason,
        "insight_reason": record["insight_reason"],
    }


def test_each_region_has_the_sides_that_the_method_gives_it(endpoint: Start, tmp_path: Path) -> None:
    synthesis(tmp_path, endpoint(), "--turns", "all", input=ROOT / "data/raw/demo.jsonl")
    regions: Counter[str] = Counter()
    for record in read_rows(tmp_path / "out.jsonl"):
        top, draft = record["top_sim"], draft_of(record)
        region = "close" if top >= 0.8 else "far" if top < 0.3 else "middle"
        regions[region] += 1
        assert record["region"] == region
        assert (record["chosen"] == draft) == (region == "close")
        assert (record["rejected"] == draft) == (region == "far")
        assert ("revised_insight_reason" in record) == (region != "close")
        if region != "far":
            assert next(iter(record["rejected"])) == "incorrect_path"
        other = "explore_view" if record["gt_insight_path"]["insight"] == "Mining" else "mining_view"
        for side in ("chosen", "rejected"):
            assert record[side]["insight_reason"][other] == draft["insight_reason"][other]
            assert record[side]["intent_tree"] == record["intent_tree"]
    assert set(regions) == {"close", "middle", "far"}


def test_only_the_stages_that_may_see_the_real_utterance_see_it(endpoint: Start, tmp_path: Path) -> None:
    write_rows(tmp_path / "in.jsonl", [{"id": 1, "conversation": turns("roses?", "red", "XYZZY {real} answer", "ok")}])
    synthesis(tmp_path, endpoint(log=tmp_path / "asked.jsonl"))
    seen, asked = set(), Counter[str]()
    for request in read_rows(tmp_path / "asked.jsonl"):
        assert [message["role"] for message in request["messages"]] == ["system", "user"]
        text = request["messages"][1]["content"]
        (stage,) = (stage for stage in STAGES if f"# Task: {stage.name}\n" in text)
        asked[stage.name] += 1
        if "XYZZY" in text:
            seen.add(stage.name)
            assert "XYZZY {real} answer" in text[text.index("# Task") :]
    assert seen == {"category truth", "evaluation", "truth path"}
    assert asked.total() in {7, 8, 9}


def training_bytes(folder: Path, output: str) -> bytes:
    done = command("postprocess", "--input", output, "--output", "training.json", folder=folder)
    assert done.returncode == 0, done.stderr
    return (folder / "training.json").read_bytes()


def test_concurrency_and_timing_change_nothing_in_the_training_file(endpoint: Start, tmp_path: Path) -> None:
    many(tmp_path, 25)
    url = endpoint(jitter=0.01)
    for count in (1, 64):
        arguments = ("--max-concurrency", count, "--turns", "all")
        assert synthesis(tmp_path, url, *arguments, output=f"{count}.jsonl").returncode == 0
    assert training_bytes(tmp_path, "1.jsonl") == training_bytes(tmp_path, "64.jsonl")
    assert (tmp_path / "1.jsonl").read_bytes() != (tmp_path / "64.jsonl").read_bytes()  # the order of completion


def test_the_seed_changes_the_draws_and_nothing_else_does(endpoint: Start, tmp_path: Path) -> None:
    many(tmp_path, 40)
    url = endpoint()
    for seed, output in ((0, "a"), (0, "b"), (1, "c")):
        synthesis(tmp_path, url, "--seed", seed, output=f"{output}.jsonl")
    same, again, other = (training_bytes(tmp_path, f"{output}.jsonl") for output in "abc")
    assert same == again != other


@pytest.mark.parametrize("mode", ["schema", "object", "text"])
def test_the_json_mode_asked_for_is_the_one_sent(endpoint: Start, tmp_path: Path, mode: str) -> None:
    many(tmp_path, 2)
    assert synthesis(tmp_path, endpoint(log=tmp_path / "asked.jsonl"), "--json-mode", mode).returncode == 0
    formats = {(request["response_format"] or {}).get("type") for request in read_rows(tmp_path / "asked.jsonl")}
    assert formats == {{"schema": "json_schema", "object": "json_object", "text": None}[mode]}


@pytest.mark.parametrize(("fault", "mode"), [("noschema", "object"), ("noobject", "text")])
def test_auto_settles_on_the_strongest_mode_that_works(endpoint: Start, tmp_path: Path, fault: str, mode: str) -> None:
    many(tmp_path, 10)
    done = synthesis(tmp_path, endpoint(faults=((fault, 1.0),)), "--max-concurrency", 2)
    assert done.returncode == 0
    assert done.stderr.count(f"JSON mode is now {mode}") == 1


def test_half_of_all_replies_broken_loses_no_sample(endpoint: Start, tmp_path: Path) -> None:
    many(tmp_path, 60)
    broken = tuple((kind, 0.1) for kind in ("prose", "truncated", "wrong", "empty", "nochoices"))
    url = endpoint(faults=(*broken, ("fenced", 0.1), ("think", 0.1)))
    done = synthesis(tmp_path, url, "--max-concurrency", 32, "--max-retries", 1)
    records, failures = read_rows(tmp_path / "out.jsonl"), read_rows(tmp_path / "out.jsonl.failed.jsonl")
    assert done.returncode == 3
    assert len(records) + len(failures) == 60
    assert records
    assert failures
    names = {stage.name for stage in STAGES}
    for failure in failures:
        keys = ["sample_id", "item_id", "stage", "kind", "error", "attempts", "last_reply", "usage"]
        assert list(failure)[:8] == keys
        assert failure["stage"] in names
        assert failure["attempts"] >= 1
        assert failure["error"]
    assert f"failed         {len(failures)}" in done.stdout


def test_tokens_of_unusable_replies_are_counted(endpoint: Start, tmp_path: Path) -> None:
    many(tmp_path, 1)
    synthesis(tmp_path, endpoint(faults=(("prose", 1.0),)))
    (failure,) = read_rows(tmp_path / "out.jsonl.failed.jsonl")
    assert failure["kind"] == "invalid_json"
    assert failure["attempts"] == 4
    assert failure["last_reply"].startswith("I would rather")
    assert failure["usage"]["total_tokens"] > 4 * 500  # two stages were asked, four times each


def test_an_unusable_reply_goes_back_with_the_reason(endpoint: Start, tmp_path: Path) -> None:
    many(tmp_path, 3)
    url = endpoint(faults=(("wrong", 0.3),), log=tmp_path / "asked.jsonl")
    synthesis(tmp_path, url)
    again = [request["messages"] for request in read_rows(tmp_path / "asked.jsonl") if len(request["messages"]) > 2]
    assert again
    for messages in again:
        assert [message["role"] for message in messages] == ["system", "user", "assistant", "user"]
        assert messages[2]["content"] == '{"unexpected": true}'
        assert "could not be used" in messages[3]["content"]


def test_faults_on_the_way_are_retried_until_all_is_made(endpoint: Start, tmp_path: Path) -> None:
    many(tmp_path, 20)
    faults = (("429", 0.1), ("500", 0.05), ("reset", 0.05), ("notjson", 0.05))
    assert synthesis(tmp_path, endpoint(faults=faults), "--max-concurrency", 20).returncode == 0
    assert len(read_rows(tmp_path / "out.jsonl")) == 20


def test_a_request_that_hangs_is_given_up_and_named(endpoint: Start, tmp_path: Path) -> None:
    many(tmp_path, 1)
    done = synthesis(tmp_path, endpoint(faults=(("hang", 1.0),)), "--timeout", "0.3", "--max-retries", "0")
    (failure,) = read_rows(tmp_path / "out.jsonl.failed.jsonl")
    assert (done.returncode, failure["kind"]) == (3, "timeout")


@pytest.mark.parametrize(("fault", "kind"), [("filtered", "content_filter"), ("toolong", "context_length")])
def test_what_cannot_be_mended_fails_at_once_under_its_name(
    endpoint: Start, tmp_path: Path, fault: str, kind: str
) -> None:
    many(tmp_path, 1)
    synthesis(tmp_path, endpoint(faults=((fault, 1.0),), log=tmp_path / "asked.jsonl"))
    (failure,) = read_rows(tmp_path / "out.jsonl.failed.jsonl")
    assert failure["kind"] == kind
    assert len(read_rows(tmp_path / "asked.jsonl")) == 2  # the two stages of the first step, once each


def test_a_second_run_makes_only_what_is_missing(endpoint: Start, tmp_path: Path) -> None:
    many(tmp_path, 12)
    url = endpoint(log=tmp_path / "asked.jsonl")
    synthesis(tmp_path, url, "--limit", 5)
    before, calls = (tmp_path / "out.jsonl").read_bytes(), len(read_rows(tmp_path / "asked.jsonl"))
    synthesis(tmp_path, url)
    after = (tmp_path / "out.jsonl").read_bytes()
    assert before.count(b"\n") == 5
    assert after.startswith(before)
    assert len({record["sample_id"] for record in read_rows(tmp_path / "out.jsonl")}) == after.count(b"\n") == 12
    third = synthesis(tmp_path, url)
    assert "made before    12" in third.stdout
    assert len(read_rows(tmp_path / "asked.jsonl")) < calls / 5 * 14


def test_failed_samples_are_tried_again_and_leave_the_sidecar(endpoint: Start, tmp_path: Path) -> None:
    many(tmp_path, 10)
    synthesis(tmp_path, endpoint(faults=(("prose", 0.6),)))
    failed = {failure["sample_id"] for failure in read_rows(tmp_path / "out.jsonl.failed.jsonl")}
    assert failed
    assert synthesis(tmp_path, endpoint()).returncode == 0
    assert not (tmp_path / "out.jsonl.failed.jsonl").exists()
    assert len(read_rows(tmp_path / "out.jsonl")) == 10


def test_a_killed_run_goes_on_where_it_was_and_makes_the_same_training_file(endpoint: Start, tmp_path: Path) -> None:
    many(tmp_path, 60)
    url = endpoint(latency=0.02)
    synthesis(tmp_path, url, output="whole.jsonl")
    dice = random.Random(3)
    for _ in range(3):
        process = started(tmp_path, url)
        time.sleep(1.2 + dice.random() / 2)
        process.kill()
        process.communicate()
    with (tmp_path / "out.jsonl").open("ab") as file:
        file.write(b'{"sample_id":"d1","item_id":0,"context":[{"ro')
    done = synthesis(tmp_path, url)
    assert done.returncode == 0
    assert "cut off an unfinished last line" in done.stderr
    assert training_bytes(tmp_path, "out.jsonl") == training_bytes(tmp_path, "whole.jsonl")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--seed", 5), "seed was 0 and is now 5"),
        (("--high-confidence-threshold", 0.9), "high_confidence_threshold was 0.8 and is now 0.9"),
        (("--model", "other"), "model was m and is now other"),
        (("--turns", "all"), "turns was last and is now all"),
    ],
)
def test_an_output_made_otherwise_is_not_mixed(
    endpoint: Start, tmp_path: Path, arguments: tuple[object, ...], told: str
) -> None:
    many(tmp_path, 2)
    url = endpoint()
    synthesis(tmp_path, url, "--limit", 1)
    refused = synthesis(tmp_path, url, *arguments)
    assert refused.returncode == 1
    assert told in refused.stderr
    assert len(read_rows(tmp_path / "out.jsonl")) == 1
    assert synthesis(tmp_path, url, *arguments, "--accept-changes").returncode == 0


def test_input_as_it_comes_is_read_or_told(endpoint: Start, tmp_path: Path) -> None:
    good = json.dumps(dialogue("a\u2028b"), ensure_ascii=False)
    lines = ["\ufeff" + good, "{broken", "", json.dumps(dialogue(2)) + "\r", json.dumps({"id": 3}), good, '"text"']
    half_a_character = json.dumps(dialogue(4)).replace("roses", "\\ud83d")
    (tmp_path / "in.jsonl").write_bytes("\n".join([*lines, half_a_character]).encode())
    done = synthesis(tmp_path, endpoint())
    assert done.returncode == 3
    assert "in.jsonl line 2 is not JSON" in done.stderr
    assert {record["sample_id"] for record in read_rows(tmp_path / "out.jsonl")} == {"a\u2028b", 2, 4}
    for reason in ("1: no conversation", "1: repeated id", "1: not a JSON object"):
        assert f"passed over    {reason}" in done.stdout


def test_a_file_that_is_one_array_is_read(endpoint: Start, tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text(json.dumps([dialogue(1), dialogue(2)], indent=2))
    assert synthesis(tmp_path, endpoint()).returncode == 0
    assert {record["sample_id"] for record in read_rows(tmp_path / "out.jsonl")} == {1, 2}


def test_without_a_key_one_sentence_says_what_to_do(tmp_path: Path) -> None:
    many(tmp_path, 1)
    done = command("synthesis", "--input", "in.jsonl", folder=tmp_path)
    assert done.returncode == 1
    assert all(word in done.stderr for word in ("ZAI_API_KEY", ".env", "python -m src.rehearsal"))
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--input", "gone.jsonl"), "gone.jsonl does not exist"),
        (("--input", "in.jsonl", "--output", "in.jsonl"), "the same file"),
        (("--turns", "first"), "'first' is not one of last, random, all"),
        (("--max-concurrency", "0"), "not between 1 and"),
        (("--low-confidence-threshold", "0.9"), "is above"),
        (("--extra-body", "[1]"), "not a JSON object"),
        (("--input", "in.jsonl", "--output", "/proc/out.jsonl"), "cannot be written"),
    ],
)
def test_what_cannot_run_ends_in_one_sentence(tmp_path: Path, arguments: tuple[str, ...], told: str) -> None:
    many(tmp_path, 1)
    done = command("synthesis", "--api-key-env", "", *arguments, folder=tmp_path)
    assert done.returncode == 1
    assert told in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_key_that_is_refused_ends_the_run_at_once_and_is_shown_nowhere(endpoint: Start, tmp_path: Path) -> None:
    many(tmp_path, 50)
    url = endpoint(faults=(("badkey", 1.0),), log=tmp_path / "asked.jsonl")
    base = ("--base-url", url, "--model", "m", "--input", "in.jsonl", "--output", "out.jsonl")
    done = command("synthesis", *base, "--max-concurrency", 2, folder=tmp_path, ZAI_API_KEY="sk-very-secret")
    assert done.returncode == 1
    assert "answered 401" in done.stderr
    assert len(read_rows(tmp_path / "asked.jsonl")) <= 4
    assert not read_rows(tmp_path / "out.jsonl.failed.jsonl")
    assert "very-secret" not in done.stderr + done.stdout


def test_options_come_from_the_environment_and_the_command_line_wins(endpoint: Start, tmp_path: Path) -> None:
    many(tmp_path, 1)
    (tmp_path / ".env").write_text("ZAI_API_KEY=k\nPROUTT_MODEL=from-file\nPROUTT_SEED=3\n")
    base = ("--base-url", endpoint(), "--input", "in.jsonl", "--output", "out.jsonl", "--seed", 4)
    assert command("synthesis", *base, folder=tmp_path).returncode == 0
    (record,) = read_rows(tmp_path / "out.jsonl")
    assert (record["model"], record["seed"]) == ("from-file", 4)


def test_the_first_interrupt_finishes_what_is_in_flight(endpoint: Start, tmp_path: Path) -> None:
    many(tmp_path, 200)
    process = started(tmp_path, endpoint(latency=0.1), "--max-concurrency", 4)
    while not read_rows(tmp_path / "out.jsonl"):
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=20)
    records = read_rows(tmp_path / "out.jsonl")
    assert process.returncode == 130
    assert "stopping after the" in stderr
    assert f"samples made   {len(records)}" in stdout
    assert 4 <= len(records) < 200


def test_two_runs_on_one_output_are_refused(endpoint: Start, tmp_path: Path) -> None:
    many(tmp_path, 40)
    url = endpoint(latency=0.1)
    first = started(tmp_path, url)
    while not (tmp_path / "out.jsonl").exists():
        time.sleep(0.05)
    second = synthesis(tmp_path, url)
    first.kill()
    first.communicate()
    assert second.returncode == 1
    assert "Another run is writing" in second.stderr


def test_shards_make_together_what_one_run_makes(endpoint: Start, tmp_path: Path) -> None:
    many(tmp_path, 60)
    url = endpoint()
    synthesis(tmp_path, url, "--turns", "all", output="whole.jsonl")
    for shard in ("1/3", "2/3", "3/3"):
        done = synthesis(tmp_path, url, "--turns", "all", "--shard", shard, output=f"part-{shard[0]}.jsonl")
        assert "other shards" in done.stdout
        assert read_rows(tmp_path / f"part-{shard[0]}.jsonl")
    assert training_bytes(tmp_path, "part-*.jsonl") == training_bytes(tmp_path, "whole.jsonl")
    assert synthesis(tmp_path, url, "--shard", "4/3").returncode == 1


def test_one_dialogue_takes_five_steps(endpoint: Start, tmp_path: Path) -> None:
    """Steps, counted by which requests are in flight together, not by time."""
    many(tmp_path, 8)
    log = tmp_path / "asked.jsonl"
    synthesis(tmp_path, endpoint(latency=0.05, log=log), "--max-concurrency", 1000, "--limit", 1)
    (record,) = read_rows(tmp_path / "out.jsonl")
    names = [re.search("# Task: (.*)", request["messages"][1]["content"])[1] for request in read_rows(log)]  # type: ignore[index]
    assert set(names[:2]) == {"intent tree", "category truth"}
    assert set(names[2:5]) == {"insight", "category reasons", "truth path"}
    assert names[5] == "evaluation"
    assert len(names) == {"far": 7, "close": 8, "middle": 9}[record["region"]]


def test_without_misleading_the_draft_is_rejected_and_nothing_is_asked_for_that(
    endpoint: Start, tmp_path: Path
) -> None:
    log = tmp_path / "asked.jsonl"
    words = ("--misled", "none", "--turns", "all")
    done = synthesis(tmp_path, endpoint(log=log), *words, input=ROOT / "data/raw/demo.jsonl")
    rows = read_rows(tmp_path / "out.jsonl")
    names = Counter(re.findall("# Task: (.*)", request["messages"][1]["content"])[0] for request in read_rows(log))
    regions = Counter(row["region"] for row in rows)
    assert done.returncode == 0, done.stderr
    assert sum(names.values()) == 6 * len(rows) + regions["middle"] + regions["far"]
    assert not {"wrong path", "wrong turn", "misled insight"} & names.keys()
    assert all(row["rejected"] == draft_of(row) for row in rows)
    assert all((row["chosen"] == row["rejected"]) == (row["region"] == "close") for row in rows)
    pairs = command("postprocess", "--mode", "pref", "--input", "out.jsonl", "--output", "own.jsonl", folder=tmp_path)
    assert pairs.returncode == 0, pairs.stderr
    assert f"dropped        {regions['close']}: --misled none (the draft was close" in pairs.stdout
    assert len(read_rows(tmp_path / "own.jsonl")) == len(rows) - regions["close"] > 0


def test_a_misled_side_is_written_from_the_misread_dialogue_alone(endpoint: Start, tmp_path: Path) -> None:
    many(tmp_path, 12)
    log = tmp_path / "asked.jsonl"
    synthesis(tmp_path, endpoint(log=log), "--misled", "consistent")
    asked = [request["messages"][1]["content"] for request in read_rows(log)]
    misled = [text for text in asked if "# Task: misled insight\n" in text]
    rows = [row for row in read_rows(tmp_path / "out.jsonl") if row["region"] != "far"]
    assert len(rows) > 3
    for row in rows:
        exchange, last = row["rejected"]["imagined_exchange"], row["context"][-1]["content"]
        (text,) = (
            text for text in misled if f"User: {exchange['user']}\nAssistant: {exchange['assistant']}\n<" in text
        )
        assert last not in text
        assert row["label"] not in text
        assert all(turn["content"] in text for turn in row["context"][:-2])
        paths = row["rejected"]["incorrect_path"] + row["rejected"]["incorrect_path_of_other_view"]
        assert {path["source_node"] for path in paths} <= row["rejected"]["intent_tree"].keys()
        target = re.findall(r"<target>\n(.*)\n", text)[0]
        assert target in [path["target_node"] for path in paths]


def test_a_consistently_misled_side_has_both_views_of_its_category_and_costs_no_more_calls(
    endpoint: Start, tmp_path: Path
) -> None:
    many(tmp_path, 30)
    url = endpoint()
    published = synthesis(tmp_path, url)
    consistent = synthesis(tmp_path, url, "--misled", "consistent", output="consistent.jsonl")
    calls = [re.findall(r"^calls +([\d,]+)", done.stdout, re.MULTILINE) for done in (published, consistent)]
    assert calls[0] == calls[1]
    rows = [row for row in read_rows(tmp_path / "consistent.jsonl") if row["region"] != "far"]
    assert len(rows) > 5
    for row in rows:
        chosen, rejected = row["chosen"]["insight_reason"], row["rejected"]["insight_reason"]
        for view in ("mining_view", "explore_view"):
            assert rejected[view] != row["insight_reason"][view]
            assert rejected[view]["predictions"] != chosen[view]["predictions"]
        other = "explore_view" if row["gt_insight_path"]["insight"] == "Mining" else "mining_view"
        for path in row["rejected"]["incorrect_path_of_other_view"]:
            assert path["target_node"] in rejected[other]["reasoning"]
        assert row["misled"] == "consistent"
        assert row["chosen"]["intent_tree"] == row["intent_tree"]
    mixed = synthesis(tmp_path, url, output="consistent.jsonl")
    assert mixed.returncode == 1
    assert "misled was consistent and is now published" in mixed.stderr
