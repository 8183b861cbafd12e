"""A dialogue that is written whole by one call: its steps, the shape of the reply, and its checks."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from ....basics.shape import Shape, Text
from ....basics.text import normalised
from ....calling.schema import AS_MANY_AS_ASKED, as_many_as_asked
from ....calling.stage import Reply
from ....dialogues.turns import Turn
from .checks import faults_in
from .draws import Draw
from .people import GIVES_UP, drawn_friction, words_of
from .recipe import Ending, Talk
from .signs import tidied


class Exchange(Shape):
    """What the user says, and the reply to it."""

    user: Text
    assistant: Text


class Script(Reply):
    """A whole dialogue."""

    exchanges: Annotated[tuple[Exchange, ...], AfterValidator(as_many_as_asked)] = Field(
        json_schema_extra=AS_MANY_AS_ASKED
    )


EXAMPLE = Script(
    exchanges=(
        Exchange(user="what the person types", assistant="what the assistant replies"),
        Exchange(user="what the person types next", assistant="what the assistant replies then"),
    )
)
HOW = """\
One exchange for each step, in order: the person's message, then the reply. Messages are as people type them: short, \
about one thing, in their own words and way of typing, with no more than the step says; seldom a greeting, thanks or \
praise, never help for the assistant, no names of speakers. Replies are those of a capable assistant, in two or three \
sentences or what the matter needs, and the person takes up what they say."""
"""The part of a task that all scripts share."""


def steps_of(draw: Draw, most: int = 12) -> list[str]:
    """What is drawn for each exchange, the last of them where the person gives up."""
    steps: list[str] = []
    for number in range(1, min(draw.user_turns, most) + 1):
        friction = drawn_friction(draw, number)
        words = words_of(draw, number, friction)
        steps.append(f"about {words} words{f'; the person {friction.text}' if friction.text else ''}")
        if friction.name == GIVES_UP:
            break
    return steps


def ending_of(draw: Draw, rounds: int) -> Ending:
    """How a script of so many rounds ends."""
    return "gave up" if drawn_friction(draw, rounds).name == GIVES_UP else "length"


def turns_of(exchanges: Sequence[Exchange]) -> Iterator[Turn]:
    for exchange in exchanges:
        yield Turn(role="user", content=tidied(exchange.user))
        yield Turn(role="assistant", content=tidied(exchange.assistant))


def talk_is_sound(reply: Script, _: Mapping[str, Any]) -> str | None:
    """What would have the dialogue left out goes back to the model first."""
    return next((fault.reason for fault in faults_in(Talk([*turns_of(reply.exchanges)], {}))), None)


def values_occur(reply: Script, fields: Mapping[str, Any]) -> str | None:
    """Each step's values, as they are, in its exchange."""
    for number, (step, exchange) in enumerate(zip(fields["steps"], reply.exchanges, strict=False), 1):
        said = normalised(f"{exchange.user} {exchange.assistant}")
        for value in step.values:
            if normalised(value) not in said:
                return f'exchange {number} lacks "{value}", which its step gives: have it said, as it is written there'
    return None
