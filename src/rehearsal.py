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
  a library of strategies from one share of the dialogues, and pairs of the other that are drafted under it
    python -m src.rehearsal --strategies
  only the endpoint, for trying synthesis or for tests, with one answer in twenty refused
    python -m src.rehearsal --serve --port 8099 --fault 429=0.05

faults:
"""

import asyncio
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from . import converse, postprocess, strategies, synthesis
from .basics.command import Stop, as_command
from .basics.files import beginning, refuse_others
from .basics.options import options_from
from .calling.local import packaged_model
from .methods.recipes.kit.known import recipe_of
from .methods.recipes.kit.settings import NAMES
from .methods.strategies.place import Place
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
PLACE = Place(FOLDER / "library.jsonl")
STEERED = FOLDER / "steered.jsonl"
HELD_BACK, SMALLEST = "test=0.4", 2  # so that a dozen dialogues give clusters, and leave some to be foreseen


def rehearse(settings: Settings) -> int:
    """Synthesis and both kinds of training file, from these dialogues, on the stand-in."""
    with serving(settings.manner) as url:
        outcome = synthesized(settings, *answered_by(url))
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
    make_room(RECORDS)
    arguments = [*endpoint, "--no-cache", *limit(settings), "--input", settings.input, "--output", RECORDS]
    return synthesis.main([*map(str, arguments)])


def limit(settings: Settings) -> list[object]:
    return ["--limit", settings.limit] if settings.limit else []


def answered_by(url: str) -> list[object]:
    """Options by which a command asks the stand-in."""
    return ["--base-url", url, "--model", "rehearsal", "--api-key-env", ""]


def is_rehearsed(path: Path) -> bool:
    return path.is_file() and b'"rehearsal":true' in beginning(path)


def make_room(path: Path, is_ours: Callable[[Path], bool] = is_rehearsed) -> None:
    """Delete what an earlier rehearsal has left there. Raises Stop where it is something else."""
    refuse_others(path, "rehearsal", is_ours)
    path.unlink(missing_ok=True)


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
            make_room(path)
            print(f"recipe         {name}")
            given = ["--recipe", name, "--seeds", seeds[recipe_of(name).seeds], "--count", settings.limit or FEW]
            told = [*answered_by(url), "--no-cache", "--output", path]
            outcome = max(outcome, converse.main([*map(str, given + told)]))
    return outcome


def rehearse_strategies(settings: Settings) -> int:
    """A library of these dialogues but for a share, and pairs of that share drafted under it; the exit status."""
    make_room(PLACE.library, lambda _: is_rehearsed(PLACE.extracted))
    for path in (*PLACE.paid, PLACE.turns, STEERED):
        make_room(path)
    with serving(settings.manner) as url:
        told = [*answered_by(url), "--no-cache", *limit(settings), "--input", settings.input]
        no_vectors = ["--embeddings-url", "", "--embeddings-model", ""]  # which an endpoint of the user's would answer
        made = ["--library", PLACE.library, "--split", HELD_BACK, "--smallest", SMALLEST, *no_vectors]
        outcome = strategies.main([*map(str, told + made)])
        used = ["--strategies", PLACE.library, "--output", STEERED]
        return outcome or synthesis.main([*map(str, told + used)])


def main(arguments: Sequence[str] | None = None) -> int:
    """Rehearse, or serve until interrupted; returns the exit status."""
    settings = options_from(Settings, arguments, "rehearsal", f"{__doc__}{faults_in_help()}")
    if settings.local:
        return rehearse_locally(settings)
    if settings.converse:
        return rehearse_recipes(settings)
    if settings.strategies:
        return rehearse_strategies(settings)
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
