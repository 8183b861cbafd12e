"""A dialogue into samples: odd ones are put right where one answer is right, or passed over with a reason.

Same-role turns in a row are joined. System and tool turns are context and never predicted. A blank user or
assistant turn ends the dialogue there, since nothing after it is a known answer to what stands before it.
"""

import dataclasses
import hashlib
import random
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import groupby
from typing import Any

import orjson

from .config import Config
from .records import SampleId
from .schemas import Role, Turn
from .shapes import PassedOver, Raw

ROLES: dict[str, Role] = {
    **dict.fromkeys(("user", "human", "prompter", "usr"), "user"),
    **dict.fromkeys(("assistant", "gpt", "chatgpt", "model", "bot", "chatbot", "ai", "bing", "bard"), "assistant"),
    **dict.fromkeys(("function_call", "tool_call"), "assistant"),
    **dict.fromkeys(("system", "developer"), "system"),
    **dict.fromkeys(("tool", "function", "observation", "tool_response", "function_response", "ipython"), "tool"),
}
LABELS: dict[Role, str] = {"system": "System", "user": "User", "assistant": "Assistant", "tool": "Tool"}
LOOKS_LIKE_A_LABEL = re.compile(rf"^(?=\[Round \d+\]|(?:{'|'.join(LABELS.values())}):)", re.MULTILINE)
MOST_DISTRACTORS = 2
MEDIA = "media marked by their kind"
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


def samples(raw: Raw, position: int, config: Config, put_right: Counter[str]) -> Iterator[Sample]:
    """The samples of one dialogue; raises `PassedOver`. What had to be put right is counted by kind."""
    odd: Counter[str] = Counter()
    dialogue = cleaned(raw, config, odd)
    sample_id = raw.given_id if raw.given_id is not None else content_id(dialogue)
    places = [i for i in range(1, len(dialogue)) if (dialogue[i - 1].role, dialogue[i].role) == ("assistant", "user")]
    if odd[MEDIA]:  # which nobody types
        places = [place for place in places if not ONLY_MARKS.fullmatch(dialogue[place].content)]
    if not places:
        raise PassedOver("no user turn after an assistant turn")
    put_right.update(odd)
    if config.turns == "random":
        places = [dice(config.seed, sample_id, "turn").choice(places)]
    for item_id, place in enumerate(places[-1:] if config.turns == "last" else places):
        yield Sample(
            sample_id=sample_id,
            item_id=item_id,
            position=position,
            context=newest_rounds(dialogue[:place], config.max_context_chars, put_right),
            utterance=dialogue[place].content,
            distractors=distractors(dialogue, place),
            seed=config.seed,
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


def cleaned(raw: Raw, config: Config, odd: Counter[str]) -> tuple[Turn, ...]:
    """The turns up to the first blank one, with same-role turns in a row made one."""
    messages = raw.messages
    if not isinstance(messages, list):
        raise PassedOver("no conversation" if messages is None else "conversation is not a list")
    if not messages:
        raise PassedOver("no messages")
    roles = roles_of(raw, config)
    calls = config.tool_turns == "keep"
    dropped = {role for role, wish in (("system", config.system_turns), ("tool", config.tool_turns)) if wish == "drop"}
    turns = [Turn(role="system", content=raw.system)] if raw.system.strip() else []
    for turn in (turn_of(message, raw, roles, calls=calls) for message in messages):
        if not blank(turn.content):
            turns.append(turn)
        elif turn.role in {"user", "assistant"}:
            odd["ended at a blank turn"] += 1
            break
    turns = [turn for turn in turns if turn.role not in dropped]
    if not turns:
        raise PassedOver("the first turn is blank")
    merged = [(role, [turn.content for turn in group]) for role, group in groupby(turns, lambda turn: turn.role)]
    odd["turns of the same role in a row joined"] += len(merged) < len(turns)
    odd["tool turns as context"] += any(role == "tool" for role, _ in merged)
    odd[MEDIA] += any(has_media(message, raw) for message in messages)
    odd["system turn as context"] += any(role == "system" for role, _ in merged)
    return tuple(Turn(role=role, content="\n".join(contents)) for role, contents in merged)


def roles_of(raw: Raw, config: Config) -> Mapping[str, Role]:
    """What each name of a role means in this dialogue. "sys" is the system's, but the other side of "usr"."""
    own: dict[str, Role] = {}
    if config.user_role:
        own[config.user_role.casefold()] = "user"
    if config.assistant_role:
        own[config.assistant_role.casefold()] = "assistant"
    with_usr = any(
        isinstance(message, dict) and str(message.get(raw.role)).casefold() == "usr" for message in raw.messages
    )
    return {**ROLES, "sys": "assistant" if with_usr else "system", **own}


def turn_of(message: Any, raw: Raw, roles: Mapping[str, Role], *, calls: bool) -> Turn:
    if not isinstance(message, dict):
        raise PassedOver("a message is not an object")
    role = message.get(raw.role)
    known = roles.get(role.strip().casefold()) if isinstance(role, str) else None
    if known is None:
        raise PassedOver(f"unknown role {str(role)[:40]!r}")
    called = (message.get("tool_calls") or [{"function": message.get("function_call")}]) if calls else ()
    parts = [text_of(message.get(raw.content)), *map(call_of, called if isinstance(called, list) else ())]
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


def has_media(message: Any, raw: Raw) -> bool:
    content = message.get(raw.content) if isinstance(message, dict) else None
    return isinstance(content, list) and any(not isinstance(part, str) and text_in(part) is None for part in content)


def text_in(part: Any) -> str | None:
    """The text of a content part, "" where it is a text part without one; None where it is of another kind."""
    if not isinstance(part, dict):
        raise PassedOver("a content part is neither text nor an object")
    for name in ("text", "refusal") if part.get("type") != "text" else ("text", "value"):
        text = part.get(name)
        text = text.get("value") if isinstance(text, dict) else text
        if isinstance(text, str):
            return text
    return "" if part.get("type") == "text" else None


def part_of(part: Any) -> str:
    if isinstance(part, str):
        return part
    text = text_in(part)
    return f"[{part.get('type') or 'media'}]" if text is None else text


def blank(text: str) -> bool:
    """Whether nobody could see anything of it: white space, or signs without a width."""
    return not text.strip() or not any(sign.isprintable() and not sign.isspace() for sign in text)


def call_of(call: Any) -> str:
    function = call.get("function") if isinstance(call, dict) else None
    if not isinstance(function, dict):
        return "" if function is None else "[tool call]"
    if function.get("name") is None:
        return ""
    return f"[tool call: {function.get('name')}({function.get('arguments', '')})]"
