"""An input row into samples: odd dialogues are put right where one answer is right, or passed over with a reason.

Same-role turns in a row are joined. System and tool turns are context and never predicted. A blank user or
assistant turn ends the dialogue there, since nothing after it is a known answer to what stands before it.
"""

import dataclasses
import hashlib
import math
import random
import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import groupby
from typing import Any

import orjson

from .config import Turns
from .records import SampleId
from .schemas import Role, Turn

ROLES: dict[str, Role] = {
    "user": "user",
    "assistant": "assistant",
    "system": "system",
    "developer": "system",
    "tool": "tool",
    "function": "tool",
}
LABELS: dict[Role, str] = {"system": "System", "user": "User", "assistant": "Assistant", "tool": "Tool"}
LOOKS_LIKE_A_LABEL = re.compile(rf"^(?=\[Round \d+\]|(?:{'|'.join(LABELS.values())}):)", re.MULTILINE)
MOST_DISTRACTORS = 2
LONGEST_ASSISTANT_TURN = 1500  # characters


class PassedOver(Exception):
    """This dialogue gives no sample; the message is the reason that the summary counts."""


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


def dice(seed: int, sample_id: SampleId, decision: str) -> random.Random:
    return random.Random(f"{seed} {sample_id!r} {decision}")


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


def samples(row: Any, position: int, turns: Turns, seed: int) -> Iterator[Sample]:
    """The samples of one input row `{"id", "conversation": [{"role", "content"}]}`; raises `PassedOver`."""
    if not isinstance(row, dict):
        raise PassedOver("not a JSON object")
    dialogue = joined(row.get("conversation"))
    sample_id = identity(row, dialogue)
    places = [i for i in range(1, len(dialogue)) if (dialogue[i - 1].role, dialogue[i].role) == ("assistant", "user")]
    if not places:
        raise PassedOver("no user turn after an assistant turn")
    if turns == "random":
        places = [dice(seed, sample_id, "turn").choice(places)]
    for item_id, place in enumerate(places[-1:] if turns == "last" else places):
        yield Sample(
            sample_id=sample_id,
            item_id=item_id,
            position=position,
            context=dialogue[:place],
            utterance=dialogue[place].content,
            distractors=distractors(dialogue, place),
            seed=seed,
        )


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


def identity(row: dict[str, Any], dialogue: Sequence[Turn]) -> SampleId:
    """The row's own id with its JSON type; without one, a hash of what was said."""
    if (given := given_id(row)) is None:
        said = orjson.dumps([[turn.role, turn.content] for turn in dialogue])
        return "sha256-" + hashlib.sha256(said).hexdigest()[:16]
    return given


def given_id(row: dict[str, Any]) -> SampleId | None:
    """The row's own id, if it has one. Raises PassedOver for one that cannot be kept as it is."""
    given = row.get("id", row.get("conversation_id"))
    if given is None or isinstance(given, str):
        return given
    if not isinstance(given, int | float) or not math.isfinite(given):
        raise PassedOver("id is not a string or number")
    if not -(2.0**63) <= given < 2.0**64:  # beyond, JSON readers round
        raise PassedOver("id is a number of more than 64 bits")
    return given


def joined(messages: Any) -> tuple[Turn, ...]:
    """The turns up to the first blank one, with same-role turns in a row made one."""
    if not isinstance(messages, list):
        raise PassedOver("no conversation" if messages is None else "conversation is not a list")
    if not messages:
        raise PassedOver("no messages")
    turns: list[Turn] = []
    for turn in map(turn_of, messages):
        if turn.content.strip():
            turns.append(turn)
        elif turn.role in {"user", "assistant"}:
            break
    if not turns:
        raise PassedOver("the first turn is blank")
    merged = ((role, [turn.content for turn in group]) for role, group in groupby(turns, lambda turn: turn.role))
    return tuple(Turn(role=role, content="\n".join(contents)) for role, contents in merged)


def turn_of(message: Any) -> Turn:
    if not isinstance(message, dict):
        raise PassedOver("a message is not an object")
    role = message.get("role")
    known = ROLES.get(role.strip().casefold()) if isinstance(role, str) else None
    if known is None:
        raise PassedOver(f"unknown role {str(role)[:40]!r}")
    parts = [text_of(message.get("content")), *map(call_of, message.get("tool_calls") or ())]
    return Turn(role=known, content="\n".join(filter(None, parts)))


def text_of(content: Any) -> str:
    """The text of a message: text parts as they are, other media marked by their type."""
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "\n".join(filter(None, map(part_of, content)))
    raise PassedOver("content is neither text nor a list of parts")


def part_of(part: Any) -> str:
    if isinstance(part, str):
        return part
    if not isinstance(part, dict):
        raise PassedOver("a content part is neither text nor an object")
    text = part.get("text", part.get("value") if part.get("type") == "text" else None)
    return text if isinstance(text, str) else f"[{part.get('type', 'media')}]"


def call_of(call: Any) -> str:
    function = call.get("function") if isinstance(call, dict) else None
    if not isinstance(function, dict):
        return "[tool call]"
    return f"[tool call: {function.get('name')}({function.get('arguments', '')})]"
