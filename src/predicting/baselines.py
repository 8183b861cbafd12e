"""Predictions without a model, which a model has to beat: what costs nothing and knows nothing of language.

All of them are the same in every run over the same files.
"""

import dataclasses
import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import orjson

from ..basics.command import Stop
from ..basics.files import found
from ..basics.seen import Seen
from ..basics.text import normalised
from ..basics.wording import words
from ..dialogues.intake import pending
from ..dialogues.samples import Sample
from ..marking.shortcut import refuse_without_library
from ..pairs.seen import dialogue_mark
from ..running.tally import Tally
from .replies import MOST_PREDICTIONS
from .settings import Settings

Predict = Callable[[Sample], Sequence[str]]


@dataclasses.dataclass(frozen=True)
class Baseline:
    """A predictor that asks no model: what it predicts, and what it learnt from."""

    predict: Predict
    learnt_from: frozenset[str] = frozenset()
    """The marks of the dialogues that it has seen."""
    digest: str | None = None
    """A short name of what it has seen, equal only where that is equal."""


def baseline_of(settings: Settings) -> Baseline:
    """The baseline that the settings name, after it has learnt. Raises Stop where there is nothing to learn from."""
    if settings.baseline == "repeat-last":
        return Baseline(last_turns)
    learnt = training_samples(settings)
    digest = hashlib.sha256()
    for sample in learnt:
        digest.update(orjson.dumps([sample.history, sample.utterance]))
    return Baseline(
        predict=LEARNT[settings.baseline](learnt),
        learnt_from=frozenset(dialogue_mark(sample.sample_id) for sample in learnt),
        digest=digest.hexdigest()[:12],
    )


def training_samples(settings: Settings) -> list[Sample]:
    """Every user turn of the training dialogues that follows an assistant's, with its history."""
    everything = dataclasses.replace(settings, turns="all", shard=None)
    learnt = list(pending(everything, found(settings.train), Seen(), Tally()))
    if not learnt:
        raise Stop(
            f"There is no dialogue with a user turn after an assistant turn in {' '.join(settings.train)}: give --train"
            " dialogues to learn from."
        )
    return learnt


def last_turns(sample: Sample) -> list[str]:
    """The user's own last turns, the newest first."""
    return first_different(turn.content for turn in reversed(sample.context) if turn.role == "user")


def most_frequent(learnt: Sequence[Sample]) -> Predict:
    """What users say most often, whatever was said before."""
    counts = Counter(comparable(sample.utterance) for sample in learnt)
    forms = {comparable(sample.utterance): sample.utterance for sample in reversed(learnt)}
    predictions = [forms[key] for key, _ in counts.most_common(MOST_PREDICTIONS)]
    return lambda _: predictions


def nearest(learnt: Sequence[Sample]) -> Predict:
    """What followed the most similar histories: TF-IDF over words and pairs of words, signs of Chinese counted so."""
    refuse_without_library("--baseline nearest")
    from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415 (optional)

    vectorizer = TfidfVectorizer(
        tokenizer=words, token_pattern=None, lowercase=False, ngram_range=(1, 2), sublinear_tf=True
    )
    histories: Any = vectorizer.fit_transform([sample.history for sample in learnt])

    def predict(sample: Sample) -> list[str]:
        similarity = (histories @ vectorizer.transform([sample.history]).T).toarray().ravel()
        order = (-similarity).argsort(kind="stable")  # of equal ones the first of the input
        return first_different(learnt[place].utterance for place in order)

    return predict


LEARNT: dict[str, Callable[[Sequence[Sample]], Predict]] = {"frequent": most_frequent, "nearest": nearest}


def first_different(texts: Iterable[str]) -> list[str]:
    """The first few of the texts that are not the same but for case, punctuation and white space."""
    found_here: dict[str, str] = {}
    for text in texts:
        found_here.setdefault(comparable(text), text)
        if len(found_here) == MOST_PREDICTIONS:
            break
    return list(found_here.values())


def comparable(text: str) -> str:
    """What counts of a text when two are compared; of one without a letter or digit, all."""
    return normalised(text) or text.strip()
