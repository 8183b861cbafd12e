"""What the loop is made of: its settings, dialogues divided, commands run, models served."""

import contextlib
import dataclasses
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from src.basics.command import Stop
from src.basics.dice import dice
from src.basics.files import found
from src.basics.seen import Seen
from src.dialogues.intake import pending
from src.dialogues.samples import Sample
from src.dialogues.settings import OverDialogues
from src.running.tally import Tally
from src.training.examples import Example
from src.training.learning.controls import RealTurn, row_of
from src.training.tokens import tokenizer_of, tokens_in

ROOT = Path(__file__).parent.parent
PATIENCE = 120  # seconds until a server answers
LEAST, LEAST_TEST = 6, 2  # dialogues, with which everything runs and nothing is learnt
PAIRED = 4  # held-out dialogues that the model of pairs predicts
TRAIN, TEST, PAIRS, PAIRS_TEST = "train.jsonl", "test.jsonl", "pairs.jsonl", "pairs_test.jsonl"


@dataclasses.dataclass(frozen=True)
class Loop:
    """What is done, and with how much."""

    dialogues: tuple[str, ...]
    test: tuple[str, ...]
    output: Path
    model: str
    examples: int
    held_out: int
    pairs: int
    max_length: int
    learning_rate: float
    seed: int

    def told(self) -> dict[str, Any]:
        """Everything that shapes the result, as JSON has it."""
        return json.loads(json.dumps(dataclasses.asdict(self), default=str))  # type: ignore[no-any-return]


# ---------------------------------------------------------------------------------------------- dialogues


def divide(loop: Loop) -> None:
    """Write dialogues to learn from, and others to measure on, each cut off behind a user turn drawn at random."""
    if (loop.output / TEST).exists():
        return
    drawn = different(loop, loop.dialogues)
    if len(drawn) < LEAST:
        raise Stop(
            f"{' '.join(loop.dialogues)}: {len(drawn)} dialogues can be cut to {loop.max_length} tokens, and {LEAST}"
            " are the least: give more --dialogues, or a larger --max-length."
        )
    if loop.test:
        chosen = drawn[: loop.examples]
        known = {said(sample) for sample in chosen}
        held_out = [sample for sample in different(loop, loop.test) if said(sample) not in known][: loop.held_out]
        if len(held_out) < LEAST_TEST:
            raise Stop(f"{' '.join(loop.test)}: {len(held_out)} dialogues are no test: give more with --test.")
    else:
        most = min(loop.held_out, len(drawn) // 3)
        held_out, chosen = drawn[:most], drawn[most : most + loop.examples]
    if len(chosen) < loop.examples or len(held_out) < loop.held_out:
        print(
            f"{len(chosen)} dialogues are learnt from, and {len(held_out)} measured on: there are no more; give more"
            f" {'--dialogues or --test' if loop.test else '--dialogues'} for figures that mean something."
        )
    write(loop.output / PAIRS, chosen[: loop.pairs])
    write(loop.output / PAIRS_TEST, held_out[:PAIRED])
    write(loop.output / TRAIN, chosen)
    write(loop.output / TEST, held_out)


def different(loop: Loop, places: tuple[str, ...]) -> list[Sample]:
    """A sample of each dialogue in a drawn order, each said once: one that stood in both parts would be remembered."""
    reading = OverDialogues(input=places, turns="random", seed=loop.seed)
    tokenizer = tokenizer_of(loop.model)
    read = pending(reading, found(reading.input, loop.output / TEST), Seen(), Tally())
    fit = (shorter for sample in read if (shorter := fitting(sample, tokenizer, loop.max_length)))
    once = [*{said(sample): sample for sample in fit}.values()]
    return dice(loop.seed, "dialogues", "loop").sample(once, len(once))


def said(sample: Sample) -> tuple[str, str]:
    return sample.history, sample.utterance


def fitting(sample: Sample, tokenizer: Any, most: int) -> Sample | None:
    """The sample with as many of its newest rounds as have so few tokens; None where the last round has more."""
    for start, turn in enumerate(sample.context):
        if start and turn.role != "user":
            continue
        shorter = dataclasses.replace(sample, context=sample.context[start:])
        if tokens_in(tokenizer, example_of(shorter)) <= most:
            return shorter
    return None


def example_of(sample: Sample) -> Example:
    return row_of(RealTurn(context=sample.context, utterance=sample.utterance), turned=True)


def write(path: Path, samples: Sequence[Sample]) -> None:
    """The samples as dialogues whose last turn is the one that was drawn."""
    with path.open("w", encoding="utf-8") as file:
        for sample in samples:
            turns = [turn.model_dump() for turn in sample.context]
            last = {"role": "user", "content": sample.utterance}
            # Without an id a dialogue is known by what was said: files of different people share ids.
            row = {"source": sample.sample_id, "conversation": [*turns, last]}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


# ---------------------------------------------------------------------------------------------- commands


def run(loop: Loop, *words: object) -> None:
    """One of the project's commands in the output's folder, its log kept. Raises Stop where it fails."""
    told = [str(word) for word in words]
    print(f"python -m {' '.join(word or repr(word) for word in told)}", flush=True)
    started = time.monotonic()
    with (loop.output / "log.txt").open("ab") as log:
        done = subprocess.run(
            [sys.executable, "-m", *told], cwd=loop.output, env=environment(), stdout=log, stderr=log, check=False
        )
    print(f"  {time.monotonic() - started:.0f} s", flush=True)
    if done.returncode:
        raise Stop(f"That ended with status {done.returncode}: {loop.output / 'log.txt'} says why.")


def environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PROUTT_")}
    return kept | {"PYTHONPATH": str(ROOT), "OMP_WAIT_POLICY": "PASSIVE"}


@contextlib.contextmanager
def served(loop: Loop, place: str) -> Iterator[tuple[str, ...]]:
    """A model behind transformers' own server; gives the options that lead there. Raises Stop where it fails."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [str(Path(sys.executable).with_name("transformers")), "serve", place]
    with (loop.output / "server.txt").open("ab") as log:
        process = subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--port", str(port)],
            cwd=loop.output,
            env=environment(),
            stdout=log,
            stderr=log,
        )
    try:
        wait_for(f"http://127.0.0.1:{port}/health", process, loop.output / "server.txt")
        address = ("--base-url", f"http://127.0.0.1:{port}/v1", "--model", place, "--api-key-env", "")
        yield *address, "--max-concurrency", "1", "--temperature", "0"
    finally:
        process.terminate()
        process.wait()


def wait_for(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(urllib.error.URLError, ConnectionError), urllib.request.urlopen(url, timeout=5):
            return
        time.sleep(0.5)
    raise Stop(f"The server of the model did not come up: {log} says why.")


def foresee(loop: Loop, name: str, dialogues: str, *words: object) -> None:
    """Predictions of one predictor. What it was trained on is refused by the command itself."""
    run(loop, "src.predict", "--input", dialogues, "--output", f"predictions/{name}.jsonl", *words)
