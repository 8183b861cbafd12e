"""Every command killed at any moment, on a full disk, with its output damaged by hand, with its store spoilt.

What was made or paid for is there afterwards, or is made again by the same command.
"""

import contextlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from src.basics.files import Beside

from .commands import ROWS, WRITING, Command, called, prepared, sentence
from .kit import Asked, attacks, ended, hostile, made, one_sentence, run, standin, started

PAYING = {name: command for name, command in WRITING.items() if command.pays}

# ---------------------------------------------------------------------------------------------- killed

KILLED = [0.15 + number * 0.15 for number in range(8)]  # seconds behind the first sign of a result


@attacks(
    "killed at",
    {f"{moment:.2f} s: {name}": (moment, command) for name, command in WRITING.items() for moment in KILLED},
    quick=("0.15 s: evaluate --judge",),
)
def killed(folder: Path, case: tuple[float, Command]) -> None:
    """The same command, after a kill, makes all; what was answered is not asked again."""
    moment, command = case
    prepared(folder, command)
    asked: list[bytes] = []

    def note(each: Asked) -> None:
        asked.append(each.body)
        time.sleep(0.03)

    with hostile(note) as (url, _):
        process = started(folder, *command.line(url))
        while process.poll() is None and not (asked or [*folder.glob("*")][1:]):
            time.sleep(0.01)
        time.sleep(moment)
        process.kill()
        process.communicate()
        answered, asked[:] = len(asked), []
        done = called(folder, command, url)
    assert done.returncode == 0, done.stderr[-500:]
    assert command.made(folder)
    if command.pays:
        whole = answered + len(asked)
        assert whole <= questions(command) + IN_FLIGHT, (answered, len(asked))


IN_FLIGHT = 12


def questions(command: Command) -> int:
    """How often a model is asked at most, by a run that nothing stops."""
    return (
        ROWS
        * {"synthesis": 9, "quality": 3, "predict": 1, "evaluate": 4, "converse": 30, "strategies": 6}[command.module]
        + 8
    )


# ---------------------------------------------------------------------------------------------- full disks

BLOCKS = (1, 4, 8, 16, 64)  # of 1,024 bytes: how long a file may become


@attacks(
    "files of at most",
    {f"{blocks} kB: {name}": (blocks, command) for name, command in WRITING.items() for blocks in BLOCKS},
    quick=("4 kB: quality", "16 kB: synthesis"),
)
def short_files(folder: Path, case: tuple[int, Command]) -> None:
    blocks, command = case
    prepared(folder, command)
    with standin() as url:
        done = run(folder, *command.line(url), limits=f"ulimit -f {blocks};")
        refused_and_made_again(folder, command, url, done.status, done.err)


@contextlib.contextmanager
def small_disk(folder: Path, size: int) -> Iterator[Path]:
    """A file system of so many kB, where this may be mounted."""
    place = folder / "disk"
    place.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}k", "none", place], capture_output=True, check=False
    )
    try:
        yield place
    finally:
        if done.returncode == 0:
            subprocess.run(["umount", "-l", place], check=True)


@attacks(
    "a disk of",
    {f"{size} kB: {name}": (size, command) for name, command in WRITING.items() for size in (32, 48, 80, 128, 256)},
)
def full_disk(folder: Path, case: tuple[int, Command]) -> None:
    size, command = case
    with small_disk(folder, size) as place, standin() as url:
        prepared(place, command)
        done = run(place, *command.line(url))
        elsewhere = folder / "roomy"
        shutil.copytree(place, elsewhere)
        refused_and_made_again(elsewhere, command, url, done.status, done.err)


def refused_and_made_again(folder: Path, command: Command, url: str, status: int, said: str) -> None:
    assert status in {0, 1, 3}, (status, said)
    left = [path.name for path in folder.rglob("*.tmp")]
    assert not left, left
    if status == 0:
        assert command.made(folder)
        return
    assert any(
        word in said for word in ("No space left", "File too large", "full", "cannot be written", "cannot be used")
    ), said[-500:]
    before = made_whole(folder, command)
    again = called(folder, command, url)
    assert again.returncode == 0, again.stderr[-500:]
    assert command.made(folder)
    assert made_whole(folder, command) >= before


def made_whole(folder: Path, command: Command) -> int:
    return made(folder, command.pays) if command.pays else 0


# ---------------------------------------------------------------------------------------------- edited by hand

Edit = Callable[[list[bytes]], list[bytes]]
EDITS: dict[str, Edit] = {
    "a line is cut": lambda lines: [lines[0], lines[1][: len(lines[1]) // 2] + b"\n", *lines[2:]],
    "a line is cut at a brace": lambda lines: [lines[0], lines[1][: lines[1].index(b"}") + 1] + b"\n", *lines[2:]],
    "two lines are joined": lambda lines: [lines[0], lines[1].rstrip() + lines[2], *lines[3:]],
    "two lines are cut and joined": lambda lines: [lines[0], lines[1][: len(lines[1]) // 2] + lines[2], *lines[3:]],
    "a line has a hole": lambda lines: [lines[0], lines[1][:300] + lines[1][400:], *lines[2:]],
    "the first line is cut": lambda lines: [lines[0][: len(lines[0]) // 2] + b"\n", *lines[1:]],
    "a line is zeros": lambda lines: [lines[0], bytes(len(lines[1]) - 1) + b"\n", *lines[2:]],
    "the last line is cut": lambda lines: [*lines[:-1], lines[-1][:-100]],
    "the last line has no end": lambda lines: [*lines[:-1], lines[-1].rstrip()],
    "a line is gone": lambda lines: [lines[0], *lines[2:]],
    "lines are turned round": lambda lines: lines[::-1],
    "a line is twice": lambda lines: [*lines, lines[0]],
    "blank lines stand between": lambda lines: [line + b"\n" for line in lines],
    "CR stands before LF": lambda lines: [line.replace(b"\n", b"\r\n") for line in lines],
    "spaces stand in it": lambda lines: [json.dumps(json.loads(line)).encode() + b"\n" for line in lines],
    "nothing is left": lambda lines: lines[:0],
}


@attacks(
    "data of an output edited by hand:",
    {f"{what}: {name}": (EDITS[what], command) for what in EDITS for name, command in PAYING.items()},
    quick=("a line is cut: synthesis", "two lines are joined: predict", "a line has a hole: evaluate --judge"),
)
def edited(folder: Path, case: tuple[Edit, Command]) -> None:
    edit, command = case
    prepared(folder, command)
    place = folder / command.pays
    with standin() as url:
        assert called(folder, command, url).returncode == 0
        wished = names(place)
        place.write_bytes(b"".join(edit(place.read_bytes().splitlines(keepends=True))))
        done = called(folder, command, url)
    assert done.returncode == 0, done.stderr
    assert names(place) == wished, done.stderr


def names(path: Path) -> set[str]:
    """The samples that have a whole line."""
    found = set()
    for line in path.read_bytes().splitlines():
        with contextlib.suppress(ValueError, KeyError, TypeError):
            row = json.loads(line)
            found.add(json.dumps([row.get("sample_id", row.get("id")), row.get("item_id")]))
    return found


# ---------------------------------------------------------------------------------------------- call stores


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def halved(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def noise(path: Path) -> None:
    content = bytearray(path.read_bytes())
    for place in range(200, len(content), 211):
        content[place] ^= 0x5A
    path.write_bytes(content)


def text(path: Path) -> None:
    path.write_text("my notes")


def folder_there(path: Path) -> None:
    path.unlink()
    path.mkdir()


def other_schema(path: Path) -> None:
    path.unlink()
    with contextlib.closing(sqlite3.connect(path)) as store:
        store.execute("CREATE TABLE calls (x)")
        store.execute("CREATE TABLE people (name)")


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def replies_spoilt(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as store, store:
        columns = [row[1] for row in store.execute("PRAGMA table_info(calls)")][1:]
        store.execute("UPDATE calls SET " + ", ".join(f"\"{name}\" = x'ff00'" for name in columns))


STORES: dict[str, Callable[[Path], None]] = {
    "gone": lambda path: path.unlink(),
    "empty": emptied,
    "cut in half": halved,
    "noisy": noise,
    "a text": text,
    "a folder": folder_there,
    "of another program": other_schema,
    "a pipe": pipe,
    "full of spoilt replies": replies_spoilt,
}


@attacks(
    "start with a store that is",
    {f"{what}: {name}": (STORES[what], command) for what in STORES for name, command in PAYING.items()},
    quick=("noisy: predict", "a text: evaluate --judge"),
)
def spoilt_store(folder: Path, case: tuple[Callable[[Path], None], Command]) -> None:
    """Work goes on from it, or a sentence says why not, and the results that were there stay."""
    spoil, command = case
    prepared(folder, command)
    with standin() as url:
        assert called(folder, command, url).returncode == 0
        place = folder / command.pays
        lines = place.read_bytes().splitlines(keepends=True)
        place.write_bytes(b"".join(lines[:2]))
        spoil(Beside(place).calls)
        module, *arguments = command.line(url)
        done = ended(started(folder, module, *arguments))
    if done.status == 1:
        one_sentence(done)
        assert place.read_bytes() == b"".join(lines[:2])
    else:
        assert done.status == 0, done.said[-500:]
        assert command.made(folder)


@attacks("a store that another program holds:", dict(PAYING))
def held_store(folder: Path, command: Command) -> None:
    prepared(folder, command)
    with standin() as url:
        assert called(folder, command, url).returncode == 0
        (folder / command.pays).unlink()
        with contextlib.closing(sqlite3.connect(Beside(folder / command.pays).calls)) as store:
            store.execute("BEGIN EXCLUSIVE")
            done = called(folder, command, url)
            assert "calls.sqlite" in sentence(done), done.stderr
            store.rollback()
        assert called(folder, command, url).returncode == 0
    assert command.made(folder)


# ---------------------------------------------------------------------------------------------- stopped and gone on

SIGNALS = {
    f"{sign.name} after {number}": (sign, number) for sign in (signal.SIGINT, signal.SIGTERM) for number in (1, 5)
}


@attacks(
    "stopped in its work by",
    {f"{how}: {name}": (*SIGNALS[how], command) for how in SIGNALS for name, command in PAYING.items()},
)
def stopped(folder: Path, case: tuple[signal.Signals, int, Command]) -> None:
    sign, number, command = case
    prepared(folder, command)
    asked: list[bytes] = []

    def note(each: Asked) -> None:
        asked.append(each.body)
        time.sleep(0.05)

    with hostile(note) as (url, _):
        process = started(folder, *command.line(url, "--max-concurrency", 2))
        while process.poll() is None and len(asked) < number:
            time.sleep(0.01)
        process.send_signal(sign)
        done = ended(process)
        assert done.status in {0, 130}, done.said[-400:]
        assert called(folder, command, url).returncode == 0
    assert command.made(folder)
    assert len(asked) == len(set(asked)) or len(asked) <= questions(command), "asked twice"
