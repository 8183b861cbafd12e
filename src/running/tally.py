"""What became of a run's input, counted."""

import dataclasses
from collections import Counter
from collections.abc import Iterator


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
    in_flight: int = 0
    interrupted: bool = False

    def in_words(self, done: str = "made") -> Iterator[str]:
        """What became of all that was not made now, a line each; counts that are none are left out."""
        if self.already:
            yield f"{f'{done} before':<14} {self.already:,}"
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
