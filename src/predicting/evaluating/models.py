"""Models of `transformers` that tell how likely a user's next turn is, as `src.predict --template plain` would ask."""

import copy
from collections.abc import Sequence
from typing import Any

import jinja2
import torch
from transformers.utils.logging import disable_progress_bar

from ...basics.command import Stop
from ...calling.question import Messages
from ...dialogues.chats import as_chat
from ...dialogues.turns import Turn
from ...training.learning.models import is_adapter, merged_adapter, weights_of
from ...training.tokens import tokenizer_of
from .weights import Likelihood

CACHES = ("cache", "past_key_values")  # its name in newer versions, and in older ones
NOTHING: tuple[Messages, ...] = (
    [],
    [{"role": "system", "content": ""}],
    [{"role": "user", "content": ""}],
)
"""A chat in which nothing was said; not every template takes the first."""


class Weights:
    """A model in memory. The history is read once for all utterances that are asked of."""

    def __init__(self, name: str, most: int, *, user_form: bool) -> None:
        """Load the model, which sees at most so many tokens of history. Raises Stop where that cannot be."""
        self._name, self._most, self._user_form = name, most, user_form
        disable_progress_bar()
        self._tokenizer = tokenizer_of(name)
        graphics = torch.cuda.is_available()
        numbers = torch.bfloat16 if graphics else torch.float32
        model = merged_adapter(name) if is_adapter(name) else weights_of(name, numbers)
        self._model = model.eval().to("cuda" if graphics else "cpu")

    def of(self, history: Sequence[Turn], utterances: Sequence[str]) -> list[Likelihood]:
        """The likelihood of each utterance as the user's next turn after this history."""
        with torch.inference_mode():
            read = self._model(input_ids=self.tensor(self.prompt(history)), use_cache=True, logits_to_keep=1)
            return [self.after(read, utterance) for utterance in utterances]

    def after(self, read: Any, utterance: str) -> Likelihood:
        """The likelihood of an utterance behind what was read. Each utterance gets a cache of its own to write to."""
        tokens = self._tokenizer(utterance, add_special_tokens=False)["input_ids"]
        if not tokens:
            return Likelihood(0.0, 0)
        ids = self.tensor(tokens)
        logits = read.logits[:, -1:]
        if len(tokens) > 1:
            held = next(name for name in CACHES if getattr(read, name, None) is not None)
            more = self._model(input_ids=ids[:, :-1], use_cache=True, **{held: copy.deepcopy(getattr(read, held))})
            logits = torch.cat([logits, more.logits], dim=1)
        spread = torch.log_softmax(logits[0].float(), dim=-1)
        return Likelihood(float(spread.gather(1, ids[0, :, None]).sum()), len(tokens))

    def tensor(self, tokens: Sequence[int]) -> Any:
        return torch.tensor([tokens], device=self._model.device)

    def prompt(self, history: Sequence[Turn]) -> list[int]:
        """The history as the model's template has it, ready for the user's turn; its oldest turns may be left out."""
        for start in range(len(history)):
            tokens = self.tokens_of(as_chat(history[start:], turned=self._user_form))
            if tokens and len(tokens) <= self._most:
                return tokens
        if history:
            return (self.tokens_of(as_chat(history[-1:], turned=self._user_form)) or self.nothing())[-self._most :]
        return self.nothing()

    def nothing(self) -> list[int]:
        """A chat in which nothing was said. Raises Stop where the template takes none."""
        for chat in NOTHING:
            if tokens := self.tokens_of(chat):
                return tokens
        raise Stop(
            f"The chat template of --weights {self._name} takes no chat in which nothing was said: give another."
        )

    def tokens_of(self, chat: Messages) -> list[int] | None:
        """The tokens of a chat; None where the template refuses it, such as one that begins with the assistant."""
        try:
            tokens: list[int] = self._tokenizer.apply_chat_template(
                chat, add_generation_prompt=True, tokenize=True, return_dict=False
            )
        except (jinja2.TemplateError, IndexError, ValueError):
            return None
        return tokens
