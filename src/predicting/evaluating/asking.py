"""Whatever of an evaluation is asked of a model: the judge's opinions, vectors, log probabilities."""

import dataclasses
import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from ...basics.command import Stop
from ...basics.files import Beside
from ...calling.embeddings import Vectors, cut, fetch
from ...calling.settings import api_key_of
from ...running.runner import run
from .cases import Case, Predictor
from .judging import dockets, job_of
from .opinions import Opinions, drop_others, opinions_in
from .reading import Material, named
from .scoring import Board, Measure
from .settings import Settings
from .weights import weigh

log = logging.getLogger(__name__)

INTERRUPTED = 130


@dataclasses.dataclass(frozen=True)
class Heard:
    """How the judge's run ended, and what the judge has said by then."""

    status: int = 0
    opinions: Opinions | None = None

    def measures(self, hit: float, *, planted: bool) -> Mapping[str, Measure]:
        """What the judge's opinions measure; nothing where no judge was asked."""
        return self.opinions.measures(hit, planted=planted) if self.opinions else {}


def ask_judge(settings: Settings, held: Material, unrelated: Predictor) -> Heard:
    """Have the judge say what it has not said yet. Raises Stop where it has said nothing at all."""
    if not settings.judge:
        return Heard()
    config = dataclasses.replace(settings, output=settings.judged, model=settings.judge_model or settings.model)
    key = api_key_of(config)
    all_dockets = dockets(held.cases, held.predictors, unrelated, settings.planted, settings.seed)
    asked = {each.case.name: each.digest for each in all_dockets}
    drop_others(config.output, asked)
    status = run(config, key, job_of(config, held.files, all_dockets))
    by_case = opinions_in(config.output, asked)
    if not by_case and status != INTERRUPTED:
        raise Stop(
            f"The judge {config.model} has given no usable opinion (the reasons stand in"
            f" {Beside(config.output).failures}): give another --judge-model; what was paid for is kept."
        )
    return Heard(status, Opinions(by_case))


def ask_embeddings(
    settings: Settings, held: Material, ends: tuple[Predictor, ...], path: Path
) -> Mapping[str, Measure]:
    """The cosine of embeddings as a measure, where an endpoint for them is named."""
    if not settings.embeddings_url:
        return {}
    vectors = Vectors(path, settings.embeddings_model)
    tokens = fetch(vectors, settings, texts(held, ends))
    print(f"embeddings     {tokens:,} tokens paid for now, {path}")
    return {"cosine": cosine_of(vectors)}


def cosine_of(vectors: Vectors) -> Measure:
    """The cosine of a prediction and the real utterance; 0 for no prediction."""

    def cosine(case: Case, text: str) -> float:
        ours, theirs = (vectors.get(cut(each)) for each in (text, case.utterance))
        if ours is None or theirs is None or ours.shape != theirs.shape:
            return 0.0
        lengths = float(np.linalg.norm(ours) * np.linalg.norm(theirs))
        return float(ours @ theirs) / lengths if lengths else 0.0

    return cosine


def texts(held: Material, ends: tuple[Predictor, ...]) -> Iterator[str]:
    """All texts that are compared."""
    yield from (case.utterance for case in held.cases)
    for predictor in (*held.predictors, *ends):
        for attempt in predictor.attempts.values():
            yield from attempt.texts


def ask_weights(settings: Settings, cases: Sequence[Case]) -> Mapping[str, Board]:
    """What each model's own log probabilities tell, by the model's name, one model in memory at a time."""
    if not settings.weights:
        return {}
    try:
        from .models import Weights  # noqa: PLC0415 (optional)
    except ImportError as error:
        raise Stop(f"{error.name} is missing, for --weights: pip install -r requirements-train.txt") from error
    found = {}
    for name, model in named(settings.weights, "models").items():
        log.info("%s: how likely it finds what was said in %s samples", name, f"{len(cases):,}")
        weights = Weights(model, settings.weights_context, user_form=settings.user_form)
        found[name] = weigh(cases, weights, settings.seed, settings.weights_ranked)
    return found
