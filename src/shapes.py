"""What a row means: the dialogues in it, whichever of the published shapes it has.

A shape is recognised by a row's fields. Each gives messages under one pair of keys and the id that the row has. What a
role's name means, and what to do with odd turns, is told in `dialogues`.
"""

import logging
import math
import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import orjson

from .config import OasstPaths
from .exports import FIELDS, with_messages
from .json_rows import Row, Unreadable
from .records import SampleId

log = logging.getLogger(__name__)


MOST_SEEN = 1000  # sets of fields that are remembered


class PassedOver(Exception):
    """This row or dialogue gives no sample; the message is the reason that the summary counts."""


class Raw(NamedTuple):
    """A dialogue as it came: its own id, if it has one, and its messages under the names that its shape uses."""

    given_id: SampleId | None
    messages: Any
    role: str = "role"
    content: str = "content"
    system: str = ""
    """A system prompt that stands beside the messages."""


IDS = ("id", "conversation_id", "conversation_hash")
# What a row of role-and-content messages is called, by a field that it has beside them; the first that fits.
NAMES = (
    ("conversation_id", "LMSYS-Chat-1M"),
    ("conversation_hash", "WildChat"),
    ("goal", "CrossWOZ"),
    ("conversation", "dialogues"),
    ("conversations", "dialogues"),
    ("messages", "OpenAI messages"),
)


def id_of(row: dict[str, Any], key: str | None = None) -> SampleId | None:
    """The row's own id, if it has one. Raises PassedOver for one that cannot be kept as it is."""
    given = key
    for name in IDS:
        if (own := row.get(name)) is not None and own != "":
            given = own
            break
    if given is None or isinstance(given, str):
        return given
    if not isinstance(given, int | float) or not math.isfinite(given):
        raise PassedOver("id is not a string or number")
    if not -(2.0**63) <= given < 2.0**64:  # beyond, JSON readers round
        raise PassedOver("id is a number of more than 64 bits")
    return given


def field_of(row: dict[str, Any]) -> str | None:
    """The field that holds the messages: of several the first that is not empty."""
    for field in FIELDS:
        if row.get(field):
            return field
    return next((field for field in FIELDS if field in row), None)


def is_sharegpt(messages: Any) -> bool:
    """Whether the messages are told as `from` and `value`."""
    return isinstance(messages, list) and bool(messages) and isinstance(messages[0], dict) and "from" in messages[0]


def raw_of(row: dict[str, Any], field: str, key: str | None) -> Raw:
    names = ("from", "value") if is_sharegpt(row[field]) else ("role", "content")
    system = row.get("system")
    return Raw(id_of(row, key), row[field], *names, system if isinstance(system, str) else "")


def name_of(row: dict[str, Any], field: str) -> str:
    """What the log calls the shape of this row."""
    return "ShareGPT" if is_sharegpt(row[field]) else next(name for beside, name in NAMES if beside in row)


OASST_TREES, OASST_MESSAGES = "OASST message trees", "OASST flat messages"


class Reader:
    """Rows into dialogues. Says in the log which shapes it finds in which file."""

    def __init__(self, paths: OasstPaths) -> None:
        self._paths = paths
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
        value = {"messages": row.value} if isinstance(row.value, list) else row.value
        if isinstance(value, dict) and (other := with_messages(value)):
            value, shape = other
            self._say(file, shape)
        if not isinstance(value, dict):
            yield PassedOver("not a JSON object")
        elif field := field_of(value):
            if (seen := (file, *value)) not in self._seen and len(self._seen) < MOST_SEEN:
                self._seen.add(seen)
                self._say(file, name_of(value, field))
            try:
                yield raw_of(value, field, row.key)
            except PassedOver as reason:
                yield reason
        elif root := root_in(value):
            self._say(file, OASST_TREES)
            yield from paths_of(root, self._paths)
        elif "message_id" in value and "text" in value:
            self._say(file, OASST_MESSAGES)
            scattered.add(value)
        else:
            yield PassedOver("no conversation")

    def _say(self, file: str, shape: str) -> None:
        if (file, shape) not in self._said:
            self._said.add((file, shape))
            log.info("%s: %s", file, shape)


# ---------------------------------------------------------------------------------------------- OASST


def root_in(row: dict[str, Any]) -> dict[str, Any] | None:
    """The first message of a nested tree, if the row is one."""
    for root in (row.get("prompt"), row):
        if isinstance(root, dict) and isinstance(root.get("replies"), list) and "text" in root:
            return root
    return None


def paths_of(root: dict[str, Any], wanted: OasstPaths) -> Iterator[Raw | PassedOver]:
    """The tree's paths from the root to a leaf, of reviewed and undeleted messages; the best-ranked first.

    A path ends with what a person said, since nothing is foreseen behind it, and has that message's id: so paths that
    differ only in the last answer are one, and `best` and `all` name them alike.
    """
    if not counts(root):
        yield PassedOver("deleted or not reviewed")
        return
    for path in walks(root):
        ends = [place for place, message in enumerate(path) if message.get("role") == "prompter"] or [len(path) - 1]
        said = path[: ends[-1] + 1]
        try:
            yield Raw(id_of({"id": said[-1].get("message_id")}), said, content="text")
        except PassedOver as reason:
            yield reason
        if wanted == "best":
            return


def walks(root: dict[str, Any]) -> Iterator[list[dict[str, Any]]]:
    """Every walk down from a message, the best-ranked replies first. No deeper call for a deeper tree."""
    waiting = [[root]]
    while waiting:
        path = waiting.pop()
        given = path[-1].get("replies")
        replies = sorted(filter(counts, given if isinstance(given, list) else ()), key=rank, reverse=True)
        if not replies:
            yield path
        waiting.extend([*path, reply] for reply in replies)


def counts(message: Any) -> bool:
    """Whether people let this message stand. What an export does not tell is taken to be in order."""
    return isinstance(message, dict) and not message.get("deleted") and message.get("review_result", True) is True


def rank(message: dict[str, Any]) -> float:
    """The place among its siblings, 0 for the best; those without one come last."""
    given = message.get("rank")
    return given if isinstance(given, int | float) else math.inf


class Scattered:
    """Flat OASST messages put together into trees, in a temporary file once there are many."""

    def __enter__(self) -> "Scattered":
        self._messages = sqlite3.connect("")
        self._messages.execute("CREATE TABLE messages (number INTEGER PRIMARY KEY, tree TEXT, message BLOB)")
        return self

    def __exit__(self, *_: object) -> None:
        self._messages.close()

    def add(self, message: dict[str, Any]) -> None:
        kept = {name: message.get(name) for name in ("message_id", "parent_id", "text", "role", "rank", "deleted")}
        if "review_result" in message:
            kept["review_result"] = message["review_result"]
        tree = message.get("message_tree_id")
        insert = "INSERT INTO messages (tree, message) VALUES (?, ?)"
        told = orjson.dumps(kept, default=str, option=orjson.OPT_NON_STR_KEYS)
        self._messages.execute(insert, ("" if tree is None else str(tree), told))

    def dialogues(self, wanted: OasstPaths) -> Iterator[Raw | PassedOver]:
        """The paths of each tree, in the order in which the trees began; rows without a tree's name are one heap."""
        self._messages.execute("CREATE INDEX by_tree ON messages (tree, number)")
        for (tree,) in self._messages.execute("SELECT tree FROM messages GROUP BY tree ORDER BY min(number)"):
            found = self._messages.execute("SELECT message FROM messages WHERE tree = ? ORDER BY number", (tree,))
            by_id: dict[str, dict[str, Any]] = {}
            for (told,) in found:
                message = orjson.loads(told) | {"replies": []}
                if by_id.setdefault(str(message["message_id"]), message) is not message:
                    yield PassedOver("repeated id")
            yield from linked(by_id, wanted)


def linked(by_id: dict[str, dict[str, Any]], wanted: OasstPaths) -> Iterator[Raw | PassedOver]:
    """Put each reply below its parent; then the paths of each root. What has lost its parent is told."""
    roots = []
    for message in by_id.values():
        if message["parent_id"] in (None, ""):
            roots.append(message)
        elif (parent := by_id.get(str(message["parent_id"]))) is not None:
            parent["replies"].append(message)
        else:
            yield PassedOver("a message whose parent is not there")
    for root in roots:
        yield from paths_of(root, wanted)
