"""The rules of the house: who may import whom, how long a function may be, names on disk, and that the README works."""

import ast
import re
import shlex
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .conftest import ROOT, command

SOURCES = sorted((ROOT / "src").glob("*.py"))

LINES = [
    {"config", "schemas"},
    {"records", "utils", "keys", "charts"},
    {"json_rows", "exports"},
    {"sources", "io_utils", "store", "limits", "outage", "pacing", "wire"},
    {"shapes"},
    {"dialogues"},
    {"prompts", "endpoint", "intake", "ordered", "training_files"},
    {"client", "formats"},
    {"selection"},
    {"surface", "accounts"},
    {"card", "heuristics"},
    {"judge", "overview"},
    {"progress"},
    {"runner"},
    {"estimate", "preview"},
    {"synthesis", "postprocess", "quality", "report"},
    {"standin"},
    {"rehearsal"},
]


def line_of(module: str) -> int:
    return next(number for number, modules in enumerate(LINES) if module in modules)


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_a_module_imports_only_from_lines_above_its_own() -> None:
    count = 0
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.level == 1:
                for module in [node.module] if node.module else [alias.name for alias in node.names]:
                    count += 1
                    assert line_of(str(module)) < line_of(path.stem), f"{path.name} imports {module}"
    assert count > 30


def test_every_module_says_what_it_is_for() -> None:
    for path in SOURCES:
        assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), path.name


def test_no_function_is_over_40_lines_and_no_file_over_300() -> None:
    for path in SOURCES:
        if path.stem != "prompts":
            assert len(path.read_text(encoding="utf-8").splitlines()) <= 300, path.name
        for function in functions(path):
            assert (function.end_lineno or 0) - function.lineno < 40, f"{path.name}: {function.name}"


def test_nothing_draws_from_the_global_generator() -> None:
    for path in SOURCES:
        assert not re.search(r"\brandom\.(?!Random\b)\w+\(", path.read_text(encoding="utf-8")), path.name


def readme() -> str:
    return (ROOT / "README.md").read_text(encoding="utf-8")


def commands() -> list[str]:
    """Every command of ours in the README's shell blocks, in order, with continued lines joined."""
    blocks = re.findall(r"```(?:bash|sh)\n(.*?)```", readme(), re.DOTALL)
    lines = "\n".join(blocks).replace("\\\n", " ").split("\n")
    return [line.strip() for line in lines if line.strip().startswith("python -m src.")]


def test_every_command_of_the_readme_works_as_written(endpoint: Callable[..., str], tmp_path: Path) -> None:
    """Run in order in a copy of the project, with the stand-in where the README has a real endpoint."""
    url = endpoint()
    for name in ("src", "data"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "*.tmp"))
    shutil.copy(ROOT / "data/raw/demo.jsonl", tmp_path / "data/raw/LMSYS.jsonl")
    keys = dict.fromkeys(re.findall(r"\b[A-Z]+_API_KEY\b", readme()), "a-key")
    assert len(commands()) >= 6
    for line in commands():
        words = shlex.split(re.sub(r"--base-url \S+", "", line))
        if "--serve" in words:
            continue
        done = command(words[2].removeprefix("src."), *words[3:], folder=tmp_path, PROUTT_BASE_URL=url, **keys)
        assert done.returncode == 0, f"{line}\n{done.stderr}"


def test_the_readme_names_every_module() -> None:
    for path in SOURCES:
        if path.stem != "__init__":
            assert f"{path.name}" in readme(), path.name


@pytest.mark.parametrize("module", ["synthesis", "postprocess", "quality", "report", "rehearsal"])
def test_help_teaches(module: str, tmp_path: Path) -> None:
    done = command(module, "--help", folder=tmp_path)
    assert done.returncode == 0
    assert done.stdout.count("--") > 4


def test_the_rehearsal_ends_with_training_files(tmp_path: Path) -> None:
    for _ in range(2):  # again, over what it left
        done = command("rehearsal", folder=tmp_path)
        assert done.returncode == 0, done.stderr
    for name in ("rehearsal_pref.json", "rehearsal_sft.json"):
        assert (tmp_path / "data/processed" / name).stat().st_size > 10_000
        assert f"data/processed/{name}" in done.stdout
    assert "rehearsed" in done.stderr
