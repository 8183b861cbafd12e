"""Formats, templates, splits, filters, and what stands beside the training files."""

import json
from pathlib import Path
from typing import Any

import pytest

from src.pairs.seen import dialogue_mark, trained_dialogues
from src.pairs.sides import Unfit
from src.training.examples import example_of
from src.training.formats import NAMES, trl_pref
from src.training.tokens import Lengths

from .conftest import read_rows, write_rows
from .test_postprocess import TREE, post, record, side


def rows_of(folder: Path, *arguments: object, rows: list[Any] | None = None) -> list[Any]:
    done = post(folder, "--output", "out.jsonl", *arguments, rows=rows)
    assert done.returncode == 0, done.stderr
    return read_rows(folder / "out.jsonl")


def texts(row: Any) -> list[str]:
    """The texts of a row in the order in which a trainer puts them together, whatever its format."""
    if isinstance(row, dict):
        return [text for key, value in row.items() if key not in {"role", "from"} for text in texts(value)]
    return [text for value in row for text in texts(value)] if isinstance(row, list) else [row]


@pytest.mark.parametrize(
    ("mode", "name", "keys"),
    [
        ("pref", "sharegpt", ["conversations", "chosen", "rejected"]),
        ("pref", "trl", ["prompt", "chosen", "rejected"]),
        ("pref", "openai", ["input", "preferred_output", "non_preferred_output"]),
        ("sft", "messages", ["messages"]),
        ("sft", "trl", ["prompt", "completion"]),
        ("sft", "openai", ["messages"]),
        ("sft", "sharegpt", ["conversations"]),
    ],
)
def test_every_format_says_the_same_under_its_own_keys(tmp_path: Path, mode: str, name: str, keys: list[str]) -> None:
    (row,) = rows_of(tmp_path, "--mode", mode, "--format", name, rows=[record(1)])
    (usual,) = rows_of(tmp_path, "--mode", mode)
    assert list(row) == keys
    assert texts(row) == texts(usual)
    assert len(texts(row)) == (3 if mode == "pref" else 2)


def test_every_format_is_tested() -> None:
    assert sum(map(len, NAMES.values())) == 7


def test_templates_hold_thoughts_predictions_or_json_and_the_question_asks_for_it(tmp_path: Path) -> None:
    said = {}
    for template in ("full", "predictions", "json"):
        (row,) = rows_of(tmp_path, "--mode", "sft", "--template", template, rows=[record(1)])
        question, said[template] = (message["content"] for message in row["messages"])
        assert ("<think>" in question, "JSON object: " in question) == (template == "full", template == "json")
        assert "User: 1\nAssistant: ok" in question
    told = json.loads(said["json"])
    assert told["tree"] == TREE
    assert told["predictions"] == ["good mining one?", "good mining two?", "good exploring one?", "good exploring two?"]
    assert said["predictions"] == "\n".join(f"<predict>{text}</predict>" for text in told["predictions"])
    assert said["full"].endswith(said["predictions"])


def test_a_split_keeps_a_dialogue_on_one_side_whatever_else_is_there(tmp_path: Path) -> None:
    rows = [record(number, item_id=item) for number in range(300) for item in (0, 1, 2)]
    sides = []
    for given in (rows, rows[450:]):
        done = post(tmp_path, "--mode", "sft", "--split", "train=0.8,test=0.2", "--output", "o.jsonl", rows=given)
        assert done.returncode == 0
        train, test = (read_rows(tmp_path / f"o_{name}.jsonl") for name in ("train", "test"))
        sides.append([{row["messages"][0]["content"] for row in part} for part in (train, test)])
        assert not sides[-1][0] & sides[-1][1]
        assert len(train) + len(test) == len(given)
    assert 40 <= len(sides[0][1]) <= 80
    assert sides[1][1] < sides[0][1]
    assert not (tmp_path / "o.jsonl").exists()


def test_filters_drop_and_say_how_many(tmp_path: Path) -> None:
    rows = [record(number, top_sim=number / 10) for number in range(11)]
    done = post(tmp_path, "--min-top-sim", 0.2, "--regions", "close,far", "--output", "out.jsonl", rows=rows)
    assert done.returncode == 0
    assert len(read_rows(tmp_path / "out.jsonl")) == 4  # 0.2 is far; 0.8, 0.9 and 1.0 are close
    assert "dropped        2: --min-top-sim 0.2" in done.stdout
    assert "dropped        5: --regions close,far" in done.stdout


def test_dedupe_drops_the_same_dialogue_and_the_same_predictions(tmp_path: Path) -> None:
    shouting = record(3)
    for view in shouting["chosen"]["insight_reason"].values():
        view["predictions"] = [f"{text.upper()} !" for text in view["predictions"]]
    other = record(4, chosen=side("other"))
    again = record(5, chosen=side("third"), chat_history=other["chat_history"])
    done = post(tmp_path, "--dedupe", "--output", "out.jsonl", rows=[record(1), shouting, other, again])
    assert done.returncode == 0
    assert len(read_rows(tmp_path / "out.jsonl")) == 2
    assert "dropped        1: --dedupe (same dialogue as before)" in done.stdout
    assert "dropped        1: --dedupe (same predictions as before)" in done.stdout


def test_a_record_that_cannot_be_filtered_is_named_and_left_out(tmp_path: Path) -> None:
    done = post(tmp_path, "--min-top-sim", 0.5, rows=[record(1), record(2, top_sim=0.6)])
    assert done.returncode == 3
    assert "line 1 is left out: it has no top_sim" in done.stderr


def test_parquet_holds_the_same_rows(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    expected = rows_of(tmp_path, rows=[record(number) for number in range(2500)])
    assert post(tmp_path, "--output", "out.parquet").returncode == 0
    assert parquet.read_table(tmp_path / "out.parquet").to_pylist() == expected


def test_llama_factory_and_the_hub_are_told_of_all_files_in_the_folder(tmp_path: Path) -> None:
    made = {"model": "glm | <b>", "seed": 3, "prompts": "abc", "region": "far", "rehearsal": True}
    rows = [record(number, **made) for number in range(60)]
    post(tmp_path, "--mode", "pref", "--split", "train=0.7,test=0.3", "--output", "d/a.jsonl", rows=rows)
    card = tmp_path / "d/README.md"
    card.write_text(card.read_text().replace("license: unknown", "license: cc-by-4.0"))
    (tmp_path / "d/dataset_info.json").write_text('{"theirs": {"file_name": "x"}}')
    post(tmp_path, "--mode", "sft", "--output", "d/b.json")
    post(tmp_path, "--mode", "pref", "--format", "trl", "--output", "d/c.json")
    info = json.loads((tmp_path / "d/dataset_info.json").read_text())
    assert info.keys() == {"theirs", "b"}  # and none for a format that LLaMA-Factory does not have
    assert info["b"]["columns"] == {"messages": "messages"}
    page = card.read_text()
    assert page.startswith("---\nlicense: cc-by-4.0")
    for told in ('path: "a_train.jsonl"', 'path: "b.json"', "far (60)", "glm \\| &lt;b>", "3 (60)", "rehearsed"):
        assert told in page


def test_a_page_of_somebody_elses_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine")
    (tmp_path / "dataset_info.json").write_text("[]")
    done = post(tmp_path, "--output", "out.json", rows=[record(1)])
    assert done.returncode == 0
    assert ((tmp_path / "README.md").read_text(), (tmp_path / "dataset_info.json").read_text()) == ("mine", "[]")
    assert done.stderr.count("left as it is") == 2


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--format", "alpaca"), "alpaca is none of --mode pref: sharegpt, trl, openai"),
        (("--mode", "sft", "--format", "csv"), "csv is none of --mode sft"),
        (("--split", "train=0.9,test=0.2"), "do not make 1 together"),
        (("--split", "train=0.5,train=0.5"), "with a name of its own"),
        (("--regions", "near"), "'near' is not one of close, middle, far"),
        (("--output", "out.csv"), "ends in none of .json, .jsonl, .parquet"),
        (("--template", "xml"), "'xml' is not one of full, predictions, json"),
    ],
)
def test_a_wish_that_cannot_be_met_ends_in_one_sentence(tmp_path: Path, arguments: Any, told: str) -> None:
    write_rows(tmp_path / "in.jsonl", [record(1)])
    done = post(tmp_path, *arguments)
    assert done.returncode == 1
    assert told in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_dedupe_prefers_no_row_that_was_never_written(tmp_path: Path) -> None:
    useless = record(1, rejected=side("good"))
    useful = record(2, chat_history=useless["chat_history"])
    done = post(tmp_path, "--dedupe", "--output", "out.jsonl", rows=[useless, useful])
    assert done.returncode == 3
    assert len(read_rows(tmp_path / "out.jsonl")) == 1


def test_an_entry_of_a_former_format_goes_with_it(tmp_path: Path) -> None:
    post(tmp_path, "--output", "d/x.json", rows=[record(1)])
    post(tmp_path, "--output", "d/x.json", "--format", "trl")
    assert json.loads((tmp_path / "d/dataset_info.json").read_text()) == {}
    assert post(tmp_path, "--output", "d/dataset_info.json").returncode == 1


def test_a_record_broken_in_its_middle_is_left_out(tmp_path: Path) -> None:
    post(tmp_path, rows=[record(1), record(2)])
    (tmp_path / "in.jsonl").write_bytes((tmp_path / "in.jsonl").read_bytes().replace(b'"Question"', b"Question", 1))
    done = post(tmp_path, "--output", "out.jsonl")
    assert (done.returncode, len(read_rows(tmp_path / "out.jsonl"))) == (3, 1)


# ---------------------------------------------------------------------------------------------- held-out dialogues


def held_out(folder: Path, shares: str, rows: list[Any]) -> dict[str, set[str]]:
    """What each split asks about, by its name."""
    done = post(folder, "--mode", "sft", "--split", shares, "--output", "o.jsonl", rows=rows)
    assert done.returncode == 0, done.stderr
    found = {path.stem.removeprefix("o_"): read_rows(path) for path in folder.glob("o_*.jsonl")}
    for path in folder.glob("o_*"):
        path.unlink()
    return {name: {row["messages"][0]["content"] for row in rows} for name, rows in found.items()}


def test_what_no_share_takes_is_for_training(tmp_path: Path) -> None:
    rows = [record(number) for number in range(300)]
    short, long = held_out(tmp_path, "test=0.1", rows), held_out(tmp_path, "train=0.9,test=0.1", rows)
    assert short == long
    assert 15 <= len(short["test"]) <= 50


def test_a_test_stays_what_it_is_when_dialogues_or_another_share_are_added(tmp_path: Path) -> None:
    rows = [record(number) for number in range(300)]
    small = held_out(tmp_path, "test=0.1", rows[:150])["test"]
    both = held_out(tmp_path, "test=0.1,valid=0.2", rows)
    assert small < both["test"] == held_out(tmp_path, "test=0.1", rows)["test"]
    assert {*both} == {"train", "valid", "test"}


@pytest.mark.parametrize("shares", ["train=0.5,test=0.1", "test=0.6,valid=0.6", "test=2"])
def test_shares_that_cannot_be_are_refused(tmp_path: Path, shares: str) -> None:
    done = post(tmp_path, "--split", shares, rows=[record(1)])
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("place", [{"group": "{}"}, {"made": {"group": "{}", "by": "x"}}])
def test_a_group_falls_to_one_side(tmp_path: Path, place: dict[str, Any]) -> None:
    def grouped(number: int) -> dict[str, Any]:
        name = f"family {number // 10}"
        return {"group": name} if "group" in place else {"made": {"group": name, "by": "x"}}

    sides = held_out(tmp_path, "test=0.4", [record(number, **grouped(number)) for number in range(300)])
    families = {
        split: {int(text.split("User: ")[1].split("\n")[0]) // 10 for text in asked} for split, asked in sides.items()
    }
    assert not families["train"] & families["test"]
    assert len(families["train"]) + len(families["test"]) == 30


def test_beside_each_training_file_stand_the_marks_of_its_dialogues(tmp_path: Path) -> None:
    rows = [record(number, item_id=item) for number in (*range(40), "a", "1") for item in (0, 1)]
    post(tmp_path, "--split", "test=0.3", "--output", "o.jsonl", rows=[*rows, record(None)])
    marks = {name: (tmp_path / f"o_{name}.jsonl.dialogues").read_text().splitlines() for name in ("train", "test")}
    assert not {*marks["train"]} & {*marks["test"]}
    assert {*marks["train"], *marks["test"]} == {dialogue_mark(name) for name in (*range(40), "a", "1")}
    assert len(marks["train"]) + len(marks["test"]) == 42  # each once, and 1 is not "1"
    assert trained_dialogues([tmp_path / "o_test.jsonl"]) == {*marks["test"]}


def test_marks_are_as_new_as_their_rows_and_no_one_elses_file_is_taken(tmp_path: Path) -> None:
    post(tmp_path, "--output", "o.jsonl", rows=[record(1)])
    post(tmp_path, "--output", "o.jsonl", rows=[record(2)])
    assert (tmp_path / "o.jsonl.dialogues").read_text() == dialogue_mark(2) + "\n"
    (tmp_path / "o.jsonl.dialogues").write_text("my notes")
    done = post(tmp_path, "--output", "o.jsonl", rows=[record(3)])
    assert (done.returncode, (tmp_path / "o.jsonl.dialogues").read_text()) == (1, "my notes")
    assert "User: 2" in (tmp_path / "o.jsonl").read_text()


# ---------------------------------------------------------------------------------------------- rows that are too long


@pytest.mark.parametrize(("mode", "name"), [(mode, name) for mode, names in NAMES.items() for name in names])
def test_a_row_of_any_format_is_read_back(tmp_path: Path, mode: str, name: str) -> None:
    (row,) = rows_of(tmp_path, "--mode", mode, "--format", name, rows=[record(1)])
    example = example_of(row)
    assert [message.role for message in example.prompt] == ["user"]
    assert [answer.role for answer in example.answers] == ["assistant"] * (2 if mode == "pref" else 1)
    assert [message.content for message in (*example.prompt, *example.answers)] == texts(row)


@pytest.mark.parametrize(
    "row", [{"text": "x"}, [], {"messages": [{"role": "user", "content": "x"}]}, {"messages": "x"}]
)
def test_what_is_no_training_row_is_told_from_one(row: Any) -> None:
    with pytest.raises(Unfit):
        example_of(row)


def test_rows_over_a_limit_are_counted_by_their_longer_side() -> None:
    lengths = Lengths(5, lambda example: max(len(answer.content) for answer in example.answers))
    kept = [lengths.exceeded_by(trl_pref("q", "a" * size, "b")) for size in (5, 6, 9, 2)]
    assert kept == [False, True, True, False]
    assert (lengths.over, lengths.longest) == (2, 9)


def test_to_drop_long_rows_a_model_has_to_be_named(tmp_path: Path) -> None:
    done = post(tmp_path, "--drop-long", rows=[record(1)])
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert "--max-tokens-of" in done.stderr
