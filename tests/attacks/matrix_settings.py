"""Every command with odd values for every option it has, odd variables, an odd `.env`, an odd address."""

import dataclasses
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from src.basics.options import variable_of

from .commands import AT_ONCE, COMMANDS, NOWHERE, Command, called, prepared, sentence
from .kit import attacks, ended, one_sentence, run, standin, started

# ---------------------------------------------------------------------------------------------- options

NUMBERS = ("", " ", "x", "nan", "-nan", "inf", "-inf", "-1", "-0", "0", "1e999", "1e-400", "0x10", "1_0", "１２", "²",
           "9223372036854775808", "-9223372036854775809", "9" * 5000, "1" + "0" * 400 + ".0", "1,5", "5 ", "\x1b[2J",
           "+3", "--", "0.1", "1e3", "None", "5;ls")  # fmt: skip
TEXTS = ("", " ", "\x1b[2J\x07", "\udcff", "a" * 5000, "..", "/", "-", "%s%n{0}%(x)s", "\u202etxt", "a\nb", "=", ",",
         "[", "{}", "null", "a=b", "1/0", "0/0", "²/3", "1/2", "nan=nan", "test=2", "test=-1", "a=0.5,a=0.5", "429=2",
         "x/y", "🙂", "nan/nan", "1e999/1")  # fmt: skip
LEFT = {"port", "log", "model_file", "weights"}  # which would serve, write, or load what is not there
WAITS, LASTING = (
    {"patience", "max_retries", "latency", "jitter"},
    {"1_0", "1e3", "１２", "+3", "5 "},
)  # with which a run would rightly wait


def options() -> Iterator[tuple[str, tuple[Command, str, tuple[str, ...]]]]:
    """Each option of each command that takes a value, with values of its kind and of no kind."""
    for name, command in COMMANDS.items():
        for field in dataclasses.fields(command.settings):
            flags: dict[str, Any] = dict(field.metadata["flags"])
            if field.name in LEFT or f"--{field.name}" in {command.reads, command.gives}:
                continue
            is_number = getattr(flags["type"], "__qualname__", "").startswith("number.")
            values = tuple(set(NUMBERS) - LASTING) if field.name in WAITS else NUMBERS
            yield f"--{field.name.replace('_', '-')}: {name}", (command, field.name, values if is_number else TEXTS)


@attacks(
    "odd values of", dict(options()), quick=("--limit: synthesis", "--resamples: evaluate", "--split: postprocess")
)
def odd_values(folder: Path, case: tuple[Command, str, tuple[str, ...]]) -> None:
    command, field, values = case
    prepared(folder, command, rows=1)
    flag = f"--{field.replace('_', '-')}"
    for value in values:
        more = ("--timeout", "1", *(AT_ONCE if command.asks else ())) if command.asks else ()
        done = called(folder, command, NOWHERE, *more, f"{flag}={value}")
        assert len(done.stderr) < 4000, (value[:20], done.stderr[-600:])
        assert not set("\x1b\x07\u202e") & set(done.stdout + done.stderr), value
        if done.returncode == 1:
            sentence(done)


@attacks("an option that is none, for", dict(COMMANDS))
def unknown_option(folder: Path, command: Command) -> None:
    prepared(folder, command)
    for word in ("--\x1b[2J", "--", "---", "--no-such=1", "-x", "\udcff", "--" + "a" * 5000, "@file", ""):
        done = called(folder, command, NOWHERE, *(AT_ONCE if command.asks else ()), word)
        assert "\x1b" not in done.stderr
        if done.returncode == 1:
            sentence(done)


@attacks("an option without its value, for", dict(COMMANDS))
def no_value(folder: Path, command: Command) -> None:
    prepared(folder, command)
    for field in dataclasses.fields(command.settings):
        if field.metadata["flags"].get("nargs") == "?" or field.name in LEFT:
            continue
        done = called(folder, command, NOWHERE, f"--{field.name.replace('_', '-')}")
        assert "expected" in sentence(done), done.stderr


# ---------------------------------------------------------------------------------------------- variables


def variables() -> Iterator[tuple[str, tuple[Command, str]]]:
    for name, command in COMMANDS.items():
        for field in dataclasses.fields(command.settings):
            if field.metadata["variable"] and field.name not in {"input", "output", "base_url", "model_file"}:
                yield f"{variable_of(field)}: {name}", (command, variable_of(field))


@attacks("an odd variable", dict(variables()), quick=("PROUTT_LIMIT: predict",))
def odd_variable(folder: Path, case: tuple[Command, str]) -> None:
    command, variable = case
    prepared(folder, command, rows=1)
    for value in ("", " ", "many", "nan", "-1", "9" * 5000, "\x1b[2J", "{", "\udcff"):
        more = ("--timeout", "1", *AT_ONCE) if command.asks else ()
        done = called(folder, command, NOWHERE, *more, **{variable: value})
        assert "\x1b" not in done.stdout + done.stderr
        if done.returncode == 1:
            sentence(done)


# ---------------------------------------------------------------------------------------------- .env

ENVS: dict[str, tuple[bytes, bool]] = {
    "not UTF-8": (b"ZAI_API_KEY=\xff\xfe\n", True),
    "UTF-16": ("ZAI_API_KEY=x\n".encode("utf-16"), True),
    "NUL in it": (b"ZAI_API_KEY=a\0b\n", True),
    "a byte order mark": (b"\xef\xbb\xbfPROUTT_MODEL=m\n", False),
    "nonsense": (b"this is = not ' a file\n===\n", False),
    "nothing": (b"", False),
    "a long line": (b"A=" + b"x" * 100_000 + b"\n", False),
    "a variable of itself": (b"A=${A}${B}\nB=${A}\n", False),
    "a steering variable": (b"PROUTT_\x1b[2J=1\n", False),
}


@attacks(
    "start with a .env of",
    {f"{env}: {name}": (*ENVS[env], command) for env in ENVS for name, command in COMMANDS.items()},
    quick=("not UTF-8: quality", "NUL in it: evaluate", "a byte order mark: synthesis"),
)
def odd_env(folder: Path, case: tuple[bytes, bool, Command]) -> None:
    content, refused, command = case
    (folder / ".env").write_bytes(content)
    prepared(folder, command)
    with standin() as url:
        done = called(folder, command, url)
    assert "\x1b" not in done.stderr
    if refused:
        assert ".env" in sentence(done)
    else:
        assert done.returncode == command.status, done.stderr
        assert command.made(folder)


@attacks(
    "start with a .env that is",
    {f"{kind}: {name}": (kind, command) for kind in ("a pipe", "a folder", "closed", "a link to itself")
     for name, command in COMMANDS.items()},
    quick=("a pipe: quality", "a folder: report"),
)  # fmt: skip
def env_of_another_kind(folder: Path, case: tuple[str, Command]) -> None:
    kind, command = case
    prepared(folder, command)
    place = folder / ".env"
    if kind == "a pipe":
        os.mkfifo(place)
    elif kind == "a folder":
        place.mkdir()
    elif kind == "closed":
        place.touch(0o000)
    else:
        place.symlink_to(".env")
    with standin() as url:
        if kind == "closed":
            assert ".env cannot be read" in one_sentence(ended(started(folder, *command.line(url), mortal=True)))
        else:
            assert run(folder, *command.line(url), most=30).status == command.status


# ---------------------------------------------------------------------------------------------- addresses

ADDRESSES = {
    "none": "",
    "a blank": " ",
    "without a host": "http://",
    "with an open bracket": "http://[::1/v1",
    "with a port too large": "http://127.0.0.1:99999/v1",
    "with port 0": "http://127.0.0.1:0/v1",
    "with a port that is no number": "http://127.0.0.1:x/v1",
    "with a space": "http://127.0.0.1:9/a b",
    "with a line feed": "http://127.0.0.1:9/\nx",
    "with a NUL that is written": "http://127.0.0.1:9/%00",
    "with a long label": f"http://{'a' * 70}.example/",
    "long": f"http://127.0.0.1:9/{'a' * 100_000}",
    "with two dots": "http://a..b/v1",
    "of a file": "file:///etc/passwd",
    "of FTP": "ftp://127.0.0.1/",
    "with half a character": "http://a\udcff/",
    "steering": "http://\x1b[2J/",
    "with a user": "http://u:p@127.0.0.1:9/v1",
    "of nobody": "http://name.invalid/v1",
    "of a wide host": "http://１２７.0.0.1:9/v1",
    "without slashes": "127.0.0.1:9",
    "in TLS to what has none": "https://127.0.0.1:9/v1",
    "of nobody's port": NOWHERE,
}
EMBEDDINGS = Command(
    COMMANDS["evaluate"].settings,
    (*COMMANDS["evaluate"].words, "--embeddings-model", "m"),
    "predictions",
    reads="--predictions",
    writes="e",
)
ADDRESSED = {
    **{name: ("--base-url", command) for name, command in COMMANDS.items() if command.asks},
    "evaluate --embeddings-url": ("--embeddings-url", EMBEDDINGS),
}


@attacks(
    "an address",
    {f"{what}: {name}": (ADDRESSES[what], *ADDRESSED[name]) for what in ADDRESSES for name in ADDRESSED},
    quick=("with port 0: predict", "with an open bracket: evaluate --embeddings-url"),
)
def odd_address(folder: Path, case: tuple[str, str, Command]) -> None:
    address, option, command = case
    prepared(folder, command)
    more = ("--max-retries", "0", "--patience", "0", "--timeout", "2")
    done = called(folder, command, NOWHERE, *more, f"{option}={address}")
    if address == "" and option == "--embeddings-url":
        assert "belong together" in sentence(done)
    assert not set("\x1b") & set(sentence(done))
    assert len(done.stderr) < 3000, done.stderr[:3000]
