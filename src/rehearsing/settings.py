"""What `python -m src.rehearsal` can be told."""

import argparse
import dataclasses
import functools
from pathlib import Path

from ..basics.options import Options, flag, number, option
from .faults import FAULTS
from .standin import Manner

EXAMPLE_SEEDS = Path(__file__).parents[2] / "data" / "seeds"
EXAMPLE_DIALOGUES = Path(__file__).parents[2] / "data" / "raw" / "demo.jsonl"  # wherever the command is typed


def fault(text: str) -> tuple[str, float]:
    """KIND=RATE, as the option --fault takes it."""
    kind, _, rate = text.partition("=")
    if kind not in FAULTS:
        raise argparse.ArgumentTypeError(f"{kind!r} is not one of {', '.join(FAULTS)}")
    return kind, number(0, 1)(rate)


def faults_in_help() -> str:
    """The kinds of fault, a line each."""
    return "".join(f"  {kind:<14} {meaning}\n" for kind, meaning in FAULTS.items())


own = functools.partial(option, variable=False)


@dataclasses.dataclass(frozen=True)
class Settings(Options):
    """What is rehearsed, and how the stand-in behaves."""

    input: Path = own(EXAMPLE_DIALOGUES, Path, "dialogues to rehearse with", group="input", metavar="FILE")
    limit: int | None = own(None, number(1, 10**6, int), "stop after so many samples", group="input", metavar="N")
    serve: bool = flag("only answer, until Ctrl-C; prints the base URL when ready", group="endpoint", variable=False)
    local: bool = flag(
        "ask the small real model that comes as a package, to see a model at work without a key or a network",
        group="endpoint",
        variable=False,
    )
    converse: bool = flag(
        "make dialogues instead, a few by each recipe of src.converse, from the seeds in data/seeds",
        group="input",
        variable=False,
    )
    strategies: bool = flag(
        "make a library of strategies instead, and pairs of other dialogues under it",
        group="input",
        variable=False,
    )
    port: int = own(0, number(0, 65535, int), "port of --serve; 0 is any free one", group="endpoint")
    latency: float = own(0.0, number(0, 3600), "seconds before each answer", group="endpoint")
    jitter: float = own(0.0, number(0, 3600), "up to so many seconds more", group="endpoint")
    sigma: float = own(0.0, number(0, 5), "spread of the latency, log-normal; 0 is none", group="endpoint")
    log: Path | None = own(
        None, Path, "a file that gets every request, to read the prompts as a model does", group="endpoint"
    )
    fault: tuple[tuple[str, float], ...] = own(
        (),
        fault,
        "a share of requests that it befalls; may be repeated",
        group="faults",
        action="append",
        metavar="KIND=RATE",
    )

    @property
    def manner(self) -> Manner:
        return Manner(self.latency, self.jitter, self.sigma, self.fault, self.log)
