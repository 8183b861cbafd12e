"""The Python interface as docs/python.md shows it: each of its programs runs as it stands there."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import ROOT, environment, read_rows

Start = Callable[..., str]
PROGRAMS = re.findall(r"```python\n(.*?)```", (ROOT / "docs/python.md").read_text(encoding="utf-8"), re.DOTALL)


def ran(program: str, url: str, folder: Path) -> subprocess.CompletedProcess[str]:
    text = program.replace("http://127.0.0.1:8000/v1", url).replace(
        "data/raw/demo.jsonl", f"{ROOT}/data/raw/demo.jsonl"
    )
    assert url in text
    command = [sys.executable, "-W", "error", "-c", text]
    return subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True, check=False)


def test_there_are_programs_to_run() -> None:
    assert len(PROGRAMS) == 3


@pytest.mark.parametrize("number", range(3))
def test_a_program_of_the_docs_runs_as_it_stands_there(
    endpoint: Callable[..., str], tmp_path: Path, number: int
) -> None:
    done = ran(PROGRAMS[number], endpoint(), tmp_path)
    assert (done.returncode, done.stdout == "") == (0, False), done.stderr
    if number == 2:
        rows = read_rows(tmp_path / "data/made/moods.jsonl")
        assert len(rows) > 5
        assert {"sample_id", "patience", "prompts"} <= rows[0].keys()
        assert "samples made" in done.stdout
        assert "patient " in done.stdout


def test_a_method_of_ones_own_resumes_and_refuses_to_mix(endpoint: Callable[..., str], tmp_path: Path) -> None:
    url = endpoint()
    first = ran(PROGRAMS[2], url, tmp_path)
    again = ran(PROGRAMS[2], url, tmp_path)
    other = ran(PROGRAMS[2].replace("How patient", "How very patient"), url, tmp_path)
    assert "calls          0" in again.stdout
    assert "calls          0" not in first.stdout
    assert other.returncode == 1
    assert "was made with other settings: prompts was" in other.stderr
