"""Where and how a written person asks, as tables that the dice choose from; nothing goes against the rest."""

from collections.abc import Mapping, Sequence
from typing import Any

from .draws import Draw
from .people import AN_ORDER, EXPERT, FRICTION, GREETING, KEYWORDS, NOT_AT_WORK, QUESTION, VAGUE

AT_WORK = "at work, between two tasks"
SETTINGS = (
    *(AT_WORK, "on the phone in a queue", "at home, late at night", "with somebody waiting"),
    *("at the kitchen table, with the thing itself in front", "on a train with bad reception", "before an appointment"),
    *("after a failed attempt", "on a free afternoon, for its own sake", "for somebody else who does not type"),
)
NO_PARTICULARS, SOME = "none: as anybody would ask", "one or two that matter"
PARTICULARS = (*(NO_PARTICULARS,) * 3, SOME, SOME, "figures, names of things, a mistake")  # most ask in general
NO_CASE = (QUESTION, KEYWORDS, GREETING, AN_ORDER)
"""Ways to begin that tell of no case."""
SILENT, ASKS_FOR_WORDS, TELLS = "never answers questions back", "asks what a word means", "tells more than is needed"
CHARACTERISTICS = (
    *("comes back to an earlier point", "asks for a thing in another form", TELLS),
    *(SILENT, "asks why", "wants numbers", "compares two options", "tests what is said"),
    *("switches to a second matter on the way", "gets to the real matter late", ASKS_FOR_WORDS),
)


def case_of(draw: Draw, who: Mapping[str, str], steps: Sequence[str]) -> dict[str, Any]:
    """Setting, particulars and characteristics, for who asks in these steps."""
    at_work, in_general = who["life"] not in NOT_AT_WORK, who["begins"] in NO_CASE
    particulars = draw.one_of("particulars", [each for each in PARTICULARS if in_general or each != NO_PARTICULARS])
    unfit = {
        ASKS_FOR_WORDS: who["knows of the matter"] == EXPERT,
        TELLS: particulars == NO_PARTICULARS,
        SILENT: any(FRICTION[VAGUE] in step for step in steps),  # which may take a question back
    }
    fit = [each for each in CHARACTERISTICS if not unfit.get(each)]
    return {
        "setting": draw.one_of("setting", [each for each in SETTINGS if at_work or each != AT_WORK]),
        "particulars": particulars,
        "in this dialogue": draw.some_of("characteristics", fit, 2),
    }
