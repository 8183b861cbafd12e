"""How a command begins and ends: its parser, its log, one sentence for the user where it has to stop."""

import argparse
import logging
import sys
from collections.abc import Callable
from typing import Any, NoReturn

from dotenv import load_dotenv


class Stop(Exception):
    """The run cannot start or go on; the message is one sentence for the user, with what to do next."""


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one sentence and exit status 1, as the contract for commands says.

    What stands below the options, such as examples, keeps its lines.
    """

    def __init__(self, **told: Any) -> None:
        super().__init__(formatter_class=argparse.RawDescriptionHelpFormatter, **told)

    def error(self, message: str) -> NoReturn:
        self.exit(1, f"{self.prog}: {message} (try --help)\n")


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
