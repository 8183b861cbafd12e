"""The input, dialogue by dialogue: which samples are still to be made, and what became of the rest."""

import dataclasses
import itertools
import logging
import zlib
from collections import Counter, deque
from collections.abc import Generator, Iterator
from typing import Any, cast

import orjson

from .config import Config
from .dialogues import Sample, cleaned, content_id, samples
from .io_utils import sample_key
from .json_rows import Unreadable
from .keys import DONE, SEEN, Fingerprints, Keys
from .records import SampleId
from .shapes import PassedOver, Raw, Reader
from .sources import found, rows

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


def pending(config: Config, keys: Keys, tally: Tally) -> Generator[Sample]:
    """The samples that are still to be made, in the order of the input, read as they are needed."""
    return Intake(config, keys, tally, Fingerprints(len(keys))).samples()


@dataclasses.dataclass(frozen=True)
class Intake:
    """One pass over the input, with what it has to remember of it."""

    config: Config
    keys: Keys
    tally: Tally
    said: Fingerprints

    def samples(self) -> Generator[Sample]:
        files = found(self.config.input, self.config.output)
        for position, raw in enumerate(Reader(self.config.oasst_paths).dialogues(rows(files))):
            self.tally.rows += 1
            if isinstance(raw, Unreadable):
                self.tally.unreadable += 1
                if self.tally.unreadable <= MOST_WARNINGS:
                    log.warning("%s line %d is not JSON and is left out: %s", raw.file, raw.number, raw.reason)
                continue
            try:
                named = self.named(raw)
                if self.is_new(named):
                    yield from self.wanted(named, position)
            except PassedOver as reason:
                self.tally.passed_over[str(reason)] += 1

    def named(self, raw: Raw | PassedOver) -> Raw:
        """The dialogue with an id: its own, or a hash of what it comes down to. Raises PassedOver where it is none."""
        if isinstance(raw, PassedOver):
            raise raw
        if raw.given_id is not None:
            return raw
        name = content_id(cleaned(raw, self.config, Counter()))
        self.tally.put_right["no id: named by a hash of the content"] += 1
        if self.keys.get(sample_key(name, 0)) & SEEN:
            if self.config.repeats == "drop":
                raise PassedOver("repeated dialogue")
            name = f"{name}-{self.tally.rows}"  # its place in the input, the same in every run
        return raw._replace(given_id=name)

    def is_new(self, raw: Raw) -> bool:
        """Whether a dialogue is neither made before nor another shard's; raises PassedOver where it is a repetition."""
        key = sample_key(cast("SampleId", raw.given_id), 0)
        marks = self.keys.get(key)
        if marks & SEEN:
            raise PassedOver("repeated id")
        # Every shard looks at all dialogues, so that of two that are alike the first one's shard makes it.
        if self.config.repeats == "drop" and raw.messages and not self.said.add(fingerprint(raw)):
            raise PassedOver("repeated dialogue")
        if self.config.shard and not in_shard(raw, self.config.shard):
            self.keys.mark(key, SEEN)
            self.tally.elsewhere += 1
            return False
        if marks & DONE and self.config.turns != "all":  # told by its id alone: a resumed run passes a million of them
            self.keys.mark(key, SEEN)
            self.tally.already += 1
            return False
        return True

    def wanted(self, raw: Raw, position: int) -> Iterator[Sample]:
        """The dialogue's samples that were not made before. Its id counts as seen from the first of them on."""
        for sample in samples(raw, position, self.config, self.tally.put_right):
            self.keys.mark(sample_key(sample.sample_id, 0), SEEN)
            if self.keys.get(sample_key(sample.sample_id, sample.item_id)) & DONE:
                self.tally.already += 1
            else:
                yield sample


def fingerprint(raw: Raw) -> int:
    """A number that equal messages share, for as long as this process runs."""
    try:
        said = [message[raw.content] for message in raw.messages]
        if all(said):
            return hash((raw.system, *said, *[message[raw.role] for message in raw.messages]))
    except (TypeError, KeyError):
        pass
    return hash(repr((raw.system, raw.messages)))  # lists of parts, tool calls, or no dialogue at all


def in_shard(raw: Raw, shard: tuple[int, int]) -> bool:
    """Whether a dialogue belongs to this share, by hash of its id."""
    index, count = shard
    return zlib.crc32(orjson.dumps(raw.given_id)) % count == index


class Upcoming(Iterator[Any]):
    """Samples in their order, read a little ahead, so that it is known when the last ones have come."""

    def __init__(self, source: Generator[Any], limit: int | None, ahead: int) -> None:
        self._source, self._limited, self._ahead = source, itertools.islice(source, limit), ahead
        self._read: deque[Any] = deque()
        self.ending = False
        """No more are left than were read ahead."""

    def __next__(self) -> Any:
        # Two at a time until enough are there: samples may lie far apart, and the first must not wait for many.
        missing = min(2, self._ahead + 1 - len(self._read))
        came = list(itertools.islice(self._limited, missing))
        self._read.extend(came)
        self.ending = len(came) < missing
        if not self._read:
            raise StopIteration
        return self._read.popleft()

    def close(self) -> None:
        """Close the files that are still open."""
        self._source.close()
