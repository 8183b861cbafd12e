"""Pairs without a signal that teaches nothing: predictions of both sides left out, and lengths balanced."""

import json
import random
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from .conftest import Done, read_rows
from .test_postprocess import post, published, record, side

LINES = re.compile(r"<predict>(.*)</predict>")
BALANCED = ("--balance", "length", "--output", "out.jsonl")


def leaning(count: int, share: float, most: int = 60) -> list[dict[str, Any]]:
    """Pairs of which in this share the rejected side is longer; the longer by more, the likelier it is rejected."""
    stream, rows = random.Random(7), []
    for number in range(count):
        more = stream.randint(1, most)
        lean = min(1.0, share + 0.2 * (more / most - 0.5))
        longer, shorter = ("rejected", "chosen") if stream.random() < lean else ("chosen", "rejected")
        row = record(number, position=number)
        row[longer] = lengthened(side("same"), "x" * (100 + more))
        row[shorter] = lengthened(side("same"), "y" * 100)
        rows.append(row)
    return rows


def lengthened(made: dict[str, Any], words: str) -> dict[str, Any]:
    made["insight_reason"]["mining_view"]["reasoning"] += words
    return made


def differences(rows: Sequence[Any]) -> list[int]:
    """By how many characters the chosen answer of each row is longer."""
    return [len(row["chosen"]["value"]) - len(row["rejected"]["value"]) for row in rows]


def right_by_length(rows: Sequence[Any]) -> float:
    """How often somebody is right who calls the shorter answer the chosen one: the AUC of lengths alone."""
    return sum((more < 0) + (more == 0) / 2 for more in differences(rows)) / len(rows)


def balanced(folder: Path, rows: list[Any], *more: object) -> Done:
    done: Done = post(folder, *BALANCED, *more, rows=rows)
    assert done.returncode == 0, done.stderr
    return done


def test_after_balancing_the_lengths_alone_tell_nothing(tmp_path: Path) -> None:
    rows = leaning(800, 0.7)
    post(tmp_path, "--output", "before.jsonl", rows=rows)
    done = balanced(tmp_path, rows)
    before, after = read_rows(tmp_path / "before.jsonl"), read_rows(tmp_path / "out.jsonl")
    assert right_by_length(before) > 0.65
    assert right_by_length(after) == 0.5
    assert len(after) > 0.5 * len(before)  # twice the pairs of the rarer kind, nearly all that can stay
    assert f"dropped        {800 - len(after)}: --balance length" in done.stdout
    longer = sum(more > 0 for more in differences(before))
    told = f"the chosen answer was the longer in {longer} of 800 pairs and is in {len(after) // 2} of {len(after)}"
    assert told in done.stdout
    assert told in (tmp_path / "README.md").read_text()


def test_nor_does_it_help_to_look_at_how_much_longer_an_answer_is(tmp_path: Path) -> None:
    balanced(tmp_path, leaning(800, 0.6))
    more = sorted(differences(read_rows(tmp_path / "out.jsonl")), key=abs)
    for half in (more[: len(more) // 2], more[len(more) // 2 :]):
        assert 0.42 < sum(each > 0 for each in half) / len(half) < 0.58


def test_what_is_balanced_already_stays_whole_and_in_order(tmp_path: Path) -> None:
    rows = leaning(100, 0.5)
    turned = [
        row | {"sample_id": f"turned {row['sample_id']}", "chosen": row["rejected"], "rejected": row["chosen"]}
        for row in rows
    ]
    balanced(tmp_path, rows + turned)
    even = (tmp_path / "out.jsonl").read_bytes()
    post(tmp_path, "--output", "plain.jsonl", rows=rows + turned)
    assert even == (tmp_path / "plain.jsonl").read_bytes()


def test_every_file_of_a_split_is_balanced(tmp_path: Path) -> None:
    balanced(tmp_path, leaning(600, 0.7), "--split", "test=0.3")
    for name in ("train", "test"):
        assert right_by_length(read_rows(tmp_path / f"out_{name}.jsonl")) == 0.5


def test_the_same_pairs_stay_in_every_run_and_others_with_another_seed(tmp_path: Path) -> None:
    rows = leaning(200, 0.8)
    balanced(tmp_path, rows)
    first = (tmp_path / "out.jsonl").read_bytes()
    balanced(tmp_path, rows[::-1])
    assert (tmp_path / "out.jsonl").read_bytes() == first
    balanced(tmp_path, rows, "--seed", 1)
    assert (tmp_path / "out.jsonl").read_bytes() != first
    assert len(read_rows(tmp_path / "out.jsonl")) == len(first.splitlines())


def test_where_one_side_is_always_longer_nothing_can_be_balanced_and_that_is_said(tmp_path: Path) -> None:
    done = post(tmp_path, *BALANCED, rows=leaning(30, 2.0))
    assert done.returncode == 1
    assert (
        "30 dropped: --balance length; the chosen answer was the longer in 0 of 30 pairs and is in 0 of 0"
        in done.stderr
    )
    assert not (tmp_path / "out.jsonl").exists()


def test_what_stands_on_both_sides_is_left_out_of_both(tmp_path: Path) -> None:
    shared, other = record(1), record(2)
    shared["rejected"]["insight_reason"]["explore_view"]["predictions"] = ["Good exploring, ONE", "mine?"]
    done = post(tmp_path, "--drop-shared", "--output", "out.jsonl", rows=[shared, other])
    assert done.returncode == 0, done.stderr
    row, untouched = read_rows(tmp_path / "out.jsonl")
    assert LINES.findall(row["chosen"]["value"]) == ["good mining one?", "good mining two?", "good exploring two?"]
    assert LINES.findall(row["rejected"]["value"]) == ["bad mining one?", "bad mining two?", "mine?"]
    assert len(LINES.findall(untouched["chosen"]["value"])) == 4
    assert "evened         left out of both sides: 1 shared predictions, in 1 pairs" in done.stdout
    assert "left out of both sides: 1 shared" in (tmp_path / "README.md").read_text()


def test_a_pair_that_has_no_prediction_left_is_dropped_and_counted(tmp_path: Path) -> None:
    same = record(1, rejected=side("good"))
    same["rejected"]["utterance_category_reason"]["reasoning"] = "another reason"
    done = post(tmp_path, "--drop-shared", "--output", "out.jsonl", rows=[same, record(2)])
    assert done.returncode == 0, done.stderr
    assert len(read_rows(tmp_path / "out.jsonl")) == 1
    assert "dropped        1: --drop-shared (no prediction is left on a side)" in done.stdout


def test_without_the_option_a_shared_prediction_stays(tmp_path: Path) -> None:
    shared = record(1)
    shared["rejected"]["insight_reason"]["explore_view"] = shared["chosen"]["insight_reason"]["explore_view"]
    post(tmp_path, "--output", "out.jsonl", rows=[shared])
    (row,) = read_rows(tmp_path / "out.jsonl")
    assert len(LINES.findall(row["rejected"]["value"])) == 4


def test_lengths_are_balanced_after_shared_predictions_are_gone(tmp_path: Path) -> None:
    rows = leaning(100, 0.5)
    for row in rows:  # what both have is as long, and what only one has is not
        row["rejected"]["insight_reason"]["mining_view"]["predictions"] = ["own?"]
        row["chosen"]["insight_reason"]["mining_view"]["predictions"] = ["another?"]
    balanced(tmp_path, rows, "--drop-shared", "--template", "full")
    after = read_rows(tmp_path / "out.jsonl")
    assert right_by_length(after) == 0.5
    assert all(len(LINES.findall(row["chosen"]["value"])) == 1 for row in after)


@pytest.mark.parametrize("option", [("--drop-shared",), ("--balance", "length")])
def test_one_side_alone_has_nothing_to_be_compared_with(tmp_path: Path, option: tuple[str, ...]) -> None:
    done = post(tmp_path, "--mode", "sft", *option, rows=[record(1)])
    assert done.returncode == 1
    assert f"{option[0]} compares the two sides of pairs" in done.stderr


def test_published_records_are_evened_too(tmp_path: Path) -> None:
    rows = [json.loads(json.dumps(row)) | {"sample_id": place} for place, row in enumerate(published() * 10)]
    for row in rows[::2]:
        row["chosen"], row["rejected"] = row["rejected"], row["chosen"]
    balanced(tmp_path, rows, "--drop-shared")
    assert right_by_length(read_rows(tmp_path / "out.jsonl")) == 0.5
