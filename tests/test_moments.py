"""Pairs whose rejected side is what is right at another moment of the same dialogue."""

import json
import random
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from src.pairs.moments import Moments, exchanged
from src.pairs.sides import Pair

from .conftest import Done, read_rows
from .test_postprocess import post, record, side

GIVEAWAY = "a word that only rejected sides have"


def moments(name: Any, count: int, *, position: int = 0, said: Sequence[str] = ()) -> list[dict[str, Any]]:
    """The records of one dialogue, each with a side of its own, and a rejected side that shows as one."""
    rows = []
    for item in range(count):
        chosen = side(said[item] if said else f"{name} at {item}")
        told = "\n".join(f"[Round {n + 1}]\nUser: {name} at {n} asks\nAssistant: ok" for n in range(item + 1))
        rows.append(record(name, item_id=item, position=position, chosen=chosen, chat_history=told))
        rows[-1]["rejected"]["insight_reason"]["mining_view"]["reasoning"] += GIVEAWAY
    return rows


def paired(folder: Path, rows: list[Any], *more: object) -> Done:
    done: Done = post(folder, "--rejected", "moment", "--output", "out.jsonl", *more, rows=rows)
    return done


def answers(rows: Sequence[Any], side: str) -> Counter[str]:
    return Counter(row[side]["value"] for row in rows)


def test_every_answer_stands_once_on_either_side_so_that_no_text_tells_which_it_is(tmp_path: Path) -> None:
    rows = [row for number in range(30) for row in moments(number, 2 + number % 4, position=number)]
    done = paired(tmp_path, rows)
    made = read_rows(tmp_path / "out.jsonl")
    assert done.returncode == 0, done.stderr
    assert len(made) == len(rows)
    assert answers(made, "chosen") == answers(made, "rejected") == Counter(answers(made, "chosen").keys())
    assert GIVEAWAY not in json.dumps(made)
    assert f"each of {len(rows)} answers (30 dialogues) stands once on either side" in done.stdout


def test_the_rejected_side_is_of_the_same_dialogue_and_of_another_moment(tmp_path: Path) -> None:
    paired(tmp_path, [row for number in range(10, 40) for row in moments(number, 3, position=number)])
    for row in read_rows(tmp_path / "out.jsonl"):
        name, item = re.findall(r"User: (\d+) at (\d) asks", row["conversations"][0]["value"])[-1]
        assert f"{name} at {item}" in row["chosen"]["value"]
        assert f"{name} at " in row["rejected"]["value"]
        assert f"{name} at {item}" not in row["rejected"]["value"]


def test_a_dialogue_with_one_moment_gives_no_pair_and_is_counted(tmp_path: Path) -> None:
    done = paired(tmp_path, [*moments("alone", 1), *moments("two", 2, position=1), record(None), record(None)])
    assert len(read_rows(tmp_path / "out.jsonl")) == 2
    assert (
        "dropped        3: --rejected moment (no other moment of its dialogue foresees something else)" in done.stdout
    )


def test_where_no_dialogue_has_two_moments_nothing_is_written_and_what_to_do_is_said(tmp_path: Path) -> None:
    done = paired(tmp_path, [record(1), record(2)])
    assert done.returncode == 1
    assert "synthesise with --turns all" in done.stderr
    assert not (tmp_path / "out.jsonl").exists()


def test_moments_that_foresee_the_same_are_not_set_against_each_other(tmp_path: Path) -> None:
    paired(
        tmp_path,
        [row for n in range(20) for row in moments(n, 4, position=n, said=["thanks", f"a{n}", "thanks", f"b{n}"])],
    )
    made = read_rows(tmp_path / "out.jsonl")
    assert len(made) == 80
    assert not any("thanks" in row["chosen"]["value"] and "thanks" in row["rejected"]["value"] for row in made)


def test_a_moment_that_foresees_what_all_others_do_is_left_out(tmp_path: Path) -> None:
    done = paired(tmp_path, moments("same", 3, said=["thanks", "thanks", "thanks"]) + moments("two", 2, position=1))
    assert len(read_rows(tmp_path / "out.jsonl")) == 2
    assert "dropped        3: --rejected moment" in done.stdout


def test_a_moment_of_whose_pair_nothing_can_be_made_is_neither_chosen_nor_rejected() -> None:
    pairs = [Pair.model_validate(row) for row in moments("long", 5)]
    made = exchanged(pairs, random.Random(1), lambda pair: None if pair.item_id == 3 else pair)
    assert [pair.item_id for pair in made] == [0, 1, 2, 4]
    assert sorted(pair.rejected.mining for pair in made) == sorted(pairs[place].chosen.mining for place in (0, 1, 2, 4))


def test_the_pairs_are_the_same_whatever_the_order_of_the_records(tmp_path: Path) -> None:
    rows = [row for number in range(20) for row in moments(number, 4, position=number)]
    paired(tmp_path, rows)
    first = (tmp_path / "out.jsonl").read_bytes()
    paired(tmp_path, rows[::-1])
    assert (tmp_path / "out.jsonl").read_bytes() == first
    paired(tmp_path, rows, "--seed", 1)
    assert (tmp_path / "out.jsonl").read_bytes() != first


def test_what_is_filtered_is_neither_chosen_nor_rejected(tmp_path: Path) -> None:
    rows = moments("mixed", 4)
    for row, similarity in zip(rows, (0.9, 0.1, 0.9, 0.9), strict=True):
        row["top_sim"] = similarity
    paired(tmp_path, rows, "--min-top-sim", 0.5)
    made = read_rows(tmp_path / "out.jsonl")
    assert len(made) == 3
    assert not any("mixed at 1 mining" in row[side]["value"] for row in made for side in ("chosen", "rejected"))


def test_a_dialogue_stays_in_one_split_with_all_its_pairs(tmp_path: Path) -> None:
    paired(tmp_path, [row for n in range(40) for row in moments(n, 3, position=n)], "--split", "test=0.3")
    for split in ("train", "test"):
        made = read_rows(tmp_path / f"out_{split}.jsonl")
        assert len(made) % 3 == 0
        assert answers(made, "chosen") == answers(made, "rejected")


def test_the_card_tells_where_the_rejected_sides_are_from_and_what_letters_tell(tmp_path: Path) -> None:
    paired(tmp_path, moments("a", 3))
    card = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert "| rejected side | what is right at another moment of the same dialogue |" in card
    assert "the one that shares more letters with its dialogue is the chosen one in" in card


def test_the_control_finds_the_answer_that_copies_its_dialogue_and_tosses_a_coin_for_equal_ones() -> None:
    copied, equal = Moments(), Moments()
    for _ in range(4):
        copied.compare("roses for heavy soil", "heavy soil", "a train to Rome")
        equal.compare("roses for heavy soil", "roses", "heavy soil")
    copied.compare("roses for heavy soil", "a train to Rome", "heavy soil")
    assert "the chosen one in 80% of 5" in str(copied)
    assert "the chosen one in 50% of 4" in str(equal)


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (("--mode", "sft"), "--mode sft has no rejected side"),
        (("--balance", "length"), "--balance length has nothing to do with --rejected moment"),
        (("--min-margin", 0), "--min-margin compares the record's own sides"),
        (("--rejected", "elsewhere"), "elsewhere"),
    ],
)
def test_what_has_no_meaning_with_it_is_refused_in_one_sentence(
    tmp_path: Path, more: tuple[Any, ...], told: str
) -> None:
    done = paired(tmp_path, moments("a", 3), *more)
    assert done.returncode in {1, 2}
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out.jsonl").exists()
