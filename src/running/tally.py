"""What became of a run's input, counted."""

import dataclasses
from collections import Counter
from collections.abc import Iterator


@dataclasses.dataclass
class Tally:
    """What became of the input."""

    rows: int = 0
    """Dialogues taken from the input."""
    made: Counter[str] = dataclasses.field(default_factory=Counter)
    """Samples that have become a record, by region."""
    failed: int = 0
    already: int = 0
    """Samples whose record was there before."""
    passed_over: Counter[str] = dataclasses.field(default_factory=Counter)
    """Dialogues and samples that are not made, by reason."""
    put_right: Counter[str] = dataclasses.field(default_factory=Counter)
    """Dialogues that were made although they were odd, by what was done about it."""
    unreadable: int = 0
    """Lines that are not JSON."""
    elsewhere: int = 0
    """Dialogues that belong to another shard."""
    in_flight: int = 0
    interrupted: bool = False

    def in_words(self) -> Iterator[str]:
        """The counts, a line each; those that are none are left out."""
        regions = ", ".join(f"{region} {self.made[region]}" for region in ("close", "middle", "far"))
        yield f"samples made   {self.made.total():,}" + (f" ({regions})" if self.made else "")
        if self.already:
            yield f"made before    {self.already:,}"
        if self.elsewhere:
            yield f"other shards   {self.elsewhere:,} dialogues"
        if self.failed:
            yield f"failed         {self.failed:,}"
        if self.unreadable:
            yield f"not JSON       {self.unreadable:,} lines"
        for reason, count in self.passed_over.most_common():
            yield f"passed over    {count:,}: {reason}"
        for kind, count in self.put_right.most_common():
            if count:
                yield f"put right      {count:,}: {kind}"
