"""`python -m bench loop` from dialogues to its table, with a model too small to learn; the real one takes minutes.

Needs requirements-consumers.txt; run by scripts/check-consumers.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ..conftest import ROOT, environment

for needed in ("fastapi", "peft", "sacrebleu", "sklearn", "torch", "transformers", "trl", "uvicorn"):
    pytest.importorskip(needed)


def close(folder: Path, model: str, *arguments: object) -> "subprocess.CompletedProcess[str]":
    told = ("--dialogues", folder / "in.jsonl", "--output", folder / "closed", "--model", model)
    few = ("--examples", 8, "--held-out", 4, "--pairs", 3)
    command = [sys.executable, "-m", "bench", "loop", *map(str, (*told, *few, *arguments))]
    return subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False)


def test_the_loop_closes_and_goes_on_where_it_was(made: Path, model: str) -> None:
    done = close(made, model)
    assert done.returncode == 0, done.stdout + done.stderr + (made / "closed/log.txt").read_text()
    for row in ("perplexity of the real utterance", "trained less control", "chrF", "Pairs: DPO loss"):
        assert row in done.stdout
    learnt = {row["id"] for row in map(json.loads, (made / "closed/train.jsonl").read_text().splitlines())}
    held_out = {row["id"] for row in map(json.loads, (made / "closed/test.jsonl").read_text().splitlines())}
    assert (len(learnt), len(held_out)) == (8, 4)
    assert not learnt & held_out
    assert "other settings" in close(made, model, "--seed", 1).stderr
