"""What became of a run's input, counted."""

import dataclasses
from collections import Counter
from collections.abc import Iterator, Sequence

from ..basics.text import shortened

MOST_REASONS = 3  # why nothing can be used
LONGEST_EXAMPLE = 120  # characters of the reason that a summary shows; the sidecar has it whole


@dataclasses.dataclass
class Tally:
    """What became of the input: what was made of it, and what of the rest."""

    rows: int = 0
    """Rows taken from the input."""
    made: Counter[str] = dataclasses.field(default_factory=Counter)
    """Items that have become a row, by what came of them."""
    failed: int = 0
    already: int = 0
    """Items whose row was there before."""
    passed_over: Counter[str] = dataclasses.field(default_factory=Counter)
    """Dialogues and samples that are not made, by reason."""
    put_right: Counter[str] = dataclasses.field(default_factory=Counter)
    """Dialogues that were made although they were odd, by what was done about it."""
    unreadable: int = 0
    """Lines that are not JSON."""
    elsewhere: int = 0
    """Dialogues that belong to another shard."""
    known: int = 0
    """Items whose row was there before the run, wherever they stand in the input."""
    aside: int = 0
    """Items that wait for an answer which comes later."""
    in_flight: int = 0
    ahead: int = 0
    """Items that were read and wait to be taken."""
    failures: Counter[tuple[str, str]] = dataclasses.field(default_factory=Counter)
    """Items that failed, by stage and kind."""
    examples: dict[tuple[str, str], str] = dataclasses.field(default_factory=dict)
    """The reason of the first of each."""
    interrupted: bool = False

    @property
    def ended(self) -> int:
        return self.made.total() + self.failed

    def nothing_usable(self, rows: str, files: Sequence[str]) -> str | None:
        """What is said where files gave nothing to make, and no other run or shard had any of it."""
        if (
            not files
            or self.ended
            or self.already
            or self.elsewhere
            or self.in_flight
            or self.aside
            or self.known
            or self.interrupted
        ):
            return None
        where = shortened(" ".join(files), LONGEST_EXAMPLE)
        reasons = [f"{count:,}: {reason}" for reason, count in self.passed_over.most_common(MOST_REASONS)]
        reasons += [f"{self.unreadable:,}: not JSON"] if self.unreadable else []
        return f"None of the {rows} in {where} can be used ({'; '.join(reasons) or 'it is empty'})."

    def fail(self, stage: str, kind: str, reason: str) -> None:
        """Count an item that could not be made."""
        self.failed += 1
        self.failures[stage, kind] += 1
        self.examples.setdefault((stage, kind), reason)

    def in_words(self, done: str = "made") -> Iterator[str]:
        """What became of all that was not made now, a line each; counts that are none are left out."""
        if self.already:
            yield f"{f'{done} before':<14} {self.already:,}"
        if self.elsewhere:
            yield f"other shards   {self.elsewhere:,} dialogues"
        if self.failed:
            yield f"failed         {self.failed:,}"
        for (stage, kind), count in self.failures.most_common():
            yield f"  at {stage} {count:,} {kind}, such as: {shortened(self.examples[stage, kind], LONGEST_EXAMPLE)}"
        if self.unreadable:
            yield f"not JSON       {self.unreadable:,} lines"
        for reason, count in self.passed_over.most_common():
            yield f"passed over    {count:,}: {reason}"
        for kind, count in self.put_right.most_common():
            if count:
                yield f"put right      {count:,}: {kind}"
