"""The input, dialogue by dialogue: which samples are still to be made, and what became of the rest."""

import dataclasses
import logging
import zlib
from collections.abc import Generator, Iterator, Sequence
from typing import cast

import orjson

from ..basics.said import FirstFew
from ..basics.seen import DONE, SEEN, Fingerprints, Seen
from ..running.output import SampleId, sample_number
from ..running.tally import Tally
from .files import rows
from .json_rows import Unreadable
from .raw import PassedOver, Raw
from .samples import Sample, samples
from .settings import OfDialogues, OverDialogues
from .shapes import Reader
from .turns import Dialogue, cleaned

log = logging.getLogger(__name__)


def pending(config: OverDialogues, files: Sequence[str], seen: Seen, tally: Tally) -> Generator[Sample]:
    """The samples that are still to be made, in the order of the input, read as they are needed."""
    return Intake(config, seen, tally, Fingerprints(len(seen))).samples(files)


def whole(config: OfDialogues, files: Sequence[str], tally: Tally) -> Iterator[Dialogue]:
    """Every dialogue of the files, for whoever makes nothing of them; those that repeat one before are left out."""
    said = Fingerprints()
    for raw in read(files, config, tally, FirstFew(log)):
        try:
            dialogue = new_dialogue(raw, config, said)
        except PassedOver as reason:
            tally.passed_over[str(reason)] += 1
        else:
            yield dialogue


def new_dialogue(raw: Raw | PassedOver, config: OfDialogues, said: Fingerprints) -> Dialogue:
    """One row's dialogue. Raises PassedOver where there is none, or the same was said before."""
    if isinstance(raw, PassedOver):
        raise raw
    dialogue = cleaned(raw, config)
    if config.repeats == "drop" and not said.add(fingerprint(raw)):
        raise PassedOver("repeated dialogue")
    return dialogue


def read(files: Sequence[str], config: OfDialogues, tally: Tally, warnings: FirstFew) -> Iterator[Raw | PassedOver]:
    """Every row of the files as a dialogue, or why it is none. What is not JSON is counted and named."""
    for raw in Reader(config.oasst_paths, config.names).dialogues(rows(files, names=config.names)):
        tally.rows += 1
        if isinstance(raw, Unreadable):
            tally.unreadable += 1
            warnings.warn("%s line %d is not JSON and is left out: %s", raw.file, raw.number, raw.reason)
        else:
            yield raw


@dataclasses.dataclass(frozen=True)
class Intake:
    """One pass over the input, with what it has to remember of it."""

    config: OverDialogues
    seen: Seen
    tally: Tally
    said: Fingerprints
    warnings: FirstFew = dataclasses.field(default_factory=lambda: FirstFew(log))

    def samples(self, files: Sequence[str]) -> Generator[Sample]:
        for raw in read(files, self.config, self.tally, self.warnings):
            try:
                yield from self.of(raw, self.tally.rows - 1)
            except PassedOver as reason:
                self.tally.passed_over[str(reason)] += 1

    def of(self, raw: Raw | PassedOver, position: int) -> Iterator[Sample]:
        """The samples of one row that are still to be made. Raises PassedOver where there is none."""
        if isinstance(raw, PassedOver):
            raise raw
        # Only a dialogue without an id has to be looked at to tell whether it is new.
        dialogue = self.named(raw) if raw.given_id is None else None
        if self.is_new(raw, dialogue.name if dialogue else cast("SampleId", raw.given_id)):
            yield from self.wanted(dialogue or cleaned(raw, self.config), position)

    def named(self, raw: Raw) -> Dialogue:
        """A dialogue that has no id, under a name that no other has. Raises PassedOver where it is no dialogue."""
        dialogue = cleaned(raw, self.config)
        self.tally.put_right["no id: named by a hash of the content"] += 1
        if not self.seen.get(sample_number(dialogue.name, 0)) & SEEN:
            return dialogue
        if self.config.repeats == "drop":
            raise PassedOver("repeated dialogue")
        place = self.tally.rows  # in the input, the same in every run
        return dataclasses.replace(dialogue, name=f"{dialogue.name}-{place}")

    def is_new(self, raw: Raw, name: SampleId) -> bool:
        """Whether a dialogue is neither made before nor another shard's; raises PassedOver where it is a repetition."""
        number = sample_number(name, 0)
        marks = self.seen.get(number)
        if marks & SEEN:
            raise PassedOver("repeated id")
        # Every shard looks at all dialogues, so that of two that are alike the first one's shard makes it.
        if self.config.repeats == "drop" and raw.messages and not self.said.add(fingerprint(raw)):
            raise PassedOver("repeated dialogue")
        if self.config.shard and not in_shard(name, self.config.shard):
            self.seen.mark(number, SEEN)
            self.tally.elsewhere += 1
            return False
        if marks & DONE and self.config.turns != "all":  # by its id alone: a resumed run passes a million of them
            self.seen.mark(number, SEEN)
            self.tally.already += 1
            return False
        return True

    def wanted(self, dialogue: Dialogue, position: int) -> Iterator[Sample]:
        """The dialogue's samples that were not made before. Its id counts as seen from the first of them on."""
        for sample in samples(dialogue, position, self.config, self.tally.put_right):
            self.seen.mark(sample_number(sample.sample_id, 0), SEEN)
            if self.seen.get(sample_number(sample.sample_id, sample.item_id)) & DONE:
                self.tally.already += 1
            else:
                yield sample


def fingerprint(raw: Raw) -> int:
    """A number that equal messages share, for as long as this process runs. Raises PassedOver for no dialogue."""
    try:
        said = [message[raw.content] for message in raw.messages]
        if all(said):
            return hash((raw.system, *said, *[message[raw.role] for message in raw.messages]))
    except (TypeError, KeyError):
        pass
    try:
        return hash(repr((raw.system, raw.messages)))  # lists of parts, tool calls, or no dialogue at all
    except RecursionError as error:
        raise PassedOver("nested too deeply") from error


def in_shard(name: SampleId, shard: tuple[int, int]) -> bool:
    """Whether a dialogue belongs to this share, by hash of its id."""
    index, count = shard
    return zlib.crc32(orjson.dumps(name)) % count == index
