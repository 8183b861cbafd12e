"""The end of a file of lines that a killed run may have left."""

import logging
import os
from pathlib import Path
from typing import BinaryIO

from ..basics.text import loads

log = logging.getLogger(__name__)


def line_start(file: BinaryIO, end: int) -> int:
    """Where the line begins that ends at `end`."""
    place = end
    while place > 0:
        step = min(65_536, place)
        place -= step
        file.seek(place)
        if (found := file.read(step).rfind(b"\n")) >= 0:
            return place + found + 1
    return 0


def mend(path: Path) -> None:
    """Make the file end with a whole line: an unfinished last one is cut off, one that lacks only its end is ended."""
    with path.open("a+b") as file:
        size = file.seek(0, os.SEEK_END)
        start = line_start(file, size)
        file.seek(start)
        if not (tail := file.read()):
            return
        try:
            loads(tail)
            file.write(b"\n")
        except ValueError:
            file.truncate(start)
            log.warning("%s: cut off an unfinished last line of %d bytes", path, len(tail))
