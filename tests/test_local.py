"""A model file served for the length of a run: quiet, on this machine alone, gone afterwards, one sentence if it fails.

The model is a tiny one with random weights; what it says makes no sense, and has the right shape.
"""

import functools
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from src.calling.answer import TOO_LONG
from src.calling.local import packaged_model, served

from . import random_model
from .conftest import ROOT, command, dialogue, environment, read_rows, write_rows
from .test_synthesis import many

pytest.importorskip("xllamacpp", reason="requirements-local.txt")


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model file of a megabyte, whose replies come at once."""
    path = tmp_path_factory.mktemp("model") / "tiny.gguf"
    random_model.write(packaged_model(), path, seed=2)
    return path


def ask(url: str, text: str = "hello", **more: Any) -> Any:
    body = {"model": "x", "messages": [{"role": "user", "content": text}], **more}
    asked = urllib.request.Request(
        f"{url}/chat/completions", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(asked, timeout=60) as answer:
        return json.load(answer)


def servers(parent: int) -> set[int]:
    """The processes that serve a model file for this one."""
    search = ["pgrep", "-P", str(parent), "-f", "src.calling.local"]
    return {
        int(process) for process in subprocess.run(search, capture_output=True, text=True, check=False).stdout.split()
    }


def gone(process: int) -> bool:
    """Whether a process has ended, or does so within some seconds."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        try:
            if Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except FileNotFoundError:
            return True
        time.sleep(0.05)
    return False


def local(folder: Path, model: Path, *arguments: object, input: str = "in.jsonl") -> Any:
    wish = ("--model-file", model, "--max-concurrency", 2, "--extra-body", '{"seed": 6}')
    return command("synthesis", *wish, "--input", input, "--output", "out.jsonl", *arguments, folder=folder)


def test_a_served_model_is_quiet_on_this_machine_alone_and_gone_afterwards(
    tiny: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    capfd.readouterr()  # what was said before
    with served(tiny, 2, 2048) as url:
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/v1", url)
        assert 1 <= ask(url, max_tokens=5)["usage"]["completion_tokens"] <= 5
        (process,) = servers(os.getpid())
        port = f"{int(url.split(':')[2].split('/')[0]):04X}"
        sockets = Path("/proc/net/tcp").read_text() + Path("/proc/net/tcp6").read_text()
        listening = [line.split()[1] for line in sockets.splitlines() if f":{port} " in line and " 0A " in line]
        assert listening == [f"0100007F:{port}"]
    assert gone(process)
    assert capfd.readouterr() == ("", "")


def test_a_run_over_a_model_file_makes_records_without_a_key(tiny: Path, tmp_path: Path) -> None:
    many(tmp_path, 3)
    done = local(tmp_path, tiny)
    assert done.returncode == 0, done.stderr
    rows = read_rows(tmp_path / "out.jsonl")
    assert [row["model"] for row in rows] == ["tiny"] * 3
    topics = [
        {path["source_node"] for path in row["gt_insight_path"]["path"]} <= row["intent_tree"].keys() for row in rows
    ]
    assert topics == [True] * 3
    assert not gone_wrong(rows)


def gone_wrong(rows: list[Any]) -> set[str]:
    """Texts of reply formats in the records."""
    shown = ("utterance on path", "topic of the tree", "wrong target", "what is shared and what is not")
    return {text for row in rows for text in shown if text in json.dumps({**row, "context": [], "chat_history": ""})}


def test_random_weights_give_the_right_shape_at_the_first_try(tiny: Path, tmp_path: Path) -> None:
    """No reply of any stage is refused for its shape: schemas say only what a grammar keeps."""
    many(tmp_path, 6)
    done = local(tmp_path, tiny, "--no-cache")
    assert done.returncode == 0, done.stderr
    assert not re.search(r"invalid_|empty|length", done.stdout)


NO_MODEL: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "empty": (lambda _: b"", "is not a GGUF file"),
    "text": (lambda _: b"Once upon a time", "is not a GGUF file"),
    "cut short": (lambda whole: whole[: len(whole) // 2], "get the file again"),
    "garbage behind the beginning": (lambda _: b"GGUF" + bytes(range(256)) * 9, "get the file again"),
    "another kind of model": (lambda whole: whole.replace(b"llama", b"whisp"), "get the file again"),
}


@pytest.mark.parametrize("name", NO_MODEL)
def test_a_file_that_is_no_model_is_one_sentence(tiny: Path, tmp_path: Path, name: str) -> None:
    spoil, words = NO_MODEL[name]
    (tmp_path / "odd.gguf").write_bytes(spoil(tiny.read_bytes()))
    many(tmp_path, 1)
    done = local(tmp_path, tmp_path / "odd.gguf")
    assert done.returncode == 1
    assert words in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_a_missing_file_and_too_many_slots_are_said(tiny: Path, tmp_path: Path) -> None:
    many(tmp_path, 1)
    assert "cannot be read: No such file" in local(tmp_path, tmp_path / "none.gguf").stderr
    assert "at most 256" in local(tmp_path, tiny, "--max-concurrency", 300).stderr


def test_without_the_package_the_install_line_is_said(tiny: Path) -> None:
    program = (
        "import sys; sys.modules['xllamacpp'] = None\n"
        "from pathlib import Path; from src.calling.local import served\n"
        f"with served(Path({str(tiny)!r}), 1, 2048): pass"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment(), capture_output=True, text=True, check=False
    )
    assert "pip install -r requirements-local.txt" in done.stderr.splitlines()[-1]


def test_a_prompt_beyond_the_context_is_known_as_such(tiny: Path) -> None:
    with served(tiny, 1, 2048) as url, pytest.raises(urllib.error.HTTPError) as refused:
        ask(url, "word " * 9000)
    assert refused.value.code == 400
    assert TOO_LONG.search(refused.value.read().decode())


def test_no_dialogue_goes_to_a_proxy(tiny: Path, tmp_path: Path) -> None:
    many(tmp_path, 1)
    proxy = "http://127.0.0.1:9"
    run = functools.partial(command, "synthesis", "--model-file", tiny, "--input", "in.jsonl", "--output", "out.jsonl")
    done = run("--extra-body", '{"seed": 6}', folder=tmp_path, HTTP_PROXY=proxy, http_proxy=proxy)
    assert done.returncode == 0, done.stderr


@pytest.fixture
def long_run(tiny: Path, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A run over more dialogues than it will get to, with its server."""
    write_rows(tmp_path / "in.jsonl", [dialogue(number) for number in range(2000)])
    run = [sys.executable, "-m", "src.synthesis", "--model-file", str(tiny), "--max-concurrency", "2"]
    process = subprocess.Popen(
        [*run, "--input", "in.jsonl", "--output", "out.jsonl"],
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def server_of(run: subprocess.Popen[str], output: Path) -> int:
    """The server of a run, once it has made something."""
    until = time.monotonic() + 30
    while not read_rows(output) and time.monotonic() < until:
        time.sleep(0.1)
    (server,) = servers(run.pid)
    return server


def test_a_killed_run_leaves_no_server_behind(long_run: subprocess.Popen[str], tmp_path: Path) -> None:
    server = server_of(long_run, tmp_path / "out.jsonl")
    long_run.kill()
    assert gone(server)


def test_ctrl_c_is_for_the_run_which_finishes_its_samples(long_run: subprocess.Popen[str], tmp_path: Path) -> None:
    server = server_of(long_run, tmp_path / "out.jsonl")
    os.killpg(long_run.pid, signal.SIGINT)
    stdout, _ = long_run.communicate(timeout=60)
    assert long_run.returncode == 130
    assert f"samples made   {len(read_rows(tmp_path / 'out.jsonl'))} " in stdout
    assert gone(server)


def test_a_server_that_dies_is_one_sentence_and_nothing_is_lost(
    long_run: subprocess.Popen[str], tmp_path: Path
) -> None:
    server = server_of(long_run, tmp_path / "out.jsonl")
    os.kill(server, signal.SIGABRT)
    _, stderr = long_run.communicate(timeout=60)
    assert long_run.returncode == 1
    assert "died, and finished samples are kept" in stderr.splitlines()[-1]
    assert not (tmp_path / "out.jsonl.failed.jsonl").exists()
