"""The draft under strategies of a library: which ones fit now, and what the user would say who follows them.

Both stages are blind: they see what users do elsewhere, never what was learnt from this dialogue. They begin as the
other stages do, up to the tree, so that an endpoint's cache pays for that once.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field

from ...basics.shape import Shape, Text
from ...calling.schema import one_of_input
from ...calling.stage import Ask, Reply, Stage
from ..strategies.lettered import Lettered
from ..strategies.library import LibraryEntry, Offered
from .checks import predictions_differ
from .frame import FRAME
from .misleading import BOTH_VIEWS
from .replies import DraftInsight
from .stages import INSIGHT

MOST_CHOSEN, NONE = 3, "none"


class Steering(Shape):
    """What a draft was made under, by the ids of the library's entries."""

    offered: tuple[str, ...]
    chosen: tuple[str, ...]
    followed: tuple[str | None, ...]
    """For each prediction the entry that it follows, or none."""


class Choice(Reply):
    """The letters of the strategies that fit, the likeliest first."""

    reasoning: Text
    chosen: tuple[Text, ...] = Field(
        max_length=MOST_CHOSEN, json_schema_extra={"items": {"type": "string", **one_of_input("strategies")}}
    )


class SteeredReply(DraftInsight):
    """Both views of a draft, and for each of the four predictions the letters of what it follows."""

    followed: tuple[Text, ...] = Field(min_length=4, max_length=4)


class SteeredInsight(DraftInsight):
    """Both views of a draft, with what it was made under."""

    steering: Steering


def letters_exist(reply: Choice | SteeredReply, fields: Mapping[str, Any]) -> str | None:
    strategies: Offered = fields["strategies"]
    for name in reply.chosen if isinstance(reply, Choice) else reply.followed:
        if strategies.get(name) is None and name.strip().lower() != NONE:
            return f'"{name}" is no letter of the strategies: they are {", ".join(strategies)}, or "{NONE}"'
    return None


STEERED = dataclasses.replace(FRAME, tags=(*FRAME.tags, "strategies"))
MATERIAL = """\
Category of the next utterance: {category}

<strategies>
{strategies}
</strategies>"""

CHOICE = Stage(
    frame=STEERED,
    name="choice of strategies",
    task="""\
The user speaks next; the category of the utterance stands below, and behind it strategies, ways in which users go on \
elsewhere, each behind its letters. Say in one or two sentences what the assistant's last turn leaves open for this \
user. Then choose the three that this user may most likely follow now, the likeliest first. A strategy fits only where \
its situation is that of this dialogue and an utterance of the category can follow it: choose fewer, or none, rather \
than one that does not.""",
    material=MATERIAL,
    example=Choice(reasoning="what is left open for this user", chosen=("A", "B", "C")),
    opens_with=("history", "tree"),
    checks=(letters_exist,),
    reply_tokens=70,
)

STEERED_INSIGHT = Stage(
    frame=STEERED,
    name="insight under strategies",
    task=INSIGHT.task
    + """ Behind the category stand strategies, ways in which a user may go on at such a moment, each behind its \
letters. Let paths and predictions follow them where they suit this dialogue and this user, and leave them where they \
do not; no reasoning speaks of them. "followed" tells of each of the four predictions, in order, the letters of the \
strategy that it follows, or "none".""",
    material=MATERIAL,
    example=SteeredReply(mining=BOTH_VIEWS.mining, exploration=BOTH_VIEWS.exploration, followed=("A", NONE, "B", NONE)),
    opens_with=("history", "tree"),
    checks=(predictions_differ, letters_exist),
    reply_tokens=320,
)

STEERING_STAGES: tuple[Stage[Any], ...] = (CHOICE, STEERED_INSIGHT)


async def choose(ask: Ask, seen: Mapping[str, Any], offered: Offered) -> list[LibraryEntry]:
    """The entries that fit now, each once, at most three. `seen` is what the insight stage sees."""
    choice = await ask(CHOICE, **seen, strategies=offered)
    return [*{entry.id: entry for name in choice.chosen if (entry := offered.get(name))}.values()]


async def steered(
    ask: Ask, seen: Mapping[str, Any], offered: Offered, chosen: Sequence[LibraryEntry]
) -> SteeredInsight:
    """The draft's two views under these entries; without any, as it is made without a library."""
    given, followed = Lettered(chosen), tuple[str | None, ...]((None,) * 4)
    insight: DraftInsight
    if chosen:
        insight = reply = await ask(STEERED_INSIGHT, **seen, strategies=given)
        followed = tuple(entry.id if (entry := given.get(name)) else None for name in reply.followed)
    else:
        insight = await ask(INSIGHT, **seen)
    steering = Steering(
        offered=tuple(entry.id for entry in offered.things),
        chosen=tuple(entry.id for entry in chosen),
        followed=followed,
    )
    return SteeredInsight(mining=insight.mining, exploration=insight.exploration, steering=steering)
