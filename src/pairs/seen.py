"""Which dialogues a training file was made from: marks in a file beside it, for whoever must not be tested on them.

Written by `src.postprocess`, read by `src.predict` and `src.evaluate`. A mark tells no more of a dialogue than that it
is the same one.
"""

import hashlib
import re
from array import array
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from typing import Any

import orjson

from ..basics.command import Stop
from ..basics.files import beginning, replaced
from ..basics.text import shortened

DIALOGUES = ".dialogues"
MARK = re.compile(r"[0-9a-f]{16}")


def dialogue_mark(sample_id: Any) -> str:
    """16 hex digits that stand for a dialogue; the type of its id counts."""
    return hashlib.blake2b(orjson.dumps(sample_id, default=str), digest_size=8).hexdigest()


def dialogues_beside(file: Path) -> Path:
    """Where the marks of a training file stand: `FILE.dialogues`."""
    return file.with_name(file.name + DIALOGUES)


class Dialogues:
    """The dialogues of one training file, in eight bytes for each row."""

    def __init__(self, sample_ids: Iterable[Any] = ()) -> None:
        self._marks = array("Q")
        for sample_id in sample_ids:
            self.add(sample_id)

    def add(self, sample_id: Any) -> None:
        self._marks.append(int(dialogue_mark(sample_id), 16))

    def write_beside(self, file: Path) -> None:
        """Write the marks beside their training file, each once, in an order that tells nothing."""
        with replaced(dialogues_beside(file)) as written:
            written.writelines(f"{mark:016x}\n".encode() for mark, _ in groupby(sorted(self._marks)))


def holds_marks(path: Path) -> bool:
    """Whether a file holds marks of dialogues."""
    first = beginning(path).partition(b"\n")[0]
    return MARK.fullmatch(first.decode("utf-8", "replace")) is not None


def trained_dialogues(files: Iterable[Path]) -> frozenset[str]:
    """The marks of all dialogues in these training files. Raises Stop where one file does not tell its dialogues."""
    return frozenset(mark for file in files for mark in marks_of(file))


def marks_of(file: Path, what: str = "Training file", maker: str = "python -m src.postprocess") -> list[str]:
    """The marks beside one file, which `maker` makes. Raises Stop where there are none."""
    if not file.is_file():
        raise Stop(f"{what} {file} does not exist: give one that {maker} has made.")
    beside = dialogues_beside(file)
    try:
        marks = beside.read_text(encoding="utf-8").split()
    except FileNotFoundError as error:
        raise Stop(
            f"{what} {file} does not tell its dialogues, since {beside.name} is not beside it: make it again with"
            f" {maker}."
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise Stop(f"{beside} cannot be read ({error}): make it again with {maker}.") from error
    if odd := next((mark for mark in marks if not MARK.fullmatch(mark)), None):
        raise Stop(f"{beside} holds {shortened(odd, 40)!r}, which is no dialogue's mark: make it again with {maker}.")
    return marks
