"""An option as a field of a dataclass: its default, its flag, its environment variable and its help, written once."""

import argparse
import dataclasses
import json
from collections.abc import Callable
from typing import Any


def one_of(*choices: str) -> Callable[[str], str]:
    """A reader that accepts only the given words; unlike argparse's `choices` it also checks environment variables."""

    def choice(text: str) -> str:
        if text not in choices:
            raise argparse.ArgumentTypeError(f"{text!r} is not one of {', '.join(choices)}")
        return text

    return choice


def number(low: float, high: float, kind: type[int] | type[float] = float) -> Callable[[str], float]:
    """A reader of numbers from `low` to `high`, both included."""

    def within(text: str) -> float:
        try:
            value = kind(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"{text!r} is not {'a whole' if kind is int else 'a'} number") from error
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{text} is not between {low:g} and {high:g}")
        return value

    return within


def json_object(text: str) -> dict[str, Any]:
    """A JSON object given as text."""
    try:
        value = json.loads(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise argparse.ArgumentTypeError(f"{text!r} is not a JSON object")
    return value


def share(text: str) -> tuple[int, int]:
    """I/N: one of N equal shares. Counted from 0 or from 1, since N/N is the same share as 0/N."""
    number, _, count = text.partition("/")
    if not (number.isdigit() and count.isdigit() and int(count) > 0 and int(number) <= int(count)):
        raise argparse.ArgumentTypeError(f"{text!r} is not I/N, such as 3/8")
    return int(number) % int(count), int(count)


def switch(text: str) -> bool:
    """An on/off option given as text, as an environment variable has to."""
    if text.lower() not in {"", "0", "1", "true", "false", "yes", "no"}:
        raise argparse.ArgumentTypeError(f"{text!r} is not yes or no")
    return text.lower() in {"1", "true", "yes"}


def option(default: Any, read: Callable[[str], Any], help: str, **flags: Any) -> Any:
    """A field of `Config` with all that its flag needs."""
    metadata = {"type": read, "help": help, **flags}
    kind: dict[str, Any] = {"default_factory": dict} if default == {} else {"default": default}
    return dataclasses.field(metadata=metadata, **kind)


def flag(help: str) -> Any:
    """An option that is given or not; as an environment variable it is yes or no."""
    return option(False, switch, help, nargs="?", const=True)


def in_words(default: Any) -> str:
    return " ".join(default) if isinstance(default, tuple) else str(default)
