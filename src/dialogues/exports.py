"""Rows of other shapes made into rows of messages: exports of chat services, and turns in a form of their own.

ChatGPT export     `mapping` of linked nodes; the branch that was shown last
Claude export      `chat_messages` of `sender` and `text`
UltraChat          `data`, a list of texts that alternate, the user's first
Capybara           `conversation` of `input` and `output`
any of them        a field of messages that holds them as JSON text, as tables do
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ..basics.text import loads
from .raw import PassedOver

FIELDS = ("conversation", "messages", "conversations")
SHOWN = {"text", "multimodal_text"}  # of ChatGPT's content types; the rest is thoughts, code and what tools say


def with_messages(row: dict[str, Any]) -> tuple[dict[str, Any], str] | None:
    """The row with `messages` of the common form, and the name of its shape; None where it has none of these shapes."""
    field = next((field for field in FIELDS if row.get(field)), None)
    try:
        return of_service(row) if field is None else in_other_form(row, field, row[field])
    except (ValueError, TypeError, AttributeError):  # no JSON, or parts of another kind than the service writes
        return None


def in_other_form(row: dict[str, Any], field: str, held: Any) -> tuple[dict[str, Any], str] | None:
    if isinstance(held, str) and held.lstrip().startswith("["):
        return {**row, field: loads(held.encode())}, "messages as JSON text"
    if isinstance(held, list) and isinstance(held[0], dict) and held[0].keys() >= {"input", "output"}:
        return {**row, field: [*both_turns(held)]}, "Capybara"
    return None


def of_service(row: dict[str, Any]) -> tuple[dict[str, Any], str] | None:
    for field, (fits, shape, messages) in SERVICES.items():
        if field in row and fits(row[field]):
            return {"id": row.get("id", row.get("uuid")), **row, "messages": messages(row)}, shape
    return None


def shown_last(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The messages of a ChatGPT export from its first node to `current_node`, or else to its last one.

    Raises PassedOver where the nodes run in a circle.
    """
    nodes = row["mapping"]
    place = row.get("current_node") or next(reversed(nodes), None)
    branch: list[Any] = []
    while isinstance(node := nodes.get(place), dict):
        if len(branch) == len(nodes):
            raise PassedOver("its messages run in a circle")
        branch.append(node.get("message"))
        place = node.get("parent")
    return [dict(message) for node in reversed(branch) if (message := said_in(node))]


def said_in(message: Any) -> dict[str, Any] | None:
    """The role and the parts of a node's message; None where nobody was shown any."""
    if not isinstance(message, dict) or message.get("recipient", "all") != "all":
        return None
    author, content = message.get("author"), message.get("content")
    hidden = (message.get("metadata") or {}).get("is_visually_hidden_from_conversation")
    if hidden or not isinstance(author, dict) or not isinstance(content, dict):
        return None
    if content.get("content_type") not in SHOWN or not any(parts := content.get("parts") or []):
        return None
    return {"role": author.get("role"), "content": parts}


def senders(row: Mapping[str, Any]) -> list[Any]:
    """The messages of a Claude export."""
    return [
        {"role": message.get("sender"), "content": message.get("text") or message.get("content")}
        if isinstance(message, dict)
        else message
        for message in row["chat_messages"]
    ]


def alternating(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The turns of a list of texts."""
    return [{"role": "assistant" if place % 2 else "user", "content": text} for place, text in enumerate(row["data"])]


def both_turns(pairs: list[Any]) -> Iterator[Any]:
    """The user's and the assistant's turn of each pair."""
    for pair in pairs:
        if isinstance(pair, dict):
            yield {"role": "user", "content": pair.get("input")}
            yield {"role": "assistant", "content": pair.get("output")}
        else:
            yield pair


def is_object(value: Any) -> bool:
    return isinstance(value, dict)


def is_list(value: Any) -> bool:
    return isinstance(value, list)


def are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) for text in value)


# The field that tells a shape: what it must hold, the shape's name, and how it is read.
SERVICES: Mapping[str, tuple[Callable[[Any], bool], str, Callable[[Mapping[str, Any]], list[Any]]]] = {
    "mapping": (is_object, "ChatGPT export", shown_last),
    "chat_messages": (is_list, "Claude export", senders),
    "data": (are_texts, "UltraChat", alternating),
}
