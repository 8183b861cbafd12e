"""The whole pipeline without a model or a key: dialogues, records, training files, from a stand-in endpoint.

What comes out is good for checking a set-up and for seeing the shape of the data, not for training.

    python -m src.rehearsal                           the pipeline on the example dialogues, up to training files
    python -m src.rehearsal --serve --port 8099       only the endpoint, for trying synthesis or for tests
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from . import postprocess, synthesis
from .basics.command import Parser, Stop, as_command
from .basics.options import number
from .rehearsing.standin import FAULTS, Manner, serve, serving
from .training.formats import MODES

EXAMPLE_DIALOGUES = Path(__file__).parent.parent / "data" / "raw" / "demo.jsonl"
RECORDS = Path("data/synthesized_raw/rehearsal.jsonl")
TRAINING = {mode: Path(f"data/processed/rehearsal_{mode}.json") for mode in MODES}


def rehearse(dialogues: Path, manner: Manner) -> int:
    """Synthesis and both kinds of training file, from these dialogues, on the stand-in."""
    RECORDS.unlink(missing_ok=True)
    with serving(manner) as url:
        arguments = ["--base-url", url, "--model", "rehearsal", "--api-key-env", "", "--no-cache"]
        outcome = synthesis.main([*arguments, "--input", str(dialogues), "--output", str(RECORDS)])
    for mode, path in TRAINING.items():
        outcome = outcome or postprocess.main(["--input", str(RECORDS), "--mode", mode, "--output", str(path)])
    return outcome


def fault(text: str) -> tuple[str, float]:
    """KIND=RATE, as the option --fault takes it."""
    kind, _, rate = text.partition("=")
    if kind not in FAULTS:
        raise argparse.ArgumentTypeError(f"{kind!r} is not one of {', '.join(FAULTS)}")
    return kind, number(0, 1)(rate)


def main(arguments: Sequence[str] | None = None) -> int:
    """Rehearse, or serve until interrupted; returns the exit status."""
    parser = Parser(
        prog="python -m src.rehearsal",
        description="The whole pipeline, or only the stand-in endpoint, without a model or a key.",
        epilog="faults:\n" + "\n".join(f"  {kind:<14} {meaning}" for kind, meaning in FAULTS.items()),
    )
    parser.add_argument("--input", type=Path, default=EXAMPLE_DIALOGUES, help="dialogues to rehearse with [demo.jsonl]")
    parser.add_argument(
        "--serve", action="store_true", help="only answer, until Ctrl-C; prints the base URL when ready"
    )
    parser.add_argument("--port", type=number(0, 65535, int), default=0, help="port of --serve [any free one]")
    parser.add_argument("--latency", type=number(0, 3600), default=0.0, help="seconds before each answer [0]")
    parser.add_argument("--jitter", type=number(0, 3600), default=0.0, help="up to so many seconds more [0]")
    parser.add_argument("--sigma", type=number(0, 5), default=0.0, help="spread of the latency, log-normal [0: none]")
    parser.add_argument("--fault", type=fault, action="append", default=[], metavar="KIND=RATE", help="may be repeated")
    parser.add_argument("--log", type=Path, help="a file that gets every request, to read the prompts as a model does")
    options = parser.parse_args(arguments)
    manner = Manner(options.latency, options.jitter, options.sigma, tuple(options.fault), options.log)
    if not options.serve:
        return rehearse(options.input, manner)
    try:
        asyncio.run(serve(manner, options.port, lambda url: print(f"ready {url}", flush=True), asyncio.Event()))
    except OSError as error:
        raise Stop(f"Port {options.port} cannot be used ({error.strerror}): give another --port.") from error
    return 0


if __name__ == "__main__":
    sys.exit(as_command(main))
