"""OASST message trees, nested or as scattered rows, as dialogues."""

import math
import sqlite3
from collections.abc import Iterator
from typing import Any, NamedTuple

import orjson

from .raw import PassedOver, Raw, id_of
from .settings import OasstPaths


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
    waiting: list[Step] = [Step(root, None)]
    while waiting:
        step = waiting.pop()
        given = step.message.get("replies")
        replies = sorted(filter(counts, given if isinstance(given, list) else ()), key=rank, reverse=True)
        if not replies:
            yield path_to(step)
        waiting.extend(Step(reply, step) for reply in replies)


def path_to(step: "Step | None") -> list[dict[str, Any]]:
    """The messages from the root down to this one."""
    path = []
    while step:
        path.append(step.message)
        step = step.before
    return path[::-1]


class Step(NamedTuple):
    """A message on a walk, and the one before it. Walks share their beginnings: whole ones would fill the memory."""

    message: dict[str, Any]
    before: "Step | None"


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
        """Keep a message. Raises PassedOver where it cannot be."""
        kept = {name: message.get(name) for name in ("message_id", "parent_id", "text", "role", "rank", "deleted")}
        if "review_result" in message:
            kept["review_result"] = message["review_result"]
        tree = message.get("message_tree_id")
        insert = "INSERT INTO messages (tree, message) VALUES (?, ?)"
        try:
            packed = orjson.dumps(kept, default=str, option=orjson.OPT_NON_STR_KEYS)
        except orjson.JSONEncodeError as error:
            raise PassedOver("nested too deeply, or with a number that is too large") from error
        self._messages.execute(insert, ("" if tree is None else str(tree), packed))

    def dialogues(self, wanted: OasstPaths) -> Iterator[Raw | PassedOver]:
        """The paths of each tree, in the order in which the trees began; rows without a tree's name are one heap."""
        self._messages.execute("CREATE INDEX by_tree ON messages (tree, number)")
        for (tree,) in self._messages.execute("SELECT tree FROM messages GROUP BY tree ORDER BY min(number)"):
            found = self._messages.execute("SELECT message FROM messages WHERE tree = ? ORDER BY number", (tree,))
            by_id: dict[str, dict[str, Any]] = {}
            for (packed,) in found:
                message = orjson.loads(packed) | {"replies": []}
                if by_id.setdefault(str(message["message_id"]), message) is not message:
                    yield PassedOver("repeated id")
            yield from linked(by_id, wanted)


def linked(by_id: dict[str, dict[str, Any]], wanted: OasstPaths) -> Iterator[Raw | PassedOver]:
    """Put each reply below its parent; then the paths of each root. What has lost its parent is passed over."""
    roots = []
    for message in by_id.values():
        if message["parent_id"] in (None, ""):
            roots.append(message)
        elif (parent := by_id.get(str(message["parent_id"]))) is not None:
            parent["replies"].append(message)
        else:
            yield PassedOver("a message whose parent is not there")
    lost = len(by_id)
    for root in roots:
        lost -= sum(1 for _ in below(root))
        yield from paths_of(root, wanted)
    yield from (PassedOver("its messages run in a circle") for _ in range(lost))


def below(root: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A message and all that lead back to it."""
    waiting = [root]
    while waiting:
        message = waiting.pop()
        yield message
        waiting.extend(message["replies"])
