"""A predictor's figures, as statistics of the cases: what it has foreseen against what was really said."""

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from sacrebleu.metrics.chrf import CHRF

from ...basics.text import normalised
from ...calling.budget import Prices
from .cases import Attempt, Case, Predictor
from .resampling import Numbers, Quantile, Statistic, mean, ratio
from .showing import Auroc, PrecisionAt, Ranking
from .texts import TfIdf, exact, near, rouge_l, words

Measure = Callable[[Case, str], float]
"""How like what was really said a text is; NaN where that is not known. An empty text stands for no prediction."""
Board = Mapping[str, Statistic]
"""A predictor's figures by name."""

ALIKE = 0.5
"""Of the first prediction's chrF as a share: from here on it counts as right where no judge has seen it."""


def of_texts(measure: Callable[[str, str], float]) -> Measure:
    return lambda case, text: measure(text, case.utterance)


def surface(cases: Sequence[Case]) -> Mapping[str, Measure]:
    """The measures that need no model. What is rare is told by what the users say."""
    chrf = CHRF()  # its defaults: groups of 1 to 6 characters, recall counting double
    said = [text for case in cases for text in (case.utterance, *case.user_turns)]
    return {
        "chrf": lambda case, text: chrf.sentence_score(text, [case.utterance]).score,
        "rouge_l": of_texts(rouge_l),
        "exact": of_texts(exact),
        "near": of_texts(near),
        "tfidf": of_texts(TfIdf(said).cosine),
    }


def board(cases: Sequence[Case], predictor: Predictor, measures: Mapping[str, Measure], prices: Prices | None) -> Board:
    """All figures of one predictor; those that no case has are left out."""
    likenesses = {name: scores(cases, predictor, measure) for name, measure in measures.items()}
    figures: dict[str, Statistic] = {}
    for name, found in likenesses.items():
        figures[f"{name}_first"] = mean(per_case(found, lambda each: each[0]))
        figures[f"{name}_best"] = mean(per_case(found, best))
    figures |= {**form(cases, predictor), **effort(cases, predictor, prices)}
    if any(attempt.logprobs for attempt in predictor.attempts.values()):
        figures |= showing(cases, predictor, likenesses)
    return {name: figure for name, figure in figures.items() if figure.present.any()}


Scores = Sequence[Sequence[float] | None]
"""The scores of each case's predictions; None where there was no attempt."""


def scores(cases: Sequence[Case], predictor: Predictor, measure: Measure) -> Scores:
    attempts = (predictor.attempts.get(case.name) for case in cases)
    return [
        None if attempt is None else [measure(case, text) for text in attempt.scored]
        for case, attempt in zip(cases, attempts, strict=True)
    ]


def best(found: Sequence[float]) -> float:
    """The highest that is known."""
    return max((score for score in found if not math.isnan(score)), default=math.nan)


def per_case(found: Scores, value: Callable[[Sequence[float]], float]) -> Numbers:
    return np.array([math.nan if each is None else value(each) for each in found], dtype=np.float64)


def values(cases: Sequence[Case], predictor: Predictor, value: Callable[[Case, Attempt], float | None]) -> Numbers:
    """A value for each case; NaN where there is none."""
    found = []
    for case in cases:
        attempt = predictor.attempts.get(case.name)
        number = None if attempt is None else value(case, attempt)
        found.append(math.nan if number is None else number)
    return np.array(found, dtype=np.float64)


def form(cases: Sequence[Case], predictor: Predictor) -> Board:
    """What replies look like, whatever they foresee."""
    tells_categories = any(attempt.category for attempt in predictor.attempts.values())
    known = {"category_accuracy": same_category} if tells_categories else {}
    means: Mapping[str, Callable[[Case, Attempt], float | None]] = {
        "malformed": lambda _, attempt: float(attempt.malformed),
        "predictions": lambda _, attempt: float(len(attempt.texts)),
        "distinct": lambda _, attempt: distinct(attempt.texts),
        **known,
    }
    lengths = values(cases, predictor, log_length)
    found = {name: mean(values(cases, predictor, value)) for name, value in means.items()}
    return {**found, "length_ratio": mean(lengths, np.exp)}


def same_category(case: Case, attempt: Attempt) -> float | None:
    return None if case.category is None else float(attempt.category == case.category)


def distinct(texts: Sequence[str]) -> float | None:
    """The share of texts that no earlier one says; one alone has nothing to differ from."""
    return len({normalised(text) or text for text in texts}) / len(texts) if len(texts) > 1 else None


def log_length(case: Case, attempt: Attempt) -> float | None:
    """The logarithm of how much longer the predictions are than what was really said, in characters."""
    if not attempt.texts:
        return None
    mean_length = sum(map(len, attempt.texts)) / len(attempt.texts)
    return math.log(mean_length / len(case.utterance))


def effort(cases: Sequence[Case], predictor: Predictor, prices: Prices | None) -> Board:
    """How long predictions are waited for, and what they cost."""
    latency = values(cases, predictor, lambda _, attempt: attempt.latency)
    said = values(cases, predictor, lambda _, attempt: float(sum(len(words(text)) for text in attempt.texts)))
    count = values(cases, predictor, lambda _, attempt: float(len(attempt.texts)))
    timed: Board = {
        "latency_p50": Quantile(latency, 0.5),
        "latency_p95": Quantile(latency, 0.95),
        "words_per_second": ratio(said, latency),
    }
    if prices is None:
        return timed
    cost = values(cases, predictor, lambda _, attempt: prices.of(attempt.usage) if attempt.usage else None)
    return {**timed, "cost_per_1000": ratio(1000 * cost, count)}


def showing(cases: Sequence[Case], predictor: Predictor, likenesses: Mapping[str, Scores]) -> Board:
    """Whether a predictor knows when its first prediction is right."""
    sureness = values(cases, predictor, lambda _, attempt: attempt.logprobs[0] if attempt.logprobs else None)
    judged = likenesses.get("hit")
    right = per_case(judged or likenesses["chrf"], lambda each: each[0])
    if not judged:
        right = np.where(np.isnan(right), np.nan, right >= 100 * ALIKE)
    ranking = Ranking(sureness, right)
    return {
        "auroc": Auroc(ranking),
        "precision_25": PrecisionAt(ranking, 0.25),
        "precision_50": PrecisionAt(ranking, 0.5),
        "precision_all": PrecisionAt(ranking, 1.0),
    }
