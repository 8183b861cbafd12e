"""JSON in rough text, tags that nothing takes for tags, texts cut short or compared."""

import functools
import itertools
import json
import re
from collections.abc import Iterator
from typing import Any

import orjson

from .special_tokens import ESCAPED, pattern

THOUGHTS = re.compile(r"^\s*<think(?:ing)?>.*?</think(?:ing)?>", re.DOTALL | re.IGNORECASE)
END_OF_THOUGHTS = re.compile(r"</think(?:ing)?>", re.IGNORECASE)
BRACKET = re.compile(r"[{\[]")
MOST_VALUES = 10_000  # that are looked at in one text
MOST_BROKEN, MOST_PASSES = 2000, 16  # values that break off in one text, and how often its length they may take
TOO_DEEP = "the JSON is nested too deeply"


def whole_number(digits: str) -> int | float:
    """A number as orjson reads it: one that no 64 bits can hold loses its last digits."""
    return int(digits) if len(digits) <= MOST_DIGITS else float(digits)


MOST_DIGITS = 20
LENIENT = json.JSONDecoder(strict=False, parse_int=whole_number)  # control characters inside strings are read


def loads(raw: bytes) -> Any:
    """Parse one JSON text. Reads what orjson refuses (NaN, raw control characters); a lone surrogate becomes U+FFFD.

    Raises ValueError.
    """
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        pass
    try:
        return without_surrogates(LENIENT.decode(raw.decode("utf-8").removeprefix("\ufeff").strip()))
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def without_surrogates(value: Any) -> Any:
    """The value with halves of characters replaced, so that it can be written as UTF-8."""
    if isinstance(value, str):
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if isinstance(value, list):
        return [without_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {without_surrogates(key): without_surrogates(item) for key, item in value.items()}
    return value


def json_in(text: str) -> Any:
    """The JSON that a reply holds, whatever stands around it: thoughts, fences, prose.

    Of several values the longest counts; values inside thoughts do not. Raises ValueError with a reason that can be
    shown to the model. Takes time in proportion to the text, whatever is in it.
    """
    try:
        return writable(orjson.loads(text))
    except orjson.JSONDecodeError:
        pass
    visible = THOUGHTS.sub("", text)
    thoughts_end = max((match.start() for match in END_OF_THOUGHTS.finditer(visible)), default=-1)
    try:
        found = itertools.islice(values_in(visible), MOST_VALUES)
        said = ((end - start, value) for start, end, value in found if end > thoughts_end)
        _, longest = max(said, key=lambda item: item[0], default=(0, None))
        if longest is None:
            raise ValueError("there is no JSON object in it")
        return writable(without_surrogates(longest))
    except RecursionError as error:
        raise ValueError(TOO_DEEP) from error


def without_thoughts(text: str) -> str:
    """What a reply says, without the thoughts that stand before it, as `<think>` or before a lone `</think>`."""
    said = END_OF_THOUGHTS.split(THOUGHTS.sub("", text))[-1].strip()
    return "" if said.startswith("<think") else said  # thoughts that never end


def writable(value: Any) -> Any:
    """The value itself. Raises ValueError where it is nested more deeply than a record could hold."""
    try:
        orjson.dumps(value)
    except orjson.JSONEncodeError as error:
        raise ValueError(f"{TOO_DEEP}, or has a number that is too large") from error
    return value


def values_in(text: str) -> Iterator[tuple[int, int, Any]]:
    """The JSON objects and lists in a text, with where they begin and end. Raises ValueError if the only one is cut.

    Where a value breaks off, the next bracket in it is tried; not for ever, since each may take as long as the first.
    """
    start, any_found = first_bracket(text, 0), False
    broken, spent, whole = 0, 0, len(text.rstrip())
    while start is not None and broken < MOST_BROKEN and spent <= MOST_PASSES * len(text):
        end = start + 1
        try:
            value, end = LENIENT.raw_decode(text, start)
        except json.JSONDecodeError as error:
            if error.pos >= whole - 1 or error.msg.startswith("Unterminated string"):
                if any_found:
                    return
                raise ValueError("the JSON is not complete: it ends before it is closed") from error
            broken, spent = broken + 1, spent + error.pos - start
        else:
            any_found = True
            yield start, end, value
        start = first_bracket(text, end)


def first_bracket(text: str, start: int) -> int | None:
    found = BRACKET.search(text, start)
    return found.start() if found else None


def without_tags(text: str, *names: str) -> str:
    """The text with any opening or closing tag of these names written so that nothing takes it for a tag.

    So are the special tokens of models, such as `<|im_end|>`, which would end a turn where a text is tokenized.
    """
    for sign, escaped in ESCAPED.items():
        if sign in text:
            text = tags(sign, names).sub(escaped, text)
    return text


def with_tags(text: str, *names: str) -> str:
    """The text with such tags and tokens as they were before `without_tags`."""
    if "&" in text:
        for sign, escaped in reversed(ESCAPED.items()):
            if escaped in text:
                text = tags(sign, names, escaped=True).sub(sign, text)
    return text


@functools.cache
def tags(sign: str, names: tuple[str, ...], *, escaped: bool = False) -> re.Pattern[str]:
    """What begins a tag of these names or a special token, as it is or escaped."""
    named = rf"\s*/?\s*(?:{'|'.join(names)})\b" if names and sign == "<" else ""
    return pattern(sign, named, escaped=escaped)


# What a terminal obeys or hides: control characters but for the line feed and the tab, other separators of lines, signs
# that turn the direction of writing, halves of characters (a file's name may hold any byte).
UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufff9-\ufffb\ud800-\udfff]"
)


def visible(text: str) -> str:
    """The text with control characters as they are escaped in Python, so that no terminal obeys them."""
    return UNSEEN.sub(lambda sign: repr(sign[0])[1:-1], text)


def on_one_line(text: str) -> str:
    return " ".join(text.splitlines())


def shortened(text: str, most: int = 300) -> str:
    """The text on one line, cut where it is longer."""
    folded = " ".join(text.split())
    return folded if len(folded) <= most else folded[:most] + "…"


NO_WORD = re.compile(r"\W+")


def normalised(text: str) -> str:
    """The text without what does not count when two are compared: case, punctuation, white space."""
    return NO_WORD.sub("", text.casefold())
