"""An option as a field of a dataclass: its default, its flag, its environment variable and its help, written once."""

import argparse
import dataclasses
import json
import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from .command import Parser

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

OptionsT = TypeVar("OptionsT", bound="DataclassInstance")


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
    """A field of such a dataclass with all that its flag needs."""
    metadata = {"type": read, "help": help, **flags}
    kind: dict[str, Any] = {"default_factory": dict} if default == {} else {"default": default}
    return dataclasses.field(metadata=metadata, **kind)


def flag(help: str) -> Any:
    """An option that is given or not; as an environment variable it is yes or no."""
    return option(False, switch, help, nargs="?", const=True)


def in_words(default: Any) -> str:
    return " ".join(default) if isinstance(default, tuple) else str(default)


def from_command_line(
    cls: type[OptionsT],
    arguments: Sequence[str] | None,
    prog: str,
    description: str,
    examples: str,
) -> OptionsT:
    """Read the options from the command line, then the environment, then the defaults."""
    parser = Parser(prog=prog, description=description, epilog=examples)
    for field in dataclasses.fields(cls):
        default = field.default if field.default is not dataclasses.MISSING else {}
        shown = "" if default is None or default is False or default == {} else f" [{in_words(default)}]"
        given: str | list[str] | None = os.environ.get("PROUTT_" + field.name.upper())
        if given is not None and field.metadata.get("nargs") == "+":
            given = [str(given)]
        parser.add_argument(
            "--" + field.name.replace("_", "-"),
            default=default if given is None else given,
            metavar="yes" if field.metadata.get("const") else field.name.rsplit("_", 1)[-1].upper(),
            **{**field.metadata, "help": (field.metadata["help"] + shown).replace("%", "%%")},
        )
    told = vars(parser.parse_args(arguments))
    return cls(**told | {"input": tuple(told["input"])})
