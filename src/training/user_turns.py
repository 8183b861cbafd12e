"""What a user simulator learns: from a dialogue and some strategies, which one is followed, and the user's turn."""

from pydantic import Field

from ..basics.text import without_tags
from ..calling.stage import fill
from ..pairs.sides import NotEmpty, Trainable
from .templates import OPENING

USER = "user"
"""The name of the template."""
QUESTION = (
    OPENING
    + """ Behind it stand strategies, one of which the user follows. Write it between <strategy> and </strategy>, as \
it is given, and on the next line, between <turn> and </turn>, the whole next turn as the user would type it, in the \
language of the dialogue.

<dialogue>
{history}
</dialogue>

<strategies>
{candidates}
</strategies>"""
)
ANSWER = "<strategy>{name}</strategy>\n<turn>{utterance}</turn>"
TAGS = ("dialogue", "strategies", "strategy", "turn")


class UserTurn(Trainable):
    """A line of the turns of `src.strategies`."""

    utterance: NotEmpty = Field(alias="label")
    name: NotEmpty
    candidates: tuple[NotEmpty, ...] = Field(min_length=1)
    """Names of entries in an order that tells nothing, the true one among them."""

    @property
    def said(self) -> tuple[str, ...]:
        return (self.utterance,)

    @property
    def question(self) -> str:
        candidates = "\n".join(f"- {without_tags(name, *TAGS)}" for name in self.candidates)
        return fill(QUESTION, {"history": without_tags(self.history, *TAGS), "candidates": candidates})

    @property
    def answer(self) -> str:
        told = {"name": self.name, "utterance": self.utterance}
        return fill(ANSWER, {key: without_tags(text, *TAGS) for key, text in told.items()})
