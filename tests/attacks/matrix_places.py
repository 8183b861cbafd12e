"""Every command, reading from and writing to places that are none, are no files, belong to others, or are damaged."""

import gzip
import json
import os
import shutil
import signal
import stat
import time
from collections.abc import Callable
from pathlib import Path

from .commands import COMMANDS, READ, ROWS, WRITING, Command, called, prepared, sentence
from .kit import attacks, ended, one_sentence, run, standin, started

# ---------------------------------------------------------------------------------------------- outputs

FOREIGN: dict[str, bytes] = {
    "a.pdf": b"%PDF-1.7\nbinary\xff\xfe" * 3000,
    "b.pdf": b"%PDF-1.7 without a line end" * 2000,
    "a.parquet": b"PAR1" + bytes(5000),
    "a.txt": b"notes\n" * 100,
    "c.txt": b"one line without an end",
    "a.json": b'{"a": 1}\n',
    "a.jsonl": b'{"id": 1, "conversation": []}\n' * 50,
    "b.jsonl": b'{"sample_id": null}\n',
    "a.html": b"<!doctype html><title>mine</title>",
    "a.sqlite": b"SQLite format 3\0" + bytes(4000),
    "zeros": bytes(70_000),
    "e.md": b"\n\n\n",
    READ: b"",
}
WITH_OUTPUT = {name: command for name, command in COMMANDS.items() if command.writes and not command.status}


@attacks(
    "data of others",
    {f"{command} --output {name}": (WITH_OUTPUT[command], name) for command in WITH_OUTPUT for name in FOREIGN},
    quick=("synthesis --output b.pdf", "quality --output a.jsonl", "evaluate --output a.html"),
)
def foreign_output(folder: Path, case: tuple[Command, str]) -> None:
    command, name = case
    prepared(folder, command)
    if name != READ:
        (folder / name).write_bytes(FOREIGN[name])
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    done = called(folder, command, "http://127.0.0.1:9/v1", command.gives, name)
    if "--show" not in command.words and "--estimate" not in command.words:
        sentence(done)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


@attacks(
    "data of others in a folder:",
    {f"{name}, {kind}": (COMMANDS[name], kind) for name in ("evaluate", "train") for kind in FOREIGN if kind != READ},
)
def foreign_folder(folder: Path, case: tuple[Command, str]) -> None:
    command, kind = case
    prepared(folder, command)
    names = ("evaluation.json", "evaluation.html") if command.module == "evaluate" else (kind,)
    for name in names:
        shutil.rmtree(folder / command.writes, ignore_errors=True)
        (folder / command.writes).mkdir()
        (folder / command.writes / name).write_bytes(FOREIGN[kind])
        sentence(called(folder, command))
        assert (folder / command.writes / name).read_bytes() == FOREIGN[kind]


PLACES = ("/dev/full", "/dev/null", "/dev/stdout", "/dev/zero", "fifo", "folder", "loop", "dangling", "a" * 300,
          "missing/x/y\x01", "in.jsonl/x", "/proc/x", "/", ".", "")  # fmt: skip


@attacks(
    "data sent to odd places",
    {f"{command} --output {place[:20]}": (WITH_OUTPUT[command], place) for command in WITH_OUTPUT for place in PLACES},
    quick=("quality --output /dev/full", "synthesis --output fifo"),
)
def odd_output(folder: Path, case: tuple[Command, str]) -> None:
    command, place = case
    prepared(folder, command)
    os.mkfifo(folder / "fifo")
    (folder / "folder").mkdir()
    (folder / "loop").symlink_to("loop")
    (folder / "dangling").symlink_to("nowhere/x")
    kind = Path(place).stat().st_rdev if place.startswith("/dev") else 0
    with standin() as url:
        done = called(folder, command, url, command.gives, place)
    assert done.returncode in {0, 1}
    if done.returncode:
        sentence(done)
    assert not kind or Path(place).stat().st_rdev == kind
    assert (folder / "loop").is_symlink()
    assert (folder / "dangling").is_symlink()
    assert stat.S_ISFIFO((folder / "fifo").stat().st_mode)
    assert (folder / READ).read_bytes().count(b"\n") == ROWS


@attacks("data behind a link", dict(WRITING), quick=("quality",))
def linked_output(folder: Path, command: Command) -> None:
    prepared(folder, command)
    (folder / "real").mkdir()
    first, *_ = command.results
    (folder / first).parent.mkdir(parents=True, exist_ok=True)
    (folder / first).symlink_to(folder / "real" / Path(first).name)
    with standin() as url:
        for _again in range(2):
            assert called(folder, command, url).returncode == 0
    assert command.made(folder)
    if command.module != "rehearsal":  # whose own files are begun anew
        assert (folder / first).is_symlink()
        assert (folder / "real" / Path(first).name).stat().st_size > 100


def closed_output(folder: Path, command: Command) -> Path:
    first = folder / command.results[0]
    first.chmod(0o400)
    return first


def closed_folder(folder: Path, command: Command) -> Path:
    (folder / command.results[0]).parent.chmod(0o500)
    return folder / command.results[0]


CLOSED: dict[str, Callable[[Path, Command], Path]] = {
    "the output is read-only": closed_output,
    "the folder of the output is read-only": closed_folder,
}


@attacks(
    "data that is closed where",
    {f"{way}: {name}": (CLOSED[way], command) for way in CLOSED for name, command in WRITING.items()},
)
def closed(folder: Path, case: tuple[Callable[[Path, Command], Path], Command]) -> None:
    close, command = case
    prepared(folder, command)
    with standin() as url:
        assert called(folder, command, url).returncode == 0
        with (folder / READ).open("ab") as file:  # so that there is something to do
            file.write((folder / READ).read_bytes().splitlines(keepends=True)[0].replace(b"garden 0", b"more"))
        kept = close(folder, command)
        before = kept.read_bytes()
        done = ended(started(folder, *command.line(url), mortal=True))
    if done.status == 1:
        one_sentence(done)
    assert done.status in {0, 1}, done.said[-300:]
    assert kept.read_bytes() == before or done.status == 0


# ---------------------------------------------------------------------------------------------- inputs


def made_folder(path: Path) -> None:
    path.mkdir()


def circle(path: Path) -> None:
    path.symlink_to(path.name)


SPOILT: dict[str, Callable[[bytes], bytes]] = {
    "is empty": lambda good: good[:0],
    "is blank": lambda good: b"\n" * (1 + len(good[:3])),
    "is random bytes": lambda good: bytes(byte * 151 % 251 for byte in good),
    "is zeros": lambda good: bytes(len(good)),
    "is a Parquet file that is none": lambda good: b"PAR1" + good,
    "is gzip that is none": lambda good: b"\x1f\x8b" + good,
    "is gzip cut off": lambda good: gzip.compress(good)[:-20],
    "is Zstandard that is none": lambda good: b"\x28\xb5\x2f\xfd" + good,
    "is UTF-16": lambda good: good.decode().encode("utf-16"),
    "is Latin-1": lambda good: good.replace(b"roses", b"ros\xe9s"),
    "has a byte order mark": lambda good: b"\xef\xbb\xbf" + good,
    "has NUL in it": lambda good: good.replace(b"\n", b"\0\n"),
    "has CR for LF": lambda good: good.replace(b"\n", b"\r"),
    "has CR LF": lambda good: good.replace(b"\n", b"\r\n"),
    "has no last line end": lambda good: good.rstrip(b"\n"),
    "ends in half a line": lambda good: good[:-40],
    "is one array": lambda good: json.dumps([json.loads(line) for line in good.splitlines()]).encode(),
    "is all rows twice": lambda good: good + good,
    "is brackets": lambda good: b"[" * 1_000_000 + good,
    "is numbers": lambda good: b"1\n2.5\n-0\n1e400\n" + good,
    "is a page": lambda good: b"<html><body>404 Not Found</body></html>\n"[: len(good)],
    "is a pointer of Git LFS": lambda good: b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n"[
        : len(good)
    ],
}


@attacks(
    "input that",
    {f"{what}: {name}": (SPOILT[what], command) for what in SPOILT for name, command in COMMANDS.items()},
    quick=("is random bytes: evaluate", "is UTF-16: train", "ends in half a line: predict"),
)
def spoilt_input(folder: Path, case: tuple[Callable[[bytes], bytes], Command]) -> None:
    spoil, command = case
    prepared(folder, command)
    (folder / READ).write_bytes(spoilt := spoil((folder / READ).read_bytes()))
    with standin() as url:
        done = called(folder, command, url)
    if done.returncode == 1:
        sentence(done)
    assert (folder / READ).read_bytes() == spoilt


def nothing(_: Path) -> None:
    pass


NO_FILES: dict[str, Callable[[Path], None]] = {
    "is not there": nothing,
    "is a folder": made_folder,
    "is a link to itself": circle,
    "has no name": nothing,
}
GIVEN = {"has no name": "", "is not there": "none.jsonl"}


@attacks(
    "input that",
    {f"{what}: {name}": (what, command) for what in NO_FILES for name, command in COMMANDS.items()},
    quick=("is not there: evaluate", "is a link to itself: predict"),
)
def no_input(folder: Path, case: tuple[str, Command]) -> None:
    what, command = case
    NO_FILES[what](folder / READ)
    module, *arguments = command.line(read=GIVEN.get(what, READ))
    one_sentence(run(folder, module, *arguments))


@attacks("input that is closed to the user", dict(COMMANDS))
def closed_input(folder: Path, command: Command) -> None:
    prepared(folder, command)
    (folder / READ).chmod(0)
    assert READ in one_sentence(ended(started(folder, *command.line(), mortal=True)))


ENDLESS = {
    f"{place}, by {sign.name}": (place, sign)
    for place in ("fifo", "/dev/zero", "/dev/stdin", "/dev/urandom")
    for sign in (signal.SIGINT, signal.SIGTERM)
}


@attacks(
    "stop at an input without end:",
    {f"{what}: {name}": (*ENDLESS[what], command) for what in ENDLESS for name, command in COMMANDS.items()},
    quick=("fifo, by SIGINT: synthesis", "/dev/zero, by SIGTERM: quality"),
)
def endless_input(folder: Path, case: tuple[str, signal.Signals, Command]) -> None:
    """It is refused, read up to a bound, or waited for until a signal comes."""
    place, sign, command = case
    os.mkfifo(folder / "fifo")
    reading, writing = os.pipe()
    with standin() as url, os.fdopen(reading), os.fdopen(writing, "w"):
        process = started(folder, *command.line(url, read=place), stdin=reading)
        for _ in range(25):
            if process.poll() is not None:
                break
            time.sleep(0.1)
        else:
            process.send_signal(sign)
        done = ended(process, 15)
    assert done.status in {0, 1, 3, 130}, (done.status, done.said[-300:])
