"""Selfplay: a person with a goal and an assistant talk, turn by turn, and neither sees what the other is told.

The dice draw who the person is; a model makes a card of it that fits the seed, a topic, a goal or a whole profile. The
user's seat sees the card, the assistant's seat nothing but the dialogue.
"""

from pydantic import Field

from ...basics.shape import Text
from ...calling.stage import Reply, Stage
from .kit.draws import Draw
from .kit.frame import FRAME
from .kit.people import traits
from .kit.recipe import Recipe, Seats, Seed, Talk
from .kit.steered import led
from .kit.talk import person_text
from .kit.voices import ASSISTANT, USER

GOAL = "goal"


class Card(Reply):
    """What a person is after, and what of it comes out when."""

    who: Text
    goal: Text
    known: tuple[Text, ...] = Field(min_length=2, max_length=6)
    hidden: Text
    enough: Text


CARD = Stage(
    frame=FRAME,
    name="card",
    task="""\
Make the card of one person who types to a chat assistant about the seed. What was drawn is binding: fit the person \
and the occasion to it, and where it seems to clash find the case in which it does not. Choose an everyday occasion \
that is not the first to come to mind, with particulars of your own: figures, dates, places, things by their names. \
All values in the language drawn, or else the seed's.
"who": the person in one sentence. "goal": what they want from the assistant, in one sentence, narrow enough for a \
short chat. "known": two to six short facts that they would tell when needed. "hidden": a wish, a fact or a mistake \
that they hold back, and what brings it out. "enough": what they would have to get to stop asking.""",
    material="""\
<drawn>
{drawn}
</drawn>""",
    example=Card(
        who="the person in one sentence",
        goal="what this person wants",
        known=("a fact with its particulars", "another fact of the case"),
        hidden="what is held back and when it comes out",
        enough="what has to be had to stop",
    ),
    opens_with=("seed",),
    reply_tokens=190,
)


async def make(seats: Seats, seed: Seed, draw: Draw) -> Talk:
    """Draw a person, have the card made, and let them talk. A seed with a goal is a card already."""
    drawn = traits(draw)
    if GOAL in seed.fields:
        return await led(seats, draw, drawn | {name: seed.fields[name] for name in seed.fields if name != "id"})
    card = await seats.writer(CARD, seed=seed.text, drawn=person_text(drawn))
    return await led(seats, draw, card.model_dump() | drawn)


RECIPE = Recipe(
    name="selfplay",
    seeds="topics",
    about="a card of a person is made; two seats talk turn by turn, the user's sees the card, the assistant's does not",
    stands_for="two-agent task dialogues, client and counsellor, persuader and sceptic, users of a recommender",
    calls="1, and 2 a round; without the first where a seed has a goal",
    make=make,
    stages=(CARD,),
    voices=(USER, ASSISTANT),
)
