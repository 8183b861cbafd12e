"""The whole evaluation: predictions in, figures out, with a judge, embeddings and weights where they are wished for."""

import dataclasses
import itertools
import sys
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ...basics.command import Stop
from ...calling.budget import Prices
from .asking import INTERRUPTED, ask_embeddings, ask_judge, ask_weights
from .cases import Case, Predictor, copied, shuffled
from .notes import notes_on
from .opinions import Opinions
from .page import page
from .place import Place
from .reading import Material, material
from .resampling import Resampling
from .results import Boards, Results, results_of
from .scoring import Board, Measure, board, surface
from .settings import Settings
from .table import table


def evaluate(settings: Settings) -> int:
    """Evaluate the predictions, write what was found, print it; the exit status."""
    place, held = Place(settings.output), material(settings)
    if len(settings.prices) not in {0, 1, len(held.predictors)}:
        raise Stop(f"{len(settings.prices)} --prices for {len(held.predictors)} predictors: give one, or one for each.")
    place.prepare()
    ends = (copied(held.cases), shuffled(held.cases, max(each.most for each in held.predictors), settings.seed))
    weighed = ask_weights(settings, held.cases)  # before anything is paid for, since a model may not load
    heard = ask_judge(settings, held, ends[1])
    if heard.status == INTERRUPTED:
        return heard.status
    common = {**surface(held.cases), **ask_embeddings(settings, held, ends, place.vectors)}
    measures = {**common, **heard.measures(settings.hit, planted=False)}
    ours = boards(held.cases, held.predictors, measures, settings.prices)
    both = {name: {**ours.get(name, {}), **weighed.get(name, {})} for name in (*ours, *weighed)}
    of_the_ends = boards(held.cases, ends, {**common, **heard.measures(settings.hit, planted=True)}, ())
    results = found(settings, held, {**both, **of_the_ends}, heard.opinions)
    place.write(results, page(results, held, measures, settings.shown))
    print(table(results))
    print(f"\nfigures        {place.figures}\npage           {place.page}; open it in a browser")
    return heard.status


def boards(
    cases: Sequence[Case], predictors: Sequence[Predictor], measures: Mapping[str, Measure], prices: Sequence[Prices]
) -> Mapping[str, Board]:
    """All predictors' figures by name."""
    each_its_own = itertools.cycle(prices or [None])
    shown = tqdm(predictors, unit=" predictors scored", disable=not sys.stderr.isatty())
    return {one.name: board(cases, one, measures, price) for one, price in zip(shown, each_its_own, strict=False)}


def found(settings: Settings, held: Material, of: Mapping[str, Board], opinions: Opinions | None) -> Results:
    """All figures with their intervals, and what to be wary of."""
    resampling = Resampling(dialogues_of(held.cases), settings.resamples, settings.seed)
    judge = (settings.judge_model or settings.model) if opinions else None
    results = results_of(held, Boards(of), opinions, resampling, judge)
    return dataclasses.replace(results, notes=notes_on(results, held))


def dialogues_of(cases: Sequence[Case]) -> NDArray[np.int64]:
    """The dialogue of each case, as a number from 0."""
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(repr(case.sample_id), len(numbers)) for case in cases], dtype=np.int64)
