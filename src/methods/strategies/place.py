"""The files beside a library, named after it: what each step has made and paid for."""

import dataclasses
from pathlib import Path


@dataclasses.dataclass(frozen=True)
class Place:
    """Where a library and all that it is made of lies."""

    library: Path

    def beside(self, ending: str) -> Path:
        return self.library.with_name(f"{self.library.stem}.{ending}")

    @property
    def extracted(self) -> Path:
        """The strategy of each user turn, with the turn."""
        return self.beside("extracted.jsonl")

    @property
    def assigned(self) -> Path:
        """Which entry each strategy belongs to; never changed, only added to."""
        return self.beside("assigned.jsonl")

    @property
    def abstracted(self) -> Path:
        """What clusters have in common, as the model has said it."""
        return self.beside("abstracted.jsonl")

    @property
    def held_out(self) -> Path:
        """The strategy of each user turn of the dialogues that are held back."""
        return self.beside("held_out.jsonl")

    @property
    def followed(self) -> Path:
        """Which entry each of these strategies follows, if any."""
        return self.beside("followed.jsonl")

    @property
    def coverage(self) -> Path:
        """How many of them follow one."""
        return self.beside("coverage.json")

    @property
    def paid(self) -> tuple[Path, ...]:
        """What was asked for: each has its call store beside it."""
        return self.extracted, self.assigned, self.abstracted, self.held_out, self.followed

    @property
    def vectors(self) -> Path:
        """Every vector that was paid for."""
        return self.beside("vectors.sqlite")

    @property
    def turns(self) -> Path:
        """Each user turn with the entry that it follows."""
        return self.beside("turns.jsonl")
