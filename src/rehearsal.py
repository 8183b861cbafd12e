"""The whole pipeline without a model or a key: dialogues, records, training files, from a stand-in endpoint.

What comes out is good for checking a set-up and for seeing the shape of the data, not for training. It lies in
data/rehearsal, apart from real data.

examples:
  the pipeline on the example dialogues, up to training files
    python -m src.rehearsal
  a real model in place of the stand-in, on this machine (pip install -r requirements-local.txt)
    python -m src.rehearsal --local --limit 3
  dialogues made by each recipe
    python -m src.rehearsal --converse
  only the endpoint, for trying synthesis or for tests, with one answer in twenty refused
    python -m src.rehearsal --serve --port 8099 --fault 429=0.05

faults:
"""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from . import converse, postprocess, synthesis
from .basics.command import Stop, as_command
from .basics.files import beginning, refuse_others
from .basics.options import options_from
from .calling.local import packaged_model
from .methods.recipes.kit.known import recipe_of
from .methods.recipes.kit.settings import NAMES
from .rehearsing.serving import serve, serving
from .rehearsing.settings import EXAMPLE_SEEDS, Settings, faults_in_help
from .rehearsing.standin import StandIn
from .training.formats import MODES

SHORT_REPLY = 400  # tokens; the packaged model often finds no end
TOO_SMALL = """
{model} is far too small to make data: most of its replies were sent back, and what was made says little.
For data take a GGUF file that your memory holds, such as Qwen3-8B at Q4_K_M (5 GB) on a machine with 8 GB, or
Qwen3-14B at Q4_K_M (9 GB) or gpt-oss-20b (12 GB) with 16 GB:
    python -m src.synthesis --model-file Qwen3-8B-Q4_K_M.gguf --max-concurrency 2 --limit 5"""
FOLDER = Path("data/rehearsal")  # apart from what was paid for, whose card and lists it would stand in
RECORDS = FOLDER / "records.jsonl"
TRAINING = {mode: FOLDER / f"{mode}.json" for mode in MODES}
FEW = 6


def rehearse(settings: Settings) -> int:
    """Synthesis and both kinds of training file, from these dialogues, on the stand-in."""
    with serving(settings.manner) as url:
        outcome = synthesized(settings, "--base-url", url, "--model", "rehearsal", "--api-key-env", "")
    return outcome or processed()


def rehearse_locally(settings: Settings) -> int:
    """The same on the packaged model, and what to use in its place; the exit status."""
    model = packaged_model()
    outcome = synthesized(settings, "--model-file", model, "--max-tokens", SHORT_REPLY, "--max-concurrency", 2)
    if RECORDS.exists() and RECORDS.stat().st_size:
        outcome = max(outcome, processed())
    print(TOO_SMALL.format(model=model.name))
    return outcome


def synthesized(settings: Settings, *endpoint: object) -> int:
    """Records of the dialogues, from an endpoint; the exit status."""
    refuse_others(RECORDS, "rehearsal", lambda path: b'"rehearsal":true' in beginning(path))
    RECORDS.unlink(missing_ok=True)
    limit = ["--limit", settings.limit] if settings.limit else []
    arguments = [*endpoint, "--no-cache", *limit, "--input", settings.input, "--output", RECORDS]
    return synthesis.main([*map(str, arguments)])


def processed() -> int:
    """Both kinds of training file from the records; the exit status."""
    outcome = 0
    for mode, path in TRAINING.items():
        outcome = outcome or postprocess.main(["--input", str(RECORDS), "--mode", mode, "--output", str(path)])
    return outcome


def rehearse_recipes(settings: Settings) -> int:
    """A few dialogues by each recipe, from the example seeds or from these dialogues; the exit status."""
    seeds = {
        "topics": EXAMPLE_SEEDS / "topics.txt",
        "documents": EXAMPLE_SEEDS / "help.html",
        "plans": EXAMPLE_SEEDS / "tools.json",
        "pairs": EXAMPLE_SEEDS / "pairs.jsonl",
        "dialogues": settings.input,
    }
    outcome = 0
    with serving(settings.manner) as url:
        for name in NAMES:
            path = FOLDER / f"dialogues_{name}.jsonl"
            refuse_others(path, "rehearsal", lambda path: b'"rehearsal":true' in beginning(path))
            path.unlink(missing_ok=True)
            print(f"recipe         {name}")
            given = ["--recipe", name, "--seeds", seeds[recipe_of(name).seeds], "--count", settings.limit or FEW]
            told = ["--base-url", url, "--model", "rehearsal", "--api-key-env", "", "--no-cache", "--output", path]
            outcome = max(outcome, converse.main([*map(str, given + told)]))
    return outcome


def main(arguments: Sequence[str] | None = None) -> int:
    """Rehearse, or serve until interrupted; returns the exit status."""
    settings = options_from(Settings, arguments, "rehearsal", f"{__doc__}{faults_in_help()}")
    if settings.local:
        return rehearse_locally(settings)
    if settings.converse:
        return rehearse_recipes(settings)
    if not settings.serve:
        return rehearse(settings)
    try:
        asyncio.run(
            serve(
                StandIn(settings.manner).app(),
                settings.port,
                lambda url: print(f"ready {url}", flush=True),
                asyncio.Event(),
            )
        )
    except OSError as error:
        raise Stop(f"Port {settings.port} cannot be used ({error.strerror}): give another --port.") from error
    return 0


if __name__ == "__main__":
    sys.exit(as_command(main))
