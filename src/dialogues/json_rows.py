"""Rows of a text: JSONL, one JSON array or object, or JSON values over several lines, as the text's beginning shows."""

import dataclasses
import functools
import io
import itertools
import json
import re
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

from ..basics.text import LENIENT, loads, without_surrogates


class Row(NamedTuple):
    """One entry of a file; `name` is its own where the file is one JSON object of entries."""

    value: Any
    name: str | None = None


BYTE_ORDER_MARK = b"\xef\xbb\xbf"
PEEK = 1 << 20  # bytes of a file that are looked at to tell what it is
LONGEST_LINE = 1 << 26  # bytes of a row; a dialogue of a million turns has less
MOST_PASSED = 1 << 30  # bytes of a line that is passed over, until the file is given up
MOST_BLANK = 10_000_000  # lines in a row
BLOCK = 1 << 16  # characters of a JSON array that are read at a time
LONGEST_SIGN = 8  # characters that belong together in JSON outside of strings, or in an escape
# Maybe the first entry of one large object, maybe the first field of a row.
ENTRY_BEGINS = re.compile(rb'\{\s*"(?:[^"\\]|\\.)*"\s*:\s*\{')
SPACE = re.compile(r"\s*")
CUT_OFF = object()

Form = Literal["lines", "array", "object", "values"]


@dataclasses.dataclass(frozen=True, slots=True)
class Unreadable:
    """What is no row: its file, the number of its line or entry from 1, and why."""

    file: str
    number: int
    reason: str


def form_of(stream: "io.BufferedReader[Any]") -> Form:
    """How the rows stand in a text, by its beginning; the stream stays where it is."""
    start = stream.peek(PEEK).removeprefix(BYTE_ORDER_MARK).lstrip()
    line, newline, rest = start.partition(b"\n")
    try:
        value = loads(line)
    except ValueError:
        if start.startswith(b"["):
            if newline and line.rstrip().endswith(b"]"):
                return "lines"
            several: Form = "values" if newline else "lines"
            return several if is_message(first_value(start[1:])) else "array"
        return form_of_object(start)
    if rest.strip() or (isinstance(value, list) and value and is_message(value[0])):
        return "lines"
    entries = isinstance(value, dict) and value and all(map(is_dialogue, value.values()))
    return "object" if entries else "array" if isinstance(value, list) else "lines"


def form_of_object(start: bytes) -> Form:
    """The same for a text that begins with an object which is not closed on its first line."""
    line, newline, _ = start.partition(b"\n")
    if not start.startswith(b"{") or (newline and line.rstrip()[-1:] not in {b"{", b"[", b","}):
        return "lines"  # with a broken one: a text over several lines does not break there
    entry = ENTRY_BEGINS.match(start)
    if entry and is_dialogue(first_value(start[entry.end() - 1 :])):
        return "object"
    return "values" if newline else "lines"


def first_value(start: bytes) -> Any:
    """The JSON value that a text begins with; `CUT_OFF` where the text ends before it does."""
    text = start.decode("utf-8", "replace").lstrip()
    try:
        return LENIENT.raw_decode(text)[0]
    except (ValueError, RecursionError):
        return CUT_OFF


def is_message(value: Any) -> bool:
    return isinstance(value, dict) and bool({"role", "from"} & value.keys()) and not is_dialogue(value)


def is_dialogue(value: Any) -> bool:
    """Whether an entry of an object of entries is a dialogue; a very long one may be."""
    fields = {"conversation", "conversations", "messages"}
    return value is CUT_OFF or (isinstance(value, dict) and bool(fields & value.keys()))


def lines(file: str, stream: "io.BufferedReader[Any]") -> Iterator[Row | Unreadable]:
    """A row for each line. Lines end at a line feed and nowhere else; one that is far too long is not read."""
    blank = 0
    for number, line in enumerate(iter(functools.partial(stream.readline, LONGEST_LINE), b""), 1):
        if len(line) == LONGEST_LINE and not line.endswith(b"\n"):
            yield Unreadable(file, number, f"it has more than {LONGEST_LINE >> 20} MB")
            if not skip_line(stream):
                yield Unreadable(file, number, "it does not end; nothing after it can be read")
                return
        elif line.isspace():
            if (blank := blank + 1) == MOST_BLANK:
                yield Unreadable(file, number, f"{MOST_BLANK:,} blank lines; nothing after them is read")
                return
        else:
            blank = 0
            try:
                yield Row(loads(line.removeprefix(BYTE_ORDER_MARK)))
            except ValueError as error:
                yield Unreadable(file, number, str(error))


def skip_line(stream: "io.BufferedReader[Any]") -> bool:
    """Pass over the rest of a line; False where it does not end within reason."""
    passed = iter(functools.partial(stream.readline, PEEK), b"")
    return any(part.endswith(b"\n") for part in itertools.islice(passed, MOST_PASSED // PEEK)) or not stream.peek(1)


# ---------------------------------------------------------------------------------------------- one large JSON text


class Text:
    """JSON values taken one by one from a text of any length."""

    def __init__(self, stream: "io.BufferedReader[Any]") -> None:
        self._stream = io.TextIOWrapper(stream, encoding="utf-8-sig", errors="replace")
        self._held, self._place, self._ended = "", 0, False

    def detach(self) -> None:
        """Leave the stream to whoever opened it."""
        self._stream.detach()

    def next_sign(self) -> str:
        """The next character that is no white space, which stays; "" at the end."""
        while True:
            self._place = SPACE.match(self._held, self._place).end()  # type: ignore[union-attr]
            if self._place < len(self._held) or self._ended:
                return self._held[self._place : self._place + 1]
            self._more()

    def take(self, signs: str) -> str:
        """The next character, if it is one of these; else "" and it stays."""
        sign = self.next_sign()
        if not sign or sign not in signs:
            return ""
        self._place += 1
        return sign

    def name(self) -> str:
        """The next string and the colon behind it. Raises ValueError where there is none."""
        name = self.value()
        if not self.take(":"):
            raise ValueError("an entry has no value")
        return str(name)

    def value(self) -> Any:
        """The next JSON value. Raises ValueError where none begins."""
        self.next_sign()
        while True:
            try:
                value, end = LENIENT.raw_decode(self._held, self._place)
                value = without_surrogates(value)
            except json.JSONDecodeError as error:
                unfinished = error.pos >= len(self._held) - LONGEST_SIGN or error.msg.startswith("Unterminated")
                if self._ended or not unfinished:
                    raise
            except RecursionError as error:
                raise ValueError("it is nested too deeply") from error
            else:
                if self._ended or end < len(self._held):  # at the very end a number may go on
                    self._place = end
                    return value
            self._more()

    def _more(self) -> None:
        """Read as much again as is held, so that a long value is parsed a few times and not for each block.

        Raises ValueError where a value is far too long.
        """
        self._held, self._place = self._held[self._place :], 0
        if len(self._held) > LONGEST_LINE:
            raise ValueError(f"an entry has more than {LONGEST_LINE >> 20} MB")
        more = self._stream.read(max(BLOCK, len(self._held)))
        self._held += more
        self._ended = not more


def entries(file: str, stream: "io.BufferedReader[Any]", form: Form) -> Iterator[Row | Unreadable]:
    """A row for each entry of JSON arrays or objects, or for each of several values that follow one another."""
    text, number = Text(stream), 0
    opening, closing = {"array": ("[", "]"), "object": ("{", "}")}.get(form, ("", ""))
    inside = False
    try:
        while sign := text.next_sign():
            if sign == (closing if inside else opening):
                inside = text.take(sign) == opening
            else:
                number += 1
                name = text.name() if inside and form == "object" else None
                yield Row(text.value(), name)
            text.take(",")
        if inside:
            yield Unreadable(file, number + 1, "the text ends before it is closed")
    except ValueError as error:
        yield Unreadable(file, number, f"{error}; nothing after it can be read")
    finally:
        text.detach()
