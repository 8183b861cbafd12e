"""What an endpoint gave back, and what was billed for it."""

import dataclasses
from typing import Annotated

from pydantic import Field


@dataclasses.dataclass(frozen=True, slots=True)
class Usage:
    """Tokens that were billed. `cached` is the part of the prompt that the endpoint had in its cache, if it says."""

    prompt: Annotated[int, Field(alias="prompt_tokens")] = 0
    completion: Annotated[int, Field(alias="completion_tokens")] = 0
    total: Annotated[int, Field(alias="total_tokens")] = 0
    cached: Annotated[int | None, Field(alias="cached_prompt_tokens")] = None

    def __add__(self, other: "Usage") -> "Usage":
        known = not (self.cached is None and other.cached is None)
        cached = (self.cached or 0) + (other.cached or 0) if known else None
        return Usage(self.prompt + other.prompt, self.completion + other.completion, self.total + other.total, cached)

    @property
    def counts(self) -> dict[str, int]:
        """What every line of an output tells of its cost."""
        return {"prompt_tokens": self.prompt, "completion_tokens": self.completion, "total_tokens": self.total}


@dataclasses.dataclass(frozen=True, slots=True)
class Token:
    """A token of a reply, as bytes since a sign may take several, and its log probability in nats."""

    text: bytes
    nats: float


@dataclasses.dataclass(frozen=True)
class Completion:
    """What an endpoint gave back: the text (maybe empty), why it ended, and what it cost."""

    text: str
    finish: str
    usage: Usage
    rehearsal: bool
    seconds: float = 0.0
    """From the request to the answer, of the try that succeeded."""
    tokens: tuple[Token, ...] = ()
    """Where they were asked for and the endpoint tells them; thoughts that it keeps for itself may stand among them."""
