"""The documentation holds: its commands run as written, its links lead somewhere, its examples are safe to copy."""

import dataclasses
import fnmatch
import json
import re
import shlex
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bench.steps import Loop
from src.basics.options import all_options
from src.marking.marks import TAGS

from .conftest import ROOT, Done, command
from .test_house import FOLDERS, SOURCES, SRC

README, CONTRIBUTING = ROOT / "README.md", ROOT / "CONTRIBUTING.md"
DOCS = sorted((ROOT / "docs").glob("*.md"))
PAGES = [README, CONTRIBUTING, *DOCS]
LONGEST_README, LONGEST_LINE = 150, 120

# What lies beside records and inputs and is no record, or is the same pair again.
NOT_FOR_A_GLOB = (
    *("part-1.quality.jsonl", "part-1.judged.jsonl", "part-1.jsonl.failed.jsonl", "part-1.quality.jsonl.failed.jsonl"),
    *("shard-1.quality.jsonl", "LMSYS.quality.jsonl", "LMSYS.judged.jsonl", "LMSYS.jsonl.failed.jsonl"),
    *("part-1.jsonl.shortcut.json", "LMSYS.quality.jsonl.shortcut.json"),
)
# argparse's own, Slurm's, git's, mypy's and pip's
NOT_OURS = {"--help", "--version", "--array", "--follow", "--strict", "--no-deps"}
NOT_OURS |= {"--nodes", "--ntasks", "--exclude", "--block", "--head", "--port", "--address"}  # of Slurm and Ray

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)


def read(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def blocks(text: str, language: str = "bash") -> list[str]:
    """The code blocks in this language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def without_code(text: str) -> str:
    return re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)


def commands(text: str) -> list[str]:
    """Every command of ours in a page's shell blocks, in order, with continued lines joined."""
    lines = "\n".join(blocks(text)).replace("\\\n", " ").split("\n")
    return [line.strip() for line in lines if line.strip().startswith("python -m src.")]


def linked_pages() -> list[Path]:
    """The pages of docs/ in the order in which the README links to them."""
    return [ROOT / link for link in dict.fromkeys(re.findall(r"\]\((docs/\w+\.md)", read(README)))]


# ---------------------------------------------------------------------------------------------- commands


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with the example dialogues where the documentation has its input, and marks that somebody has made."""
    for name in ("raw", "synthesized_raw", "processed"):
        (tmp_path / "data" / name).mkdir(parents=True)
    shutil.copytree(ROOT / "data/seeds", tmp_path / "data/seeds")
    (recipe,) = blocks(read(ROOT / "docs/converse.md"), "python")
    (tmp_path / "my_recipe.py").write_text(recipe)
    for name in ("demo.jsonl", "LMSYS.jsonl"):
        shutil.copy(ROOT / "data/raw/demo.jsonl", tmp_path / "data/raw" / name)
    shutil.copytree(ROOT / "data/by_hand", tmp_path / "data/by_hand")
    turns = [("customer", "hi"), ("agent", "Hello!"), ("customer", "my order is late")]
    lines = ["ticket,speaker,text", *(f"7,{speaker},{text}" for speaker, text in turns)]
    (tmp_path / "support.csv").write_text("\n".join(lines) + "\n")
    marks = {"sample_id": "demo-home-toilet", "item_id": 0, "mark": "drop", "note": ""}
    (tmp_path / "marks.jsonl").write_text(json.dumps(marks) + "\n")
    return tmp_path


def run_as_written(line: str, folder: Path, **variables: str) -> Done:
    """Run a command of the documentation; where it has an endpoint, that of the variables is asked."""
    line = re.sub(r"(--\w+-base-url) \S+", rf"\1 {variables.get('PROUTT_BASE_URL')}", line)
    words = shlex.split(re.sub(r"--base-url \S+", "", line))
    return command(words[2].removeprefix("src."), *words[3:], folder=folder, **variables)


def test_every_command_works_as_written(endpoint: Callable[..., str], project: Path) -> None:
    """Page by page, in the order in which the README leads to them, with the stand-in for every real endpoint."""
    pages = [README, *(page for page in linked_pages() if page.exists()), CONTRIBUTING]
    keys = dict.fromkeys(re.findall(r"\b[A-Z]+_API_KEY\b", " ".join(map(read, pages))), "a-key")
    url, count = endpoint(), 0
    for page in pages:
        for line in commands(read(page)):
            if "--serve" not in line:  # which goes on until it is interrupted
                done = run_as_written(line, project, PROUTT_BASE_URL=url, **keys)
                assert done.returncode == 0, f"{page.name}: {line}\n{done.stderr}"
                count += 1
    assert count >= 20


def test_the_first_two_shell_blocks_of_the_readme_are_those_that_ci_runs() -> None:
    first, second, *_ = blocks(read(README))
    assert first.endswith(
        "-m venv .venv && .venv/bin/pip install -q -r requirements.txt && .venv/bin/python -m src.rehearsal\n"
    )
    assert second == "scripts/check\n"


@every_page
def test_every_option_that_is_named_is_one(page: Path) -> None:
    ours = {field.name.replace("_", "-") for cls in (*all_options(), Loop) for field in dataclasses.fields(cls)}
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", read(page)))
    assert named <= NOT_OURS | {f"--{name}" for name in ours}


def inputs_in(text: str) -> Iterator[str]:
    """Every word that is given to --input, in a command or in a sentence."""
    for given in re.findall(r"--input ([^\n`]*)", text.replace("\\\n", " ")):
        for word in re.findall(r"[^\s'\"]+", given):
            if word.startswith("--"):
                break
            yield word


def test_no_example_takes_in_files_that_lie_beside_records() -> None:
    globs = [(path, word) for path in (*PAGES, *SOURCES) for word in inputs_in(read(path)) if re.search(r"[*?[]", word)]
    assert globs
    for path, pattern in globs:
        taken = fnmatch.filter(NOT_FOR_A_GLOB, pattern.rpartition("/")[2])
        assert not taken, f"{path.name}: {pattern} takes in {taken[0]}"


# ---------------------------------------------------------------------------------------------- pages


def test_the_readme_is_read_in_a_few_minutes() -> None:
    assert len(read(README).splitlines()) <= LONGEST_README


def test_every_page_is_found_from_the_readme() -> None:
    assert {*DOCS} <= {*linked_pages()}


@pytest.mark.parametrize("page", DOCS, ids=lambda page: page.stem)
def test_a_page_opens_with_one_sentence(page: Path) -> None:
    title, opening, *_ = read(page).split("\n\n")
    assert re.fullmatch(r"# .+", title)
    assert re.fullmatch(r"[^.]+\.", opening)


@every_page
def test_lines_are_not_too_long(page: Path) -> None:
    for line in read(page).splitlines():
        assert len(line) <= LONGEST_LINE or line.startswith("|"), line


def links(page: Path) -> list[str]:
    """What a page links to, but for addresses of the web."""
    found = re.findall(r"\]\(([^)\s]+)\)", without_code(read(page)))
    return [link for link in found if not re.match(r"https?:", link)]


def anchors(page: Path) -> set[str]:
    """The names of a page's headings, as links have them."""
    headings = re.findall(r"^#+ (.+)$", without_code(read(page)), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@every_page
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in links(page):
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_the_readme_names_every_folder_in_order() -> None:
    rows = re.findall(r"^\| `src/(\w+)/` \|", read(README), re.MULTILINE)
    assert rows == [folder for folder in FOLDERS if (SRC / folder).is_dir()]


def test_the_page_on_quality_names_every_mark() -> None:
    rows = re.findall(r"^\| (`.*?) \|", read(ROOT / "docs/quality.md"), re.MULTILINE)
    assert sorted(re.findall(r"`(\w+)`", " ".join(rows))) == sorted(TAGS)
