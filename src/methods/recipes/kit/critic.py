"""Several candidates for one dialogue, and a critic who names the faults of each and the best."""

import dataclasses
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from ....basics.shape import Shape
from ....basics.together import together
from ....calling.schema import AS_MANY_AS_ASKED, as_many_as_asked
from ....calling.session import Failed
from ....calling.stage import AskSeats, Reply, Stage
from ....dialogues.samples import chat_history
from .frame import FRAME
from .recipe import Seats, Talk

FaultName = Literal[
    "none",
    "assistant_voice",
    "too_polite",
    "too_articulate",
    "invents",
    "contradicts",
    "repeats",
    "ignores_reply",
    "dull",
    "stilted",
    "leads_nowhere",
    "wrong_language",
]
Number = Literal["1", "2", "3", "4", "5", "6", "7", "8", "9"]


class Look(Shape):
    """What the critic sees in one candidate."""

    faults: tuple[FaultName, ...] = Field(min_length=1)


class Choice(Reply):
    """What the critic finds, candidate by candidate, and which is the best."""

    looks: Annotated[tuple[Look, ...], AfterValidator(as_many_as_asked)] = Field(json_schema_extra=AS_MANY_AS_ASKED)
    best: Number


def best_is_there(reply: Choice, fields: Mapping[str, Any]) -> str | None:
    count = len(fields["candidates"])
    return None if int(reply.best) <= count else f"there are {count} candidates, and the best is one of them"


CHOICE = Stage(
    frame=FRAME,
    name="choice",
    task="""\
Below stand several dialogues of the same person with an assistant. Look at the user's turns alone: in which would a \
reader who knows real chats take the user for a real one? Name the faults of each, in order, or "none":
assistant_voice: offers help, explains, lays things out. too_polite: thanks, praises, greets more than people do. \
too_articulate: whole, tidy sentences where people type bits. invents or contradicts: against what was said. repeats: \
says again. ignores_reply: takes no notice of replies. dull: each turn the next obvious question. stilted: no person's \
wording. leads_nowhere: nothing is wanted or got. wrong_language.
Then give the number of the best: the one that you would take for real.""",
    material="""\
<candidates>
{candidates}
</candidates>""",
    example=Choice(looks=(Look(faults=("dull",)), Look(faults=("none",))), best="1"),
    opens_with=(),
    one_for_each="candidates",
    checks=(best_is_there,),
    reply_tokens=40,
)


async def chosen(ask: AskSeats, count: int, make: Callable[[Seats], Awaitable[Talk]]) -> Talk:
    """The best of so many candidates, to the critic. One that fails is no candidate; raises Failed where none is."""

    async def tried(draw: int) -> Talk | Failed:
        try:
            return await make(Seats.of(ask, draw))
        except Failed as failed:
            return failed

    tries = await together(*(tried(draw) for draw in range(1, count + 1)))
    talks = [each for each in tries if isinstance(each, Talk)]
    if not talks:
        raise next(each for each in tries if isinstance(each, Failed))
    if len(talks) == 1:
        return talks[0]
    choice = await Seats.of(ask).critic(CHOICE, candidates=[f"\n{chat_history(talk.turns)}\n" for talk in talks])
    place = min(int(choice.best), len(talks)) - 1
    opinion = {"candidates": len(talks), "faults": [*choice.looks[place].faults]}
    return dataclasses.replace(talks[place], card={**talks[place].card, "critic": opinion})
