"""Starts, stops and odd places: bombs and pipes as input, signals at any moment, closed streams, broken settings."""

import gzip
import io
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..conftest import command, dialogue, environment, turns, write_rows
from ..test_postprocess import record
from .kit import (
    attack,
    attacks,
    dialogues,
    ended,
    made,
    one_sentence,
    run,
    standin,
    started,
    synthesis,
    to,
)

# ---------------------------------------------------------------------------------------------- bombs

GIGABYTE = 1 << 30


def packed(sign: bytes, size: int) -> bytes:
    """A gzip file of so many bytes of one sign, made without holding them."""
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb", compresslevel=9) as file:
        for _ in range(size >> 20):
            file.write(sign * (1 << 20))
    return out.getvalue()


def zstandard(sign: bytes, size: int) -> bytes:
    import zstandard as package  # noqa: PLC0415

    out = io.BytesIO()
    with package.ZstdCompressor(19).stream_writer(out, closefd=False) as file:  # type: ignore[attr-defined,unused-ignore]
        for _ in range(size >> 20):
            file.write(sign * (1 << 20))
    return out.getvalue()


BOMBS: dict[str, Callable[[], bytes]] = {
    "gzip of spaces": lambda: packed(b" ", 2 * GIGABYTE),
    "gzip of zeros": lambda: packed(b"\0", 2 * GIGABYTE),
    "gzip of brackets": lambda: packed(b"[", 2 * GIGABYTE),
    "gzip of line feeds": lambda: packed(b"\n", GIGABYTE),
    "gzip of one text": lambda: packed(b"a", 2 * GIGABYTE),
    "gzip in a list": lambda: gzip.compress(b'[{"conversation": "') + packed(b"a", 2 * GIGABYTE),
    "gzip of spaces in a list": lambda: gzip.compress(b"[") + packed(b" ", GIGABYTE),
    "zstd of spaces": lambda: zstandard(b" ", 2 * GIGABYTE),
    "zstd of zeros": lambda: zstandard(b"\0", 2 * GIGABYTE),
    "a line of 200 MB": lambda: b'{"conversation": "' + b"a" * 200_000_000 + b'"}\n',
    "200 MB of spaces": lambda: b" " * 200_000_000,
    "a deep line": lambda: b'{"conversation":' + b"[" * 1_000_000 + b"\n",
    "an object without end": lambda: b'{"a":' * 1_000_000,
    "a number of a million digits": lambda: b'{"id": ' + b"9" * 1_000_000 + b"}\n",
    "a Parquet file that is none": lambda: b"PAR1" + bytes(1000),
    "an empty file": lambda: b"",
    "random bytes": lambda: os.urandom(100_000),
}


@attacks("start with", BOMBS, quick=("a deep line", "random bytes", "a Parquet file that is none"))
def bomb(folder: Path, content: Callable[[], bytes]) -> None:
    (folder / "bomb.jsonl").write_bytes(content())
    write_rows(folder / "good.jsonl", [dialogue(1), dialogue(2)])
    with standin() as url:
        words = ("--input", "bomb.jsonl", "good.jsonl", "--output", "out.jsonl")
        done = run(folder, "synthesis", *to(url), *words, most=90)
    assert done.status in {0, 1, 3}, done.said[-500:]
    assert made(folder) == 2, done.said[-500:]


def long_line(folder: Path) -> None:
    """A line that is far too long is named, and the next ones are read."""
    rows = b'{"conversation": "' + b"a" * 70_000_000 + b'"}\n' + json.dumps(dialogue(3)).encode() + b"\n"
    (folder / "in.jsonl").write_bytes(json.dumps(dialogue(1)).encode() + b"\n" + rows)
    with standin() as url:
        done = synthesis(folder, url)
    assert "line 2 is not JSON and is left out: it has more than 64 MB" in done.err
    assert (done.status, made(folder)) == (3, 2)


attack("start with a line that is too long between others")(long_line)


@attacks("start with a dialogue of a million turns", {"whole": (), "all turns": ("--turns", "all", "--limit", "50")})
def many_turns(folder: Path, more: tuple[str, ...]) -> None:
    write_rows(folder / "in.jsonl", [{"id": 1, "conversation": turns(*("hm" for _ in range(1_000_001)))}])
    with standin() as url:
        done = synthesis(folder, url, "--max-context-chars", 1000, *more)
    assert done.status == 0, done.said[-500:]
    assert made(folder) == (50 if more else 1)


def circle_of_links(folder: Path) -> None:
    (folder / "in").mkdir()
    for name in ("a", "b", "c"):
        (folder / "in" / name).symlink_to(".")
    write_rows(folder / "in" / "x.jsonl", [dialogue(1)])


@attacks(
    "start with links in a circle", {"a folder": "in", "a glob": "in/**/*.jsonl", "all": "in/**"}, quick=("a glob",)
)
def links(folder: Path, given: str) -> None:
    circle_of_links(folder)
    with standin() as url:
        done = run(folder, "synthesis", *to(url), "--input", given, "--output", "out.jsonl", most=20)
    assert (done.status, made(folder)) == (0, 1), done.said[-500:]


# ---------------------------------------------------------------------------------------------- stops


def stopped(process: "subprocess.Popen[bytes]", number: int, within: float = 5) -> int:
    process.send_signal(number)
    return ended(process, within).status


STALLS = {"a pipe without a writer": "fifo", "standard input that stalls": "-", "a device": "/dev/stdin"}


@attacks(
    "stop at",
    {f"{place}, by {sign.name}": (place, sign) for place in STALLS for sign in (signal.SIGINT, signal.SIGTERM)},
    quick=("a pipe without a writer, by SIGINT", "standard input that stalls, by SIGTERM"),
)
def stalled(folder: Path, case: tuple[str, signal.Signals]) -> None:
    place, sign = case
    os.mkfifo(folder / "fifo")
    with standin() as url:
        words = [sys.executable, "-m", "src.synthesis", *map(str, to(url)), "--output", "out.jsonl", "--input"]
        process = subprocess.Popen(
            [*words, STALLS[place]],
            cwd=folder,
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        assert process.stdin
        process.stdin.write(json.dumps(dialogue(1)).encode() + b"\n")
        process.stdin.flush()
        time.sleep(2.5)
        assert process.poll() is None
        assert stopped(process, sign) == 130


OUTPUTS = {"quality": "q.jsonl", "postprocess": "p.json", "report": "r.html"}


@attacks("stop leaves nothing half done in", {name: name for name in OUTPUTS}, quick=("postprocess",))
def terminated(folder: Path, module: str) -> None:
    write_rows(folder / "in.jsonl", [record(number) for number in range(4000)])
    before = {path.name for path in folder.iterdir()}
    process = started(folder, module, "--input", "in.jsonl", "--output", OUTPUTS[module])
    for _ in range(500):
        if {path.name for path in folder.iterdir()} != before or process.poll() is not None:
            break
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    done = ended(process)
    left = {path.name for path in folder.iterdir()} - before
    assert done.status in {0, 130}, done.said[-300:]
    assert not any(each.endswith(".tmp") for each in left), left


# ---------------------------------------------------------------------------------------------- settings

OPTIONS: dict[str, tuple[str, ...]] = {
    "--limit 2^63": ("--limit", "9223372036854775808"),
    "--limit of 5,000 digits": ("--limit", "9" * 5000),
    "--seed 2^63": ("--seed", "9223372036854775809"),
    "--temperature nan": ("--temperature", "nan"),
    "--timeout inf": ("--timeout", "inf"),
    "a deep --extra-body": ("--extra-body", '{"a":' * 2000 + "1" + "}" * 2000),
    "a rather deep --extra-body": ("--extra-body", '{"a":' * 300 + "1" + "}" * 300),
    "NaN in --extra-body": ("--extra-body", '{"a": NaN}'),
    "infinity in --extra-body": ("--extra-body", '{"a": 1e999}'),
    "2^70 in --extra-body": ("--extra-body", '{"a": 1180591620717411303424}'),
    "half a character in --extra-body": ("--extra-body", '{"a": "\\ud800"}'),
    "a list as --extra-body": ("--extra-body", "[1]"),
    "an odd --model": ("--model", "a\x1b[2Jb"),
    "a --model that is no text": ("--model", "a\udcffb"),
    "a long --input": ("--input", "a" * 5000),
    "a long --output": ("--output", "a" * 300),
    "a rather long --output": ("--output", "a" * 250),
    "an --input of nothing": ("--input", ""),
    "a --shard of nothing": ("--shard", "0/0"),
    "an odd --shard": ("--shard", "²/3"),
    "an odd --user-role": ("--user-role", "\udcff"),
    "an odd glob": ("--input", "[", "**x/**", "a**/b"),
    "an unknown option": ("--\x1b[2J",),
}


@attacks("start with", OPTIONS, quick=tuple(OPTIONS))
def odd_option(folder: Path, words: tuple[str, ...]) -> None:
    dialogues(folder, 2)
    base = ("--api-key-env", "", "--patience", "0", "--max-retries", "0", "--base-url", "http://127.0.0.1:9/v1")
    done = command("synthesis", *base, "--input", "in.jsonl", "--output", "out.jsonl", *words, folder=folder)
    assert done.returncode == 1, done.stderr
    assert len(done.stderr) < 2000
    assert "\x1b" not in done.stderr


VARIABLES = {
    "SSL_CERT_FILE that is missing": ("SSL_CERT_FILE", "/nowhere.pem", "https://127.0.0.1:9/v1"),
    "SSL_CERT_FILE that is none": ("SSL_CERT_FILE", "in.jsonl", "https://127.0.0.1:9/v1"),
    "SSL_CERT_DIR that is missing": ("SSL_CERT_DIR", "/nowhere", "https://127.0.0.1:9/v1"),
    "a proxy that is none": ("HTTPS_PROXY", "::::", "https://example.invalid/v1"),
    "a proxy of another kind": ("ALL_PROXY", "gopher://x", "https://example.invalid/v1"),
    "a proxy that is gone": ("HTTPS_PROXY", "http://127.0.0.1:9", "https://example.invalid/v1"),
    "an odd number": ("PROUTT_LIMIT", "many", "http://127.0.0.1:9/v1"),
    "no home": ("HOME", "/nowhere", "http://127.0.0.1:9/v1"),
}


@attacks("start with a variable", VARIABLES, quick=tuple(VARIABLES))
def odd_variable(folder: Path, case: tuple[str, str, str]) -> None:
    name, value, url = case
    dialogues(folder, 2)
    words = ("--api-key-env", "", "--patience", "1", "--max-retries", "0", "--input", "in.jsonl", "--base-url", url)
    variables: dict[str, Any] = {name: value}
    one_sentence(run(folder, "synthesis", *words, "--output", "out.jsonl", **variables))


PIPES = ("quality", "postprocess", "report", "report --text")


@attacks("start with a pipe of records:", {words: words for words in PIPES}, quick=("postprocess", "report"))
def piped_records(folder: Path, words: str) -> None:
    write_rows(folder / "in.jsonl", [record(1)])
    module, *more = words.split()
    output = {"postprocess": "out.json", "report": "out.html"}.get(module, "out.jsonl")
    line = f'exec "$0" -m src.{module} {" ".join(more)} --input <(cat in.jsonl) --output {output}'
    process = subprocess.Popen(
        ["bash", "-c", line, sys.executable],
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    done = ended(process)
    assert done.status in {0, 1}
    if done.status:
        assert "pipe" in one_sentence(done)


# ---------------------------------------------------------------------------------------------- call stores

TOLD = ["[1]", "5", "null", '"x"', "{}", "", "not JSON", '{"rows": "many"}', '{"replies": {"a": 5}}', '{"prices": [1]}',
        '{"rows": -5, "seconds": 1e999}', '{"passed_over": {"a": 1e30}}', '{"rows": 99999999999999999999999}',
        '{"tokens": {"prompt_tokens": -1}}', '{"replies": {"\\u001b[2J": {"never": 3}}}', "[" * 5000]  # fmt: skip


@attacks("start with a store whose run says", {told[:40]: told for told in TOLD}, quick=("[1]", "{}", "5"))
def odd_run(folder: Path, told: str) -> None:
    dialogues(folder, 2)
    with standin() as url:
        command("synthesis", *to(url), "--input", "in.jsonl", "--output", "out.jsonl", folder=folder)
        store = sqlite3.connect(folder / "out.jsonl.calls.sqlite")
        store.execute("INSERT INTO runs VALUES (?)", (told,))
        store.execute("INSERT INTO runs VALUES (?)", (told.encode() + b"\xff",))
        store.execute("INSERT INTO runs VALUES (5)")
        store.execute("INSERT INTO runs VALUES (NULL)")
        store.commit()
        store.close()
        for words in (("report", "--text"), ("report",)):
            done = command(words[0], "--input", "out.jsonl", *words[1:], folder=folder)
            assert done.returncode == 0, done.stderr
            assert "pairs" in done.stdout
        done = command("synthesis", *to(url), "--input", "in.jsonl", "--output", "out.jsonl", folder=folder)
        assert done.returncode == 0, done.stderr
