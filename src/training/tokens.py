"""How many tokens a training row takes, told by the tokenizer of the model that is to learn from it."""

import dataclasses
import struct
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..basics.command import Stop
from ..basics.text import shortened
from .examples import Example, Message, example_of

UNREADABLE = (OSError, ValueError, KeyError, ImportError, AttributeError, RuntimeError, struct.error)
"""What transformers raise for what is no model, or none that they know."""
GGUF = ".gguf"
INSTALL = "pip install -r requirements-train.txt"
TRAINERS_OWN_LIMIT = 1024  # TRL's max_length, unless it is told another


def place_of(name: str) -> dict[str, str]:
    """A model's name as transformers want it: a file of GGUF is a folder and a name in it."""
    path = Path(name)
    if path.suffix.lower() == GGUF:
        return {"pretrained_model_name_or_path": str(path.parent), "gguf_file": path.name}
    return {"pretrained_model_name_or_path": name}


def tokenizer_of(name: str) -> Any:
    """The tokenizer of a model: a folder, a GGUF file or a name on the hub. Raises Stop where it is no use here."""
    try:
        from transformers import AutoTokenizer  # noqa: PLC0415 (optional)
    except ImportError as error:
        raise Stop(f"To count the tokens of {name}, transformers are needed: {INSTALL}") from error
    if Path(name).suffix.lower() == GGUF and not Path(name).is_file():
        raise Stop(f"There is no model file {name}: give the path of a .gguf file, or a folder, or a name on the hub.")
    try:
        tokenizer = AutoTokenizer.from_pretrained(**place_of(name))
    except UNREADABLE as error:
        raise Stop(f"{name} has no tokenizer that transformers can read ({shortened(str(error), 160)}).") from error
    if not tokenizer.chat_template:
        raise Stop(f"{name} has no chat template, so no turn can be put to it: give a chat model (often -Instruct).")
    return tokenizer


def tokens_in(tokenizer: Any, example: Example) -> int:
    """The tokens of a row as trainers count them: prompt and answer together, of a pair with its longer answer."""
    return max(len(written(tokenizer, example, answer, tokenize=True)) for answer in example.answers)


def keeps(tokenizer: Any, example: Example) -> bool:
    """Whether the model's own template writes the row's answers as they are, but for white space."""
    return all(
        "".join(answer.content.split()) in "".join(written(tokenizer, example, answer, tokenize=False).split())
        for answer in example.answers
    )


def written(tokenizer: Any, example: Example, answer: Message, *, tokenize: bool) -> Any:
    """A row as the model's own template writes it. Raises Stop where the template takes no such chat."""
    from jinja2 import TemplateError  # noqa: PLC0415 (optional: chat templates are in its language)

    chat = [message.model_dump() for message in (*example.prompt, answer)]
    try:
        return tokenizer.apply_chat_template(chat, tokenize=tokenize, return_dict=False)
    except TemplateError as error:
        roles = " ".join(message.role for message in example.prompt)
        raise Stop(
            f"The chat template of {tokenizer.name_or_path} takes no chat of {roles} {answer.role} ({error}): give"
            " another model, or of plain rows the other form, with or without --user-form."
        ) from error


@dataclasses.dataclass
class Lengths:
    """Which rows are longer than a limit. Without a way to count none is."""

    most: int
    count: Callable[[Example], int] | None = None
    over: int = 0
    longest: int = 0

    def exceeded_by(self, row: Mapping[str, Any]) -> bool:
        """Whether this row is; it is counted."""
        if self.count is None:
            return False
        length = self.count(example_of(row))
        self.longest = max(self.longest, length)
        self.over += length > self.most
        return length > self.most
