"""A dialogue cut into samples, one for each turn to be predicted."""

import dataclasses
import hashlib
import random
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property

import orjson

from ..basics.dice import dice
from ..running.output import SampleId
from .raw import PassedOver, Raw
from .settings import Reading
from .turns import MEDIA, Role, Turn, cleaned

LABELS: dict[Role, str] = {"system": "System", "user": "User", "assistant": "Assistant", "tool": "Tool"}
LOOKS_LIKE_A_LABEL = re.compile(rf"^(?=\[Round \d+\]|(?:{'|'.join(LABELS.values())}):)", re.MULTILINE)
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

    @cached_property
    def history(self) -> str:
        """The context as text."""
        return chat_history(self.context)

    @property
    def assistant_turn(self) -> str:
        """The assistant's last turn; of a very long one, the end, which is what the user answers."""
        said = self.context[-1].content
        return said if len(said) <= LONGEST_ASSISTANT_TURN else "… " + said[-LONGEST_ASSISTANT_TURN:]

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
        lines.append(f"{LABELS[turn.role]}: {LOOKS_LIKE_A_LABEL.sub('> ', turn.content)}")
    return "\n".join(lines).strip()


def samples(raw: Raw, position: int, reading: Reading, put_right: Counter[str]) -> Iterator[Sample]:
    """The samples of one dialogue; raises `PassedOver`. What had to be put right is counted by kind."""
    odd: Counter[str] = Counter()
    dialogue = cleaned(raw, reading, odd)
    sample_id = raw.given_id if raw.given_id is not None else content_id(dialogue)
    places = [i for i in range(1, len(dialogue)) if (dialogue[i - 1].role, dialogue[i].role) == ("assistant", "user")]
    if odd[MEDIA]:  # which nobody types
        places = [place for place in places if not ONLY_MARKS.fullmatch(dialogue[place].content)]
    if not places:
        raise PassedOver("no user turn after an assistant turn")
    put_right.update(odd)
    if reading.turns == "random":
        places = [dice(reading.seed, sample_id, "turn").choice(places)]
    for item_id, place in enumerate(places[-1:] if reading.turns == "last" else places):
        yield Sample(
            sample_id=sample_id,
            item_id=item_id,
            position=position,
            context=newest_rounds(dialogue[:place], reading.max_context_chars, put_right),
            utterance=dialogue[place].content,
            distractors=distractors(dialogue, place),
            seed=reading.seed,
        )


def newest_rounds(context: tuple[Turn, ...], most: int | None, put_right: Counter[str]) -> tuple[Turn, ...]:
    """The context, or of one with more characters its system turn and as many of its newest whole rounds as fit.

    The newest round stays, however long it is.
    """
    sizes = [len(turn.content) for turn in context]
    if most is None or sum(sizes) <= most:
        return context
    head = next((place for place, turn in enumerate(context) if turn.role != "system"), 0)
    starts = [place for place in range(head, len(context)) if context[place].role == "user"] or [head]
    fitting = [start for start in starts if sum(sizes[:head]) + sum(sizes[start:]) <= most]
    put_right["context shortened to --max-context-chars"] += 1
    return context[:head] + context[(fitting or starts[-1:])[0] :]


def distractors(dialogue: Sequence[Turn], place: int) -> tuple[str, ...]:
    """Other user turns as bait: those after the real one in order, then those before it, nearest first."""
    seen = {folded(dialogue[place].content)}
    found = []
    for turn in (*dialogue[place + 1 :], *reversed(dialogue[:place])):
        if turn.role == "user" and folded(turn.content) not in seen:
            seen.add(folded(turn.content))
            found.append(turn.content)
    return tuple(found[:MOST_DISTRACTORS])


def folded(text: str) -> str:
    return text.strip().casefold()


def content_id(dialogue: Sequence[Turn]) -> str:
    """A name for a dialogue without an id: a hash of what was said."""
    said = orjson.dumps([[turn.role, turn.content] for turn in dialogue])
    return "sha256-" + hashlib.sha256(said).hexdigest()[:16]
