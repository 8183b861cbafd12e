"""Who the user is and how that person behaves, as tables that the dice choose from.

Left to itself a model makes the same few people: patient, polite, of one age and one trade. So the traits are drawn,
and the model is told what came out.
"""

import dataclasses
from collections.abc import Mapping, Sequence

from ....dialogues.turns import Turn
from .draws import Draw


@dataclasses.dataclass(frozen=True)
class Life:
    """How somebody lives, and from which age to which people do."""

    text: str
    youngest: int
    oldest: int
    at_work: bool = True


LIVES = (
    Life("drives a delivery van", 20, 60),
    Life("nurse on night shifts", 22, 62),
    Life("studies, with a side job", 18, 29),
    Life("runs a small shop alone", 25, 68),
    Life("teaches at a primary school", 24, 63),
    Life("software developer", 21, 55),
    Life("between two jobs", 20, 60, at_work=False),
    Life("retired, was an electrician", 63, 84, at_work=False),
    Life("at home with two small children", 24, 44, at_work=False),
    Life("works in a warehouse", 18, 60),
    Life("accountant in a large firm", 25, 62),
    Life("cooks in a canteen", 20, 63),
    Life("farms a little land", 30, 76),
    Life("cares for a sick parent", 35, 65, at_work=False),
    Life("freelance translator", 25, 70),
    Life("apprentice in a garage", 16, 22),
    Life("new in the country, learning its language", 18, 50),
    Life("manages a team in sales", 28, 60),
    Life("plays music for a living", 20, 66),
    Life("clerk in a town hall", 22, 64),
    Life("hairdresser", 18, 60),
    Life("writes a doctoral thesis", 25, 36),
    Life("at school, in the last year", 16, 19, at_work=False),
    Life("site manager, mostly on the phone", 27, 63),
    Life("bus driver", 24, 64),
    Life("dentist's assistant", 18, 60),
    Life("caretaker of a block of flats", 30, 66),
    Life("works in a call centre", 18, 55),
    Life("retired, lives alone", 66, 88, at_work=False),
    Life("sells on markets at weekends", 19, 72),
)
NOT_AT_WORK = frozenset(life.text for life in LIVES if not life.at_work)
MOODS = (
    *("calm", "in a hurry", "tired", "curious", "worried", "annoyed before it begins", "cheerful", "bored"),
    *("sceptical of machines", "unsure of what to ask"),
)
EXPERT = "as much as a professional"
KNOWLEDGE = (
    *("nothing of the matter and none of its words", "a little, half of it wrong", "what everybody knows"),
    *("a good deal from practice, little theory", EXPERT),
)
PLAIN, CAPITAL_NO_STOP = "plain, correct sentences", "capital at the beginning, no full stop at the end"
SMALL_NO_STOP = "all lower case, no full stops"
TYPING = (
    *(PLAIN,) * 3,  # as most do: of 294 turns of two real sets 4 % begin small
    *(CAPITAL_NO_STOP,) * 2,
    *(SMALL_NO_STOP, "all lower case, short forms (u, pls, cant, w/), a typo now and then"),
    *("bits of sentences, dictated", "keywords as for a search engine"),
    *("long sentences strung together with commas", "careful and complete"),
)
QUESTION, KEYWORDS = "with the bare question", "with two or three keywords"
GREETING, AN_ORDER = "with a greeting and then the matter", "with an order to do something"
OTHER_OPENINGS = (
    *(AN_ORDER, "with what has just happened, then what is wanted"),
    *("with a detail of the case, the goal left to be guessed", "with an opinion to test"),
    *("with what was tried already", "in the middle, as if known already"),
)
OPENINGS = (*(QUESTION,) * 4, KEYWORDS, GREETING, *OTHER_OPENINGS)  # most first messages ask
LEAVING_AT_LENGTH = (
    *("stops without a word when it is enough", "stops without a word when it is enough", "asks a last small question"),
    "says what they do next, without thanks",
)
LEAVING = (*LEAVING_AT_LENGTH, "says in a word or two that it is clear", "leaves with a bare thanks")
FEW_WORDS = 8
"""As many as a message has at most that is over in a word or two, or gives up in a few."""
BIG_FIVE = ("openness", "conscientiousness", "extraversion", "agreeableness", "neuroticism")
LEVELS = ("low", "middling", "high")

FRICTION: Mapping[str, str] = {
    "vague": "is so vague here that it takes a guess or a question back to know what is meant",
    "corrects": "takes back or corrects something said before, or a misreading in the last reply",
    "objects": "does not take the last reply as it is: doubts a point of it, or says why it is no use here",
    "repeats": "did not get what was asked for, and asks for the same again in other, shorter words",
    "gives up": "has had enough of this, says so in a few words and leaves; it is the last message",
}
VAGUE, REPEATS, GIVES_UP = "vague", "repeats", "gives up"
FIRST = (VAGUE,)
"""Of the kinds of friction, those that a first message can have."""


def traits(draw: Draw) -> dict[str, str]:
    """Who the user is, by trait."""
    life = draw.one_of("life", LIVES)
    tables: Mapping[str, Sequence[str]] = {
        "mood": MOODS,
        "knows of the matter": KNOWLEDGE,
        "types": draw.wishes.typing or TYPING,
        "begins": draw.wishes.openings or OPENINGS,
        "leaves": LEAVING if draw.words(draw.user_turns) <= FEW_WORDS else LEAVING_AT_LENGTH,
    }
    drawn = {name: draw.one_of(name, table) for name, table in tables.items()}
    age = draw.dice("age").randint(life.youngest, life.oldest)
    return {"age": str(age), "life": life.text, **drawn} | language(draw)


def language(draw: Draw) -> dict[str, str]:
    """The language as a trait, where one was wished for."""
    return {"language": draw.language} if draw.language else {}


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


def words_of(draw: Draw, number: int, move: Move) -> int:
    """About how many words a turn has: as drawn, but no more than what the user does in it allows."""
    drawn = draw.words(number)
    if move.name == GIVES_UP:
        return min(drawn, FEW_WORDS)
    return min(drawn, draw.words(number - 1)) if move.name == REPEATS else drawn
