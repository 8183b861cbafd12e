"""One question as it is put to an endpoint."""

import dataclasses
from typing import Any

Messages = list[dict[str, str]]


@dataclasses.dataclass(frozen=True)
class Question:
    """What is asked at which stage, and the limit of the reply's tokens, if there is one."""

    stage: str
    messages: Messages
    schema: dict[str, Any] | None
    """Of the reply, as JSON; None where a text is wanted, which no JSON mode may bend."""
    max_tokens: int | None
    draw: int = 0
    """Which of several answers to the same question is meant; each is paid for and kept by itself."""
