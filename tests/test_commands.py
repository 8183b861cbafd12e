"""What every command owes its user: help that teaches, mistyped words named, nothing of others overwritten."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from src.basics.options import Options, all_options, variable_of
from src.methods.proutt.settings import Config

from .conftest import command, dialogue, read_rows, synthesis, write_rows
from .test_postprocess import record

COMMANDS = (
    *("synthesis", "converse", "strategies", "postprocess", "quality", "report"),
    *("predict", "evaluate", "resemblance", "rehearsal"),
)
Start = Callable[..., str]


@pytest.mark.parametrize("module", COMMANDS)
def test_help_says_what_it_does_and_groups_its_options(module: str, tmp_path: Path) -> None:
    done = command(module, "--help", folder=tmp_path, COLUMNS="80")
    assert done.returncode == 0
    assert f"python -m src.{module} " in done.stdout.partition("examples:")[2]
    assert done.stdout.index("\ninput:\n") < done.stdout.index("\nhelp:\n")
    options = done.stdout.partition("examples:")[0]
    assert max(map(len, options.splitlines())) <= 80
    assert "\noptions:\n" not in options  # where argparse puts what has no group


def test_help_shows_choices() -> None:
    shown = command("synthesis", "--help", folder=Path.cwd()).stdout
    assert "--turns {last,random,all}" in shown


@pytest.mark.parametrize("module", COMMANDS)
def test_every_command_tells_its_version(module: str, tmp_path: Path) -> None:
    done = command(module, "--version", folder=tmp_path)
    assert (done.returncode, done.stdout[:7]) == (0, "ProUtt ")


@pytest.mark.parametrize(
    ("module", "typed", "meant"),
    [
        ("synthesis", "--modle=x", "did you mean --model?"),
        ("synthesis", "--max-concurency", "did you mean --max-concurrency?"),
        ("synthesis", "--turns=lst", "did you mean last?"),
        ("postprocess", "--drop=refusals", "did you mean refusal?"),
        ("quality", "--juge", "did you mean --judge?"),
        ("report", "--txt", "did you mean --text?"),
        ("evaluate", "--predictoins", "did you mean --predictions?"),
        ("rehearsal", "--serv", "did you mean --serve?"),
    ],
)
def test_a_mistyped_word_is_answered_with_the_one_that_was_meant(
    tmp_path: Path, module: str, typed: str, meant: str
) -> None:
    done = command(module, typed, folder=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert meant in done.stderr


def test_a_mistyped_variable_is_named_and_one_of_another_command_is_not(tmp_path: Path) -> None:
    variables = {"PROUTT_MODLE": "m", "PROUTT_TURNS": "all", "PROUTT_ZZZ": "1"}
    done = command("report", "--input", "none", folder=tmp_path, **variables)
    assert "PROUTT_MODLE is set and no command reads it; did you mean PROUTT_MODEL?" in done.stderr
    assert "PROUTT_ZZZ is set and no command reads it" in done.stderr
    assert "PROUTT_TURNS" not in done.stderr


def test_no_two_commands_read_what_goes_in_or_out_from_one_variable() -> None:
    def has(cls: type[Options], name: str) -> bool:
        fields = {field.name: field for field in dataclasses.fields(cls)}
        return name in fields and fields[name].metadata["variable"]

    known = [*all_options()]
    assert len(known) > 8
    for name in ("input", "output"):
        assert {cls for cls in known if has(cls, name)} == {Config}
    assert variable_of(next(field for field in dataclasses.fields(Config) if field.name == "output")) == "PROUTT_OUTPUT"


def test_quality_writes_beside_its_input_whatever_the_environment_says(tmp_path: Path) -> None:
    write_rows(tmp_path / "all.jsonl", [record(number) for number in range(11)])
    write_rows(tmp_path / "part.jsonl", [record(number) for number in range(3)])
    done = command("quality", "--input", "part.jsonl", folder=tmp_path, PROUTT_OUTPUT="all.jsonl")
    assert done.returncode == 0
    assert len(read_rows(tmp_path / "all.jsonl")) == 11
    assert len(read_rows(tmp_path / "part.quality.jsonl")) == 3


def test_several_files_under_one_pattern_need_a_name_for_what_is_made_of_them(tmp_path: Path) -> None:
    for number in (1, 2):
        write_rows(tmp_path / f"part-{number}.jsonl", [record(number)])
    done = command("quality", "--input", "part-[0-9].jsonl", folder=tmp_path)
    assert (done.returncode, "2 inputs make one file" in done.stderr) == (1, True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["part-1.jsonl", "part-2.jsonl"]


OTHERS = {
    "a.md": b"# Notes\n",
    "a.jsonl": b'{"id": 1, "conversation": []}\n',
    "a.json": b'[{"messages": [{"role": "user", "content": "hi"}]}]',
    "a.parquet": b"MINE",
    "a.html": b"<!doctype html><title>Mine</title>",
    "a.pdf": b"%PDF-1.7 without a line end" * 1000,
}


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize("module", ["synthesis", "quality", "postprocess", "report"])
def test_no_command_writes_over_a_file_that_it_did_not_make(
    endpoint: Start, tmp_path: Path, module: str, name: str
) -> None:
    write_rows(tmp_path / "in.jsonl", [record(1) | dialogue(1)])
    (tmp_path / name).write_bytes(OTHERS[name])
    if module == "synthesis":
        done = synthesis(tmp_path, endpoint(), output=name)
    else:
        done = command(module, "--input", "in.jsonl", "--output", name, folder=tmp_path)
    assert done.returncode == 1
    assert name in done.stderr
    assert (tmp_path / name).read_bytes() == OTHERS[name]


def test_a_foreign_parquet_file_is_left_alone(tmp_path: Path) -> None:
    pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    parquet.write_table(pyarrow.table({"a": [1, 2]}), tmp_path / "a.parquet")
    before = (tmp_path / "a.parquet").read_bytes()
    write_rows(tmp_path / "in.jsonl", [record(1)])
    done = command("postprocess", "--input", "in.jsonl", "--output", "a.parquet", folder=tmp_path)
    assert (done.returncode, (tmp_path / "a.parquet").read_bytes()) == (1, before)


def test_a_rehearsal_leaves_records_alone_that_were_not_rehearsed(tmp_path: Path) -> None:
    notes = tmp_path / "data/rehearsal/records.jsonl"
    notes.parent.mkdir(parents=True)
    notes.write_text("my notes")
    assert command("rehearsal", folder=tmp_path).returncode == 1
    assert notes.read_text() == "my notes"


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("quality", "out.jsonl"),
        ("postprocess", "out.json"),
        ("postprocess", "out.jsonl"),
        ("postprocess", "out.parquet"),
        ("report", "out.html"),
    ],
)
def test_what_a_command_made_it_makes_anew(tmp_path: Path, module: str, name: str) -> None:
    for number in (1, 2):
        write_rows(tmp_path / "in.jsonl", [record(number)])
        done = command(module, "--input", "in.jsonl", "--output", name, folder=tmp_path)
        assert done.returncode == 0, done.stderr


def test_quality_without_a_judge_keeps_what_a_judge_was_paid_for(endpoint: Start, tmp_path: Path) -> None:
    base: tuple[Any, ...] = ("--base-url", endpoint(), "--api-key-env", "", "--input", "in.jsonl")
    write_rows(tmp_path / "in.jsonl", [record(1)])
    done = command("quality", *base, "--judge", folder=tmp_path)
    assert "pairs judged   1 (chosen nearer " in done.stdout
    assert "next           python -m src.postprocess --input in.judged.jsonl" in done.stdout
    judged = (tmp_path / "in.judged.jsonl").read_bytes()
    done = command("quality", "--input", "in.jsonl", "--output", "in.judged.jsonl", folder=tmp_path)
    assert done.returncode == 1
    assert (tmp_path / "in.judged.jsonl").read_bytes() == judged
