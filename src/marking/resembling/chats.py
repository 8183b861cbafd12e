"""A dialogue as it is compared: its user turns, each with what stood before it."""

import dataclasses
from collections.abc import Sequence
from functools import cached_property

from ...dialogues.turns import Dialogue, Turn
from ..signs import written_in

LONGEST = 2000  # characters of a turn, from its beginning or, where it is answered, from its end
OF_DIALOGUES = {"mirror", "rewrite", "extend"}  # recipes of src.converse whose seeds are dialogues
MOST_TURNS, LAST_TURNS = 60, 4  # of a dialogue that are looked at, from its beginning and from its end


@dataclasses.dataclass(frozen=True)
class Said:
    """A user turn and its context, of which the newest characters count."""

    text: str
    answers: str
    """The assistant's turn before it; "" for an opening."""
    own: str
    """What this user said before."""
    heard: str
    """What the assistant said before the turn that is answered."""


@dataclasses.dataclass(frozen=True)
class Chat:
    """A dialogue as it is compared."""

    place: int
    """In its file, from 0."""
    group: str
    """A name that its twins share; "" where it has none."""
    name: str
    origin: str
    """The name of the dialogue that it was made from; "" where it was made from something else, or is real."""
    turns: Sequence[Turn]
    begun: int = 0
    """User turns at the beginning of a made dialogue that somebody really said. They are not compared."""

    @cached_property
    def places(self) -> Sequence[int]:
        """Where the user speaks."""
        return [place for place, turn in enumerate(self.turns) if turn.role == "user"]

    @property
    def user_turns(self) -> Sequence[str]:
        """What is compared."""
        return [self.turns[place].content for place in self.places[self.begun :]]

    @cached_property
    def language(self) -> str:
        return written_in(" ".join(self.user_turns))

    def said(self, place: int, back: int) -> Said:
        """The user turn at this place, with so many turns of either before the one that it answers."""
        heard = [turn.content for turn in self.turns[:place] if turn.role == "assistant"]
        own = [turn.content for turn in self.turns[:place] if turn.role == "user"]
        answers = heard.pop() if heard else ""
        context = (answers, *("\n".join(texts[len(texts) - min(back, len(texts)) :]) for texts in (own, heard)))
        return Said(self.turns[place].content[:LONGEST], *(text[-LONGEST:] for text in context))


def shortened(turn: Turn) -> Turn:
    """A very long turn without its middle."""
    text = turn.content
    return turn if len(text) <= 2 * LONGEST else Turn(role=turn.role, content=f"{text[:LONGEST]}\n{text[-LONGEST:]}")


def chat_of(dialogue: Dialogue, place: int) -> Chat:
    """The dialogue as it is compared. Of a very long one the beginning and the end."""
    turns = [turn for turn in dialogue.turns if turn.role in {"user", "assistant"}]
    kept = turns if len(turns) <= MOST_TURNS else turns[: MOST_TURNS - LAST_TURNS] + turns[-LAST_TURNS:]
    made = dialogue.made or {}
    group, real = made.get("group"), made.get("real")
    begun = sum(turn.role == "user" for turn in kept[: real if isinstance(real, int) and real > 0 else 0])
    origin = repr(made.get("seed_id")) if made.get("recipe") in OF_DIALOGUES else ""
    group = "" if group is None else str(group)
    return Chat(place, group, repr(dialogue.name), origin, [*map(shortened, kept)], begun)
