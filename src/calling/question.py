"""One question as it is put to an endpoint."""

import dataclasses
from typing import Any

Messages = list[dict[str, str]]


@dataclasses.dataclass(frozen=True)
class Question:
    """What is asked at which stage, the JSON schema of the reply, and the limit of its tokens, if there is one."""

    stage: str
    messages: Messages
    schema: dict[str, Any]
    max_tokens: int | None
