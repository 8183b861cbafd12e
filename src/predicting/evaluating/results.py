"""What an evaluation has found, as data: for the terminal, for machines, for the page."""

import dataclasses
import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from .cases import COPIED, SHUFFLED
from .figures import ALL, NEARER
from .opinions import Opinions
from .reading import Material
from .resampling import Interval, Resampling
from .scoring import Board
from .slices import Slice, slices

Found = Mapping[str, Interval]
"""Figures by name."""


@dataclasses.dataclass(frozen=True)
class Difference:
    """A figure of a less that of b, of the samples that both have."""

    a: str
    b: str
    metric: str
    interval: Interval


@dataclasses.dataclass(frozen=True)
class Part:
    """A slice of the cases, with each predictor's figures of it."""

    kind: str
    name: str
    found: Mapping[str, Found]


@dataclasses.dataclass(frozen=True)
class Results:
    """All figures with their intervals."""

    samples: int
    dialogues: int
    resamples: int
    seed: int
    predictors: Mapping[str, Found]
    """By name, in the order of the files; the two ends of the scales come last."""
    differences: Sequence[Difference]
    parts: Sequence[Part]
    judge: Found
    judge_model: str | None
    rehearsed: bool
    """Whether some opinions are of no model."""
    notes: Sequence[str] = ()
    """Sentences on what to be wary of."""

    @property
    def metrics(self) -> list[str]:
        """The figures that some predictor has, in order."""
        ours = [found for name, found in self.predictors.items() if name not in {COPIED, SHUFFLED}]
        return [name for name in ALL if any(name in found for found in ours)]

    @property
    def main(self) -> str:
        """The figure by which samples are sorted: the best that is known of meaning."""
        return next(name for name in ("similarity_best", "cosine_best", "chrf_best") if name in self.metrics)

    def as_json(self) -> dict[str, Any]:
        """As `evaluation.json` has it."""
        return {
            "predictors": {name: in_json(found) for name, found in self.predictors.items()},
            "differences": [
                {"a": each.a, "b": each.b, "metric": each.metric, **without_count(each.interval)}
                for each in self.differences
            ],
            "slices": [
                {
                    "kind": part.kind,
                    "slice": part.name,
                    "predictors": {name: in_json(found) for name, found in part.found.items()},
                }
                for part in self.parts
            ],
            "judge": {"model": self.judge_model, **in_json(self.judge)} if self.judge else None,
            "samples": self.samples,
            "dialogues": self.dialogues,
            "resamples": self.resamples,
            "seed": self.seed,
            "notes": [*self.notes],
        }


def without_count(interval: Interval) -> dict[str, Any]:
    return {name: value for name, value in dataclasses.asdict(interval).items() if name != "n"}


def in_json(found: Found) -> dict[str, Any]:
    return {name: dataclasses.asdict(interval) for name, interval in found.items()}


@dataclasses.dataclass(frozen=True)
class Boards:
    """Every predictor's figures before they have intervals."""

    of: Mapping[str, Board]
    """By name; the two ends of the scales come last."""

    def found(self, resampling: Resampling) -> Mapping[str, Found]:
        return {name: found_of(board, resampling) for name, board in self.of.items()}

    def differences(self, resampling: Resampling) -> list[Difference]:
        """Of every two predictors, in every figure that both have."""
        found = []
        ours = [name for name in self.of if name not in {COPIED, SHUFFLED}]
        for a, b in itertools.combinations(ours, 2):
            both = [name for name in ALL if name in self.of[a] and name in self.of[b]]
            intervals = resampling.differences([self.of[a][name] for name in both], [self.of[b][name] for name in both])
            found += [Difference(a, b, *one) for one in zip(both, intervals, strict=True) if one[1].n]
        return found

    def parts(self, all_slices: Sequence[Slice], resampling: Resampling) -> list[Part]:
        """Every slice with the figures that it has."""
        per_slice: list[dict[str, Found]] = [{} for _ in all_slices]
        for predictor, board in self.of.items():
            figures = [figure.within(each.mask) for each in all_slices for figure in board.values()]
            intervals = iter(resampling.intervals(figures))
            for held in per_slice:
                found = {name: next(intervals) for name in board}
                held[predictor] = {name: interval for name, interval in found.items() if interval.n}
        return [Part(each.kind, each.name, held) for each, held in zip(all_slices, per_slice, strict=True)]


def found_of(board: Board, resampling: Resampling) -> Found:
    return dict(zip(board, resampling.intervals([*board.values()]), strict=True))


def results_of(
    material: Material, boards: Boards, opinions: Opinions | None, resampling: Resampling, judge: str | None
) -> Results:
    """All figures with their intervals, all differences and slices."""
    cases = material.cases
    first, *others = [predictor.name for predictor in material.predictors]
    judged = found_of(opinions.of_the_judge(cases), resampling) if opinions else {}
    nearer = (
        [
            Difference(first, other, NEARER.name, resampling.intervals([opinions.nearer(cases, first, other)])[0])
            for other in others
        ]
        if opinions
        else []
    )
    return Results(
        samples=len(cases),
        dialogues=resampling.dialogues,
        resamples=resampling.count,
        seed=resampling.seed,
        predictors=boards.found(resampling),
        differences=[*nearer, *boards.differences(resampling)],
        parts=boards.parts(slices(cases), resampling),
        judge=judged,
        judge_model=judge,
        rehearsed=opinions is not None and opinions.rehearsed,
    )
