"""The shapes that models are asked for: a strategy, where strategies belong, what a cluster has in common."""

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from ...basics.shape import Shape, Text
from ...calling.schema import AS_MANY_AS_ASKED, as_many_as_asked
from ...calling.stage import Reply
from ...pairs.words import canonical
from .moves import NONE, AMove

CODE = re.compile(r"[a-z]{2,3}")
UNKNOWN_LANGUAGE = "und"


def language_code(value: Any) -> Any:
    """Two or three letters; for what is none of these, the code for an unknown language."""
    if not isinstance(value, str):
        return value
    code = value.strip().lower().partition("-")[0]
    return code if CODE.fullmatch(code) else UNKNOWN_LANGUAGE


class Extraction(Reply):
    """What one utterance does, and the strategy behind it."""

    analysis: Text
    move: AMove
    strategy: Text
    language: Annotated[str, BeforeValidator(language_code)]

    @property
    def any(self) -> bool:
        """Whether there is a strategy behind the utterance."""
        return self.move != NONE and self.strategy.strip(". ").lower() != NONE


class Place(Shape):
    """Where one of the numbered phrases belongs: the letters of an entry, or a label for a new one."""

    number: int
    entry: Text


class Places(Reply):
    """Where each phrase belongs, in the order of the phrases."""

    bare_list = "places"
    places: Annotated[tuple[Place, ...], AfterValidator(as_many_as_asked)] = Field(json_schema_extra=AS_MANY_AS_ASKED)


Verdict = Annotated[Literal["yes", "no"], canonical("yes", "no")]


class Abstraction(Reply):
    """What the strategies of a cluster have in common, and which of those that were shown have it."""

    name: Text
    when: Text
    belongs: Annotated[tuple[Verdict, ...], AfterValidator(as_many_as_asked)] = Field(
        json_schema_extra=AS_MANY_AS_ASKED
    )
