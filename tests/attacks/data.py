"""What a user has on disk is lost: outputs that are touched during a run, files of others, devices, links, pipes."""

import fcntl
import json
import os
import pty
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..conftest import command, environment, turns, write_rows
from ..test_postprocess import record
from .kit import Ended, attack, attacks, dialogues, ended, made, one_sentence, run, standin, started, synthesis, to


def removed(folder: Path) -> None:
    (folder / "out.jsonl").unlink()


def renamed(folder: Path) -> None:
    (folder / "out.jsonl").rename(folder / "other.jsonl")


def truncated(folder: Path) -> None:
    os.truncate(folder / "out.jsonl", 100)


def emptied(folder: Path) -> None:
    (folder / "out.jsonl").write_bytes(b"")


def replaced_by_another(folder: Path) -> None:
    (folder / "new").write_bytes(b"")
    (folder / "new").replace(folder / "out.jsonl")


def all_removed(folder: Path) -> None:
    for path in folder.glob("out.jsonl*"):
        path.unlink()


def all_renamed(folder: Path) -> None:
    for path in [*folder.glob("out.jsonl*")]:
        path.rename(folder / f"other{path.name}")


TOUCHED: dict[str, Callable[[Path], None]] = {
    "deleted": removed,
    "renamed": renamed,
    "truncated": truncated,
    "emptied": emptied,
    "replaced": replaced_by_another,
    "deleted with all beside it": all_removed,
    "renamed with all beside it": all_renamed,
}


def touched(folder: Path, touch: Callable[[Path], None], *more: str) -> Ended:
    """What a run of 30 samples says whose output is touched in its middle."""
    dialogues(folder, 30)
    with standin(latency=0.05) as url:
        process = started(folder, "synthesis", *to(url), "--input", "in.jsonl", "--output", "out.jsonl", *more)
        while made(folder) < 8:
            time.sleep(0.02)
            assert process.poll() is None
        touch(folder)
        done = ended(process)
        if done.status == 0:
            assert made(folder) == 30, f"exit 0 with {made(folder)} of 30 records"
        else:
            assert "out.jsonl was" in one_sentence(done)
            assert run(folder, *("synthesis", *to(url), "--input", "in.jsonl", "--output", "out.jsonl")).status == 0
    assert len({json.loads(line)["sample_id"] for line in whole_lines(folder / "out.jsonl")}) == 30
    return done


def whole_lines(path: Path) -> list[bytes]:
    return [line for line in path.read_bytes().splitlines() if line.endswith(b"}") and line.startswith(b"{")]


@attacks("data of an output that is touched during a run", TOUCHED, quick=("deleted", "truncated"))
def touched_output(folder: Path, touch: Callable[[Path], None]) -> None:
    touched(folder, touch)


@attacks("data of an output without a store that is touched during a run", TOUCHED)
def touched_output_without_store(folder: Path, touch: Callable[[Path], None]) -> None:
    touched(folder, touch, "--no-cache")


@attack("data of an output whose folder is deleted during a run")
def folder_removed(folder: Path) -> None:
    import shutil  # noqa: PLC0415

    inner = folder / "inner"
    inner.mkdir()
    dialogues(folder, 30)
    with standin(latency=0.05) as url:
        words = ("synthesis", *to(url), "--input", "in.jsonl", "--output", "inner/out.jsonl")
        process = started(folder, *words)
        while made(inner) < 8:
            time.sleep(0.02)
        shutil.rmtree(inner)
        done = ended(process)
    assert done.status == 0, done.said[-500:]
    assert made(inner) == 30
    assert (inner / "out.jsonl.calls.sqlite").stat().st_size > 50_000


# ---------------------------------------------------------------------------------------------- files of others


@attacks("data of others that lies where a run keeps its failures:", {"notes": b"my notes\n", "JSON": b'{"a": 1}\n'},
         quick=("notes",))  # fmt: skip
def foreign_sidecar(folder: Path, content: bytes) -> None:
    dialogues(folder, 1)
    (folder / "out.jsonl.failed.jsonl").write_bytes(content)
    with standin() as url:
        done = command("synthesis", *to(url), "--input", "in.jsonl", "--output", "out.jsonl", folder=folder)
    assert done.returncode == 1
    assert "out.jsonl.failed.jsonl was not made by" in done.stderr
    assert (folder / "out.jsonl.failed.jsonl").read_bytes() == content


@attack("data of an output that another run is writing", quick=True)
def busy_output(folder: Path) -> None:
    write_rows(folder / "in.jsonl", [record(1) | {"conversation": turns("a", "b", "c")}])
    for content in (b"", json.dumps({"quality": {"tags": []}}).encode() + b"\n"):
        (folder / "busy.jsonl").write_bytes(content)
        with (folder / "busy.jsonl").open("rb") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            for module in ("quality", "postprocess"):
                done = command(module, "--input", "in.jsonl", "--output", "busy.jsonl", folder=folder)
                assert done.returncode == 1
                assert "is writing to" in done.stderr, done.stderr
        assert (folder / "busy.jsonl").read_bytes() == content


# ---------------------------------------------------------------------------------------------- pipes


def on_terminal(folder: Path, line: str, most: float = 60) -> Ended:
    """A command line of the shell whose standard error is a terminal."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        ["bash", "-c", line],
        cwd=folder,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    said: list[bytes] = []

    def listen() -> None:
        try:
            while part := os.read(ours, 4096):
                said.append(part)
        except OSError:
            pass  # so a terminal ends whose other side is closed

    listener = threading.Thread(target=listen)
    listener.start()
    done = ended(process, most)
    listener.join()
    os.close(ours)
    return Ended(done.status, done.out, b"".join(said).decode(errors="replace"), done.seconds)


INPUTS = {
    "a process substitution": "--input <(cat in.jsonl)",
    "two process substitutions": "--input <(head -60 in.jsonl) <(tail -60 in.jsonl)",
    "a pipe with a name": "--input fifo & cat in.jsonl > fifo; wait $!",
    "standard input": "--input - < in.jsonl",
    "standard input from a pipe": "--input /dev/stdin < <(cat in.jsonl)",
}


@attacks("data read from", INPUTS, quick=("a process substitution",))
def piped_input(folder: Path, given: str) -> None:
    dialogues(folder, 120)
    os.mkfifo(folder / "fifo")
    with standin() as url:
        base = f"{sys.executable} -m src.synthesis --base-url {url} --model m --api-key-env '' --output out.jsonl"
        done = on_terminal(folder, f"{base} {given}")
    assert (done.status, made(folder)) == (0, 120), (done.status, made(folder), done.said[-400:])


# ---------------------------------------------------------------------------------------------- circles


def node(name: str, parent: str | None, role: str, text: str) -> dict[str, Any]:
    content = {"content_type": "text", "parts": [text]}
    return {"id": name, "parent": parent, "message": {"author": {"role": role}, "content": content}}


CIRCLES = {
    "of two": {"a": node("a", "b", "user", "x"), "b": node("b", "a", "assistant", "y")},
    "of one": {"a": node("a", "a", "user", "x")},
    "behind a tail": {
        "c": node("c", "b", "user", "z"), "a": node("a", "b", "user", "x"), "b": node("b", "a", "assistant", "y"),
    },
}  # fmt: skip


@attacks("data of a ChatGPT export in a circle", CIRCLES, quick=tuple(CIRCLES))
def circle(folder: Path, mapping: dict[str, Any]) -> None:
    good = {"a": node("a", None, "user", "x"), "b": node("b", "a", "assistant", "y"), "c": node("c", "b", "user", "z")}
    rows = [{"id": 1, "mapping": mapping}, {"id": 2, "mapping": good, "current_node": "c"}]
    write_rows(folder / "in.jsonl", rows)
    done = command("synthesis", "--input", "in.jsonl", "--show", 5, "--output", "out.jsonl", folder=folder)
    assert "passed over    1: its messages run in a circle" in done.stdout
    assert "=== sample 1: id 2" in done.stdout
    assert len(done.stdout) < 2000


@attack("data: synthesis refuses a dialogue of its own output as its input", quick=True)
def own_input(folder: Path) -> None:
    dialogues(folder, 1)
    (folder / "link.jsonl").symlink_to("in.jsonl")
    done = synthesis(folder, "http://127.0.0.1:9/v1", "--output", "link.jsonl")
    assert "same file as an input" in one_sentence(done)
