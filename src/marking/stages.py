"""The judge's own question."""

from typing import Annotated, Literal

from pydantic import Field

from ..basics.shape import Text
from ..calling.schema import asked_as
from ..calling.stage import Reply, Stage
from ..methods.proutt.frame import FRAME

FromOneToFive = Annotated[int, Field(ge=1, le=5, json_schema_extra=asked_as(Literal[1, 2, 3, 4, 5]))]


class Score(Reply):
    """How good a trajectory's reasoning is, each side of it from 1 to 5."""

    reasoning: Text
    grounding: FromOneToFive
    path_consistency: FromOneToFive
    plausibility: FromOneToFive

    @property
    def mean(self) -> float:
        return round((self.grounding + self.path_consistency + self.plausibility) / 3, 2)


SCORE = Stage(
    frame=FRAME,
    name="score of a reasoning",
    task="""\
Below is somebody's reasoning about what the user says next: an intent tree, a category with its reason, both views, \
and their predictions, those of the mining view first. Score the reasoning, not whether it comes true:
- grounding: what tree, reason and views claim about the dialogue stands there; what goes beyond it is told as a guess.
- path_consistency: each view's paths start at topics of the tree, have the form of the view, and lead to its \
predictions; all predictions are of the category that is reasoned for.
- plausibility: on the whole, this user could well say what is predicted at this moment.
In whole numbers, 5: no fault; 4: a small one; 3: one that matters, or several small ones; 2: half of it is at fault; \
1: nearly all of it.
First say in one to three sentences what is strong and what is weak.""",
    material="""\
<reasoning>
{reasoning}
</reasoning>""",
    example=Score(reasoning="what is strong and what is weak", grounding=3, path_consistency=3, plausibility=3),
    reply_tokens=90,
)
"""Not of the method: a judge asks it of both sides of a pair, without saying which side it is."""
