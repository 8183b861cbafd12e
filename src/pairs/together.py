"""Whether records belong together: of one model, by the same prompts, misled in the same way, all rehearsed or none."""

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from pydantic import AliasChoices, AliasPath, Field

from ..basics.command import Stop
from ..basics.seen import SEEN, Seen
from ..basics.shape import Shape
from ..basics.text import shortened
from ..running.output import sample_number


class HowMade(Protocol):
    """What a record tells of how it was made."""

    @property
    def model(self) -> Any: ...
    @property
    def prompts(self) -> Any: ...
    @property
    def misled(self) -> Any: ...
    @property
    def rehearsal(self) -> bool: ...


class Origin(Shape):
    """The same, read from any record's line, with its name."""

    sample_id: Any = None
    item_id: Any = 0
    model: Any = None
    prompts: Any = None
    misled: Any = "published"
    rehearsal: bool = Field(False, validation_alias=AliasChoices("rehearsal", AliasPath("made", "rehearsal")))


ONE_OF_EACH: Mapping[str, Callable[[HowMade], object]] = {
    "how the rejected sides were misled": lambda record: record.misled,
    "whether they were rehearsed": lambda record: "rehearsed" if record.rehearsal else "real",
    "the model": lambda record: record.model,
    "the prompts": lambda record: record.prompts,
}


@dataclasses.dataclass
class Together:
    """What the records read so far have in common."""

    _first: dict[str, tuple[object, Path]] = dataclasses.field(default_factory=dict)

    def admit(self, record: HowMade, path: Path) -> None:
        """Raise Stop for a record that was made otherwise than the first one, whose file is named too."""
        for what, of in ONE_OF_EACH.items():
            value = of(record)
            first, where = self._first.setdefault(what, (value, path))
            if value != first:
                raise Stop(
                    f"The records differ in {what}: {first} ({where}) and {value} ({path}). Give files that belong"
                    " together, or --mixed to take them all."
                )


class EachOnce(Together):
    """The same for records that come line by line, none of which may come twice."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: dict[Path, Seen] = {}

    def admit_line(self, row: Mapping[str, Any], path: Path) -> None:
        """Raise Stop for a record that was made otherwise, or that was there before."""
        origin = Origin.model_validate(row)
        self.admit(origin, path)
        if not isinstance(origin.sample_id, str | int) or not isinstance(origin.item_id, int):
            return
        number = sample_number(origin.sample_id, origin.item_id)
        for earlier, seen in self._seen.items():
            if seen.get(number):
                places = " and ".join(map(str, dict.fromkeys((earlier, path))))
                raise repeated(origin.sample_id, places)
        self._seen.setdefault(path, Seen()).mark(number, SEEN)


def repeated(sample_id: object, places: str) -> Stop:
    """What is said of a record that is there more than once."""
    return Stop(
        f"Dialogue {shortened(str(sample_id), 80)!r} has more than one record of the same turn, in {places}: give each"
        " record once (a quality file holds those of its input), or --mixed to take them all."
    )
