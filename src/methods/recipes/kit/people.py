"""Who the user is and how that person behaves, as tables that the dice choose from.

Left to itself a model makes the same few people: patient, polite, of one age and one trade. So the traits are drawn,
and the model is told what came out.
"""

import dataclasses
from collections.abc import Mapping, Sequence

from ....dialogues.turns import Turn
from .draws import Draw

AGES = (
    "a teenager",
    "about twenty",
    "in the thirties",
    "in the forties",
    "in the fifties",
    "past sixty",
    "past seventy",
)
LIVES = (
    *("drives a delivery van", "nurse on night shifts", "studies, with a side job", "runs a small shop alone"),
    *("teaches at a primary school", "software developer", "between two jobs", "retired, was an electrician"),
    *("at home with two small children", "works in a warehouse", "accountant in a large firm", "cooks in a canteen"),
    *("farms a little land", "cares for a sick parent", "freelance translator", "apprentice in a garage"),
    *("new in the country", "manages a team in sales", "plays music for a living", "clerk in a town hall"),
    *("hairdresser", "PhD student", "just finished school", "site manager, mostly on the phone"),
    *("bus driver", "dentist's assistant", "caretaker of a block of flats", "works in a call centre"),
)
MOODS = (
    *("calm", "in a hurry", "tired", "curious", "worried", "annoyed before it begins", "cheerful", "bored"),
    *("sceptical of machines", "unsure of what to ask"),
)
KNOWLEDGE = (
    *("nothing of the matter and none of its words", "a little, half of it wrong", "what everybody knows"),
    *("a good deal from practice, little theory", "as much as a professional"),
)
TYPING = (
    *("all lower case, no full stops", "all lower case, short forms (u, pls, cant, w/), a typo now and then"),
    *("capital at the beginning, no full stop at the end", "plain, correct sentences", "bits of sentences, dictated"),
    *("keywords as for a search engine", "long sentences strung together with commas", "careful and complete"),
)
OPENINGS = (
    *("with the bare question", "with an order to do something", "with what has just happened, then what is wanted"),
    *(
        "with two or three keywords",
        "with a detail of the case, the goal left to be guessed",
        "with an opinion to test",
    ),
    *("with a greeting and then the matter", "with what was tried already", "in the middle, as if known already"),
)
LEAVING = (
    *("stops without a word when it is enough", "stops without a word when it is enough", "a last small question"),
    *("says in a word or two that it is clear", "says what happens next, and no thanks", "a bare thanks"),
)
BIG_FIVE = ("openness", "conscientiousness", "extraversion", "agreeableness", "neuroticism")
LEVELS = ("low", "middling", "high")

FRICTION: Mapping[str, str] = {
    "vague": "is so vague here that it takes a guess or a question back to know what is meant",
    "corrects": "takes back or corrects something said before, or a misreading in the last reply",
    "objects": "does not take the last reply as it is: doubts a point of it, or says why it is no use here",
    "repeats": "did not get what was asked for, and asks for the same again in other, shorter words",
    "gives up": "has had enough of this, says so in a few words and leaves; it is the last message",
}
GIVES_UP = "gives up"
FIRST = ("vague",)
"""Of the kinds of friction, those that a first message can have."""


def traits(draw: Draw) -> dict[str, str]:
    """Who the user is, by trait."""
    tables: Mapping[str, Sequence[str]] = {
        "age": AGES,
        "life": LIVES,
        "mood": MOODS,
        "knows": KNOWLEDGE,
        "types": TYPING,
        "begins": OPENINGS,
        "leaves": LEAVING,
    }
    return {name: draw.one_of(name, table) for name, table in tables.items()} | {"language": draw.language}


def big_five(draw: Draw, whose: str) -> str:
    """A personality as levels of the five traits."""
    return ", ".join(f"{trait} {draw.one_of(f'{whose} {trait}', LEVELS)}" for trait in BIG_FIVE)


@dataclasses.dataclass(frozen=True)
class Move:
    """What the user does in a turn, where that is not left to the model."""

    name: str
    text: str
    """Of the person, in the third person and the present."""


FREE = Move("", "")


async def drawn_move(draw: Draw, turns: Sequence[Turn], number: int) -> Move:
    """What the dice say, whatever was said."""
    _ = turns
    return drawn_friction(draw, number)


def drawn_friction(draw: Draw, number: int) -> Move:
    """Friction, in a share of the turns that the run wishes for; else nothing in particular."""
    drawn = draw.dice(f"friction {number}")
    if drawn.random() >= draw.wishes.friction:
        return FREE
    may_leave = number > draw.user_turns // 2
    kinds = FIRST if number == 1 else [kind for kind in FRICTION if kind != GIVES_UP or may_leave]
    kind = drawn.choice(kinds)
    return Move(kind, FRICTION[kind])
