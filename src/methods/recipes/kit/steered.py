"""The user's seat under strategies of a library: one is chosen for each turn, and what adds nothing is rejected.

After Inductive-Deductive Strategy Reuse (IDEAS, EMNLP 2024): after six rejected turns of the user the dialogue ends.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field

from ....basics.shape import Text
from ....calling.schema import one_of_input
from ....calling.stage import Reply, Stage
from ....dialogues.samples import chat_history
from ....dialogues.turns import Turn
from ....pairs.words import canonical
from ...strategies.lettered import Lettered
from ...strategies.library import LibraryEntry, Offered
from .draws import Draw
from .frame import FRAME
from .people import FREE, Move
from .recipe import Seats, Talk
from .talk import Said, Scene, person_text, talk

MOST_REJECTED = 6  # turns of a dialogue, as published
MOST_CHOSEN = 3
STEERED = dataclasses.replace(FRAME, tags=(*FRAME.tags, "strategies", "message"))

Finding = Literal["new", "answered", "contradictory", "repeated"]


class Fitting(Reply):
    """The letters of the strategies that this person may follow now."""

    reasoning: Text
    chosen: tuple[Text, ...] = Field(
        max_length=MOST_CHOSEN, json_schema_extra={"items": {"type": "string", **one_of_input("strategies")}}
    )


class Review(Reply):
    """Whether a message takes the dialogue on."""

    reasoning: Text
    finding: Annotated[Finding, canonical("new", "answered", "contradictory", "repeated")]


FITTING = Stage(
    frame=STEERED,
    name="strategies of the user",
    task="""\
The person speaks next. Behind it stand strategies, ways in which people go on, each behind its letters. Say in one \
sentence what the last reply leaves open for this person. Then choose up to three that this person could well follow \
now, given what they are after and what was said; none that does not fit the situation.""",
    material="""\
<person>
{person}
</person>

<strategies>
{strategies}
</strategies>""",
    example=Fitting(reasoning="what is left open for this person", chosen=("A", "B", "C")),
    opens_with=("dialogue",),
    reply_tokens=70,
)

REVIEW = Stage(
    frame=STEERED,
    name="review of a user turn",
    task="""\
Below is a message that the person may send next. Say in one sentence what it brings. Then give the finding: \
"answered" where the dialogue has answered it already, "contradictory" where it contradicts what this person has said \
or what is settled, "repeated" where this person has said or asked the same before, and "new" where it takes the \
dialogue on.""",
    material="""\
<message>
{message}
</message>""",
    example=Review(reasoning="what the message brings", finding="new"),
    opens_with=("dialogue",),
    reply_tokens=45,
)

STEERING: tuple[Stage[Any], ...] = (FITTING, REVIEW)


@dataclasses.dataclass(frozen=True, kw_only=True)
class SteeredScene(Scene):
    """A scene in which the user follows strategies."""

    offered: Offered
    followed: list[str | None] = dataclasses.field(default_factory=list)
    """Of each user turn the id of the entry that it follows; none for the first, and where friction was drawn."""
    rejected: list[str] = dataclasses.field(default_factory=list)
    """The turns that were rejected."""

    async def user_turn(self, turns: Sequence[Turn], number: int, move: Move) -> Said:
        """What the person types next under a strategy that fits; of several that fit, one drawn first."""
        tried: set[str] = set()
        while turns and move == FREE and (fitting := await self.fitting(turns, number, tried)):
            for entry in fitting:
                tried.add(entry.id)
                said = await super().user_turn(turns, number, Move("strategy", entry.name.rstrip(".")))
                if not said.text or await self.takes_on(turns, said.text):
                    self.followed.append(entry.id)
                    return said
                self.rejected.append(said.text)
                if len(self.rejected) == MOST_REJECTED:
                    return Said("", "nothing new")
        self.followed.append(None)
        return await super().user_turn(turns, number, move)

    async def fitting(self, turns: Sequence[Turn], number: int, tried: set[str]) -> list[LibraryEntry]:
        """The entries that fit now and were not tried, in a drawn order, so that not all follow the likeliest."""
        left = Lettered([entry for entry in self.offered.things if entry.id not in tried])
        if not left:
            return []
        person = person_text(self.card)
        told = await self.seats.writer(FITTING, dialogue=chat_history(turns), person=person, strategies=left)
        chosen = [*{entry.id: entry for name in told.chosen if (entry := left.get(name))}.values()]
        return self.draw.dice(f"strategy {number} {len(tried)}").sample(chosen, len(chosen))

    async def takes_on(self, turns: Sequence[Turn], message: str) -> bool:
        """Whether a message brings anything new."""
        told = await self.seats.writer(REVIEW, dialogue=chat_history(turns), message=message)
        return told.finding == "new"


async def led(seats: Seats, draw: Draw, person: Mapping[str, object]) -> Talk:
    """The dialogue of this person and an assistant, under the library's strategies where the run has one."""
    if draw.wishes.strategies is None:
        return await talk(Scene(seats, draw, person))
    scene = SteeredScene(seats, draw, person, offered=draw.wishes.strategies)
    talked = await talk(scene)
    return dataclasses.replace(talked, card={**person, "strategies": scene.followed, "rejected": scene.rejected})
