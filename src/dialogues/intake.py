"""The input, dialogue by dialogue: which samples are still to be made, and what became of the rest."""

import dataclasses
import logging
import zlib
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from typing import cast

import orjson

from ..basics.said import FirstFew
from ..basics.seen import DONE, SEEN, Fingerprints, Keys
from ..running.output import SampleId, sample_key
from ..running.tally import Tally
from .files import rows
from .json_rows import Unreadable
from .raw import PassedOver, Raw
from .samples import Sample, content_id, samples
from .settings import OverDialogues
from .shapes import Reader
from .turns import cleaned

log = logging.getLogger(__name__)


def pending(config: OverDialogues, files: Sequence[str], keys: Keys, tally: Tally) -> Generator[Sample]:
    """The samples that are still to be made, in the order of the input, read as they are needed."""
    return Intake(config, keys, tally, Fingerprints(len(keys))).samples(files)


@dataclasses.dataclass(frozen=True)
class Intake:
    """One pass over the input, with what it has to remember of it."""

    config: OverDialogues
    keys: Keys
    tally: Tally
    said: Fingerprints
    warnings: FirstFew = dataclasses.field(default_factory=lambda: FirstFew(log))

    def samples(self, files: Sequence[str]) -> Generator[Sample]:
        for position, raw in enumerate(Reader(self.config.oasst_paths).dialogues(rows(files))):
            self.tally.rows += 1
            if isinstance(raw, Unreadable):
                self.tally.unreadable += 1
                self.warnings.warn("%s line %d is not JSON and is left out: %s", raw.file, raw.number, raw.reason)
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
