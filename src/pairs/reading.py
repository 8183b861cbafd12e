"""Records from files, each in a shape that its reader chooses; what is no record is named and left out."""

import dataclasses
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Generic, TypeVar

import orjson
from pydantic import ValidationError

from ..basics.said import FirstFew
from ..basics.shape import Shape
from ..basics.text import loads
from .sides import Unfit
from .together import EachOnce

log = logging.getLogger(__name__)

ShapeT = TypeVar("ShapeT", bound=Shape)


class LeftOut:
    """Lines that are no records: the first of them are named, all are counted."""

    def __init__(self) -> None:
        self._said = FirstFew(log)

    @property
    def count(self) -> int:
        return self._said.count

    def note(self, path: object, number: int, error: Exception) -> None:
        """Leave out a line of a file, counted from 1, for this reason."""
        self._said.warn("%s line %d is left out: %s", path, number, reason_of(error))


@dataclasses.dataclass(frozen=True, slots=True)
class Entry(Generic[ShapeT]):
    """A line that is a record: all of it, and what its reader asked for."""

    row: dict[str, Any]
    record: ShapeT


def entries(
    paths: Sequence[str | Path], shape: type[ShapeT], left_out: LeftOut, together: EachOnce | None = None
) -> Iterator[Entry[ShapeT]]:
    """The records of the files, in turn. Each can be written again.

    Raises Stop for one that does not belong `together` with those before it.
    """
    for path in map(Path, paths):
        with path.open("rb", buffering=1 << 20) as file:
            for number, line in enumerate(file, 1):
                if line.isspace():
                    continue
                try:
                    row = loads(line)
                    record = shape.model_validate(row)
                    orjson.dumps(row)  # what is nested too deeply can be read and not be written
                except (ValueError, orjson.JSONEncodeError) as error:
                    left_out.note(path, number, error)
                else:
                    if together:
                        together.admit_line(row, path)
                    yield Entry(row, record)


def reason_of(error: Exception) -> str:
    """Why a line is no record, in a few words."""
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        return f'"{where}": {first["msg"]}' if where else "it is not a record"
    if isinstance(error, orjson.JSONEncodeError):
        return "it is nested too deeply"
    return str(error) if isinstance(error, Unfit) else f"it is not JSON ({error})"
