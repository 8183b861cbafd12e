"""Which records become training rows, and on which side of a split; every drop is counted by its reason."""

import dataclasses
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast, get_args

import orjson
from pydantic import Field

from .formats import Side
from .io_utils import hashed
from .keys import SEEN, Keys
from .records import Region
from .schemas import Shape

HIGH, LOW = 0.8, 0.3
"""The published thresholds, for records that do not tell their region."""
INVERTED = "inverted"
"""A model's mark: it finds the rejected side nearer to what was really said."""
NO_WORD = re.compile(r"\W+")


class Unfit(Exception):
    """A record that gives no training row; the message says why."""


class ChosenSide(Shape):
    """What an SFT row needs of a record, and what filters and the dataset card ask about it."""

    sample_id: Any = None
    item_id: Any = 0
    history: str = Field(alias="chat_history", min_length=1)
    top_sim: Any = None
    region: Any = None
    model: Any = None
    seed: Any = None
    prompts: Any = None
    quality: Any = None
    chosen: Side
    rehearsal: bool = False

    def region_or_derived(self) -> Region:
        """The region as told, or else by the best similarity. Raises Unfit where neither is there."""
        if self.region in get_args(Region):
            return cast("Region", self.region)
        similarity = self.similarity()
        return "close" if similarity >= HIGH else "far" if similarity < LOW else "middle"

    def similarity(self) -> float:
        if isinstance(self.top_sim, int | float):
            return self.top_sim
        raise Unfit("it has no top_sim, by which it is to be filtered")

    def tags(self) -> set[str]:
        """What `python -m src.quality` has marked it with. Raises Unfit where that was not run."""
        if isinstance(self.quality, dict) and isinstance(self.quality.get("tags"), list):
            return {str(mark.get("tag")) for mark in self.quality["tags"] if isinstance(mark, dict)}
        raise Unfit("it has no quality marks to drop it by; run python -m src.quality on the records first")

    def judged(self, *keys: str) -> float:
        """A number that the judge gave. Raises Unfit where none was asked."""
        found = self.quality
        for key in keys:
            found = found.get(key) if isinstance(found, dict) else None
        if isinstance(found, int | float):
            return found
        raise Unfit("no judge has seen it; run python -m src.quality --judge on the records first")


class Pair(ChosenSide):
    """What a preference row needs of a record."""

    @property
    def ratings(self) -> dict[str, float]:
        """The judge's scores of both sides, where one was asked."""
        if not isinstance(self.quality, dict) or "margin" not in self.quality:
            return {}
        return {f"{side}_rating": self.judged(side, "score") for side in ("chosen", "rejected")}

    rejected: Side


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
    _seen: Keys = dataclasses.field(default_factory=Keys)

    def keep(self, record: ChosenSide) -> bool:
        """Whether the record passes; if not, the first reason is counted."""
        mark = self.marks.get(name_of(record.sample_id, record.item_id)) if self.marks else None
        self.met += mark is not None
        if mark == "keep":
            return True
        reason = "--marks" if mark == "drop" else next(self._reasons_against(record), "")
        self.dropped[reason] += bool(reason)
        return not reason

    def _reasons_against(self, record: ChosenSide) -> Iterator[str]:
        if self.min_top_sim is not None and record.similarity() < self.min_top_sim:
            yield f"--min-top-sim {self.min_top_sim:g}"
        if self.regions and record.region_or_derived() not in self.regions:
            yield f"--regions {','.join(self.regions)}"
        if INVERTED in self.drop:
            record.judged("margin")  # that nobody was asked is no reason to keep it
        if self.drop and (marked := [tag for tag in self.drop if tag in record.tags()]):
            yield f"--drop {marked[0]}"
        if self.min_margin is not None and record.judged("margin") < self.min_margin:
            yield f"--min-margin {self.min_margin:g}"
        if self.min_score is not None and record.judged("chosen", "score") < self.min_score:
            yield f"--min-score {self.min_score:g}"
        if self.dedupe:
            prompt = hashed(orjson.dumps(["prompt", record.history]))
            predictions = hashed(orjson.dumps(["predictions", *map(normalised, record.chosen.predictions)]))
            if self._seen.get(prompt):
                yield "--dedupe (same dialogue as before)"
            if self._seen.get(predictions):
                yield "--dedupe (same predictions as before)"
            self._seen.mark(prompt, SEEN)  # not reached by what was dropped for a reason above
            self._seen.mark(predictions, SEEN)


def name_of(sample_id: Any, item_id: Any) -> str:
    """What a sample is called in a file of marks: its id, whose type counts, and its item."""
    return orjson.dumps([sample_id, item_id], default=str).decode()


def normalised(text: str) -> str:
    """The text without what does not count when two are compared: case, punctuation, white space."""
    return NO_WORD.sub("", text.casefold())


@dataclasses.dataclass(frozen=True)
class Split:
    """Named shares of the dialogues. Which one a dialogue falls into is told by a hash of its id alone."""

    shares: Sequence[tuple[str, float]]

    def of(self, record: ChosenSide) -> str:
        name = record.history if record.sample_id is None else record.sample_id
        place = hashed(orjson.dumps(name, default=str)) / 2**64
        for split, share in self.shares:
            place -= share
            if place < 0:
                return split
        return self.shares[-1][0]
