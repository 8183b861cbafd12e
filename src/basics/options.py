"""An option as a field of a dataclass: its default, its flag, its environment variable and its help, written once.

The variable is `PROUTT_` and the field's name in capitals; the command line wins over it. What a command reads and
writes is never taken from a variable, since several commands would share it: only synthesis has such variables.
"""

import argparse
import dataclasses
import importlib
import json
import logging
import os
import pkgutil
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args

import orjson

from .command import Parser, did_you_mean
from .log import log_as
from .text import shortened

log = logging.getLogger(__name__)

Group = Literal[
    "input",
    "output",
    "method",
    "seats",
    "marks",
    "judge",
    "embeddings",
    "weights",
    "filters",
    "endpoint",
    "limits and money",
    "batches",
    "workers",
    "faults",
]
"""In the order in which help shows them: what goes in and comes out first, the endpoint last."""
VARIABLES = "PROUTT_"
NO_VALUE = re.compile(r"--[\w-]+=--")  # of which older versions of argparse make an empty list


@dataclasses.dataclass(frozen=True)
class Options:
    """What a command can be told. Each field is an `option`."""


OptionsT = TypeVar("OptionsT", bound=Options)


class Choice:
    """Reads one of some words."""

    def __init__(self, choices: Sequence[str]) -> None:
        self.choices = choices

    def __call__(self, text: str) -> str:
        if text not in self.choices:
            raise argparse.ArgumentTypeError(
                f"{text!r} is not one of {', '.join(self.choices)}{did_you_mean(text, self.choices)}"
            )
        return text


def one_of(*choices: str) -> Choice:
    """A reader that accepts only the given words; unlike argparse's `choices` it also checks environment variables."""

    return Choice(choices)


def number(low: float, high: float, kind: type[int] | type[float] = float) -> Callable[[str], float]:
    """A reader of numbers from `low` to `high`, both included."""

    def within(text: str) -> float:
        try:
            value = kind(text)
        except ValueError as error:
            kind_of_number = "a whole" if kind is int else "a"
            raise argparse.ArgumentTypeError(f"{shortened(text, 60)!r} is not {kind_of_number} number") from error
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{shortened(text, 60)} is not between {low:g} and {high:g}")
        return value

    return within


def json_object(text: str) -> dict[str, Any]:
    """A JSON object given as text, which can be written again. What it holds is not repeated: it may be a key."""
    try:
        value = json.loads(text)
        json.dumps(value, allow_nan=False)
        orjson.dumps(value)
    except RecursionError as error:
        raise argparse.ArgumentTypeError("it is nested too deeply") from error
    except (ValueError, orjson.JSONEncodeError) as error:
        raise argparse.ArgumentTypeError(f"what was given is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise argparse.ArgumentTypeError('what was given is not a JSON object, such as {"top_p": 0.9}')
    return value


def word(text: str) -> str:
    """A text that can be sent and shown: no half of a character, and no sign that steers a terminal."""
    if not text.isprintable():
        raise argparse.ArgumentTypeError(f"{text!r} has signs that cannot be seen or sent")
    return text


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


def option(
    default: Any, read: Callable[[str], Any], help: str, *, group: Group, variable: bool = True, **flags: Any
) -> Any:
    """A field of `Options` with all that its flag needs. `variable` tells whether the environment may set it."""
    metadata = {"group": group, "variable": variable, "flags": {"type": read, "help": help, **flags}}
    kind: dict[str, Any] = {"default_factory": dict} if default == {} else {"default": default}
    return dataclasses.field(metadata=metadata, **kind)


def flag(help: str, *, group: Group, variable: bool = True) -> Any:
    """An option that is given or not; as an environment variable it is yes or no."""
    return option(False, switch, help, group=group, variable=variable, nargs="?", const=True, metavar="yes")


def options_from(cls: type[OptionsT], arguments: Sequence[str] | None, command: str, about: str) -> OptionsT:
    """The options as the command line gives them, or else the environment, or else their defaults.

    `about` is the command's docstring, which `--help` shows. A variable that no command reads is named in the log.
    """
    parser = Parser(f"python -m src.{command}", about)
    groups = {group: parser.add_argument_group(group) for group in groups_of(cls)}
    for field in sorted(dataclasses.fields(cls), key=lambda field: field.name != field.metadata["group"]):
        add(groups[field.metadata["group"]], field)
    parser.add_common()
    words = sys.argv[1:] if arguments is None else arguments
    if empty := next((word for word in words if NO_VALUE.fullmatch(word)), None):
        parser.error(f"argument {empty.removesuffix('=--')}: expected one argument")
    given = vars(parser.parse_args(words))
    name_unknown_variables(cls)
    lists = {name: tuple(value) for name, value in given.items() if isinstance(value, list)}
    settings = cls(**given | lists)
    log_as(getattr(settings, "log_format", "text"))
    return settings


def groups_of(cls: type[Options]) -> list[Group]:
    """The groups of a command's options, in order."""
    held = {field.metadata["group"] for field in dataclasses.fields(cls)}
    return [group for group in get_args(Group) if group in held]


def add(group: Any, field: "dataclasses.Field[Any]") -> None:
    flags = dict(field.metadata["flags"])
    default = field.default if field.default is not dataclasses.MISSING else {}
    shown = in_words(default)
    if flags.get("action") in {"append", "extend"}:
        default = []  # a list that argparse can add to
    variable = os.environ.get(variable_of(field)) if field.metadata["variable"] else None
    given: str | list[str] | None = [variable] if variable is not None and flags.get("nargs") == "+" else variable
    choices = getattr(flags["type"], "choices", None)
    flags.setdefault("metavar", "{" + ",".join(choices) + "}" if choices else field.name.rsplit("_", 1)[-1].upper())
    flags["help"] = (flags["help"] + (f" [{shown}]" if shown else "")).replace("%", "%%")
    group.add_argument("--" + field.name.replace("_", "-"), default=default if given is None else given, **flags)


def in_words(default: Any) -> str:
    """A default as `--help` shows it; "" where there is nothing to show."""
    if default is None or default is False or default in ({}, (), Path()):
        return ""
    if isinstance(default, Path) and default.is_absolute():
        return default.name
    return " ".join(default) if isinstance(default, tuple) else str(default)


# ---------------------------------------------------------------------------------------------- variables


def variable_of(field: "dataclasses.Field[Any]") -> str:
    return VARIABLES + field.name.upper()


def variables_of(cls: type[Options]) -> set[str]:
    return {variable_of(field) for field in dataclasses.fields(cls) if field.metadata["variable"]}


def name_unknown_variables(cls: type[Options]) -> None:
    """Say which variables no command reads, with the name that may have been meant."""
    ours = sorted(name for name in os.environ if name.startswith(VARIABLES))
    if all(name in variables_of(cls) for name in ours):
        return
    known = set().union(*(variables_of(other) for other in all_options()))
    for name in ours:
        if name not in known:
            meant = did_you_mean(name.removeprefix(VARIABLES), [each.removeprefix(VARIABLES) for each in known])
            log.warning("%s is set and no command reads it%s", name, meant.replace("mean ", f"mean {VARIABLES}"))


def all_options() -> Iterator[type[Options]]:
    """The options of all commands. They stand in modules named `settings`, most of which are not imported yet."""
    root = __package__.rpartition(".")[0]
    for module in pkgutil.walk_packages(importlib.import_module(root).__path__, root + "."):
        if module.name.endswith(".settings"):
            importlib.import_module(module.name)
    waiting = [Options]
    while waiting:
        cls = waiting.pop()
        yield cls
        waiting.extend(cls.__subclasses__())
