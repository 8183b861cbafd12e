"""A training row of any of our formats, read back as what a trainer takes: a prompt and one answer, or two."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from ..basics.shape import Shape
from ..pairs.sides import Unfit

ROLES = {"human": "user", "gpt": "assistant"}  # as ShareGPT calls them
KEYS_OF_ANSWERS = (
    ("prompt", "chosen", "rejected"),
    ("prompt", "completion"),
    ("input", "preferred_output", "non_preferred_output"),
    ("conversations", "chosen", "rejected"),
    ("messages",),
    ("conversations",),
)
"""The keys of a row in each format, by which one is known; the first that all are there."""


class Message(Shape):
    """One message of a chat."""

    role: str
    content: str


@dataclasses.dataclass(frozen=True)
class Example:
    """What a model is asked, and what it should say; of a pair also what it should not."""

    prompt: tuple[Message, ...]
    answer: Message
    rejected: Message | None = None

    @property
    def answers(self) -> tuple[Message, ...]:
        return (self.answer,) if self.rejected is None else (self.answer, self.rejected)


def example_of(row: Any) -> Example:
    """What the row teaches. Raises Unfit where it has none of the formats that `src.postprocess` writes."""
    fields = row if isinstance(row, dict) else {}
    keys = next((keys for keys in KEYS_OF_ANSWERS if all(fields.get(key) for key in keys)), None)
    if keys is None:
        raise Unfit(f"it has none of the training files' shapes (its keys are {shown(fields)})")
    prompt = messages(fields[keys[0]])
    answers = [messages(fields[key]) for key in keys[1:]] or [prompt[-1:]]
    if any(len(answer) != 1 for answer in answers):
        raise Unfit(f'its "{keys[-1]}" is not one message')
    prompt = prompt if keys[1:] else prompt[:-1]
    if not prompt:
        raise Unfit("nothing is asked before its answer")
    return Example(prompt, *(answer for (answer,) in answers))


def messages(value: Any) -> tuple[Message, ...]:
    """The messages that stand under a key: a list of them, one alone, or one list inside `messages`."""
    if isinstance(value, dict) and isinstance(value.get("messages"), list):
        value = value["messages"]
    return tuple(message(each) for each in (value if isinstance(value, list) else [value]))


def message(value: Any) -> Message:
    fields: Mapping[str, Any] = value if isinstance(value, dict) else {}
    role, content = fields.get("role", fields.get("from")), fields.get("content", fields.get("value"))
    if not (isinstance(role, str) and isinstance(content, str) and content):
        raise Unfit(f"a message of it is none with a role and a text ({str(value)[:60]!r})")
    return Message(role=ROLES.get(role, role), content=content)


def shown(fields: Sequence[str] | Mapping[str, Any]) -> str:
    return ", ".join(list(fields)[:6]) or "none"
