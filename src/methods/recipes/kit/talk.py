"""Two seats that talk, turn by turn: the user's knows the person, the assistant's nothing but the dialogue."""

import dataclasses
from collections.abc import Awaitable, Callable, Mapping, Sequence

from ....basics.text import without_tags
from ....calling.question import Messages, Question
from ....calling.stage import Fault
from ....dialogues.chats import as_chat
from ....dialogues.samples import chat_history
from ....dialogues.turns import Turn
from . import signs
from .checks import fault_of_assistant, fault_of_copy, fault_of_user, said_by
from .draws import Draw
from .people import GIVES_UP, Move, drawn_move, words_of
from .recipe import Ending, Seats, Talk
from .voices import ASSISTANT, THINKING, TURNED_USER, USER

TAGS = ("person", "dialogue")
MAY_LEAVE = 0.6  # of the drawn length, from where on the user may end it
Mover = Callable[[Draw, Sequence[Turn], int], Awaitable[Move]]
"""What the user does in the turn of this number; by default what the dice say."""


@dataclasses.dataclass(frozen=True)
class Said:
    """The user's turn, "" where nothing more is said; and how the dialogue ends with it, if it does."""

    text: str
    ending: Ending | None


@dataclasses.dataclass(frozen=True)
class Scene:
    """Who talks, and what each is told."""

    seats: Seats
    draw: Draw
    card: Mapping[str, object]
    """The person, for the user's seat alone."""
    assistant: str = ASSISTANT.system
    """The assistant's system message."""
    mover: Mover = drawn_move
    private: str = ""
    """What no turn may copy from."""
    most: int | None = None
    """User turns, where that is not as drawn."""

    @property
    def rounds(self) -> int:
        return self.most or self.draw.user_turns

    async def user_turn(self, turns: Sequence[Turn], number: int, move: Move) -> Said:
        """What the person types next."""
        asked = turned(self.card, turns) if self.draw.wishes.turned else as_text(self, turns, number, move)
        most_words = self.draw.words(number)

        def fault_of(text: str) -> Fault | None:
            said = left(signs.tidied(text))
            if said.ending and turns and not said.text:
                return None
            return fault_of_copy(said.text, self.private) or fault_of_user(said.text, turns, most_words)

        said = left(signs.tidied(await self.seats.user.utterance(Question(USER.stage, asked, None, None), fault_of)))
        return Said("", "loop") if signs.says_again(said.text, [turn.content for turn in turns]) else said

    async def assistant_turn(self, turns: Sequence[Turn]) -> str:
        """The reply to the last turn, by one who knows the dialogue and what the system message says."""
        system = self.assistant + (THINKING if self.draw.wishes.thinking else "")
        asked = [{"role": "system", "content": system}, *as_chat(turns)]
        question = Question(ASSISTANT.stage, asked, None, None)

        def fault_of(text: str) -> Fault | None:
            reply = signs.tidied(text)
            return fault_of_copy(reply, self.private) or fault_of_assistant(reply, turns)

        return signs.tidied(await self.seats.assistant.utterance(question, fault_of))


async def talk(scene: Scene, before: Sequence[Turn] = ()) -> Talk:
    """The dialogue of these two, behind turns that are there already."""
    turns = list(before)
    ending: Ending = "length"
    for number in range(1 + len(said_by(before, "user")), scene.rounds + 1):
        move = await scene.mover(scene.draw, turns, number)
        said = await scene.user_turn(turns, number, move)
        if said.text:
            turns.append(Turn(role="user", content=said.text))
        if said.ending or move.name == GIVES_UP:
            ending = said.ending or "gave up"
            break
        reply = await scene.assistant_turn(turns)
        if signs.says_again(reply, [turn.content for turn in turns]):
            ending = "loop"
            break
        turns.append(Turn(role="assistant", content=reply))
        if signs.only_thanks(said.text):
            ending = "done"
            break
    return Talk(turns, scene.card, ending, real=len(before))


# ---------------------------------------------------------------------------------------------- what the user is told


def left(text: str) -> Said:
    """A turn without the sign that the user leaves, if there is one."""
    if ends := signs.CONVERSATION_ENDS.search(text):
        return Said(text[: ends.start()].strip(), "done")
    if leaves := signs.LEAVE.search(text):
        return Said(text[: leaves.start()].strip(), "done" if leaves[1].lower() == "done" else "gave up")
    return Said(text, None)


def as_text(scene: Scene, turns: Sequence[Turn], number: int, move: Move) -> Messages:
    """The person and the dialogue as texts, then what is drawn for this turn."""
    card, draw = scene.card, scene.draw
    person = without_tags(person_text(card), *TAGS)
    history = without_tags(chat_history(turns), *TAGS) or "(nothing yet)"
    asked = (
        f"<person>\n{person}\n</person>\n\n<dialogue>\n{history}\n</dialogue>\n\n# Task: {USER.stage}\n\n{USER.task}"
    )
    wishes = [place_of(card, number, scene.rounds)]
    wishes += [f"In this message the person {move.text}."] if move.text else []
    wishes += [f"About {words_of(draw, number, move)} words{f', in {draw.language}' if draw.language else ''}."]
    return [{"role": "system", "content": USER.system}, {"role": "user", "content": f"{asked}\n\n{' '.join(wishes)}\n"}]


def place_of(card: Mapping[str, object], number: int, rounds: int) -> str:
    """Where in the dialogue a turn stands, as the model is told."""
    if number == 1:
        return f"It is the first of about {rounds}: this person begins {card.get('begins', 'as it comes')}."
    place = f"It is message {number} of about {rounds}."
    if number == rounds:
        leaves = card.get("leaves", "stops when it is enough")
        return f"{place} It is the last: this person {leaves}. Put [done] behind it where they have what they came for."
    if number > MAY_LEAVE * rounds:
        return f"{place} Put [done] behind it where nothing is left to ask, [gave up] where they have had enough."
    return place


def person_text(card: Mapping[str, object]) -> str:
    """A card as a prompt shows it: a line for each trait."""
    return "\n".join(
        f"{name}: {'; '.join(map(str, value)) if isinstance(value, list | tuple) else value}"
        for name, value in card.items()
    )


def turned(card: Mapping[str, object], turns: Sequence[Turn]) -> Messages:
    """The chat as a model has it that was trained to be the user."""
    system = TURNED_USER.system.replace("{person}", without_tags(person_text(card)))
    return [{"role": "system", "content": system}, *as_chat(turns, turned=True)]
