"""What stands beside a trained model: a card for people and the hub, and what to type next."""

import shlex
from collections.abc import Iterator
from pathlib import Path

import orjson

from ...basics.files import replaced
from ..card import CARD
from .recipe import Recipe, in_words
from .workshop import Learnt

MERGED = "merged"
"""Where a whole model stands in the output's folder, adapter merged in."""
LEARNT_FROM = "plain.jsonl"
"""The rows that `--control plain` made, in the output's folder."""
LEAST_RANK = 8  # that vLLM's option takes
WARNINGS = {
    "rehearsed": "Some of what it learnt from was rehearsed, without a model. It is for checking a set-up.",
    "shuffled": "A control: it learnt the answers of other rows, and so only their style. It is there to be beaten.",
    "plain": "A control: it learnt real utterances, without any synthesis. It is there to be beaten.",
}


def write_card(folder: Path, recipe: Recipe, learnt: Learnt) -> None:
    """Write the model's card, in place of what the libraries write."""
    with replaced(folder / CARD) as file:
        file.write(("\n".join(card(folder, recipe, learnt)) + "\n").encode())


def card(folder: Path, recipe: Recipe, learnt: Learnt) -> Iterator[str]:
    tags = ["next-utterance-prediction", recipe.kind.lower(), *(["lora"] if recipe.rank else [])]
    base = Path(recipe.base).name if Path(recipe.base).exists() else recipe.base  # whose folders are nobody's business
    yield from ("---", f"base_model: {orjson.dumps(base).decode()}")
    yield from (f"library_name: {'peft' if recipe.rank else 'transformers'}", "pipeline_tag: text-generation", "tags:")
    yield from (*(f"- {tag}" for tag in tags), "---", "", f"# {folder.resolve().name}", "")
    yield f"{base}, trained by {recipe.kind} to foresee what a user says next in a dialogue with an assistant, on"
    yield f"{recipe.rows:,} rows of {', '.join(f'`{Path(name).name}`' for name in recipe.input)}."
    for warning in warnings(recipe):
        yield from ("", f"**{warning}**")
    settings = (line.strip() for line in in_words(recipe.model_copy(update={"base": base})))
    yield from ("", "## How", "", "```text", *settings, "```", "")
    yield "; ".join(came_of_it(learnt)) + "."
    yield from ("", "## Use", "", "```text", *served(folder, recipe, learnt), "```", "")
    yield "What it may be used for follows from the licences of its base and of the dialogues."


def warnings(recipe: Recipe) -> list[str]:
    """What anyone who meets the model has to know first."""
    rehearsed = ["rehearsed"] if recipe.rehearsed else []
    return [WARNINGS[name] for name in (*rehearsed, recipe.control) if name in WARNINGS]


def came_of_it(learnt: Learnt) -> Iterator[str]:
    yield f"{learnt.steps:,} steps in {learnt.seconds / 60:.1f} minutes"
    if learnt.first_loss is not None:
        yield f"loss {learnt.first_loss:.3f} at first and {learnt.last_loss:.3f} at last"
    if learnt.validation_loss is not None:
        yield f"{learnt.validation_loss:.3f} on the validation rows"


def served(folder: Path, recipe: Recipe, learnt: Learnt) -> Iterator[str]:
    """The lines that serve the result, and the one that has it predict."""
    name, place = folder.resolve().name, shlex.quote(str(folder))
    if recipe.rank is None:
        yield from ("# by vLLM", f"vllm serve {place} --served-model-name {name}")
    else:
        lora = f"--enable-lora --max-lora-rank {max(LEAST_RANK, recipe.rank)} --lora-modules {name}={place}"
        yield from ("# base and adapter, by vLLM", f"vllm serve {shlex.quote(learnt.stands_on)} {lora}")
    if whole := whole_model(folder, recipe):
        yield from (f"# by transformers; there the model is called {whole}", f"transformers serve {whole}")
        yield from (
            "# as a file for --model-file, by llama.cpp",
            f"python convert_hf_to_gguf.py {whole} --outfile {name}.gguf",
        )
    else:
        yield "# by transformers, or as a file for --model-file: train with --merge, which writes the whole model"
    yield from ("# what it foresees of dialogues that it has not seen", predict_command(folder, recipe))


def whole_model(folder: Path, recipe: Recipe) -> str:
    """Where the model stands with nothing left to be added; "" where it is an adapter alone."""
    if (folder / MERGED).is_dir():
        return shlex.quote(str(folder / MERGED))
    return shlex.quote(str(folder)) if recipe.rank is None else ""


def predict_command(folder: Path, recipe: Recipe) -> str:
    name = folder.resolve().name
    learnt_from = [str(folder / LEARNT_FROM)] if recipe.control == "plain" else recipe.input
    told = [
        *("--input", "test.jsonl", "--output", f"data/made/{name}.jsonl"),
        *("--base-url", "http://127.0.0.1:8000/v1", "--model", name, "--api-key-env", ""),
        *("--template", recipe.template, *(["--user-form"] if recipe.user_form else [])),
        *("--trained-on", *learnt_from),
    ]
    return f"python -m src.predict {shlex.join(told)}"
