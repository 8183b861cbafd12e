"""Script: one call writes a whole dialogue, of a subtopic, a person and a setting that the dice have chosen.

Cheaper than two seats and less alive: whoever writes knows both sides. What varies it is drawn: a subtopic from a list
that a model makes of the topic, the levels of five traits, the setting, each exchange's length and friction.
"""

from typing import Any

from pydantic import Field

from ...basics.shape import Text
from ...calling.stage import Reply, Stage
from .kit.cases import case_of
from .kit.draws import Draw
from .kit.frame import FRAME
from .kit.people import big_five, traits
from .kit.recipe import Recipe, Seats, Seed, Talk
from .kit.script import EXAMPLE, HOW, ending_of, steps_of, talk_is_sound, turns_of
from .kit.talk import person_text


class Subtopics(Reply):
    """Narrow matters within a topic."""

    subtopics: tuple[Text, ...] = Field(min_length=4, max_length=16)


SUBTOPICS = Stage(
    frame=FRAME,
    name="subtopics",
    task="""\
List twelve matters within the seed that somebody could turn to a chat assistant about, each in three to ten words: \
narrow, far apart from one another, common ones and odd ones, in the seed's language.""",
    example=Subtopics(
        subtopics=("a narrow matter of it", "a second narrow matter", "a third one", "one far from these")
    ),
    opens_with=("seed",),
    reply_tokens=110,
)

SCRIPT = Stage(
    frame=FRAME,
    name="script",
    task=f"""\
Write a whole dialogue between a person and a chat assistant about the matter drawn, as it could have happened to this \
person in this setting, with as many particulars of a case as are drawn. All of it in the language drawn, or else the \
seed's. {HOW}""",
    material="""\
<drawn>
{drawn}
</drawn>

<steps>
{steps}
</steps>""",
    example=EXAMPLE,
    opens_with=("seed",),
    one_for_each="steps",
    checks=(talk_is_sound,),
    reply_tokens=700,
)


async def make(seats: Seats, seed: Seed, draw: Draw) -> Talk:
    """Have subtopics listed, draw one of them and all else, and have it written."""
    listed = await seats.writer(SUBTOPICS, seed=seed.text)
    who, steps = traits(draw), steps_of(draw)
    drawn: dict[str, Any] = {
        "matter": draw.one_of("matter", listed.subtopics),
        **who,
        "personality": big_five(draw, "user"),
        **case_of(draw, who, steps),
    }
    script = await seats.writer(SCRIPT, seed=seed.text, drawn=person_text(drawn), steps=steps)
    return Talk([*turns_of(script.exchanges)], {**drawn, "steps": steps}, ending_of(draw, len(steps)))


RECIPE = Recipe(
    name="script",
    seeds="topics",
    about="subtopics of a topic are listed, one is drawn with a personality and a setting, and one call writes it all",
    stands_for="DiaSynth, imagined conversations, multilingual chats; the cheapest way",
    calls="2",
    make=make,
    stages=(SUBTOPICS, SCRIPT),
)
