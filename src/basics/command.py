"""How a command begins and ends: its parser, its log, one sentence for the user where it has to stop."""

import argparse
import contextlib
import difflib
import errno
import io
import logging
import os
import re
import shutil
import signal
import sys
import textwrap
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NoReturn, TextIO, cast

from dotenv import load_dotenv

from .log import as_json, open_log
from .text import visible

log = logging.getLogger(__name__)

VERSION = "0.1.0"
"""Of ProUtt."""
LONGEST_WORD = 300  # characters of what was given that are repeated; no file's name is longer
LONG_WORD = re.compile(rf"\S{{{LONGEST_WORD + 1},}}")
UNKNOWN = re.compile(r"unrecognized arguments: (.*)", re.DOTALL)


class Stop(Exception):
    """The run cannot start or go on; the message is one sentence for the user, with what to do next."""

    status = 1
    """The exit status."""


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
        self.color = False  # which newer versions would have, and which would be shown as what it is

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
        self.exit(1, readable(f"{self.prog}: {message} (try --help)") + "\n")


def filled(text: str) -> str:
    """The text with its paragraphs as wide as the terminal allows."""
    width = min(120, shutil.get_terminal_size().columns) - 2
    return "\n\n".join(textwrap.fill(paragraph, width) for paragraph in text.strip().split("\n\n"))


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A question with the known word that is most like this one; "" where none is."""
    (like,) = difflib.get_close_matches(word, known, 1) or ("",)
    return f"; did you mean {like}?" if like else ""


class Visible(io.TextIOBase):
    """A stream for people: passes everything on with its control characters made visible."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        return self._stream.write(visible(text))

    def flush(self) -> None:
        self._stream.flush()

    def fileno(self) -> int:
        return self._stream.fileno()

    def isatty(self) -> bool:
        return self._stream.isatty()

    def writable(self) -> bool:
        return True

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._stream.encoding


def as_command(main: Callable[[], int]) -> int:
    """Run a command's `main`: `.env` is read before, and what stops it becomes one sentence and exit status 1.

    Ctrl-C and SIGTERM end it with 130, and what it has half done is undone.
    """
    with open_streams(), signals_as(stopped_by_signal):
        try:
            read_env(Path(".env"))
            return flushed(main)
        except Stop as stop:
            said(str(stop))
            return stop.status
        except KeyboardInterrupt:
            return 130
        except BrokenPipeError:  # whoever read our output has read enough
            nobody_reads()
            return 1
        except OSError as error:
            if error.filename is None:
                nobody_reads()  # it may be standard output that refuses
            return said(in_words(error))
        except MemoryError:
            return said("Memory is short: give less input at a time, or fewer requests by --max-concurrency.")


def flushed(main: Callable[[], int]) -> int:
    """Run `main`, and have what it printed really written, also where argparse ends it."""
    try:
        return main()
    finally:
        sys.stdout.flush()


def said(sentence: str) -> int:
    """Tell the user why a command has to stop; the exit status."""
    if as_json():
        log.error("%s", sentence)
        return 1
    with contextlib.suppress(OSError):  # a full disk under standard error: nobody is left to be told
        sys.stderr.write(readable(sentence) + "\n")
    return 1


def readable(sentence: str) -> str:
    """The sentence on one line for people: no terminal obeys it, and a word without end is cut."""
    return LONG_WORD.sub(lambda word: word[0][:LONGEST_WORD] + "…", visible(sentence).replace("\n", "\\n"))


def in_words(error: OSError) -> str:
    """What the system refuses, as a sentence."""
    reason = error.strerror or str(error)
    if error.errno == errno.ESPIPE:
        return f"A pipe cannot be read twice ({reason}): write it to a file, and give that file's name."
    if not isinstance(error.filename, str | bytes):
        return f"The system refuses to go on ({reason}): make room, or see where standard output goes."
    return f"{os.fsdecode(error.filename)} cannot be used ({reason}): fix its permissions, or give another file."


# ---------------------------------------------------------------------------------------------- streams and signals


@contextlib.contextmanager
def open_streams() -> Iterator[None]:
    """Standard output and the log are there, whatever was closed or cannot be shown; the log goes to standard error."""
    for number in (0, 1, 2):  # else the next file that is opened would take the place of a closed one
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    out, err = sys.stdout, sys.stderr
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        sys.stderr = err or nowhere
        for stream in (out, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="replace")  # a terminal that cannot show a character shows another
        sys.stdout = cast("TextIO", Visible(out or nowhere))
        open_log()
        try:
            yield
        finally:
            sys.stdout, sys.stderr = out, err


def nobody_reads() -> None:
    """What is still to be written to standard output goes nowhere: Python would complain of it at its very end."""
    with contextlib.suppress(OSError, ValueError):  # it may be no file at all
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextlib.contextmanager
def signals_as(handler: Callable[[], None]) -> Iterator[None]:
    """Ctrl-C and SIGTERM call this while the block runs; only a main thread may say so. Child processes end by them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    process = os.getpid()

    def handle(number: int, _frame: object) -> None:
        if os.getpid() == process:
            handler()
        else:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, former in before.items():
            signal.signal(number, former)


def stopped_by_signal() -> NoReturn:
    """End the command, with all its `finally`."""
    raise KeyboardInterrupt


# ---------------------------------------------------------------------------------------------- .env


def read_env(path: Path) -> None:
    """Take what the file says into the environment, but for what stands there. Raises Stop where it says nothing."""
    if not path.is_file():
        if path.exists() and not path.is_dir():  # a folder of this name is somebody's virtual environment
            log.warning("%s is not a plain file, and is not read", path)
        return
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise Stop(f"{path} is not UTF-8 text ({error.reason} at byte {error.start}): save it as such.") from error
    except OSError as error:
        raise Stop(f"{path} cannot be read ({error.strerror}): fix its permissions or move it away.") from error
    if "\0" in text:
        raise Stop(f"{path} has a NUL character in it, and is no text: write it anew.")
    load_dotenv(stream=io.StringIO(text))
