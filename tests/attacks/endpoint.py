"""Endpoints that are broken or mean harm: bodies without end, brackets without end, huge counts, no HTTP at all."""

import gzip
import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from src.basics.text import json_in

from ..conftest import command
from .kit import (
    answered,
    attack,
    attacks,
    completion,
    dialogues,
    every,
    hostile,
    listening,
    made,
    run,
    standin,
    synthesis,
    to,
)

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
MEGABYTE = b" " * (1 << 20)


def without_end() -> Iterator[bytes]:
    yield HEAD + b"\r\n"
    for _ in range(500):
        yield MEGABYTE


def chunks_without_end() -> Iterator[bytes]:
    yield HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
    for _ in range(500):
        yield b"100000\r\n" + MEGABYTE + b"\r\n"


def gzip_bomb() -> Iterator[bytes]:
    packed = gzip.compress(MEGABYTE * 1000, 9)
    yield HEAD + f"Content-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n".encode() + packed


def gzip_bomb_in_a_bomb() -> Iterator[bytes]:
    packed = gzip.compress(gzip.compress(MEGABYTE * 2000, 9), 9)
    yield HEAD + f"Content-Encoding: gzip, gzip\r\nContent-Length: {len(packed)}\r\n\r\n".encode() + packed


def slow() -> Iterator[bytes]:
    yield HEAD + b"Content-Length: 1000\r\n\r\n"
    for _ in range(1000):
        time.sleep(0.3)
        yield b" "


def slow_headers() -> Iterator[bytes]:
    for sign in HEAD * 100:
        time.sleep(0.3)
        yield bytes([sign])


def silence() -> Iterator[bytes]:
    time.sleep(30)
    yield b""


def headers_without_end() -> Iterator[bytes]:
    yield HEAD
    for number in range(200_000):
        yield f"X-{number}: {'y' * 1000}\r\n".encode()


BODIES: dict[str, Callable[[], Iterator[bytes]]] = {
    "without end": without_end,
    "in chunks without end": chunks_without_end,
    "a gzip bomb": gzip_bomb,
    "a gzip bomb in a gzip bomb": gzip_bomb_in_a_bomb,
    "slower than --timeout": slow,
    "with headers slower than --timeout": slow_headers,
    "that never comes": silence,
    "with headers without end": headers_without_end,
}


@attacks("endpoint with one body in twenty", BODIES, quick=("without end", "a gzip bomb", "slower than --timeout"))
def one_bad_body(folder: Path, body: Callable[[], Iterator[bytes]]) -> None:
    dialogues(folder, 6)
    with hostile(every(20, body)) as (url, _):
        done = synthesis(folder, url, "--timeout", 2, "--max-concurrency", 16)
    assert done.status == 0, done.said[-800:]
    assert made(folder) == 6


@attacks("endpoint with only such bodies", BODIES)
def only_bad_bodies(folder: Path, body: Callable[[], Iterator[bytes]]) -> None:
    dialogues(folder, 2)
    with hostile(lambda _: body()) as (url, _):
        done = synthesis(folder, url, "--timeout", 1, "--max-retries", 1, "--patience", 2)
    assert done.status in {1, 3}, done.said[-800:]


FAULTS = {
    "a bad status line": b"HTTP/1.1 OK fine\r\n\r\n",
    "a status that is no number": b"HTTP/1.1 2xx OK\r\nContent-Length: 0\r\n\r\n",
    "a status of four digits": b"HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n",
    "status 0": b"HTTP/1.1 000 OK\r\nContent-Length: 0\r\n\r\n",
    "status 999": b"HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n",
    "status 100 and no more": b"HTTP/1.1 100 Continue\r\n\r\n",
    "no content": b"HTTP/1.1 204 No Content\r\n\r\n",
    "a reason that is no text": b"HTTP/1.1 502 \xff\xfe\xed\xa0\x80\r\nContent-Length: 0\r\n\r\n",
    "two lengths": HEAD + b"Content-Length: 5\r\nContent-Length: 7\r\n\r\n{}",
    "a length too long": HEAD + b"Content-Length: 5000\r\n\r\n{}",
    "a length too short": HEAD + b"Content-Length: 5\r\n\r\n" + completion("x"),
    "a negative length": HEAD + b"Content-Length: -5\r\n\r\n{}",
    "a length that is no number": HEAD + b"Content-Length: many\r\n\r\n{}",
    "bad chunks": HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nhello",
    "chunks cut off": HEAD + b"Transfer-Encoding: chunked\r\n\r\nff\r\nhello",
    "an unknown transfer encoding": HEAD + b"Transfer-Encoding: rot13\r\n\r\n{}",
    "an unknown content encoding": answered(b"{}", "200 OK", "Content-Encoding: br"),
    "gzip that is none": answered(b"{}", "200 OK", "Content-Encoding: gzip"),
    "gzip cut off": answered(gzip.compress(completion("x"))[:30], "200 OK", "Content-Encoding: gzip"),
    "a header of 9 kB": answered(completion("x"), "200 OK", f"X-Long: {'y' * 9000}"),
    "200 headers": answered(completion("x"), "200 OK", *(f"X-{number}: y" for number in range(200))),
    "a header that is no text": b"HTTP/1.1 200 OK\r\nX-Odd: \xff\x00\r\n\r\n{}",
    "a header without a name": b"HTTP/1.1 200 OK\r\n: x\r\n\r\n{}",
    "a folded header": b"HTTP/1.1 200 OK\r\nX: y\r\n z\r\n\r\n{}",
    "an odd charset": HEAD.replace(b"json", b"json; charset=klingon") + b"\r\n\xff{",
    "a slow charset": HEAD.replace(b"json", b"json; charset=punycode") + b"\r\n\xff" + b"a-" * 50_000,
    "an error in an odd charset": b"HTTP/1.1 500 x\r\nContent-Type: text/plain; charset=uu\r\n\r\n\xff\xfe",
    "nothing": b"",
    "rubbish": bytes(range(256)) * 20,
    "HTTP/0.9": b"<html>hello</html>",
    "HTTP/2": b"\x00\x00\x12\x04\x00\x00\x00\x00\x00" * 10,
    "TLS": b"\x15\x03\x01\x00\x02\x02\x28",
    "cookies": answered(completion("x"), "502 Bad", *(f"Set-Cookie: a{number}={'b' * 60}" for number in range(50))),
    "a wait without end": answered(b"", "503 Busy", "Retry-After: nan"),
    "a wait before the flood": answered(b"", "503 Busy", "Retry-After: Mon, 01 Jan 0001 00:00:00 GMT"),
    "a wait of odd digits": answered(b"", "503 Busy", "Retry-After: ²"),
    "a wait in odd milliseconds": answered(b"", "503 Busy", "retry-after-ms: nan"),
    "a negative wait": answered(b"", "503 Busy", "retry-after-ms: -1e308"),
    "a login page": answered(b"<html><title>Sign in</title>", "200 OK"),
    "an empty object": answered(b"{}"),
    "null": answered(b"null"),
    "choices that are a text": answered(b'{"choices": "none"}'),
    "deep brackets": answered(b"[" * 100_000),
    "a deep object": answered(b'{"choices":' * 5000 + b"1" + b"}" * 5000),
    "a text that is a number": answered(completion(5)),
    "a text of odd parts": answered(completion([{"text": 5}, None])),
}


@attacks("endpoint with one answer in twenty", FAULTS, quick=("a bad status line", "two lengths", "a header of 9 kB"))
def one_bad_answer(folder: Path, raw: bytes) -> None:
    dialogues(folder, 6)
    with hostile(every(20, raw)) as (url, server):
        done = command("synthesis", *to(url), "--input", "in.jsonl", "--output", "out.jsonl", folder=folder)
        assert len(server.asked) > 40
    assert done.returncode == 0, done.stderr[-800:]
    assert made(folder) == 6
    assert "internal" not in done.stderr


@attacks("endpoint with only such answers", FAULTS, quick=("rubbish",))
def only_bad_answers(folder: Path, raw: bytes) -> None:
    dialogues(folder, 2)
    few = ("--max-retries", 1, "--patience", 2, "--timeout", 5)
    with hostile(lambda _: raw) as (url, _):
        done = command("synthesis", *to(url), *few, "--input", "in.jsonl", "--output", "out.jsonl", folder=folder)
    assert done.returncode in {1, 3}, done.stderr[-800:]
    assert "internal" not in done.stderr


GREETINGS = {
    "SSH": b"SSH-2.0-OpenSSH_9.6\r\n",
    "Redis": b"-ERR unknown command 'POST'\r\n",
    "SMTP": b"220 mail.example ESMTP\r\n",
    "MySQL": b"\x4a\x00\x00\x00\x0a8.0.36\x00",
    "nothing": b"",
}


@attacks("endpoint that is another service", GREETINGS, quick=("SSH",))
def another_service(folder: Path, greeting: bytes) -> None:
    dialogues(folder, 40)
    few = ("--patience", 2, "--timeout", 5, "--max-retries", 1)
    with listening(greeting) as url:
        done = command("synthesis", *to(url), *few, "--input", "in.jsonl", "--output", "out.jsonl", folder=folder)
    assert done.returncode == 1, done.stderr[-800:]
    assert "has been down" in done.stderr.splitlines()[-1]
    failures = folder / "out.jsonl.failed.jsonl"
    assert not failures.exists() or len(failures.read_text().splitlines()) <= 4


# ---------------------------------------------------------------------------------------------- replies

TEXTS: dict[str, Callable[[int], str]] = {
    "opening brackets": lambda size: "[" * size,
    "opening braces": lambda size: "{" * size,
    "broken lists": lambda size: "[x" * (size // 2),
    "broken lists over lines": lambda size: "[x\n" * (size // 3),
    "broken objects": lambda size: '{"a":' * (size // 5),
    "deep and broken": lambda size: ("[" * 900 + "x") * (size // 901),
    "deep, long and broken": lambda size: "[" * 900 + "1," * (size // 2) + "x",
    "deep and whole": lambda size: ("[" * 900 + "]" * 900 + " ") * (size // 1801),
    "quotes and brackets": lambda size: '["' * (size // 2),
    "escaped quotes": lambda size: '["' + '\\"' * (size // 2),
    "many values": lambda size: "[1] " * (size // 4),
    "thoughts that never end": lambda size: "<think>" * (size // 7),
    "thoughts that end often": lambda size: "</think>" * (size // 8),
    "white space": lambda size: "[" + " " * size,
    "digits": lambda size: "[" + "9" * size + "]",
    "nested objects": lambda size: ('{"a":' * 200 + "1" + "}" * 200 + " ") * (size // 1201),
}


@attacks("endpoint whose reply is", TEXTS, quick=tuple(TEXTS))
def endless_reply(_: Path, text: Callable[[int], str]) -> None:
    said = text(1_000_000)
    assert any(seconds_to_read(said) < 1.0 for _ in range(3))  # a busy machine may be slow once


def seconds_to_read(said: str) -> float:
    start = time.process_time()
    try:
        json_in(said)
    except ValueError as error:
        assert len(str(error)) < 200  # noqa: PT017 (it may raise or not)
    return time.process_time() - start


@attacks("endpoint that replies at length with", TEXTS)
def long_reply(folder: Path, text: Callable[[int], str]) -> None:
    dialogues(folder, 2)
    with hostile(lambda _: answered(completion(text(100_000)))) as (url, _):
        done = synthesis(folder, url, "--json-mode", "text", most=30)
    assert done.status == 3, done.said[-800:]


DEEP = {
    "a tree": '{"topics": ' + '{"a": ' * 400 + "1" + "}" * 401,
    "a list": "[" * 1000 + "]" * 1000,
    "a number": '{"topics": {"a": {"b": ' + "9" * 5000 + "}}}",
    "an infinity": '{"topics": {"a": {"b": 1e999}}}',
}


@attacks("endpoint that nests", DEEP, quick=tuple(DEEP))
def deep_reply(folder: Path, text: str) -> None:
    dialogues(folder, 2)
    with hostile(lambda _: answered(completion(text))) as (url, _):
        done = command("synthesis", *to(url), "--input", "in.jsonl", "--output", "out.jsonl", folder=folder)
    assert done.returncode == 3
    assert "internal" not in done.stderr


# ---------------------------------------------------------------------------------------------- usage

COUNTS = {
    "2^63": "9223372036854775808",
    "2^64": "18446744073709551616",
    "5,000 digits": "9" * 5000,
    "1e308": "1e308",
    "1e999": "1e999",
    "NaN": "NaN",
    "negative": "-5",
    "a float": "12.7",
    "true": "true",
    "a text": '"many"',
    "a list": "[1]",
    "an object": '{"a": 1}',
    "null": "null",
}


@attacks("endpoint that counts its tokens as", COUNTS, quick=("2^63", "1e999", "NaN"))
def odd_usage(folder: Path, count: str) -> None:
    dialogues(folder, 3)
    names = ("prompt_tokens", "completion_tokens", "total_tokens", "prompt_cache_hit_tokens")
    usage = "{" + ", ".join(f'"{name}": {count}' for name in names) + "}"

    def counted(body: bytes) -> bytes:
        return answered(json.dumps(json.loads(body) | {"usage": "HERE"}).replace('"HERE"', usage).encode())

    with hostile(lambda _: None, counted) as (url, _):
        for _ in range(2):
            done = synthesis(folder, url)
            assert done.status == 0, done.said[-800:]
            assert made(folder) == 3
    for row in map(json.loads, (folder / "out.jsonl").read_bytes().splitlines()):
        assert all(0 <= tokens < 1 << 53 for tokens in row["usage"].values())
    assert run(folder, "report", "--input", "out.jsonl", "--text").status == 0
    (folder / "out.jsonl").unlink()  # and everything again from the store
    assert synthesis(folder, "http://127.0.0.1:9/v1").status == 0


@attack("endpoint whose huge counts an older version has stored", quick=True)
def poisoned_store(folder: Path) -> None:
    dialogues(folder, 3)
    with standin() as url:
        command("synthesis", *to(url), "--input", "in.jsonl", "--output", "out.jsonl", folder=folder)
        (folder / "out.jsonl").unlink()
        store = sqlite3.connect(folder / "out.jsonl.calls.sqlite")
        store.execute("UPDATE calls SET prompt = 9223372036854775807, total = 9223372036854775807, cached = 'x'")
        store.execute("UPDATE calls SET seconds = 'long', finish = NULL")
        store.commit()
        store.close()
        done = command("synthesis", *to(url), "--input", "in.jsonl", "--output", "out.jsonl", folder=folder)
    assert (done.returncode, made(folder)) == (0, 3), done.stderr
    done = command("report", "--input", "out.jsonl", "--text", folder=folder)
    assert done.returncode == 0
    assert "cannot be read" not in done.stderr


ODD_BODIES: dict[str, Callable[[bytes], bytes]] = {
    "a byte order mark": lambda body: answered(b"\xef\xbb\xbf" + body),
    "NaN in it": lambda body: answered(body[:-1] + b', "x": NaN}'),
    "half a character in it": lambda body: answered(body[:-1] + b', "x": "\\ud800"}'),
    "raw control characters": lambda body: answered(body[:-1] + b', "x": "\x01\n"}'),
    "UTF-16": lambda body: answered(
        body.decode().encode("utf-16"), "200 OK", "Content-Type: application/json; charset=utf-16"
    ),
    "gzip": lambda body: answered(gzip.compress(body), "200 OK", "Content-Encoding: gzip"),
    "chunks": lambda body: (
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + f"{len(body):x}\r\n".encode() + body + b"\r\n0\r\n\r\n"
    ),
    "no length": lambda body: HEAD + b"\r\n" + body,
}


@attacks("endpoint whose good answers have", ODD_BODIES, quick=("a byte order mark", "NaN in it", "UTF-16", "gzip"))
def odd_bodies(folder: Path, dress: Callable[[bytes], bytes]) -> None:
    dialogues(folder, 2)
    with hostile(lambda _: None, dress) as (url, _):
        done = command("synthesis", *to(url), "--input", "in.jsonl", "--output", "out.jsonl", folder=folder)
    assert (done.returncode, made(folder)) == (0, 2), done.stderr[-600:]


@attack("endpoint that is right and a method that is not: equal internal errors end the run", quick=True)
def internal_errors(folder: Path) -> None:
    from src.calling.stage import AskText  # noqa: PLC0415
    from src.dialogues.job import over_dialogues  # noqa: PLC0415
    from src.dialogues.samples import Sample  # noqa: PLC0415
    from src.methods.proutt.settings import Config  # noqa: PLC0415
    from src.running.job import Words  # noqa: PLC0415
    from src.running.runner import Stop  # type: ignore[attr-defined]  # noqa: PLC0415
    from src.running.runner import run as run_job  # noqa: PLC0415

    async def broken(_ask: AskText, _sample: Sample) -> None:
        raise KeyError("always the same")

    dialogues(folder, 60)
    config = Config(input=(str(folder / "in.jsonl"),), output=folder / "out.jsonl", base_url="http://127.0.0.1:9/v1")
    try:
        run_job(config, "", over_dialogues(config, broken, {}, Words()))  # type: ignore[arg-type]
    except Stop as stop:
        assert "KeyError" in str(stop)  # noqa: PT017
    else:
        raise AssertionError("it went on")
