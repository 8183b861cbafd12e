"""Files of predictions as cases and predictors that belong together, or a sentence that says why they do not."""

import dataclasses
import itertools
import logging
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import AliasPath, BeforeValidator, Field, ValidationError

from ...basics.command import Stop
from ...basics.shape import Shape, Text
from ...basics.text import loads, shortened
from ...calling.completion import Usage
from ...dialogues.turns import Turn
from ...pairs.opinions import Loose
from ...pairs.ordered import inputs
from ...pairs.reading import LeftOut, entries, reason_of
from ...pairs.seen import dialogue_mark, trained_dialogues
from ...pairs.sides import name_of
from ...pairs.words import HIGH, LOW, ACategory, Region
from ...running.output import SampleId
from .cases import Attempt, Case, Predictor
from .settings import Settings

log = logging.getLogger(__name__)

ENDINGS = {".jsonl", ".json", ".ndjson", ".gguf"}
"""Of files, which are no part of a name; a model's name may have a point in it, as Qwen2.5."""


def alone_in_a_list(value: Any) -> Any:
    return [value] if isinstance(value, int | float) else value


class Line(Shape):
    """One line of `src.predict`, as far as it is evaluated; what is odd in what may be missing counts as not there."""

    sample_id: SampleId
    item_id: int
    context: tuple[Turn, ...] = ()
    utterance: Text = Field(alias="label")
    predictions: tuple[str, ...]
    category: Loose[ACategory] = None
    malformed: Any = None
    latency: Loose[float] = None
    usage: Loose[Usage] = None
    logprob: Loose[Annotated[tuple[float, ...], BeforeValidator(alone_in_a_list)]] = None
    model: Loose[str] = None
    rehearsal: Loose[bool] = None

    @property
    def attempt(self) -> Attempt:
        texts = () if self.malformed else tuple(text for text in self.predictions if text.strip())
        aligned = self.logprob and len(self.logprob) == len(texts) and all(map(math.isfinite, self.logprob))
        timed = self.latency is not None and math.isfinite(self.latency) and self.latency > 0
        return Attempt(
            texts=texts,
            category=self.category,
            malformed=bool(self.malformed) or not texts,
            latency=self.latency if timed else None,
            usage=self.usage if self.usage and self.usage.total else None,
            logprobs=self.logprob or () if aligned else (),
        )


class Truth(Shape):
    """What a record of synthesis knows of a sample."""

    sample_id: SampleId
    item_id: int
    category: Loose[ACategory] = Field(None, validation_alias=AliasPath("utterance_category_gt", "predicted_category"))
    region: Loose[Region] = None
    top_sim: Loose[float] = None

    @property
    def known_region(self) -> Region | None:
        if self.region or self.top_sim is None:
            return self.region
        return "close" if self.top_sim >= HIGH else "far" if self.top_sim < LOW else "middle"


@dataclasses.dataclass(frozen=True)
class Material:
    """Cases in the order in which they were met, and the predictors in the order of their files."""

    files: tuple[str, ...]
    cases: tuple[Case, ...]
    predictors: tuple[Predictor, ...]


def material(settings: Settings) -> Material:
    """All that the options name. Raises Stop where it cannot be evaluated together."""
    if not settings.predictions:
        raise Stop("Nothing is to be evaluated: name files of python -m src.predict with --predictions.")
    paths = inputs(settings.predictions, "predictions", "predict")
    lines = {name: [*lines_of(Path(file))] for name, file in named([*map(str, paths)], "files").items()}
    predictors = tuple(predictor_of(name, held) for name, held in lines.items())
    cases = joined(lines)
    for one, other in itertools.combinations(predictors, 2):
        if not one.attempts.keys() & other.attempts.keys():
            raise Stop(
                f"{one.name} and {other.name} have no sample in common: give predictions of the same dialogues, cut"
                " with the same --turns and --seed."
            )
    known = tuple(marked(enriched(cases.values(), settings), settings))
    return Material(tuple(map(str, paths)), known, tuple(limited(each, known) for each in predictors))


def limited(predictor: Predictor, cases: Sequence[Case]) -> Predictor:
    """A predictor's attempts at these cases alone."""
    names = {case.name for case in cases}
    attempts = {name: attempt for name, attempt in predictor.attempts.items() if name in names}
    return dataclasses.replace(predictor, attempts=attempts)


def named(files: Sequence[str], what: str) -> Mapping[str, str]:
    """The files by their stems; where two are called alike, with the folder before it."""
    paths = [Path(file) for file in files]
    stems = [path.stem if path.suffix in ENDINGS else path.name for path in paths]
    names = [
        stem if stems.count(stem) == 1 else f"{path.resolve().parent.name}/{stem}"
        for stem, path in zip(stems, paths, strict=True)
    ]
    if double := next((name for name in names if names.count(name) > 1), None):
        raise Stop(f"Two {what} are called {double}: rename one, since results carry these names.")
    return dict(zip(names, files, strict=True))


def lines_of(path: Path) -> Iterator[Line]:
    """The lines of one file. Raises Stop for a line of another kind, a repeated sample, and a file without any."""
    seen: set[str] = set()
    unfinished = ""
    with path.open("rb", buffering=1 << 20) as file:
        for number, raw in enumerate(file, 1):
            if raw.isspace():
                continue
            try:
                line = Line.model_validate(loads(raw))
            except ValueError as error:  # ValidationError is one
                unfinished = f"{path} line {number} is no prediction ({shortened(reason_of(error), 120)})"
                if not raw.endswith(b"\n") and seen and not isinstance(error, ValidationError):
                    continue  # what a killed run has left of its last line
                raise Stop(f"{unfinished}: give files that python -m src.predict has written.") from error
            name = name_of(line.sample_id, line.item_id)
            if name in seen:
                raise Stop(f"{path} line {number} predicts sample {name} again: leave one of its lines.")
            seen.add(name)
            yield line
    if unfinished:
        log.warning("%s and is left out", unfinished)
    if not seen:
        raise Stop(f"There is no prediction in {path}: make some with python -m src.predict.")


def predictor_of(name: str, lines: Sequence[Line]) -> Predictor:
    attempts = {name_of(line.sample_id, line.item_id): line.attempt for line in lines}
    models = frozenset(line.model for line in lines if line.model)
    return Predictor(name, attempts, models, rehearsed=any(line.rehearsal for line in lines))


def joined(lines: Mapping[str, Sequence[Line]]) -> Mapping[str, Case]:
    """The cases of all files. Raises Stop where two files tell of one sample that different things were said."""
    cases: dict[str, Case] = {}
    for predictor, held in lines.items():
        for line in held:
            name = name_of(line.sample_id, line.item_id)
            case = cases.setdefault(name, Case(name, line.sample_id, line.item_id, line.context, line.utterance))
            if case.utterance != line.utterance:
                raise Stop(
                    f"What was really said in sample {name} is {shortened(line.utterance, 60)!r} in {predictor} and"
                    f" {shortened(case.utterance, 60)!r} in another file: give predictions of the same dialogues."
                )
    return cases


def enriched(cases: Iterable[Case], settings: Settings) -> Iterator[Case]:
    """The cases with what records know of them."""
    known = truths(settings.records)
    for case in cases:
        truth = known.get(case.name)
        yield dataclasses.replace(case, category=truth.category, region=truth.known_region) if truth else case


def truths(patterns: Sequence[str]) -> Mapping[str, Truth]:
    """What the records know, by the sample's name. Raises Stop where there are files and no record in them."""
    if not patterns:
        return {}
    paths = inputs(patterns)
    found = [entry.record for entry in entries(paths, Truth, LeftOut())]
    if not any(truth.category or truth.known_region for truth in found):
        raise Stop(f"There is no record in {' '.join(map(str, paths))}: give --records what src.synthesis has written.")
    return {name_of(truth.sample_id, truth.item_id): truth for truth in found}


def marked(cases: Iterable[Case], settings: Settings) -> Iterator[Case]:
    """The cases, with a mark where a training file has their dialogue. Raises Stop where that is not allowed."""
    trained = trained_dialogues(map(Path, settings.trained_on))
    held = [dataclasses.replace(case, seen=dialogue_mark(case.sample_id) in trained) for case in cases]
    seen = [case for case in held if case.seen]
    if seen and not (settings.allow_seen or settings.skip_seen):
        raise Stop(
            f"{len(seen):,} of {len(held):,} samples are of dialogues in {' '.join(settings.trained_on)}, such as"
            f" {seen[0].sample_id!r}: --skip-seen leaves them out, and --allow-seen evaluates them all the same."
        )
    if settings.skip_seen and len(seen) == len(held):
        raise Stop("All samples are of dialogues that were trained on: give predictions of others.")
    return (case for case in held if not (case.seen and settings.skip_seen))
