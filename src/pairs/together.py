"""Whether records belong together: of one model, by the same prompts, misled in the same way, all rehearsed or none."""

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path

from ..basics.command import Stop
from .sides import Trainable

ONE_OF_EACH: Mapping[str, Callable[[Trainable], object]] = {
    "how the rejected sides were misled": lambda record: record.misled,
    "whether they were rehearsed": lambda record: "rehearsed" if record.rehearsal else "real",
    "the model": lambda record: record.model,
    "the prompts": lambda record: record.prompts,
}


@dataclasses.dataclass
class Together:
    """What the records read so far have in common."""

    _first: dict[str, tuple[object, Path]] = dataclasses.field(default_factory=dict)

    def admit(self, record: Trainable, path: Path) -> None:
        """Raise Stop for a record that was made otherwise than the first one, whose file is named too."""
        for what, of in ONE_OF_EACH.items():
            value = of(record)
            first, where = self._first.setdefault(what, (value, path))
            if value != first:
                raise Stop(
                    f"The records differ in {what}: {first} ({where}) and {value} ({path}). Give files that belong"
                    " together, or --mixed to take them all."
                )
