"""The moves: what an utterance does with the assistant's last turn, in a dozen words."""

from collections.abc import Mapping
from typing import Annotated, Literal, get_args

from ...pairs.words import canonical

Move = Literal[
    "deepen",
    "narrow",
    "widen",
    "clarify",
    "verify",
    "object",
    "revise",
    "apply",
    "inform",
    "decide",
    "proceed",
    "turn",
]
NONE = "none"
AMove = Annotated[Literal[Move, "none"], canonical(*get_args(Move), NONE)]

MEANINGS: Mapping[Move, str] = {
    "deepen": "wants more on the same point: a reason, a detail, an example",
    "narrow": "adds a condition or a particular case that the answer has to fit",
    "widen": "wants alternatives, more of the kind, or a neighbouring matter",
    "clarify": "has not understood, or asks what was meant",
    "verify": "doubts or tests: asks for proof, for a comparison, whether it is sure",
    "object": "says that it is wrong, unwanted, beside the point, or did not work",
    "revise": "wants what was made changed in form, length, tone or content",
    "apply": "carries it over to a case, text or problem of its own",
    "inform": "tells of itself: a circumstance, an outcome, more than was asked for",
    "decide": "picks, agrees or declines, and says what follows from it",
    "proceed": "takes the next step of the same undertaking",
    "turn": "changes the subject",
}


def moves_in_words() -> str:
    """Every move with its meaning, a line each."""
    return "\n".join(f"- {move}: {meaning}" for move, meaning in MEANINGS.items())
