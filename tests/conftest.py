"""What tests share: the stand-in endpoint, the two commands as processes, and dialogues to feed them."""

import contextlib
import dataclasses
import importlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from src.basics.command import as_command
from src.rehearsing.serving import served, serving
from src.rehearsing.standin import Manner

ROOT = Path(__file__).parent.parent


@pytest.fixture
def endpoint() -> Iterator[Callable[..., str]]:
    """Start a stand-in with the given manner; gives its base URL. Ended with the test."""
    with contextlib.ExitStack() as stack:
        yield lambda **manner: stack.enter_context(serving(Manner(**manner)))


Serve = Callable[[Callable[[dict[str, Any]], Any]], str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start an endpoint whose replies a function of the request makes: a text, or a whole response of aiohttp's."""
    with contextlib.ExitStack() as stack:
        yield lambda answer: stack.enter_context(served(answering(answer)))


def answering(answer: Callable[[dict[str, Any]], Any]) -> web.Application:
    async def complete(request: web.Request) -> web.StreamResponse:
        made = answer(await request.json())
        if isinstance(made, web.StreamResponse):
            return made
        message = {"role": "assistant", "content": made}
        usage = {"prompt_tokens": 10, "completion_tokens": 10, "total_tokens": 20}
        return web.json_response({"choices": [{"finish_reason": "stop", "message": message}], "usage": usage})

    app = web.Application(client_max_size=1 << 30)
    app.router.add_post("/v1/chat/completions", complete)
    return app


def environment(**more: str) -> dict[str, str]:
    """This process's environment without anything that would steer or pay for a run."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PROUTT_", "ZAI_", "OPENAI_"))}
    return kept | {"PYTHONPATH": str(ROOT)} | more


@dataclasses.dataclass(frozen=True)
class Done:
    """How a command ended, and what it printed."""

    returncode: int
    stdout: str
    stderr: str


def command(module: str, *arguments: object, folder: Path, **more: str) -> Done:
    """Run `python -m src.MODULE` in a folder, as a user would, but in this process: to start one takes a second."""
    out, err = io.StringIO(), io.StringIO()
    here, before = Path.cwd(), dict(os.environ)
    main = importlib.import_module(f"src.{module}").main
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            os.chdir(folder)
            os.environ.clear()
            os.environ.update(environment(**more))
            status = as_command(lambda: main([str(argument) for argument in arguments]))
        except SystemExit as stop:
            status = stop.code if isinstance(stop.code, int) else 0
        finally:
            os.chdir(here)
            os.environ.clear()
            os.environ.update(before)
    return Done(status, out.getvalue(), err.getvalue())


def without(package: str, module: str, *arguments: str, folder: Path) -> Done:
    """Run a command as a process of its own in which a package is not installed."""
    program = f"import sys; sys.modules[{package!r}] = None; from src.basics.command import as_command;"
    program += f" from src.{module} import main; sys.exit(as_command(lambda: main({[*arguments]!r})))"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=folder, env=environment(), capture_output=True, text=True, check=False
    )
    return Done(done.returncode, done.stdout, done.stderr)


def synthesis(
    folder: Path, url: str, *arguments: object, input: object = "in.jsonl", output: str = "out.jsonl"
) -> Done:
    """Run synthesis in a folder against an endpoint that needs no key."""
    base = ("--base-url", url, "--model", "m", "--api-key-env", "")
    return command("synthesis", *base, "--input", input, "--output", output, *arguments, folder=folder)


def started(folder: Path, url: str, *arguments: object, output: str = "out.jsonl") -> subprocess.Popen[str]:
    """Synthesis as a process of its own, to be killed or interrupted."""
    base = ["--base-url", url, "--model", "m", "--api-key-env", "", "--input", "in.jsonl", "--output", output]
    return subprocess.Popen(
        [sys.executable, "-m", "src.synthesis", *base, *map(str, arguments)],
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def turns(*texts: str) -> list[dict[str, str]]:
    """A conversation whose turns alternate, the user's first."""
    return [{"role": "assistant" if place % 2 else "user", "content": text} for place, text in enumerate(texts)]


def dialogue(name: object, rounds: int = 3) -> dict[str, Any]:
    """A dialogue of some rounds with an answer to each user turn."""
    texts = []
    for place in range(rounds):
        texts += [
            f"Could you plan day {place} of garden number {name}?",
            f"Day {place}: plant {name} roses near walls.",
        ]
    return {"id": name, "conversation": turns(*texts)}


def write_rows(path: Path, rows: list[Any]) -> None:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def read_rows(path: Path) -> list[Any]:
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
