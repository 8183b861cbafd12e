"""A dialogue as the messages of a chat, for a model that learns or writes the user's next turn and nothing else."""

from collections.abc import Sequence
from itertools import groupby

from ..basics.text import without_tags
from ..calling.question import Messages
from .turns import Role, Turn

SPEAKER: dict[Role, Role] = {"tool": "assistant"}
"""Whose turn a turn is in a chat. A tool's result, which chat templates take only with its call, is the assistant's."""
TURNED: dict[Role, Role] = {"user": "assistant", "assistant": "user"}


def speaker_of(turn: Turn) -> Role:
    return SPEAKER.get(turn.role, turn.role)


def as_chat(context: Sequence[Turn], *, turned: bool = False) -> Messages:
    """The turns as messages, one for each change of speaker.

    Turned round, the user's turns are the assistant's and the other way about, so that a model speaks as the user where
    a chat has it speak.
    """
    chat: Messages = []
    for speaker, turns in groupby(context, speaker_of):
        text = "\n".join(f"[tool: {turn.content}]" if turn.role == "tool" else turn.content for turn in turns)
        # What somebody typed as a special token would end the turn where a chat template is filled in.
        chat.append({"role": (turned and TURNED.get(speaker)) or speaker, "content": without_tags(text)})
    return chat
