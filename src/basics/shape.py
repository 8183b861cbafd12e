"""What every shape of data shares, read or written: frozen, filled by word or by alias."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, StringConstraints

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class Shape(BaseModel):
    """Frozen, filled by word or by alias, and deaf to keys it does not know."""

    model_config = ConfigDict(frozen=True, populate_by_name=True, extra="ignore")


MOST_COUNTED = 10**12  # of tokens; who tells more has not counted


def counted(given: Any) -> int:
    """A count that somebody told: what is no number, or none that can be true, counts as none."""
    told = isinstance(given, int | float) and not isinstance(given, bool) and 0 < given <= MOST_COUNTED
    return int(given) if told else 0
