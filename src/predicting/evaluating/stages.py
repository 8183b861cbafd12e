"""The judge's own question: which of two predictors came nearer."""

import dataclasses

from pydantic import Field

from ...basics.shape import Text
from ...calling.stage import Reply, Stage
from ...methods.proutt.frame import FRAME

NEITHER = 3
"""In the middle of the scale."""


class Nearer(Reply):
    """Which of two lists of predictions came nearer to the real utterance, on a scale of five."""

    reasoning: Text
    nearer: int = Field(ge=1, le=5)

    @property
    def preference(self) -> int:
        """1 for the first list, -1 for the second, 0 for neither."""
        return (self.nearer < NEITHER) - (self.nearer > NEITHER)


NEARER = Stage(
    frame=dataclasses.replace(FRAME, tags=(*FRAME.tags, "first", "second")),
    name="nearer of two",
    task="""\
Below is what the user really said next, and two lists of predictions of it that were made without knowing it. Decide \
whose best prediction comes nearer to the real utterance in meaning and purpose. Wording and length count little; the \
place in a list, the number of predictions and the order of the lists count nothing.
First say in one or two sentences what the best prediction of each list shares with the real utterance and what not. \
Then give "nearer" as a whole number: 1: the first list is clearly nearer; 2: it is a little nearer; 3: neither is, \
because both say the same or both miss; 4: the second list is a little nearer; 5: it is clearly nearer.""",
    material="""\
<utterance>
{utterance}
</utterance>

<first>
{first}
</first>

<second>
{second}
</second>""",
    example=Nearer(reasoning="what each list's best prediction shares with it", nearer=NEITHER),
    reply_tokens=90,
)
"""Not of the method. Asked in both orders, since judges are known to favour a place."""
