"""Plan: code draws what happens, step by step, and one call words it.

Over slots, a walk of acts: what the person gives, what the assistant asks for, what is changed on the way. Over tools,
a walk in which what one gives back is what the next needs. Each value has to be said where its step has it.
"""

from ...calling.stage import Stage
from .kit.draws import Draw
from .kit.frame import FRAME
from .kit.people import traits
from .kit.recipe import Recipe, Seats, Seed, Talk
from .kit.script import EXAMPLE, HOW, talk_is_sound, turns_of, values_occur
from .kit.talk import person_text
from .kit.walks import over_slots, over_tools

WORDING = Stage(
    frame=FRAME,
    name="wording",
    task=f"""\
Put the steps into words, as a dialogue between the person drawn and a chat assistant. What stands in quotation marks \
in a step is said in its exchange as it is written there, without the marks; nothing of a later step is said before. \
What tools give back and is not in a step you make up, and keep to. All in the language drawn, or else that of the \
values. {HOW}""",
    material="""\
<drawn>
{drawn}
</drawn>

<steps>
{steps}
</steps>""",
    example=EXAMPLE,
    opens_with=(),
    one_for_each="steps",
    demands=(values_occur,),
    checks=(talk_is_sound,),
    reply_tokens=520,
)


async def make(seats: Seats, seed: Seed, draw: Draw) -> Talk:
    """Draw a walk, have it worded."""
    drawn = traits(draw)
    over = over_slots if "slots" in seed.fields else over_tools
    steps = over(seed.fields, draw.dice("walk"), draw.user_turns, draw.wishes.friction)
    about = {"about": seed.fields["about"]} if seed.fields.get("about") else {}
    script = await seats.writer(WORDING, drawn=person_text(about | drawn), steps=steps)
    return Talk([*turns_of(script.exchanges)], {**drawn, "steps": [*map(str, steps)]}, "done")


RECIPE = Recipe(
    name="plan",
    seeds="plans",
    about="code draws a walk of acts over slots, or over tools whose results feed one another; one call words it",
    stands_for="schema-guided dialogues, ToolDial, state machines, sequences of intents over an item's attributes",
    calls="1",
    make=make,
    stages=(WORDING,),
)
