"""Rewrite: a real dialogue goes another way from a drawn turn on, for a drawn reason; the original is kept beside.

Twins that differ in one thing show what follows from it. Both have one `group`, so that a split never parts them.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from ...basics.shape import Text
from ...calling.schema import AS_MANY_AS_ASKED, as_many_as_asked
from ...calling.session import Failed
from ...calling.stage import Stage
from ...dialogues.samples import chat_history
from ...dialogues.turns import Turn
from .kit.checks import faults_in
from .kit.draws import Draw
from .kit.frame import FRAME
from .kit.recipe import Recipe, Seats, Seed, Talk
from .kit.script import EXAMPLE, HOW, Exchange, Script, turns_of

FEWEST_ROUNDS, MOST_ROUNDS = 2, 6  # that are written anew; a rule is broken in one and noticed in the next


@dataclasses.dataclass(frozen=True)
class Change:
    """What is different from a turn on, and whether it begins with the reply to that turn."""

    name: Literal["preference", "rule broken", "rule mended", "hindsight"]
    text: str
    by_reply: bool


CHANGES = (
    Change("preference", "the person wants something else than they really did: another taste, limit or aim", False),
    Change("rule broken", "the reply breaks a rule that a good assistant keeps, and the person runs into it", True),
    Change("rule mended", "the reply breaks a rule that a good assistant keeps, is told so, and mends it", True),
    Change("hindsight", "the reply is what would have served best, seen from how it really went on", True),
)


class Rewritten(Script):
    """The tail written anew, and what was changed."""

    changed: Text
    reply: Text
    exchanges: Annotated[tuple[Exchange, ...], AfterValidator(as_many_as_asked)] = Field(
        json_schema_extra=AS_MANY_AS_ASKED
    )

    def turns(self, *, by_reply: bool) -> list[Turn]:
        """The turns behind the head."""
        reply = [Turn(role="assistant", content=self.reply)] if by_reply else []
        return [*reply, *turns_of(self.exchanges)]


def tail_is_sound(reply: Rewritten, fields: Mapping[str, Any]) -> str | None:
    head: Sequence[Turn] = fields["head"].turns
    made = reply.turns(by_reply=head[-1].role == "user" if head else False)
    return next((fault.reason for fault in faults_in(Talk([*head, *made], {}, real=len(head)))), None)


@dataclasses.dataclass(frozen=True)
class Head:
    """What stays of a dialogue."""

    turns: Sequence[Turn]

    def __str__(self) -> str:
        return chat_history(self.turns) or "(nothing)"


REWRITTEN = Stage(
    frame=FRAME,
    name="tail",
    task=f"""\
A real dialogue goes another way. Its beginning stays; <tail> is how it really went on; <change> is what is different. \
"changed": in a sentence, what exactly differs here, with its particulars. "reply": the assistant's reply to the last \
message of the beginning, under the change; where that ends with a reply, write "-". "exchanges": how it goes on, in \
the dialogue's language, in the same person's voice. {HOW}""",
    material="""\
<dialogue>
{head}
</dialogue>

<tail>
{tail}
</tail>

<change>
{change}
</change>

<steps>
{steps}
</steps>""",
    example=Rewritten(
        changed="what differs, with its particulars", reply="the reply under the change", exchanges=EXAMPLE.exchanges
    ),
    opens_with=(),
    one_for_each="steps",
    checks=(tail_is_sound,),
    reply_tokens=480,
)


async def make(seats: Seats, seed: Seed, draw: Draw) -> Talk:
    """Draw a turn and a change, and have what follows written."""
    places = [place for place, turn in enumerate(seed.turns) if turn.role == "user" and seed.turns[place + 1 :]]
    change = draw.one_of("change", CHANGES if places[1:] else CHANGES[1:])
    if not places:
        raise Failed("none", "too_short", "the dialogue has no reply to a user's turn", 0, None)
    place = draw.one_of("turn", places[1:] or places)
    head = seed.turns[: place + change.by_reply]
    tail = seed.turns[len(head) :]
    rounds = min(MOST_ROUNDS, max(FEWEST_ROUNDS, sum(turn.role == "user" for turn in tail)))
    steps = [f"about {draw.words(number)} words" for number in range(1, rounds + 1)]
    written = await seats.writer(REWRITTEN, head=Head(head), tail=chat_history(tail), change=change.text, steps=steps)
    card = {"change": change.name, "changed": written.changed, "turn": place + 1}
    return Talk([*head, *written.turns(by_reply=change.by_reply)], card, "length", real=len(head))


RECIPE = Recipe(
    name="rewrite",
    seeds="dialogues",
    about="a real dialogue takes another way from a drawn turn on, for a drawn change; the original is kept beside",
    stands_for="counterfactual recommender data, twins with a rule broken and mended, hindsight regenerations",
    calls="1",
    make=make,
    stages=(REWRITTEN,),
    keeps_original=True,
    own_openings=False,
)
