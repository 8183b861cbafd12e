"""What to be wary of in an evaluation, as sentences."""

from collections.abc import Iterator

from .cases import SHUFFLED
from .reading import Material
from .resampling import Interval
from .results import Results

FEW = 30  # dialogues; with fewer, intervals are wide and rough
NO_ORDER_EFFECT = 0.5
RELIABLE = 0.8  # of planted pairs; a judge that gets fewer right is not to be believed on harder ones


def notes_on(results: Results, held: Material) -> list[str]:
    """All that applies."""
    return [*notes_on_samples(results, held), *notes_on_judge(results, held)]


def notes_on_samples(results: Results, held: Material) -> Iterator[str]:
    total = len(held.cases)
    if results.dialogues < FEW:
        yield f"Only {results.dialogues} dialogues: intervals are wide, and rough themselves."
    for each in held.predictors:
        if missing := total - len(each.attempts):
            yield f"{each.name} lacks {missing:,} of {total:,} samples; differences are of the samples that both have."
    counts = {each.name: each.most for each in held.predictors}
    if len({*counts.values()}) > 1:
        shown = ", ".join(f"{name} {count}" for name, count in counts.items())
        yield f"Predictors have different numbers of predictions ({shown}): compare their first ones, not their best."
    if SHUFFLED not in results.predictors or not results.predictors[SHUFFLED]:
        yield "All samples are of one dialogue, so there is no bottom of the scale."
    for each in held.predictors:
        if each.rehearsed:
            yield f"{each.name} was rehearsed, without a model: it checks a set-up and tells nothing."
    if seen := sum(case.seen for case in held.cases):
        yield f"{seen:,} of {total:,} samples are of dialogues that were trained on."


def notes_on_judge(results: Results, held: Material) -> Iterator[str]:
    judge = results.judge
    if results.rehearsed:
        yield "The judge was rehearsed, without a model: its opinions tell nothing."
    first = judge.get("first_preferred")
    if first and clear_of(first, NO_ORDER_EFFECT):
        more = "more" if (first.value or 0) > NO_ORDER_EFFECT else "less"
        yield (
            f"Order effect: the judge prefers what stands first {more} often than by chance,"
            f" {shown(first)} of its preferences. A preference counts only where both orders agree."
        )
    for name, what in (("truth_wins", "the real utterance wins"), ("unrelated_loses", "an unrelated one loses")):
        if (planted := judge.get(name)) and (planted.value or 0) < RELIABLE:
            yield f"The judge is not to be relied on: of planted pairs, {what} in only {shown(planted)}."
    for each in held.predictors:
        if judge and results.judge_model in each.models:
            yield f"{each.name} was made by the model that judges, which may favour its own."
    judged = [interval.n for found in results.predictors.values() if (interval := found.get("similarity_first"))]
    if judged and (missing := len(held.cases) - max(judged)):
        yield f"{missing:,} of {len(held.cases):,} samples have no opinion of the judge."


def clear_of(interval: Interval, value: float) -> bool:
    """Whether the interval does not hold the value."""
    return interval.low is not None and interval.high is not None and not interval.low <= value <= interval.high


def shown(interval: Interval) -> str:
    between = "" if interval.low is None else f" ({interval.low:.0%} to {interval.high:.0%})"
    return f"{interval.value:.0%}{between}"
