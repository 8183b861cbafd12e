"""Dialogues from tables, from folders of `datasets`, under names of the user's own; and input that gives nothing."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from src.dialogues.tables import looks_like_table

from .conftest import command, dialogue, synthesis, write_rows

TALK = dialogue("d1")["conversation"]


def show(folder: Path, *arguments: object) -> Any:
    return command("synthesis", "--show", 9, "--output", "out.jsonl", *arguments, folder=folder)


def write_table(path: Path, columns: tuple[str, ...], lines: list[tuple[object, ...]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, delimiter="\t" if path.suffix == ".tsv" else ",").writerows([columns, *lines])


def turn_lines(name: str, talk: list[dict[str, str]] = TALK) -> list[tuple[object, ...]]:
    return [(name, turn["role"], turn["content"]) for turn in talk]


@pytest.mark.parametrize("name", ["in.csv", "in.tsv"])
def test_a_table_with_a_turn_on_each_line_is_read(tmp_path: Path, name: str) -> None:
    write_table(
        tmp_path / name, ("conversation_id", "role", "content"), turn_lines("a") + turn_lines("b", talk=TALK[:4])
    )
    done = show(tmp_path, "--input", name)
    assert done.returncode == 0, done.stderr
    assert "id 'a'" in done.stdout
    assert "id 'b'" in done.stdout
    assert TALK[0]["content"] in done.stdout


def test_a_table_whose_column_holds_turns_as_json_is_read(tmp_path: Path) -> None:
    write_table(tmp_path / "in.csv", ("id", "messages", "lang"), [("a", json.dumps(TALK), "en")])
    assert "id 'a'" in show(tmp_path, "--input", "in.csv").stdout


def test_a_table_with_other_columns_is_read_under_their_names(tmp_path: Path) -> None:
    other = {"user": "customer", "assistant": "agent"}
    lines: list[tuple[object, ...]] = [(name, other[str(role)], text) for name, role, text in turn_lines("a")]
    write_table(tmp_path / "in.csv", ("chat", "speaker", "text"), lines)
    refused = show(tmp_path, "--input", "in.csv")
    assert refused.returncode == 1
    assert "has the columns chat, speaker, text" in refused.stderr
    assert "--field role=NAME" in refused.stderr
    names = ("--field", "id=chat,role=speaker", "--field", "content=text")
    strangers = show(tmp_path, "--input", "in.csv", *names)
    assert strangers.returncode == 1
    assert "unknown role 'customer' (--user-role or --assistant-role tells whose it is)" in strangers.stderr
    done = show(tmp_path, "--input", "in.csv", *names, "--user-role", "customer", "--assistant-role", "agent")
    assert done.returncode == 0
    assert "id 'a'" in done.stdout


def test_a_broken_table_is_named_and_what_stands_before_is_kept(tmp_path: Path) -> None:
    write_table(
        tmp_path / "in.csv", ("conversation_id", "role", "content"), turn_lines("a") + turn_lines("b", talk=TALK[:4])
    )
    with (tmp_path / "in.csv").open("a") as file:
        file.write('c,user,"never closed\n')
    done = show(tmp_path, "--input", "in.csv")
    assert done.returncode == 3
    assert "id 'a'" in done.stdout
    assert "the table is broken here" in done.stderr


def test_what_looks_like_a_table_says_so(tmp_path: Path) -> None:
    write_table(tmp_path / "in.txt", ("conversation_id", "role", "content"), turn_lines("a"))
    done = show(tmp_path, "--input", "in.txt")
    assert done.returncode == 1
    assert "it looks like CSV, which is read where the name ends in .csv or .tsv" in done.stderr
    assert not looks_like_table(b'{"id": 1, "a": 2}\n{"id": 2, "a": 3}\n')


def test_rows_with_other_keys_say_which_they_have_and_what_maps_them(tmp_path: Path) -> None:
    write_rows(tmp_path / "in.jsonl", [{"chat": "a", "turns": TALK}, {"chat": "b", "turns": TALK[:4]}])
    done = show(tmp_path, "--input", "in.jsonl")
    assert done.returncode == 1
    assert (
        "2: no conversation in its fields chat, turns (--field messages=NAME tells which one holds it)" in done.stderr
    )
    assert "id 'b'" in show(tmp_path, "--input", "in.jsonl", "--field", "messages=turns,id=chat").stdout
    wrong = show(tmp_path, "--input", "in.jsonl", "--field", "turns=messages")
    assert wrong.returncode == 1
    assert "'turns=messages' is not OURS=YOURS" in wrong.stderr


@pytest.mark.parametrize("mode", [("--show", "1"), ("--estimate",), ()])
def test_an_input_of_nothing_usable_is_exit_status_1(
    endpoint: Callable[..., str], tmp_path: Path, mode: tuple[str, ...]
) -> None:
    write_rows(tmp_path / "in.jsonl", [{"a": 1}, {"a": 2}])
    done = synthesis(tmp_path, endpoint(), *mode)
    assert done.returncode == 1
    assert "None of the dialogues in in.jsonl can be used (2: no conversation in its fields a" in done.stderr
    (tmp_path / "in.jsonl").write_text("")
    assert "(it is empty)" in synthesis(tmp_path, endpoint(), *mode).stderr


def test_folders_of_datasets_are_read(tmp_path: Path) -> None:
    table = pyarrow.table({"id": ["a", "b"], "messages": [TALK, TALK[:4]], "other": [1, 2]})
    folder = tmp_path / "saved" / "train"
    folder.mkdir(parents=True)
    with (
        (folder / "data-00000-of-00001.arrow").open("wb") as file,
        pyarrow.ipc.new_stream(file, table.schema) as stream,
    ):
        stream.write_table(table)
    (tmp_path / "saved" / "dataset_dict.json").write_text('{"splits": ["train"]}')
    (folder / "state.json").write_text('{"_data_files": [{"filename": "data-00000-of-00001.arrow"}]}')
    (folder / "dataset_info.json").write_text('{"features": {}}')
    done = show(tmp_path, "--input", "saved")
    assert done.returncode == 0
    assert "id 'a'" in done.stdout
    assert "id 'b'" in done.stdout
    assert "passed over" not in done.stdout
    with (tmp_path / "one.arrow").open("wb") as file, pyarrow.ipc.new_file(file, table.schema) as written:
        written.write_table(table)
    assert "id 'b'" in show(tmp_path, "--input", "one.arrow").stdout
    pyarrow.parquet.write_table(table.rename_columns(["id", "turns", "other"]), tmp_path / "in.parquet")
    assert "id 'b'" in show(tmp_path, "--input", "in.parquet", "--field", "messages=turns").stdout
