"""How a model is trained: every setting that shapes the result, printed, kept in DIR/training.json and compared."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import orjson

from ...basics.files import replaced
from ...basics.shape import Shape
from ...basics.text import loads
from ..tokens import Lengths
from .rows import Kind, Lesson
from .settings import Control, Settings

CONFIG = "training.json"
LORA_RATE: Mapping[Kind, float] = {"SFT": 2e-4, "DPO": 2e-5}
FULL_RATE = 0.1  # of LoRA's
MOST_TOKENS = 4096  # of a row, where the base could take more
MOST_IN_A_BATCH, ENOUGH_STEPS = 16, 64
SAVES = 10  # checkpoints in a run

Device = Literal["cpu", "gpu", "gpu without bf16"]


class Recipe(Shape):
    """All that decides what comes of a training, and where it runs."""

    kind: Kind
    base: str
    input: tuple[str, ...]
    validation: tuple[str, ...]
    control: Control
    template: str
    user_form: bool
    rows: int
    longest_row: int
    max_length: int
    weights: str
    rank: int | None
    learning_rate: float
    epochs: float
    batch: int
    rows_at_once: int
    beta: float | None
    seed: int
    device: Device
    numbers: Literal["float32", "bfloat16"]
    recompute_activations: bool
    """Gradient checkpointing: a third slower, and a GPU's memory holds much longer rows. On a CPU memory is cheap."""
    rehearsed: bool

    @property
    def steps(self) -> int:
        return max(1, round(self.epochs * -(-self.rows // self.batch)))


def recipe_of(settings: Settings, lesson: Lesson, device: Device, lengths: Lengths) -> Recipe:
    """The settings with every default filled in, for these rows on this machine."""
    gpu = device != "cpu"
    rate = settings.learning_rate or LORA_RATE[lesson.kind] * (FULL_RATE if settings.full else 1)
    batch = settings.batch or max(1, min(MOST_IN_A_BATCH, round(settings.epochs * len(lesson.examples) / ENOUGH_STEPS)))
    batch = min(batch, len(lesson.examples))
    at_once = min(batch, settings.rows_at_once or (2 if gpu else 1))
    return Recipe(
        kind=lesson.kind,
        base=settings.base,
        input=settings.input,
        validation=settings.validation,
        control=settings.control,
        template=lesson.template,
        user_form=lesson.user_form,
        rows=len(lesson.examples),
        longest_row=lengths.longest,
        max_length=lengths.most,
        weights="all" if settings.full else "LoRA on all linear layers",
        rank=None if settings.full else settings.rank,
        learning_rate=rate,
        epochs=settings.epochs,
        batch=batch - batch % at_once,
        rows_at_once=at_once,
        beta=settings.beta if lesson.kind == "DPO" else None,
        seed=settings.seed,
        device=device,
        numbers="bfloat16" if device == "gpu" else "float32",
        recompute_activations=gpu,
        rehearsed=lesson.rehearsed,
    )


def in_words(recipe: Recipe) -> Iterator[str]:
    """The recipe a line for each setting, without those that do not apply."""
    for name, value in recipe.model_dump(exclude_none=True).items():
        shown = " ".join(map(str, value)) if isinstance(value, tuple) else f"{value:g}" if is_real(value) else value
        if shown not in {"", False}:
            yield f"  {name.replace('_', ' '):<22} {'yes' if shown is True else shown}"


def is_real(value: Any) -> bool:
    return isinstance(value, float)


def keep(recipe: Recipe, folder: Path) -> None:
    """Write the recipe into the folder, which is there afterwards."""
    folder.mkdir(parents=True, exist_ok=True)
    with replaced(folder / CONFIG) as file:
        file.write(orjson.dumps(recipe.model_dump(), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))


def kept(folder: Path) -> Recipe | None:
    """The recipe that a folder was made by; None where it was not made by us."""
    try:
        return Recipe.model_validate(loads((folder / CONFIG).read_bytes()))
    except (OSError, ValueError):
        return None


def differences(before: Recipe, now: Recipe) -> list[str]:
    """Each setting that is not what it was, such as `seed 0 -> 1`."""
    old, new = before.model_dump(), now.model_dump()
    return [f"{name} {old[name]} -> {new[name]}" for name in new if old[name] != new[name]]
