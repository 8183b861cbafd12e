"""Rows of a table, CSV or TSV: with a turn on each line, or with a column that holds a dialogue's turns as JSON."""

import csv
import io
import itertools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..basics.command import Stop
from .exports import FIELDS
from .json_rows import BYTE_ORDER_MARK, LONGEST_LINE, Row, Unreadable
from .raw import IDS

SEPARATORS = {".csv": ",", ".tsv": "\t"}
PACKED = (".gz", ".zst")
OF_A_DIALOGUE = (*IDS, "dialogue_id", "dialog_id", "conv_id", "session_id", "chat_id", "thread_id")
"""Columns that say which dialogue a turn is from; the first that is there counts."""


def separator_of(file: str) -> str | None:
    """What separates the columns of a file with the name of a table; None for other names."""
    path = Path(file)
    suffix = Path(path.stem).suffix if path.suffix.lower() in PACKED else path.suffix
    return SEPARATORS.get(suffix.lower())


def looks_like_table(start: bytes) -> bool:
    """Whether a text that is no JSON begins as a table does: two lines with as many separators each."""
    first, newline, rest = start.removeprefix(BYTE_ORDER_MARK).lstrip().partition(b"\n")
    if not newline or first[:1] in {b"{", b"["}:
        return False
    second = rest.partition(b"\n")[0]
    return any(first.count(sign) and first.count(sign) == second.count(sign) for sign in (b",", b"\t"))


def table_rows(
    file: str, stream: "io.BufferedReader[Any]", separator: str, names: Mapping[str, str]
) -> Iterator[Row | Unreadable]:
    """A row for each dialogue of a table. `names` are the user's own, by ours. Raises Stop for other columns."""
    csv.field_size_limit(LONGEST_LINE)
    text = io.TextIOWrapper(stream, encoding="utf-8-sig", errors="replace", newline="")
    reader = csv.DictReader(text, delimiter=separator, strict=True)
    try:
        columns = [*(reader.fieldnames or [])]
        if {names.get("messages"), *FIELDS} & {*columns}:
            yield from (Row({name: value for name, value in line.items() if name}) for line in reader)
        else:
            yield from turns_together(reader, *turn_columns(file, columns, names))
    except csv.Error as error:
        yield Unreadable(file, reader.line_num, f"the table is broken here ({error}); nothing after it can be read")
    finally:
        text.detach()


def turn_columns(file: str, columns: Sequence[str], names: Mapping[str, str]) -> tuple[str, str, str]:
    """The columns that say which dialogue a turn is from, who speaks, and what. Raises Stop where one is missing."""
    role, content = names.get("role", "role"), names.get("content", "content")
    wanted = names.get("id")
    name = next((each for each in ((wanted,) if wanted else OF_A_DIALOGUE) if each in columns), None)
    if role in columns and content in columns and name:
        return name, role, content
    raise Stop(
        f"Table {file} has the columns {', '.join(columns) or '(none)'}: wanted are role, content and one that says"
        " which dialogue a turn is from, such as conversation_id, or one that has the turns as JSON, such as messages;"
        " --field role=NAME says which of yours is which."
    )


def turns_together(reader: "csv.DictReader[str]", name: str, role: str, content: str) -> Iterator[Row | Unreadable]:
    """A row for each run of lines that name the same dialogue."""
    for dialogue, lines in itertools.groupby(reader, lambda line: line.get(name)):
        messages = [{role: line.get(role), content: line.get(content)} for line in lines]
        yield Row({"id": dialogue, "messages": messages})
