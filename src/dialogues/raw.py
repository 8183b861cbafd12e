"""A dialogue as it came, or the reason why there is none."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from ..running.output import SampleId


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
    made: Mapping[str, Any] | None = None
    """How it came about, where it is a made one; see `python -m src.converse`."""


IDS = ("id", "conversation_id", "conversation_hash")


def id_of(row: dict[str, Any], name: str | None = None) -> SampleId | None:
    """The row's own id, if it has one. Raises PassedOver for one that cannot be kept as it is."""
    given = name
    for field in IDS:
        if (own := row.get(field)) is not None and own != "":
            given = own
            break
    if given is None or isinstance(given, str):
        return given
    if not isinstance(given, int | float) or not math.isfinite(given):
        raise PassedOver("id is not a string or number")
    if not -(2.0**63) <= given < 2.0**64:  # beyond, JSON readers round
        raise PassedOver("id is a number of more than 64 bits")
    return given
