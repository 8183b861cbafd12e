"""Training by TRL and PEFT: a recipe into their settings, rows into their columns, their progress into the log.

Imports torch.
"""

import dataclasses
import logging
import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import datasets
import torch
from peft import LoraConfig
from transformers import TrainerCallback
from transformers.trainer_utils import get_last_checkpoint
from trl import DPOConfig, DPOTrainer, SFTConfig, SFTTrainer

from ...basics.command import Stop
from ...basics.text import shortened
from ..examples import Example
from .card import MERGED
from .models import ChatModel, chat_model, standing_base, weights_of
from .recipe import SAVES, Device, Recipe
from .workshop import Learnt, Task

log = logging.getLogger(__name__)

CHECKPOINTS = "checkpoints"
LINES = 25  # of progress in a run
KEPT_CHECKPOINTS = 2
WARM_UP = 0.05  # of the steps

Row = dict[str, Any]


class WithTrl:
    """A workshop on this machine's GPU, or else its CPU."""

    @property
    def device(self) -> Device:
        if not torch.cuda.is_available():
            return "cpu"
        return "gpu" if torch.cuda.is_bf16_supported() else "gpu without bf16"

    def base(self, name: str) -> ChatModel:
        return chat_model(name)

    def learn(self, task: Task) -> Learnt:
        """Train, and keep the result in the folder."""
        recipe, folder = task.recipe, task.folder
        model = chat_model(recipe.base)
        stands_on = standing_base(recipe.base, model.tokenizer, folder)
        # Weights that are trained themselves stay exact: a step is too small for bfloat16 to keep it.
        numbers = torch.float32 if recipe.rank is None else getattr(torch, recipe.numbers)
        trainer = trainer_of(task, weights_of(stands_on, numbers), model.tokenizer)
        checkpoint = get_last_checkpoint(str(folder / CHECKPOINTS)) if task.resume else None
        started = time.monotonic()
        try:
            with warnings.catch_warnings(action="ignore", category=FutureWarning):  # of names that they will change
                trainer.train(resume_from_checkpoint=checkpoint)
        except torch.OutOfMemoryError as error:
            raise Stop(
                f"Memory ran out with {recipe.rows_at_once} rows of up to {recipe.longest_row:,} tokens at once: give"
                " --rows-at-once 1, or a smaller --max-length with shorter rows."
            ) from error
        seconds = time.monotonic() - started
        trainer.save_model(str(folder))
        if task.merge:
            save_merged(trainer, folder / MERGED)
        losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
        checked = [entry["eval_loss"] for entry in trainer.state.log_history if "eval_loss" in entry]
        return Learnt(
            stands_on=str(folder) if recipe.rank is None else stands_on,
            steps=trainer.state.global_step,
            seconds=seconds,
            first_loss=losses[0] if losses else None,
            last_loss=losses[-1] if losses else None,
            validation_loss=checked[-1] if checked else None,
        )


def trainer_of(task: Task, model: Any, tokenizer: Any) -> Any:
    """TRL's trainer for rows of this kind."""
    datasets.disable_progress_bars()
    recipe = task.recipe
    rows, checked = (dataset_of(examples) for examples in (task.examples, task.validation))
    config, trainer = {"SFT": (SFTConfig, SFTTrainer), "DPO": (DPOConfig, DPOTrainer)}[recipe.kind]
    told = arguments(recipe, task.folder / CHECKPOINTS, checks=bool(task.validation)) | own_arguments(recipe)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what these libraries will rename
        try:
            made = trainer(
                model,
                args=config(**told),
                train_dataset=rows,
                eval_dataset=checked,
                processing_class=tokenizer,
                peft_config=lora(recipe),
                callbacks=[Progress()],
            )
        except ValueError as error:  # such as for quantized weights
            raise Stop(f"{recipe.base} cannot be trained so ({shortened(str(error))}).") from error
    for callback in list(made.callback_handler.callbacks):
        if type(callback).__name__ in {"PrinterCallback", "ProgressCallback"}:  # ours logs
            made.remove_callback(callback)
    return made


def arguments(recipe: Recipe, checkpoints: Path, *, checks: bool) -> Row:
    """The recipe in the words of transformers' trainer."""
    every = max(1, recipe.steps // SAVES)
    return {
        "output_dir": str(checkpoints),
        "num_train_epochs": recipe.epochs,
        "per_device_train_batch_size": recipe.rows_at_once,
        "per_device_eval_batch_size": recipe.rows_at_once,
        "gradient_accumulation_steps": recipe.batch // recipe.rows_at_once,
        "learning_rate": recipe.learning_rate,
        "lr_scheduler_type": "cosine",
        "warmup_steps": max(1, round(WARM_UP * recipe.steps)),
        "max_length": None,  # none is longer than the recipe says: to cut one would cut off its predictions
        "bf16": recipe.numbers == "bfloat16",
        "use_cpu": recipe.device == "cpu",
        "gradient_checkpointing": recipe.recompute_activations,
        "save_strategy": "steps",
        "save_steps": every,
        "save_total_limit": KEPT_CHECKPOINTS,
        "eval_strategy": "steps" if checks else "no",
        "eval_steps": every,
        "logging_steps": max(1, recipe.steps // LINES),
        "logging_first_step": True,
        "disable_tqdm": True,
        "report_to": "none",
        "seed": recipe.seed % 2**32,
        "dataloader_pin_memory": recipe.device != "cpu",
    }


def own_arguments(recipe: Recipe) -> Row:
    """What only the trainer of this kind knows."""
    return {"completion_only_loss": True} if recipe.beta is None else {"beta": recipe.beta}


def lora(recipe: Recipe) -> LoraConfig | None:
    """An adapter on all linear layers, scaled as usual; None where all weights are trained."""
    if recipe.rank is None:
        return None
    return LoraConfig(r=recipe.rank, lora_alpha=2 * recipe.rank, target_modules="all-linear", task_type="CAUSAL_LM")


def dataset_of(examples: Sequence[Example]) -> Any:
    """Rows in the columns that TRL knows: it learns what stands under `completion`, and nothing of the prompt."""
    return datasets.Dataset.from_list([row_of(example) for example in examples]) if examples else None


def row_of(example: Example) -> Row:
    prompt = [message.model_dump() for message in example.prompt]
    answer = [example.answer.model_dump()]
    if example.rejected is None:
        return {"prompt": prompt, "completion": answer}
    return {"prompt": prompt, "chosen": answer, "rejected": [example.rejected.model_dump()]}


def save_merged(trainer: Any, folder: Path) -> None:
    """Write the whole model, with the adapter merged in where there is one."""
    model = trainer.model
    model = model.merge_and_unload() if hasattr(model, "merge_and_unload") else model
    model.save_pretrained(str(folder))
    trainer.processing_class.save_pretrained(str(folder))


@dataclasses.dataclass
class Progress(TrainerCallback):  # type: ignore[misc]
    """A line in the log for each loss that the trainer tells."""

    started: float = 0.0
    first: int = 0

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
        self.started = time.monotonic()
        self.first = state.global_step

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:  # noqa: ARG002
        for name in ("loss", "eval_loss"):
            if name in (logs or {}):
                done = max(1, state.global_step - self.first)
                left = (time.monotonic() - self.started) / done * (state.max_steps - state.global_step)
                what = "loss" if name == "loss" else "loss on --validation"
                place, loss = f"step {state.global_step} of {state.max_steps}", float(logs[name])
                log.info("%s, %s %.3f, %s left", place, what, loss, in_minutes(left))


def in_minutes(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"  # noqa: PLR2004
