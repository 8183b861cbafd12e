"""Which dialogues a training file was made from: marks in a file beside it, for whoever must not be tested on them.

Written by `src.postprocess`, read by `src.predict` and `src.evaluate`. A mark tells no more of a dialogue than that it
is the same one.
"""

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson

from ..basics.command import Stop
from ..basics.files import replaced
from ..basics.text import shortened

DIALOGUES = ".dialogues"
MARK = re.compile(r"[0-9a-f]{16}")


def dialogue_mark(sample_id: Any) -> str:
    """16 hex digits that stand for a dialogue; the type of its id counts."""
    return hashlib.blake2b(orjson.dumps(sample_id, default=str), digest_size=8).hexdigest()


def dialogues_beside(file: Path) -> Path:
    """Where the marks of a training file stand: `FILE.dialogues`."""
    return file.with_name(file.name + DIALOGUES)


def write_dialogues(file: Path, sample_ids: Iterable[Any]) -> None:
    """Write the marks of these dialogues beside their training file, each once, in an order that tells nothing."""
    with replaced(dialogues_beside(file)) as written:
        written.writelines(f"{mark}\n".encode() for mark in sorted({dialogue_mark(name) for name in sample_ids}))


def trained_dialogues(files: Iterable[Path]) -> frozenset[str]:
    """The marks of all dialogues in these training files. Raises Stop where one file does not tell its dialogues."""
    return frozenset(mark for file in files for mark in marks_of(file))


def marks_of(file: Path) -> list[str]:
    """The marks beside one training file. Raises Stop where there are none."""
    beside = dialogues_beside(file)
    if not file.exists():
        raise Stop(f"Training file {file} does not exist: give --trained-on what python -m src.postprocess has made.")
    try:
        marks = beside.read_text(encoding="utf-8").split()
    except FileNotFoundError as error:
        raise Stop(
            f"Training file {file} does not tell its dialogues, since {beside.name} is not beside it: make it again with"
            " python -m src.postprocess."
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise Stop(f"{beside} cannot be read ({error}): make it again with python -m src.postprocess.") from error
    if odd := next((mark for mark in marks if not MARK.fullmatch(mark)), None):
        raise Stop(
            f"{beside} holds {shortened(odd, 40)!r}, which is no dialogue's mark: make it again with"
            " python -m src.postprocess."
        )
    return marks
