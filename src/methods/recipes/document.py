"""Document: what a page says becomes a dialogue. The user's seat sees what it is about, the assistant's seat its facts.

Each fact comes with a quote that has to stand in the document, so that nothing is talked about that it does not say.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from ...basics.shape import Shape, Text
from ...basics.text import normalised
from ...calling.stage import Reply, Stage
from .kit.draws import Draw
from .kit.frame import FRAME
from .kit.people import traits
from .kit.recipe import Recipe, Seats, Seed, Talk, Voice
from .kit.talk import Scene, person_text, talk
from .kit.voices import USER


class Fact(Shape):
    """Something that the document says, and where."""

    fact: Text
    quote: Text


class Facts(Reply):
    """What can be talked about, and why somebody would."""

    about: Text
    occasion: Text
    facts: tuple[Fact, ...] = Field(min_length=2, max_length=10)


def quotes_occur(reply: Facts, fields: Mapping[str, Any]) -> str | None:
    document = normalised(fields["document"])
    for fact in reply.facts:
        if not (quote := normalised(fact.quote)) or quote not in document:
            return f'"{fact.quote}" does not stand in the document: quote its own words, from one place, without a gap'
    return None


FACTS = Stage(
    frame=FRAME,
    name="facts",
    task="""\
Somebody who has not read the document turns to a chat assistant that knows it. Everything in the language drawn, or \
else the document's.
"about": what it is about, in at most ten words, without what it says. "occasion": in a sentence, what has happened to \
this person, drawn below, that makes them ask; it fits the document and tells none of its facts. "facts": three to \
eight that matter to such a person, each in a sentence, with the "quote" it rests on: five to thirty words, copied \
from the document letter by letter.""",
    material="""\
<drawn>
{drawn}
</drawn>""",
    example=Facts(
        about="what the document is about",
        occasion="what has happened to this person",
        facts=(
            Fact(fact="a fact in a sentence", quote="the document's own words for it"),
            Fact(fact="another fact in a sentence", quote="its own words for that"),
        ),
    ),
    opens_with=("document",),
    demands=(quotes_occur,),
    reply_tokens=330,
)

KNOWING = Voice(
    stage="assistant turn",
    system="""\
You are an assistant in a chat who answers from the facts below and from nothing else. Reply to the last message, in \
its language: the one or two facts that it is after, in two or three sentences of your own, never all at once. Where \
the facts do not tell, say so. Where it is not clear what is wanted, ask one short question.

Facts:
{knows}""",
)


async def make(seats: Seats, seed: Seed, draw: Draw) -> Talk:
    """Have facts taken out of the document; then one who lacks them asks one who has them."""
    drawn = traits(draw)
    found = await seats.writer(FACTS, document=seed.text, drawn=person_text(drawn))
    person = {"wants to know about": found.about, "occasion": found.occasion, **drawn}
    knows = "\n".join(f"- {fact.fact}" for fact in found.facts)
    made = await talk(Scene(seats, draw, person, assistant=KNOWING.system.replace("{knows}", knows)))
    return Talk(made.turns, {**person, "facts": [fact.model_dump() for fact in found.facts]}, made.ending)


RECIPE = Recipe(
    name="document",
    seeds="documents",
    about="facts are taken out of a page, each with a quote; the user's seat sees the topic, the assistant's the facts",
    stands_for="knowledge into dialogues such as Clinical Camel's, question answering on papers and help pages",
    calls="1, and 2 a round",
    make=make,
    stages=(FACTS,),
    voices=(USER, KNOWING),
)
