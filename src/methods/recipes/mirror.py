"""Mirror: a real user's ways, read out of a dialogue and checked against it, and a new dialogue in those ways.

For made dialogues in place of private ones: the profile leaves out whatever names somebody, and no eight words of the
real dialogue in a row may be said again.
"""

import dataclasses
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from ...basics.shape import Shape, Text
from ...calling.schema import AS_MANY_AS_ASKED, as_many_as_asked
from ...calling.session import Misfit
from ...calling.stage import Reply, Stage
from .kit.checks import said_by
from .kit.draws import Draw
from .kit.frame import FRAME
from .kit.lengths import lengths_of
from .kit.people import language
from .kit.recipe import Recipe, Seats, Seed, Talk
from .kit.signs import copied
from .kit.talk import Scene, person_text, talk
from .kit.voices import ASSISTANT, USER
from .selfplay import CARD

Verdict = Literal["shown", "not_shown", "contradicted"]


class Profile(Reply):
    """What a dialogue shows of its user, without what would tell who it was."""

    intent: Text
    statements: tuple[Text, ...] = Field(min_length=3, max_length=10)
    types: Text


class Check(Shape):
    """Whether a statement is shown by the dialogue."""

    reason: Text
    verdict: Verdict


class Checked(Reply):
    """The statements of a profile, one by one."""

    checks: Annotated[tuple[Check, ...], AfterValidator(as_many_as_asked)] = Field(json_schema_extra=AS_MANY_AS_ASKED)


def copies_nothing(reply: Profile, fields: Mapping[str, Any]) -> str | None:
    for text in (reply.intent, *reply.statements, reply.types):
        if run := copied(text, fields["dialogue"]):
            return f'"{run}" is copied from the dialogue: say it in general words'
    return None


PROFILE = Stage(
    frame=FRAME,
    name="profile",
    task="""\
Describe the user of the dialogue so that somebody else could play one of the same kind in another dialogue, and \
nobody could tell who it was: no names, places, dates, figures or phrases of theirs. In the dialogue's language.
"intent": what they came for, in a sentence, as a kind of matter and not this case. "statements": four to eight short \
ones on what they know, want, fear, ask for first, pass over, how they take replies and what makes them go on or stop; \
only what their turns show. "types": how they type: length, case, punctuation, slips, tone.""",
    example=Profile(
        intent="what kind of matter they came for",
        statements=("a way of theirs", "another way of theirs", "how they take replies"),
        types="how they type",
    ),
    opens_with=("dialogue",),
    demands=(copies_nothing,),
    reply_tokens=230,
)

CHECKED = Stage(
    frame=FRAME,
    name="check of the profile",
    task="""\
Below stand statements about the dialogue's user. Say for each, in order, by which of their turns it is shown or \
contradicted, and give the verdict; what no turn speaks for is not_shown.""",
    material="""\
<profile>
{statements}
</profile>""",
    example=Checked(
        checks=(
            Check(reason="which turn shows it", verdict="shown"),
            Check(reason="the same for the next", verdict="not_shown"),
        )
    ),
    opens_with=("dialogue",),
    one_for_each="statements",
    reply_tokens=220,
)


async def make(seats: Seats, seed: Seed, draw: Draw) -> Talk:
    """Read the profile, keep what the dialogue shows, give it another case, and let it talk as long as the real one."""
    profile = await seats.writer(PROFILE, dialogue=seed.text)
    checked = await seats.writer(CHECKED, dialogue=seed.text, statements=profile.statements)
    pairs = zip(profile.statements, checked.checks, strict=True)
    shown = [statement for statement, check in pairs if check.verdict == "shown"]
    if not shown:
        raise Misfit(CHECKED.name, "nothing_shown", "the dialogue shows nothing of the profile", 1, None)
    ways = {"ways": shown, "types": profile.types} | language(draw)
    card = await seats.writer(CARD, seed=profile.intent, drawn=person_text(ways))
    lengths = lengths_of([said_by(seed.turns, "user")])
    wishes = dataclasses.replace(draw.wishes, **dataclasses.asdict(lengths) if lengths else {})
    person = card.model_dump() | ways
    return await talk(Scene(seats, dataclasses.replace(draw, wishes=wishes), person, private=seed.text))


RECIPE = Recipe(
    name="mirror",
    seeds="dialogues",
    about="a real user's ways are described, checked against the dialogue, and played in another case",
    stands_for="users learnt from real chats such as USP; made dialogues in place of private ones",
    calls="3, and 2 a round",
    make=make,
    stages=(PROFILE, CHECKED, CARD),
    voices=(USER, ASSISTANT),
)
