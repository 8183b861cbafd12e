"""What a row means: the dialogues in it, whichever of the published shapes it has.

A shape is recognised by a row's fields. Each gives messages under one pair of keys and the id that the row has. What a
role's name means, and what to do with odd turns, stands in `turns`.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from ..basics.text import shortened
from .exports import FIELDS, with_messages
from .json_rows import Row, Unreadable
from .oasst import Scattered, paths_of, root_in
from .raw import PassedOver, Raw, id_of
from .settings import OasstPaths

log = logging.getLogger(__name__)

MOST_SEEN = 1000  # sets of fields that are remembered
LONGEST_FIELDS = 80  # characters of a row's fields that are named
INSIDE = ("role", "content")  # names of what stands inside a message

# What a row of role-and-content messages is called, by a field that it has beside them; the first that fits.
NAMES = (
    ("conversation_id", "LMSYS-Chat-1M"),
    ("conversation_hash", "WildChat"),
    ("goal", "CrossWOZ"),
    ("conversation", "dialogues"),
    ("conversations", "dialogues"),
    ("messages", "OpenAI messages"),
)


def field_of(row: dict[str, Any]) -> str | None:
    """The field that holds the messages: of several the first that is not empty."""
    for field in FIELDS:
        if row.get(field):
            return field
    return next((field for field in FIELDS if field in row), None)


def is_sharegpt(messages: Any) -> bool:
    """Whether the messages are written as `from` and `value`."""
    return isinstance(messages, list) and bool(messages) and isinstance(messages[0], dict) and "from" in messages[0]


def renamed(row: dict[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """The row with our names of fields, where the user has told that they are others."""
    return row | {ours: row[yours] for ours, yours in names.items() if yours in row and ours not in INSIDE}


def without_conversation(row: Mapping[str, Any]) -> PassedOver:
    """What is said of a row in which nothing is known for messages."""
    fields = shortened(", ".join(sorted(map(str, row))), LONGEST_FIELDS) or "(none)"
    return PassedOver(f"no conversation in its fields {fields} (--field messages=NAME tells which one holds it)")


def raw_of(row: dict[str, Any], field: str, name: str | None, names: Mapping[str, str]) -> Raw:
    keys = ("from", "value") if is_sharegpt(row[field]) else ("role", "content")
    role, content = (names.get(inside, key) for inside, key in zip(INSIDE, keys, strict=True))
    system, made = row.get("system"), row.get("made")
    return Raw(
        id_of(row, name),
        row[field],
        role,
        content,
        system if isinstance(system, str) else "",
        made if isinstance(made, dict) else None,
    )


def shape_of(row: dict[str, Any], field: str) -> str:
    """What the log calls the shape of this row."""
    return "ShareGPT" if is_sharegpt(row[field]) else next(name for beside, name in NAMES if beside in row)


OASST_TREES, OASST_MESSAGES = "OASST message trees", "OASST flat messages"


class Reader:
    """Rows into dialogues. Says in the log which shapes it finds in which file."""

    def __init__(self, paths: OasstPaths, names: Mapping[str, str] = MappingProxyType({})) -> None:
        """`names` are the user's own names of fields, by ours."""
        self._paths, self._names = paths, names
        self._said: set[tuple[str, str]] = set()
        self._seen: set[tuple[str, ...]] = set()
        """Sets of fields by file, so that a shape's name is looked for once and not for each row."""

    def dialogues(self, rows: Iterable[tuple[str, Row | Unreadable]]) -> Iterator[Raw | PassedOver | Unreadable]:
        """The dialogues of the rows, in order; where a row has none, the reason; what could not be read as it is.

        Flat OASST messages, whose trees may lie scattered, come after all else.
        """
        with Scattered() as scattered:
            for file, row in rows:
                if isinstance(row, Unreadable):
                    yield row
                else:
                    yield from self._of_row(file, row, scattered)
            yield from scattered.dialogues(self._paths)

    def _of_row(self, file: str, row: Row, scattered: "Scattered") -> Iterator[Raw | PassedOver]:
        try:
            yield from self._found_in(file, row, scattered)
        except PassedOver as reason:
            yield reason

    def _found_in(self, file: str, row: Row, scattered: "Scattered") -> Iterator[Raw | PassedOver]:
        """The dialogues of one row. Raises PassedOver where it has none."""
        value = {"messages": row.value} if isinstance(row.value, list) else row.value
        if self._names and isinstance(value, dict):
            value = renamed(value, self._names)
        if isinstance(value, dict) and (other := with_messages(value)):
            value, shape = other
            self._say(file, shape)
        if not isinstance(value, dict):
            raise PassedOver("not a JSON object")
        if field := field_of(value):
            if (seen := (file, *value)) not in self._seen and len(self._seen) < MOST_SEEN:
                self._seen.add(seen)
                self._say(file, shape_of(value, field))
            yield raw_of(value, field, row.name, self._names)
        elif root := root_in(value):
            self._say(file, OASST_TREES)
            yield from paths_of(root, self._paths)
        elif "message_id" in value and "text" in value:
            self._say(file, OASST_MESSAGES)
            scattered.add(value)
        else:
            raise without_conversation(value)

    def _say(self, file: str, shape: str) -> None:
        if (file, shape) not in self._said:
            self._said.add((file, shape))
            log.info("%s: %s", file, shape)
