"""A dialogue cut into samples, one for each turn to be predicted."""

import dataclasses
import itertools
import random
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from ..basics.dice import dice
from ..running.output import SampleId
from .raw import PassedOver
from .settings import Reading
from .turns import MEDIA, Dialogue, Role, Turn

LABELS: dict[Role, str] = {"system": "System", "user": "User", "assistant": "Assistant", "tool": "Tool"}
# Every sign that some reader takes for the end of a line, and not only that of Unix.
LINE_ENDS = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"
LABEL = re.compile(rf"[^\S{LINE_ENDS}]*(?:\[Round \d+\]|(?:{'|'.join(LABELS.values())})\s*[:：])")
LABEL_ON_A_NEW_LINE = re.compile(rf"[{LINE_ENDS}](?={LABEL.pattern})")
MOST_DISTRACTORS = 2

ONLY_MARKS = re.compile(r"(\[[\w-]+\]\s*)+")
LONGEST_ASSISTANT_TURN = 1500  # characters


@dataclasses.dataclass(frozen=True)
class Sample:
    """A dialogue cut for one prediction: what was said, what the user said next, and bait from elsewhere in it."""

    sample_id: SampleId
    item_id: int
    position: int
    """Place of the dialogue in the input, from 0."""
    context: tuple[Turn, ...]
    utterance: str
    distractors: tuple[str, ...]
    seed: int
    made: Mapping[str, Any] | None = None
    """How the dialogue came about, where it is a made one."""

    @cached_property
    def history(self) -> str:
        """The context as text."""
        return chat_history(self.context)

    @property
    def assistant_turn(self) -> str:
        """The assistant's last turn; of a very long one, the end, which is what the user answers."""
        said = self.context[-1].content
        return said if len(said) <= LONGEST_ASSISTANT_TURN else "… " + said[-LONGEST_ASSISTANT_TURN:]

    def ending_in(self, user: str, assistant: str) -> "Sample":
        """The same dialogue with another last exchange: all from the user's last turn on gives way to these two."""
        turns = [turn.role for turn in self.context]
        before = len(turns) - 1 - turns[::-1].index("user") if "user" in turns else 0
        exchange = Turn(role="user", content=user), Turn(role="assistant", content=assistant)
        return dataclasses.replace(self, context=(*self.context[:before], *exchange))

    def dice(self, decision: str) -> random.Random:
        """The random stream of one named decision; no other draw, and no timing, can move it."""
        return dice(self.seed, self.sample_id, f"{self.item_id} {decision}")


def chat_history(context: Sequence[Turn]) -> str:
    """The turns as text, in numbered rounds that each begin with a user turn.

    A line inside a turn that looks like a label of ours is quoted with "> ", so that what somebody typed is
    never read as a turn of the dialogue.
    """
    lines: list[str] = []
    rounds = 0
    for turn in context:
        if turn.role == "user" or (rounds == 0 and turn.role != "system"):
            rounds += 1
            lines.append(f"\n[Round {rounds}]")
        lines.append(f"{LABELS[turn.role]}: {with_labels_quoted(turn.content)}")
    return "\n".join(lines).strip()


def with_labels_quoted(text: str) -> str:
    """The text with "> " before whatever stands at the beginning of a line and looks like a label of ours."""
    if LABEL_ON_A_NEW_LINE.search(text):
        text = LABEL_ON_A_NEW_LINE.sub(r"\g<0>> ", text)
    return f"> {text}" if LABEL.match(text) else text


def samples(dialogue: Dialogue, position: int, reading: Reading, put_right: Counter[str]) -> Iterator[Sample]:
    """The samples of one dialogue; raises `PassedOver`. What had to be put right is counted by kind."""
    turns = dialogue.turns
    places = [i for i in range(1, len(turns)) if (turns[i - 1].role, turns[i].role) == ("assistant", "user")]
    if dialogue.odd[MEDIA]:  # which nobody types
        places = [place for place in places if not ONLY_MARKS.fullmatch(turns[place].content)]
    if not places:
        raise PassedOver("no user turn after an assistant turn")
    put_right.update(dialogue.odd)
    if reading.turns == "random":
        places = [dice(reading.seed, dialogue.name, "turn").choice(places)]
    for item_id, place in enumerate(places[-1:] if reading.turns == "last" else places):
        yield Sample(
            sample_id=dialogue.name,
            item_id=item_id,
            position=position,
            context=context_of(turns, place, reading.max_context_chars, put_right),
            utterance=turns[place].content,
            distractors=distractors(turns, place),
            seed=reading.seed,
            made=dialogue.made,
        )


def context_of(turns: Sequence[Turn], place: int, most: int | None, put_right: Counter[str]) -> tuple[Turn, ...]:
    """The turns before a place, or of more characters the system turn and as many of the newest whole rounds as fit.

    The newest round stays, however long it is. Looks at no more turns than it gives back.
    """
    if most is None:
        return tuple(turns[:place])
    head = next((at for at in range(place) if turns[at].role != "system"), 0)
    size, start = sum(len(turn.content) for turn in turns[:head]), place
    kept: int | None = None
    while start > head and (size <= most or kept is None):
        start -= 1
        size += len(turns[start].content)
        if turns[start].role == "user" and (size <= most or kept is None):
            kept = start
    if start == head and size <= most:
        return tuple(turns[:place])
    put_right["context shortened to --max-context-chars"] += 1
    return (*turns[:head], *turns[head if kept is None else kept : place])


def distractors(turns: Sequence[Turn], place: int) -> tuple[str, ...]:
    """Other user turns as bait: those after the real one in order, then those before it, nearest first."""
    seen = {folded(turns[place].content)}
    found: list[str] = []
    for at in itertools.chain(range(place + 1, len(turns)), range(place - 1, -1, -1)):
        if turns[at].role == "user" and folded(turns[at].content) not in seen:
            seen.add(folded(turns[at].content))
            found.append(turns[at].content)
            if len(found) == MOST_DISTRACTORS:
                break
    return tuple(found)


def folded(text: str) -> str:
    return text.strip().casefold()
