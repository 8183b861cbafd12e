"""Marks and a judge's opinion, as a record holds them; what is odd in them counts as not there."""

from typing import Annotated, Any, TypeVar

from pydantic import BeforeValidator, Field, ValidationError, ValidatorFunctionWrapHandler, WrapValidator

from ..basics.shape import Shape

T = TypeVar("T")


def none_where_odd(value: Any, read: ValidatorFunctionWrapHandler) -> Any:
    try:
        return read(value)
    except ValidationError:
        return None


Loose = Annotated[T | None, WrapValidator(none_where_odd)]
Number = Annotated[float, Field(strict=True)]
AsText = Annotated[str, BeforeValidator(str)]


class FoundMark(Shape):
    """A mark of doubt as `src.quality` wrote it."""

    tag: AsText = ""
    side: Any = None
    evidence: Any = None


def objects(value: Any) -> Any:
    """The objects in a list; what else stands in it is none."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else value


class Quality(Shape):
    """What `src.quality` has found out about a pair."""

    tags: Loose[Annotated[tuple[FoundMark, ...], BeforeValidator(objects)]] = None
    chosen: Loose[dict[str, Any]] = None
    """The judge's numbers for this side, among them its score."""
    rejected: Loose[dict[str, Any]] = None
    similarities: Loose[dict[str, Any]] = None
    """How near each prediction is to what was really said."""
    margin: Loose[Number] = None

    def score(self, side: str) -> float | None:
        """The judge's score of a side's reasoning, if it gave one."""
        judged: dict[str, Any] | None = getattr(self, side)
        score = (judged or {}).get("score")
        return score if isinstance(score, int | float) else None


LooseQuality = Loose[Quality]
