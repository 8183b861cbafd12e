"""What a dialogue must not be, whichever way it was made: turn by turn while it is made, and as a whole at its end."""

import itertools
from collections.abc import Iterator, Sequence

from ....calling.stage import Fault
from ....dialogues.turns import Turn
from . import signs
from .recipe import Talk

MOST_THANKS = 0.5  # of the user's turns
FEWEST_TURNS = 4  # of the user, for a habit to show
LONG = 4  # times the words that were drawn
LONG_AT_LEAST = 60  # words


def said_by(turns: Sequence[Turn], role: str) -> list[str]:
    return [turn.content for turn in turns if turn.role == role]


def fault_of_user(text: str, turns: Sequence[Turn], most_words: int) -> Fault | None:
    """What is wrong with a user's turn behind these. Some faults stay if they must; the dialogue then ends, or says so.

    The reasons are for the model that wrote it.
    """
    if not text:
        return Fault("empty", "nothing is said in it", fatal=True)
    if signs.sounds_like_assistant(text):
        why = (
            "it sounds like the assistant: the person asks, tells or reacts, and neither offers help nor lays out lists"
        )
        return Fault("sounds_like_assistant", why, fatal=True)
    if signs.says_again(text, [turn.content for turn in turns]):
        return Fault("says_again", "that was said before in this dialogue: go on to something else, or leave")
    if signs.thanks(text) and any(map(signs.thanks, said_by(turns, "user"))):
        return Fault("thanks_again", "the person has thanked before: leave thanks and praise out")
    if (count := signs.length_in_words(text)) > max(LONG_AT_LEAST, LONG * most_words):
        return Fault(
            "long_for_a_user", f"it has {count} words, and nobody types so much here: about {most_words} will do"
        )
    return None


def fault_of_assistant(text: str, turns: Sequence[Turn]) -> Fault | None:
    """The same of a reply."""
    if signs.says_again(text, [turn.content for turn in turns]):
        return Fault("says_again", "that was said before in this dialogue: answer the last message")
    return None


def fault_of_copy(text: str, private: str) -> Fault | None:
    """Whether a turn has words of a text that may not be copied."""
    if private and (run := signs.copied(text, private)):
        return Fault("copied", f'"{run}" stands like that in a private text: say it in other words', fatal=True)
    return None


def faults_in(talk: Talk) -> Iterator[Fault]:
    """What is wrong with a dialogue as a whole. Turns that somebody really said are not looked at."""
    made = talk.turns[talk.real :]
    user = said_by(made, "user")
    if not made or talk.turns[0].role != "user" or any(not turn.content.strip() for turn in made):
        yield Fault("empty", "it has no turn, or an empty one, or does not begin with the user")
    for place, turn in enumerate(talk.turns):
        if place < talk.real:
            continue
        if signs.names_a_speaker(turn.content):
            yield Fault("names_a_speaker", f"turn {place + 1} has a speaker's name in it")
        if turn.role == "user" and signs.sounds_like_assistant(turn.content):
            yield Fault("sounds_like_assistant", f"turn {place + 1} is the user's and sounds like the assistant")
        if signs.says_again(turn.content, [earlier.content for earlier in talk.turns[:place]]):
            yield Fault("says_again", f"turn {place + 1} repeats an earlier one")
    if len(user) >= FEWEST_TURNS and sum(map(signs.thanks, user)) > MOST_THANKS * len(user):
        yield Fault("always_thanks", "the user thanks in most turns")
    if any(signs.only_thanks(one) and signs.only_thanks(two) for one, two in itertools.pairwise(user)):
        yield Fault("never_ends", "the user thanks, and thanks again, and does not leave")
