"""How a command begins and ends: its parser, its log, one sentence for the user where it has to stop."""

import argparse
import difflib
import logging
import re
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterable
from typing import NoReturn

from dotenv import load_dotenv

VERSION = "0.1.0"
"""Of ProUtt."""
UNKNOWN = re.compile(r"unrecognized arguments: (.*)", re.DOTALL)


class Stop(Exception):
    """The run cannot start or go on; the message is one sentence for the user, with what to do next."""


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one sentence and exit status 1, as the contract for commands says.

    `about` is a command's docstring. What stands in it from a line "examples:" on comes below the options.
    """

    def __init__(self, prog: str, about: str) -> None:
        description, heading, examples = about.partition("\nexamples:\n")
        super().__init__(
            prog=prog,
            usage="%(prog)s [options]",
            description=filled(description),
            epilog=(heading + examples).strip(),
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,  # a script that abbreviates breaks when an option is added
            add_help=False,
        )

    def add_common(self) -> None:
        """Add what every command has; last, so that it stands below all else."""
        common = self.add_argument_group("help")
        common.add_argument("-h", "--help", action="help", help="show this text and stop")
        common.add_argument("--version", action="version", version=f"ProUtt {VERSION}\n", help="show it and stop")

    def error(self, message: str) -> NoReturn:
        if unknown := UNKNOWN.match(message):
            word = next((word for word in unknown[1].split() if word.startswith("-")), unknown[1]).split("=")[0]
            known = [name for action in self._actions for name in action.option_strings]
            message = f"there is no option {word}{did_you_mean(word, known)}"
        self.exit(1, f"{self.prog}: {message} (try --help)\n")


def filled(text: str) -> str:
    """The text with its paragraphs as wide as the terminal allows."""
    width = min(120, shutil.get_terminal_size().columns) - 2
    return "\n\n".join(textwrap.fill(paragraph, width) for paragraph in text.strip().split("\n\n"))


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A question with the known word that is most like this one; "" where none is."""
    (like,) = difflib.get_close_matches(word, known, 1) or ("",)
    return f"; did you mean {like}?" if like else ""


def as_command(main: Callable[[], int]) -> int:
    """Run a command's `main`: `.env` is read before, and what stops it becomes one sentence and exit status 1."""
    load_dotenv(".env")
    logging.basicConfig(format="%(message)s", level=logging.INFO, stream=sys.stderr, force=True)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal that cannot show a character shows another
    logging.getLogger("httpx2").setLevel(logging.WARNING)  # it logs a line for each request
    try:
        return main()
    except Stop as stop:
        sys.stderr.write(f"{stop}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # whoever read our output has read enough
        sys.stdout = None  # nothing is left to be flushed
        return 1
