"""One side of the comparison: all its dialogues counted, and of each language as many kept as are compared."""

import dataclasses
import heapq
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence

from tqdm import tqdm

from ...basics.command import Stop
from ...basics.dice import dice
from ...basics.files import STANDARD_INPUT
from ...dialogues.intake import whole
from ...running.tally import Tally
from .chats import Chat, chat_of
from .profiles import Profile
from .settings import Settings


@dataclasses.dataclass(frozen=True)
class Drawn:
    """What was read of one side."""

    files: Sequence[str]
    profile: Profile
    chats: Mapping[str, Sequence[Chat]]
    """By language, in an order that was drawn by the dialogues' names."""
    tally: Tally


def drawn(side: str, files: Sequence[str], most: int, settings: Settings, look: Callable[[Chat], None]) -> Drawn:
    """Read a side, have each dialogue looked at, and keep so many of each language. Raises Stop where there is none."""
    tally, profile = Tally(), Profile()
    kept = defaultdict[str, list[tuple[float, int, Chat]]](list)
    dialogues = whole(settings, files, tally)
    for place, dialogue in enumerate(tqdm(dialogues, desc=side, unit=" dialogues", disable=None)):
        chat = chat_of(dialogue, place)
        if not chat.user_turns:
            tally.passed_over["no made user turn" if chat.places else "no user turn"] += 1
            continue
        said = [turn.content for turn in dialogue.turns if turn.role == "user"]
        profile.add(said[chat.begun :], chat.language)
        look(chat)
        number = dice(settings.seed, dialogue.name, "resemblance sample").random()
        pile = kept[chat.language]
        (heapq.heappush if len(pile) < most else heapq.heappushpop)(pile, (number, -place, chat))
    if not profile.turns:
        raise Stop(nothing_in(side, files, tally))
    return Drawn(files, profile, {name: [chat for *_, chat in sorted(pile)] for name, pile in kept.items()}, tally)


def nothing_in(side: str, files: Sequence[str], tally: Tally) -> str:
    """Why there is nothing to compare, and what to do."""
    where = " ".join("standard input" if file == STANDARD_INPUT else file for file in files)
    if not tally.rows:
        return f"{where} is empty: give --{side} a file of dialogues."
    reasons = tally.passed_over + Counter({"not JSON": tally.unreadable})
    ((reason, count),) = reasons.most_common(1)
    return (
        f"There is no user turn in the {tally.rows:,} rows of {where} ({count:,}: {reason}): give --{side} a file of"
        " dialogues, or name the user's role with --user-role."
    )
