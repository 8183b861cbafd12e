"""The model that learns: from the hub, a folder, a GGUF file, or an adapter that was trained before.

Imports torch.
"""

import dataclasses
import logging
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForCausalLM
from transformers.utils.logging import disable_progress_bar

from ...basics.command import Stop
from ...basics.text import shortened
from ..examples import Example
from ..tokens import GGUF, UNREADABLE, keeps, place_of, tokenizer_of, tokens_in

log = logging.getLogger(__name__)

ADAPTER = "adapter_config.json"
MADE_HERE = "base"  # in the output's folder: what the adapter stands on, where that was no model that can be served


@dataclasses.dataclass(frozen=True)
class ChatModel:
    """A model by name, with its tokenizer; the weights are read when they are needed."""

    name: str
    tokenizer: Any
    most_tokens: int | None

    def tokens_in(self, example: Example) -> int:
        return tokens_in(self.tokenizer, example)

    def keeps(self, example: Example) -> bool:
        return keeps(self.tokenizer, example)


def chat_model(name: str) -> ChatModel:
    """Raises Stop where it has no chat template or cannot be read."""
    disable_progress_bar()
    tokenizer = tokenizer_of(name)
    config = config_of(name)
    most = getattr(config.get_text_config() if config else None, "max_position_embeddings", None)
    return ChatModel(name, tokenizer, most if isinstance(most, int) else None)


def config_of(name: str) -> Any:
    """The model's configuration; None for an adapter, which has its base's."""
    try:
        return None if is_adapter(name) else AutoConfig.from_pretrained(**place_of(name))
    except UNREADABLE as error:
        raise Stop(f"{name} is no model that transformers can read ({shortened(str(error), 160)}).") from error


def is_adapter(name: str) -> bool:
    return (Path(name) / ADAPTER).is_file()


def needs_a_copy(name: str) -> bool:
    """Whether it is nothing that an adapter could be served on: a GGUF file, or an adapter."""
    return Path(name).suffix.lower() == GGUF or is_adapter(name)


def standing_base(name: str, tokenizer: Any, folder: Path) -> str:
    """The name of a model that an adapter can stand on: this one, or a copy of its weights in the folder."""
    if not needs_a_copy(name):
        return name
    copy = (folder / MADE_HERE).resolve()
    if not (copy / "config.json").exists():
        log.info("%s is written as a model of its own into %s", name, copy)
        model = merged_adapter(name) if is_adapter(name) else trainable(name)
        tokenizer.save_pretrained(str(copy))
        model.save_pretrained(str(copy))
    return str(copy)


def trainable(gguf: str) -> Any:
    """The weights of a GGUF file in a model of its own: transformers neither train nor save the one they read."""
    read = weights_of(gguf, torch.float32)
    config = read.config
    if hasattr(config, "quantization_config"):
        del config.quantization_config
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    model.load_state_dict(read.state_dict())
    return model


def merged_adapter(folder: str) -> Any:
    """A model with an adapter of ours merged in."""
    from peft import AutoPeftModelForCausalLM  # noqa: PLC0415 (slow, and seldom needed)

    try:
        return AutoPeftModelForCausalLM.from_pretrained(folder).merge_and_unload()
    except UNREADABLE as error:
        raise Stop(f"The adapter {folder} cannot be read ({shortened(str(error), 160)}).") from error


def weights_of(name: str, numbers: torch.dtype) -> Any:
    try:
        return AutoModelForCausalLM.from_pretrained(**place_of(name), dtype=numbers)
    except UNREADABLE as error:
        raise Stop(f"{name} is no model that transformers can read ({shortened(str(error), 160)}).") from error
