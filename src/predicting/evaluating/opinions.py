"""The judge's opinions as they are kept, and the figures that they give: of predictors, and of the judge itself."""

import dataclasses
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import orjson
from pydantic import ValidationError

from ...basics.files import replaced
from ...basics.shape import Shape
from ...basics.text import loads
from ...pairs.sides import name_of
from ...running.output import SampleId
from .cases import Case
from .resampling import Numbers, Ratio, ratio
from .scoring import Board, Measure

TRUTH, UNRELATED = "(truth)", "(unrelated)"
"""What is planted, where it is compared."""


class Comparison(Shape):
    """Which of two came nearer: 1 for a, -1 for b, 0 for neither; with a shown first, and with b shown first."""

    a: str
    b: str
    a_first: int
    b_first: int
    asked: bool = True
    """Whether it had to be asked, or was plain to see."""

    @property
    def agrees(self) -> bool:
        return self.a_first == self.b_first

    @property
    def verdict(self) -> int:
        """What both orders agree on; a tie where they do not."""
        return self.a_first if self.agrees else 0


class Planted(Shape):
    """How the judge took what was planted."""

    similarities: Mapping[str, float]
    comparisons: tuple[Comparison, ...]


class Opinion(Shape):
    """One line of the judge's file, but for what it cost and who judged."""

    sample_id: SampleId
    item_id: int
    asked: str
    """A digest of what was asked."""
    similarities: Mapping[str, float]
    comparisons: tuple[Comparison, ...] = ()
    planted: Planted | None = None
    rehearsal: bool | None = None
    """True where no model was asked."""

    @property
    def planted_similarities(self) -> Mapping[str, float]:
        return self.planted.similarities if self.planted else {}

    @property
    def name(self) -> str:
        return name_of(self.sample_id, self.item_id)


def drop_others(path: Path, asked: Mapping[str, str]) -> int:
    """Leave in the judge's file only what is said of the cases as they are now; the number of lines that went.

    Their replies stay in the call store, so that whatever is asked again in the same words is not paid for again.
    """
    if not path.is_file():
        return 0
    lines = path.read_bytes().splitlines(keepends=True)
    kept = [line for line in lines if not is_other(line, asked)]
    if len(kept) < len(lines):
        with replaced(path) as file:
            file.writelines(kept)
    return len(lines) - len(kept)


def is_other(line: bytes, asked: Mapping[str, str]) -> bool:
    """Whether a line is an opinion on other predictions than these. What is no opinion is not for us to drop."""
    try:
        opinion = Opinion.model_validate(loads(line))
    except ValueError:
        return False
    return opinion.name in asked and asked[opinion.name] != opinion.asked


def opinions_in(path: Path, asked: Mapping[str, str]) -> Mapping[str, Opinion]:
    """The opinions on the cases as they are now, by the case's name."""
    found = {}
    for line in path.read_bytes().splitlines() if path.is_file() else ():
        try:
            opinion = Opinion.model_validate(orjson.loads(line))
        except (ValidationError, orjson.JSONDecodeError):
            continue
        if asked.get(opinion.name) == opinion.asked:
            found[opinion.name] = opinion
    return found


@dataclasses.dataclass(frozen=True)
class Opinions:
    """All that the judge has said."""

    by_case: Mapping[str, Opinion]

    def measures(self, hit: float, *, planted: bool) -> Mapping[str, Measure]:
        """The judge's similarity, and whether it is a hit: of predictions, or of what was planted among them."""

        def similarity(case: Case, text: str) -> float:
            if (opinion := self.by_case.get(case.name)) is None:
                return math.nan
            graded = opinion.planted_similarities if planted else opinion.similarities
            return graded.get(text, math.nan) if text else 0.0

        return {"similarity": similarity, "hit": lambda case, text: reaches(similarity(case, text), hit)}

    def nearer(self, cases: Sequence[Case], a: str, b: str) -> Ratio:
        """How often a is nearer, less how often b is."""
        return self.ratio_of(cases, self.between(a, b), lambda each: float(each.verdict))

    def of_the_judge(self, cases: Sequence[Case]) -> Board:
        """How far the judge can be trusted."""
        every = self.asked
        truth, unrelated = self.planted(TRUTH), self.planted(UNRELATED)
        board = {
            "orders_agree": self.ratio_of(cases, every, lambda each: float(each.agrees)),
            "first_preferred": self.ratio_of(cases, every, firsts, preferences),
            "ties": self.ratio_of(cases, every, lambda each: 2 - preferences(each), lambda _: 2.0),
            "truth_wins": self.ratio_of(cases, truth, lambda each: float(each.verdict == 1)),
            "unrelated_loses": self.ratio_of(cases, unrelated, lambda each: float(each.verdict == -1)),
            "truth_similarity": self.graded(cases, lambda case, graded: graded.get(case.utterance)),
            "unrelated_similarity": self.graded(cases, unrelated_in),
        }
        return {name: figure for name, figure in board.items() if figure.present.any()}

    @property
    def rehearsed(self) -> bool:
        return any(opinion.rehearsal for opinion in self.by_case.values())

    def between(self, a: str, b: str) -> "Pick":
        return lambda opinion: [each for each in opinion.comparisons if (each.a, each.b) == (a, b)]

    def planted(self, a: str) -> "Pick":
        return lambda opinion: [each for each in planted_in(opinion) if each.a == a]

    @property
    def asked(self) -> "Pick":
        return lambda opinion: [each for each in (*opinion.comparisons, *planted_in(opinion)) if each.asked]

    def ratio_of(
        self,
        cases: Sequence[Case],
        pick: "Pick",
        above: Callable[[Comparison], float],
        below: Callable[[Comparison], float] = lambda _: 1.0,
    ) -> Ratio:
        """A sum over a sum, of the comparisons that are picked."""
        picked = [pick(opinion) if (opinion := self.by_case.get(case.name)) else [] for case in cases]
        return ratio(sums(picked, above), sums(picked, below))

    def graded(self, cases: Sequence[Case], grade: Callable[[Case, Mapping[str, float]], float | None]) -> Ratio:
        """The mean grade of one of the planted texts."""
        found = []
        for case in cases:
            opinion = self.by_case.get(case.name)
            value = grade(case, opinion.planted.similarities) if opinion and opinion.planted else None
            found.append(math.nan if value is None else value)
        grades = np.array(found, dtype=np.float64)
        return ratio(grades, np.ones_like(grades))


Pick = Callable[[Opinion], Iterable[Comparison]]


def sums(picked: Sequence[Iterable[Comparison]], part: Callable[[Comparison], float]) -> Numbers:
    return np.array([sum(map(part, each)) for each in picked], dtype=np.float64)


def planted_in(opinion: Opinion) -> Sequence[Comparison]:
    return opinion.planted.comparisons if opinion.planted else ()


def unrelated_in(case: Case, graded: Mapping[str, float]) -> float | None:
    return next((similarity for text, similarity in graded.items() if text != case.utterance), None)


def firsts(comparison: Comparison) -> float:
    """How many of the two answers prefer what stood first."""
    return float((comparison.a_first == 1) + (comparison.b_first == -1))


def preferences(comparison: Comparison) -> float:
    """How many of the two answers prefer one."""
    return float((comparison.a_first != 0) + (comparison.b_first != 0))


def reaches(similarity: float, hit: float) -> float:
    return math.nan if math.isnan(similarity) else float(similarity >= hit)
