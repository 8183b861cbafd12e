"""Figures of a measurement, kept as a JSON file that is known for what it is."""

from pathlib import Path

import orjson

from ..basics.command import Stop
from ..basics.files import replaced
from ..basics.shape import Shape


def keep(figures: Shape, path: Path) -> None:
    """Write the figures. Raises Stop where the file cannot be written."""
    try:
        with replaced(path) as file:
            file.write(orjson.dumps(figures.model_dump(), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    except OSError as error:
        raise Stop(f"{path} cannot be written ({error.strerror}): make room, or give another --output.") from error


def holds(kind: type[Shape], path: Path) -> bool:
    """Whether a file has figures of this kind."""
    try:
        kind.model_validate_json(path.read_bytes())
    except (OSError, ValueError):
        return False
    return True
