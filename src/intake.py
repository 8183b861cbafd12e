"""The input, row by row: which samples are still to be made, and what became of the rest."""

import dataclasses
import itertools
import logging
import zlib
from collections import Counter, deque
from collections.abc import Iterator
from typing import Any

import orjson

from .config import Config
from .dialogues import PassedOver, Sample, given_id, samples
from .io_utils import rows, sample_key
from .keys import DONE, SEEN, Keys

log = logging.getLogger(__name__)

MOST_WARNINGS = 20  # of one kind; the summary has the count


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


def pending(config: Config, keys: Keys, tally: Tally) -> Iterator[Sample]:
    """The samples that are still to be made, in the order of the input, read as they are needed."""

    def unreadable(number: int, reason: str) -> None:
        tally.unreadable += 1
        if tally.unreadable <= MOST_WARNINGS:
            log.warning("%s line %d is not JSON and is left out: %s", config.input, number, reason)

    for position, row in rows(config.input, unreadable):
        tally.rows += 1
        try:
            if config.shard and not in_shard(row, config.shard):
                tally.elsewhere += 1
                continue
            if config.turns != "all" and known(row, keys):
                tally.already += 1
                continue
            for sample in samples(row, position, config.turns, config.seed):
                key = sample_key(sample.sample_id, sample.item_id)
                marks = keys.get(key)
                keys.mark(key, SEEN)
                if marks & SEEN:
                    tally.passed_over["duplicate id"] += 1
                elif marks & DONE:
                    tally.already += 1
                else:
                    yield sample
        except PassedOver as reason:
            tally.passed_over[str(reason)] += 1


class Upcoming(Iterator[Sample]):
    """Samples in their order, read a little ahead, so that it is known when the last ones have come."""

    def __init__(self, source: Iterator[Sample], ahead: int) -> None:
        self._source, self._ahead = source, ahead
        self._read: deque[Sample] = deque()
        self.ending = False
        """No more are left than were read ahead."""

    def __next__(self) -> Sample:
        # Two at a time until enough are there: samples may lie far apart, and the first must not wait for many.
        missing = min(2, self._ahead + 1 - len(self._read))
        came = list(itertools.islice(self._source, missing))
        self._read.extend(came)
        self.ending = len(came) < missing
        if not self._read:
            raise StopIteration
        return self._read.popleft()


def in_shard(row: Any, shard: tuple[int, int]) -> bool:
    """Whether a dialogue belongs to this share: by hash of its id, or of the whole row where it has none."""
    given = given_id(row) if isinstance(row, dict) else None
    index, count = shard
    name = zlib.crc32(orjson.dumps(row if given is None else given))
    return name % count == index


def known(row: Any, keys: Keys) -> bool:
    """Whether a dialogue's only sample is done, told by its id alone: a resumed run passes a million of them."""
    given = given_id(row) if isinstance(row, dict) else None
    if given is None or keys.get(key := sample_key(given, 0)) != DONE:
        return False
    keys.mark(key, SEEN)
    return True
