"""What every shape of data shares, read or written: frozen, filled by word or by alias."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class Shape(BaseModel):
    """Frozen, filled by word or by alias, and deaf to keys it does not know."""

    model_config = ConfigDict(frozen=True, populate_by_name=True, extra="ignore")
