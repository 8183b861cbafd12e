"""The words of a finished pair: categories, views, regions, and the published thresholds."""

from typing import Annotated, Literal, get_args

from pydantic import BeforeValidator

Category = Literal["Statement", "Question", "Instruction"]
View = Literal["Mining", "Exploration"]


def other(view: View) -> View:
    return "Exploration" if view == "Mining" else "Mining"


def canonical(*words: str) -> BeforeValidator:
    """Accept a known word in any case, or as the first word of a phrase ("mining view")."""
    known = {word.casefold(): word for word in words}
    return BeforeValidator(
        lambda value: known.get(value.strip().split(" ")[0].casefold(), value) if isinstance(value, str) else value
    )


ACategory = Annotated[Category, canonical(*get_args(Category))]
AView = Annotated[View, canonical(*get_args(View))]

Region = Literal["close", "middle", "far"]

HIGH, LOW = 0.8, 0.3
"""The published thresholds, for records that do not tell their region."""
INVERTED = "inverted"
"""A model's mark: it finds the rejected side nearer to what was really said."""
