"""Which records become training rows, and on which side of a split; every drop is counted by its reason."""

import dataclasses
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import orjson

from ..basics.seen import SEEN, Seen, hashed
from ..basics.split import Split
from ..basics.text import normalised
from ..pairs.sides import Trainable, name_of
from ..pairs.words import INVERTED


@dataclasses.dataclass
class Filters:
    """The wishes of a user about which records count, and how many each of them dropped."""

    min_top_sim: float | None = None
    regions: Sequence[str] | None = None
    dedupe: bool = False
    drop: Sequence[str] = ()
    min_margin: float | None = None
    min_score: float | None = None
    marks: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """What people decided on the page of `src.report`, by `name_of`: drop, or keep whatever else speaks against it."""
    met: int = 0
    """Of the marks, those that name a record."""
    dropped: Counter[str] = dataclasses.field(default_factory=Counter)
    _seen: Seen = dataclasses.field(default_factory=Seen)

    def keep(self, record: Trainable) -> bool:
        """Whether the record passes; if not, the first reason is counted."""
        mark = self.marks.get(name_of(record.sample_id, record.item_id)) if self.marks else None
        self.met += mark is not None
        if mark == "keep":
            return True
        reason = "--marks" if mark == "drop" else next(self._reasons_against(record), "")
        self.dropped[reason] += bool(reason)
        return not reason

    def _reasons_against(self, record: Trainable) -> Iterator[str]:
        if self.min_top_sim is not None and record.similarity() < self.min_top_sim:
            yield f"--min-top-sim {self.min_top_sim:g}"
        if self.regions and record.region_or_derived() not in self.regions:
            yield f"--regions {','.join(self.regions)}"
        if INVERTED in self.drop:
            record.margin()  # that nobody was asked is no reason to keep it
        if self.drop and (marked := [tag for tag in self.drop if tag in record.tags()]):
            yield f"--drop {marked[0]}"
        if self.min_margin is not None and record.margin() < self.min_margin:
            yield f"--min-margin {self.min_margin:g}"
        if self.min_score is not None and record.score("chosen") < self.min_score:
            yield f"--min-score {self.min_score:g}"
        if self.dedupe:
            prompt = hashed(orjson.dumps(["prompt", record.history]))
            predictions = hashed(orjson.dumps(["predictions", *map(normalised, record.said)]))
            if self._seen.get(prompt):
                yield "--dedupe (same dialogue as before)"
            if self._seen.get(predictions):
                yield "--dedupe (same predictions as before)"
            self._seen.mark(prompt, SEEN)  # not reached by what was dropped for a reason above
            self._seen.mark(predictions, SEEN)


def split_of(record: Trainable, shares: Split) -> str:
    """The split of a record's dialogue, or of its group where it has one, so that what belongs together stays so."""
    if record.group is not None:
        return shares.of(["group", record.group])
    return shares.of(record.history if record.sample_id is None else record.sample_id)
