"""What attacks share: how one is named, a command as a process within limits, an endpoint that misbehaves."""

import contextlib
import dataclasses
import functools
import http.client
import json
import os
import re
import signal
import socket
import socketserver
import subprocess
import sys
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from src.rehearsing.serving import serving
from src.rehearsing.standin import Manner

from ..conftest import dialogue as plain_dialogue
from ..conftest import environment, write_rows

MOST_SECONDS = 240.0  # until a command hangs; a busy machine makes a second long
MOST_CPU = 60  # seconds
MOST_MEMORY = 2 << 20  # kilobytes of addresses; Python with all its modules takes a fifth of it

MORTAL = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")

CaseT = TypeVar("CaseT")


@dataclasses.dataclass(frozen=True)
class Attack:
    """One way to do harm. `run` gets an empty folder and raises AssertionError where it succeeds."""

    name: str
    run: Callable[[Path], None]
    quick: bool


ATTACKS: list[Attack] = []


def attack(name: str, *, quick: bool = False) -> Callable[[Callable[[Path], None]], Callable[[Path], None]]:
    """Register a function as an attack; the quick ones run with the other tests."""

    def register(run: Callable[[Path], None]) -> Callable[[Path], None]:
        ATTACKS.append(Attack(name, run, quick))
        return run

    return register


def swapped(run: Callable[[Path, CaseT], None], case: CaseT, folder: Path) -> None:
    run(folder, case)


def attacks(
    name: str, cases: Mapping[str, CaseT], *, quick: tuple[str, ...] = ()
) -> Callable[[Callable[[Path, CaseT], None]], Callable[[Path, CaseT], None]]:
    """Register a function as an attack for each case; those named in `quick` run with the other tests."""

    def register(run: Callable[[Path, CaseT], None]) -> Callable[[Path, CaseT], None]:
        for case, value in cases.items():
            ATTACKS.append(Attack(f"{name}: {case}", functools.partial(swapped, run, value), case in quick))
        return run

    return register


# ---------------------------------------------------------------------------------------------- commands


@dataclasses.dataclass(frozen=True)
class Ended:
    """How a process ended, and what it said."""

    status: int
    out: str
    err: str
    seconds: float

    @property
    def said(self) -> str:
        return self.out + self.err


def started(
    folder: Path,
    *arguments: object,
    before: str = "",
    limits: str = "",
    mortal: bool = False,
    stdin: int = subprocess.DEVNULL,
    **more: Any,
) -> "subprocess.Popen[bytes]":
    """`python -m src.ARGUMENTS` as a process, by a shell that may close or redirect streams (`before`).

    With `mortal` the permissions of files hold for it, also where root starts it.
    """
    words = [
        *(MORTAL if mortal and os.geteuid() == 0 else ()),
        sys.executable,
        "-m",
        f"src.{arguments[0]}",
        *map(str, arguments[1:]),
    ]
    return subprocess.Popen(
        ["bash", "-c", f'ulimit -v {MOST_MEMORY}; ulimit -t {MOST_CPU}; {limits} exec "$@" {before}', "bash", *words],
        cwd=folder,
        env=environment(**more),
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def ended(process: "subprocess.Popen[bytes]", most: float = MOST_SECONDS) -> Ended:
    """Wait for a process; one that hangs is killed, and the attack has succeeded."""
    start = time.monotonic()
    try:
        out, err = process.communicate(timeout=most)
    except subprocess.TimeoutExpired as error:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise AssertionError(f"it hangs: nothing after {most:g} s") from error
    seconds = time.monotonic() - start
    done = Ended(process.returncode, out.decode(errors="replace"), (err or b"").decode(errors="replace"), seconds)
    assert "Traceback" not in done.said, done.said[-1500:]
    assert "Exception ignored" not in done.said, done.said[-1500:]
    return done


def run(folder: Path, *arguments: object, before: str = "", most: float = MOST_SECONDS, **more: Any) -> Ended:
    return ended(started(folder, *arguments, before=before, **more), most)


def to(url: str) -> tuple[object, ...]:
    """The options that lead to an endpoint without a key."""
    return ("--base-url", url, "--model", "m", "--api-key-env", "")


def synthesis(folder: Path, url: str, *arguments: object, **more: Any) -> Ended:
    """Synthesis of `in.jsonl` into `out.jsonl`."""
    return run(folder, "synthesis", *to(url), "--input", "in.jsonl", "--output", "out.jsonl", *arguments, **more)


def one_sentence(done: Ended, status: int = 1) -> str:
    """The sentence that a command ended with."""
    assert done.status == status, (done.status, done.said[-500:])
    lines = [line for line in done.err.splitlines() if line.strip()]
    assert lines, "it said nothing"
    return lines[-1]


def dialogues(folder: Path, count: int = 3) -> None:
    write_rows(folder / "in.jsonl", [plain_dialogue(number) for number in range(count)])


def made(folder: Path, name: str = "out.jsonl") -> int:
    """How many whole records a file has."""
    path = folder / name
    return sum(1 for line in path.read_bytes().split(b"\n")[:-1] if json.loads(line)) if path.exists() else 0


# ---------------------------------------------------------------------------------------------- endpoints


@contextlib.contextmanager
def standin(**manner: Any) -> Iterator[str]:
    with serving(Manner(**manner)) as url:
        yield url


@dataclasses.dataclass(frozen=True)
class Asked:
    """A request as it came."""

    number: int
    head: str
    body: bytes


Answer = Callable[[Asked], "bytes | Iterator[bytes] | None"]


class Hostile(socketserver.ThreadingTCPServer):
    """Answers some requests with bytes of its own, and sends the others on to a stand-in."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 200

    def __init__(self, answer: Answer, url: str, dress: Callable[[bytes], bytes]) -> None:
        super().__init__(("127.0.0.1", 0), Connection)
        self.answer, self.behind, self.dress = answer, urllib.parse.urlsplit(url), dress
        self.asked: list[Asked] = []
        self.lock = threading.Lock()


class Connection(socketserver.StreamRequestHandler):
    server: Hostile

    def handle(self) -> None:
        with contextlib.suppress(OSError):
            while (asked := self.read()) is not None:
                answer = self.server.answer(asked)
                if answer is None:
                    self.wfile.write(passed_on := self.passed_on(asked))
                    if b"\r\nContent-Length:" in passed_on:
                        continue
                    return
                for part in [answer] if isinstance(answer, bytes) else answer:
                    self.wfile.write(part)
                return

    def read(self) -> Asked | None:
        head = b""
        while (line := self.rfile.readline()) not in (b"\r\n", b""):
            head += line
        if not head:
            return None
        length = re.search(rb"(?i)content-length: *(\d+)", head)
        body = self.rfile.read(int(length[1])) if length else b""
        with self.server.lock:
            asked = Asked(len(self.server.asked), head.decode("latin-1"), body)
            self.server.asked.append(asked)
        return asked

    def passed_on(self, asked: Asked) -> bytes:
        behind = http.client.HTTPConnection(self.server.behind.netloc, timeout=30)
        with contextlib.closing(behind):
            behind.request("POST", "/v1/chat/completions", asked.body, {"Content-Type": "application/json"})
            return self.server.dress(behind.getresponse().read())


def answered(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    """A whole HTTP answer."""
    head = [f"HTTP/1.1 {status}", "Content-Type: application/json", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(head).encode() + body


def completion(text: Any, usage: Any = None, **more: Any) -> bytes:
    """The body of a usual answer with this text."""
    message = {"role": "assistant", "content": text}
    usage = {"prompt_tokens": 10, "completion_tokens": 10, "total_tokens": 20} if usage is None else usage
    return json.dumps({"choices": [{"finish_reason": "stop", "message": message}], "usage": usage, **more}).encode()


@contextlib.contextmanager
def hostile(answer: Answer, dress: Callable[[bytes], bytes] | None = None) -> Iterator[tuple[str, Hostile]]:
    """Such an endpoint; gives its base URL, and itself. `dress` makes an answer of the body of a good one."""
    with standin() as url, Hostile(answer, url, dress or answered) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/v1", server
        finally:
            server.shutdown()
            thread.join()


def every(share: int, raw: "bytes | Callable[[], Iterator[bytes]]") -> Answer:
    """One answer in so many is this one; but never two tries of one request."""
    seen: set[bytes] = set()

    def answer(asked: Asked) -> "bytes | Iterator[bytes] | None":
        bad = asked.number % share == share - 1 and asked.body not in seen
        seen.add(asked.body)
        return None if not bad else raw if isinstance(raw, bytes) else raw()

    return answer


@contextlib.contextmanager
def listening(greeting: bytes) -> Iterator[str]:
    """A port where another protocol is spoken; gives a base URL."""

    class Greets(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with contextlib.suppress(OSError):
                sent: socket.socket = self.request
                sent.sendall(greeting)
                sent.recv(1 << 16)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Greets) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/v1"
        finally:
            server.shutdown()
            thread.join()
