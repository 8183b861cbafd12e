"""The rules of the house: who may import whom, how long a function may be, and what the rehearsal leaves."""

import ast
import graphlib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from .conftest import ROOT, command

SRC = ROOT / "src"
SOURCES = sorted(SRC.rglob("*.py"))

# The rooms from the ground up: each imports only from those before it. Above them all stand the commands and the doors.
FOLDERS = (
    *("basics", "calling", "running", "dialogues", "pairs", "methods"),
    *("training", "marking", "predicting", "reporting", "rehearsing"),
)


def room_of(module: Sequence[str]) -> str:
    """The folder that a module stands in; "" for a command or a door."""
    return module[0] if module[0] in FOLDERS else ""


def imports() -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Each import of one module of ours in another: who, and whom."""
    for path in SOURCES:
        module = path.relative_to(SRC).with_suffix("").parts
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.level:
                base = module[: len(module) - node.level]
                names = [node.module.split(".")] if node.module else [[alias.name] for alias in node.names]
                yield from ((module, (*base, *name)) for name in names)


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_a_folder_imports_only_from_folders_below_it() -> None:
    count = 0
    for module, imported in imports():
        here, there = room_of(module), room_of(imported)
        if here and here != there:
            assert there, f"{'/'.join(module)} imports the command or door {imported[0]}"
            assert FOLDERS.index(there) < FOLDERS.index(here), f"{'/'.join(module)} imports {'/'.join(imported)}"
            count += 1
    assert count > 100


def test_no_imports_run_in_a_circle() -> None:
    graph: dict[tuple[str, ...], set[tuple[str, ...]]] = {}
    for module, imported in imports():
        graph.setdefault(module, set()).add(imported)
    assert len(tuple(graphlib.TopologicalSorter(graph).static_order())) > 50  # which raises for a circle


def test_nothing_imports_a_command() -> None:
    commands = {path.stem for path in SRC.glob("*.py") if "as_command(main)" in path.read_text(encoding="utf-8")}
    assert len(commands) >= 5
    for module, imported in imports():
        assert imported[0] not in commands or module == ("rehearsal",), f"{'/'.join(module)} imports {imported[0]}"


def test_every_folder_is_in_the_list() -> None:
    assert {path.name for path in SRC.iterdir() if path.is_dir() and path.name != "__pycache__"} <= {*FOLDERS}


def test_every_module_says_what_it_is_for() -> None:
    for path in SOURCES:
        assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), path.name


def test_no_function_is_over_40_lines_and_no_file_over_300() -> None:
    for path in SOURCES:
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 300, path.name
        for function in functions(path):
            assert (function.end_lineno or 0) - function.lineno < 40, f"{path.name}: {function.name}"


def test_nothing_draws_from_the_global_generator() -> None:
    for path in SOURCES:
        assert not re.search(r"\brandom\.(?!Random\b)\w+\(", path.read_text(encoding="utf-8")), path.name


def test_the_rehearsal_ends_with_training_files(tmp_path: Path) -> None:
    for _ in range(2):  # again, over what it left
        done = command("rehearsal", folder=tmp_path)
        assert done.returncode == 0, done.stderr
    for name in ("pref.json", "sft.json"):
        assert (tmp_path / "data/rehearsal" / name).stat().st_size > 10_000
        assert f"data/rehearsal/{name}" in done.stdout
    assert "rehearsed" in done.stderr
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["rehearsal"]  # nothing among real data
