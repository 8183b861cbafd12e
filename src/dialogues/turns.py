"""Messages of any kind into turns: odd ones are put right where one answer is right, or passed over with a reason."""

import dataclasses
import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any, Literal

import orjson

from ..basics.shape import Shape
from ..running.output import SampleId
from .raw import PassedOver, Raw
from .settings import OfDialogues

Role = Literal["system", "user", "assistant", "tool"]


class Turn(Shape):
    """One turn of a dialogue: who spoke, and the text."""

    role: Role
    content: str


ROLES: dict[str, Role] = {
    **dict.fromkeys(("user", "human", "prompter", "usr"), "user"),
    **dict.fromkeys(("assistant", "gpt", "chatgpt", "model", "bot", "chatbot", "ai", "bing", "bard"), "assistant"),
    **dict.fromkeys(("function_call", "tool_call"), "assistant"),
    **dict.fromkeys(("system", "developer"), "system"),
    **dict.fromkeys(("tool", "function", "observation", "tool_response", "function_response", "ipython"), "tool"),
}

MEDIA = "media marked by their kind"


@dataclasses.dataclass(frozen=True)
class Dialogue:
    """A dialogue put right: its own id or a name made from what was said, its turns, and what was odd, by kind."""

    name: SampleId
    turns: tuple[Turn, ...]
    odd: Counter[str]
    made: Mapping[str, Any] | None = None


def cleaned(raw: Raw, reading: OfDialogues) -> Dialogue:
    """The turns up to the first blank one, with same-role turns in a row made one. Raises PassedOver."""
    odd: Counter[str] = Counter()
    messages = raw.messages
    if not isinstance(messages, list):
        raise PassedOver("no conversation" if messages is None else "conversation is not a list")
    if not messages:
        raise PassedOver("no messages")
    roles = roles_of(raw, reading)
    calls = reading.tool_turns == "keep"
    dropped = {
        role for role, wish in (("system", reading.system_turns), ("tool", reading.tool_turns)) if wish == "drop"
    }
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
    said = tuple(Turn(role=role, content="\n".join(contents)) for role, contents in merged)
    return Dialogue(content_id(said) if raw.given_id is None else raw.given_id, said, odd, raw.made)


def content_id(turns: Sequence[Turn]) -> str:
    """A name for a dialogue without an id: a hash of what was said."""
    said = orjson.dumps([[turn.role, turn.content] for turn in turns])
    return "sha256-" + hashlib.sha256(said).hexdigest()[:16]


def roles_of(raw: Raw, reading: OfDialogues) -> Mapping[str, Role]:
    """What each name of a role means in this dialogue. "sys" is the system's, but the other side of "usr"."""
    own: dict[str, Role] = {}
    if reading.user_role:
        own[reading.user_role.casefold()] = "user"
    if reading.assistant_role:
        own[reading.assistant_role.casefold()] = "assistant"
    with_usr = any(
        isinstance(message, dict) and str(message.get(raw.role)).casefold() == "usr" for message in raw.messages
    )
    return {**ROLES, "sys": "assistant" if with_usr else "system", **own}


def turn_of(message: Any, raw: Raw, roles: Mapping[str, Role], *, calls: bool) -> Turn:
    if not isinstance(message, dict):
        raise PassedOver("a message is not an object")
    role = message.get(raw.role)
    known = roles.get(role.strip().casefold()) if isinstance(role, str) else None
    if role is None:
        raise PassedOver("a message has no role")
    if known is None:
        raise PassedOver(f"unknown role {str(role)[:40]!r} (--user-role or --assistant-role tells whose it is)")
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
