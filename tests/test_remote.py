"""Input from object stores, and finished files copied there; `file://` goes the same way through pyarrow."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from src.basics.remote import rename

from .conftest import command, dialogue, read_rows, synthesis, without, write_rows

pytest.importorskip("pyarrow")

Start = Callable[..., str]


@pytest.fixture
def bucket(tmp_path: Path) -> str:
    """A folder tree of nine dialogues, as an address."""
    tree = tmp_path / "bucket"
    for place, folder in enumerate(("2025/01", "2025/02", "2026/01")):
        (tree / folder).mkdir(parents=True)
        rows = [dialogue(f"{place}-{number}") for number in range(3)]
        if place == 1:
            packed = gzip.compress("".join(json.dumps(row) + "\n" for row in rows).encode())
            (tree / folder / "chats.jsonl.gz").write_bytes(packed)
        else:
            write_rows(tree / folder / "chats.jsonl", rows)
    (tree / "2025/notes.txt").write_text("no dialogues")
    return f"file://{tree}"


@pytest.mark.parametrize(
    ("pattern", "count"),
    [
        ("", 9),
        ("/2025", 6),
        ("/2025/01/chats.jsonl", 3),
        ("/2025/*/chats.jsonl*", 6),
        ("/**/chats.jsonl", 6),
        ("/202[56]/01/*", 6),
    ],
)
def test_files_folders_and_globs_are_read(
    endpoint: Start, tmp_path: Path, bucket: str, pattern: str, count: int
) -> None:
    done = synthesis(tmp_path, endpoint(), input=bucket + pattern)
    assert done.returncode == 0, done.stderr
    assert len(read_rows(tmp_path / "out.jsonl")) == count


@pytest.mark.parametrize("name", ["/2025/03", "/2024/*.jsonl", "/no/such.jsonl"])
def test_what_is_not_there_is_a_sentence(endpoint: Start, tmp_path: Path, bucket: str, name: str) -> None:
    done = synthesis(tmp_path, endpoint(), input=bucket + name)
    assert done.returncode == 1
    assert bucket in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("address", ["hdfs://127.0.0.1:1/x", "abfs://container/x", "s3://"])
def test_what_cannot_be_reached_is_a_sentence(tmp_path: Path, address: str) -> None:
    done = command("synthesis", "--input", address, "--output", "o.jsonl", "--api-key-env=", folder=tmp_path)
    assert done.returncode == 1
    assert "check the address, and how you are signed in" in done.stderr


def test_without_pyarrow_the_line_that_installs_it_is_said(tmp_path: Path) -> None:
    done = without("pyarrow", "synthesis", "--input", "s3://bucket/x.jsonl", "--api-key-env=", folder=tmp_path)
    assert done.returncode == 1
    assert "pip install -r requirements-input.txt" in done.stderr


def test_finished_files_are_copied_whole_and_again_when_the_command_is_given_again(
    endpoint: Start, tmp_path: Path, bucket: str
) -> None:
    url = endpoint(faults=(("filtered", 0.03),))
    for _ in range(2):
        done = synthesis(tmp_path, url, "--upload", f"file://{tmp_path}/away/deep", input=bucket)
        assert done.returncode in {0, 3}, done.stderr
        for path in tmp_path.glob("out.jsonl*"):
            copied = tmp_path / "away/deep" / path.name
            assert path.suffix == ".sqlite" or path.read_bytes() == copied.read_bytes()
    assert f"copied         file://{tmp_path}/away/deep/out.jsonl\n" in done.stdout
    assert not [*(tmp_path / "away").rglob("*.part")]


def test_a_copy_that_fails_loses_nothing(endpoint: Start, tmp_path: Path, bucket: str) -> None:
    (tmp_path / "away").write_text("a file where a folder is wanted")
    done = synthesis(tmp_path, endpoint(), "--upload", f"file://{tmp_path}/away", input=bucket)
    assert done.returncode == 1
    assert "out.jsonl is made, and could not be copied" in done.stderr
    assert len(read_rows(tmp_path / "out.jsonl")) == 9


def test_a_file_gets_its_name_where_the_store_can_only_copy() -> None:
    class Store(dict[str, bytes]):
        def move(self, *_: str) -> None:
            raise NotImplementedError("no hierarchical namespace")

        def copy_file(self, before: str, now: str) -> None:
            self[now] = self[before]

        def delete_file(self, name: str) -> None:
            del self[name]

    store = Store({"made.jsonl.part": b"all of it"})
    rename(store, "made.jsonl.part", "made.jsonl")
    assert store == {"made.jsonl": b"all of it"}
