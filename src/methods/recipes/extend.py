"""Extend: a question with its answer, or a bit of chat, goes on: round by round to follow-ups that the dice draw.

Where a seed names a `task`, the talk is led there instead, from whatever it began with.
"""

import dataclasses
from collections.abc import Sequence

from ...dialogues.turns import Turn
from .kit.checks import said_by
from .kit.draws import Draw
from .kit.people import FREE, Move, drawn_move, traits
from .kit.recipe import Recipe, Seats, Seed, Talk
from .kit.talk import Scene, talk
from .kit.voices import ASSISTANT, USER

FEWEST = 3  # user turns, with the seed's own
FOLLOW_UPS = (
    *("asks for the step that the reply passed over", "changes one thing in the question and asks again"),
    *("gives an answer of their own, with a mistake in it, and asks whether it is right"),
    *("says that a part of the reply is wrong, rightly or not", "asks for another way to get there"),
    *("wants a new question of the same kind", "asks what it is good for", "asks for a simpler case first"),
    *("applies it to something of their own", "asks what would happen in an extreme case"),
    *("asks for the same in one line", "says which part was not understood"),
)
"""What a user does after an answer; each once in a dialogue."""
TO_A_TASK = (
    "says something of their own that touches, from afar, on {task}",
    "comes to a need or a wish that {task} would serve, without asking for it",
    "asks for it: {task}",
    "settles a detail of it: {task}",
)
"""How somebody comes to want a task done; the last step goes on."""


def follow_up(draw: Draw, number: int) -> Move:
    """One of the follow-ups, none twice."""
    order = draw.dice("follow-ups").sample(FOLLOW_UPS, len(FOLLOW_UPS))
    return Move("follow-up", order[number % len(order)])


@dataclasses.dataclass(frozen=True)
class Steered:
    """Leads the user: to follow-ups, or towards a task where there is one."""

    task: str

    async def __call__(self, draw: Draw, turns: Sequence[Turn], number: int) -> Move:
        friction = await drawn_move(draw, turns, number)
        if friction != FREE:
            return friction
        if not self.task:
            return follow_up(draw, number)
        place = min(len(said_by(turns, "user")) - 1, len(TO_A_TASK) - 1)
        return Move("to the task", TO_A_TASK[place].format(task=self.task))


async def make(seats: Seats, seed: Seed, draw: Draw) -> Talk:
    """Go on behind the seed's question and answer, two rounds at least."""
    task = str(seed.fields.get("task") or "")
    person = {**traits(draw), "has typed so far": said_by(seed.turns, "user")}
    if task:
        person["goal"] = f"none at first; in the end: {task}"
    return await talk(Scene(seats, draw, person, mover=Steered(task), most=max(FEWEST, draw.user_turns)), seed.turns)


RECIPE = Recipe(
    name="extend",
    seeds="pairs",
    about="a question with its answer goes on, each round to a drawn follow-up, or to the task that a seed names",
    stands_for="MathChat's follow-ups, SalesBot's way from chit-chat to a task",
    calls="2 a round",
    make=make,
    voices=(USER, ASSISTANT),
    own_openings=False,
)
