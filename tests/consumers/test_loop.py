"""`python -m bench loop` from dialogues to its table, with a model too small to learn; the real one takes minutes.

Needs requirements-consumers.txt; run by scripts/check-consumers.
"""

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench.loop import loop_from
from bench.steps import TEST, TRAIN, different, divide, example_of, fitting
from src.training.tokens import tokenizer_of, tokens_in

from ..conftest import ROOT, dialogue, environment, write_rows

for needed in ("fastapi", "peft", "sacrebleu", "sklearn", "torch", "transformers", "trl", "uvicorn"):
    pytest.importorskip(needed)


def close(folder: Path, model: str, *arguments: object) -> "subprocess.CompletedProcess[str]":
    told = ("--dialogues", folder / "in.jsonl", "--output", folder / "closed", "--model", model)
    few = ("--examples", 8, "--held-out", 4, "--pairs", 3)
    command = [sys.executable, "-m", "bench", "loop", *map(str, (*told, *few, *arguments))]
    return subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False)


def sources(file: Path) -> set[object]:
    return {json.loads(line)["source"] for line in file.read_text().splitlines()}


def test_the_loop_closes_and_goes_on_where_it_was(made: Path, model: str) -> None:
    done = close(made, model)
    assert done.returncode == 0, done.stdout + done.stderr + (made / "closed/log.txt").read_text()
    for row in ("perplexity of the real utterance", "trained less control", "chrF", "pass 2"):
        assert row in done.stdout
    learnt, held_out = sources(made / "closed/train.jsonl"), sources(made / "closed/test.jsonl")
    assert (len(learnt), len(held_out)) == (8, 4)
    assert not learnt & held_out
    assert "other settings" in close(made, model, "--seed", 1).stderr


def test_own_dialogues_are_measured_on_but_those_that_are_learnt(made: Path, model: str) -> None:
    others = [
        *(dialogue(number) for number in range(12)),
        *(dialogue(number) | {"id": number} for number in range(100, 112)),
    ]
    renamed = [row | {"id": place} for place, row in enumerate(others)]  # the ids of the file that is learnt from
    write_rows(made / "own.jsonl", renamed)
    told = ["--dialogues", str(made / "in.jsonl"), "--test", str(made / "own.jsonl"), "--model", model]
    loop = loop_from([*told, "--output", str(made / "divided"), "--max-length", "4000"])
    loop.output.mkdir()
    divide(loop)
    learnt = {line.partition('"conversation"')[2] for line in (loop.output / TRAIN).read_text().splitlines()}
    held_out = {line.partition('"conversation"')[2] for line in (loop.output / TEST).read_text().splitlines()}
    assert (len(learnt), len(held_out)) == (24, 12)
    assert not learnt & held_out


def test_of_a_long_dialogue_the_newest_rounds_are_taken(made: Path, model: str) -> None:
    loop = loop_from(["--dialogues", str(made / "in.jsonl"), "--model", model, "--max-length", "60"])
    whole, tokenizer = different(dataclasses.replace(loop, max_length=10**6), loop.dialogues), tokenizer_of(model)
    longer = [sample for sample in whole if tokens_in(tokenizer, example_of(sample)) > loop.max_length]
    assert any(fitting(sample, tokenizer, loop.max_length) for sample in longer)
    for sample in longer:
        if shorter := fitting(sample, tokenizer, loop.max_length):
            assert sample.context[-len(shorter.context) :] == shorter.context
            assert shorter.context[0].role == "user"
            assert tokens_in(tokenizer, example_of(shorter)) <= loop.max_length
