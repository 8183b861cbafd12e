"""The method of ProUtt, top to bottom.

A sample becomes a pair of reasoning trajectories. First the model predicts the next utterance without seeing it, told
only its sentence category: that is the draft. It has an intent tree, a reason for the category, and two views of how
the user may go on: mining, which stays with a topic of the tree, and exploration, which turns to a new one; each view
has its reasoning and two predictions. How similar the draft's best prediction is to the real utterance (top_sim)
decides what is preferred and what is rejected:

    region   top_sim     chosen             rejected         calls
    close    >= high     the draft          draft, misled    8
    middle   between     draft, corrected   draft, misled    9
    far      < low       draft, corrected   the draft        7

Corrected is: the view that the real utterance belongs to is rewritten along the true path. Misled is, as published: the
same view is rewritten along plausible wrong paths, under a category drawn at random, while the other view stays as it
was drafted; consistent: the dialogue is misread from its start, with another last exchange, and tree, category and
both views are those of the misread dialogue. With none the draft is rejected in every region, at 6 or 7 calls, for
whoever sets the chosen sides of several moments against one another, or needs no rejected ones.
"""

import dataclasses
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

from ...basics.together import together
from ...calling.stage import Ask
from ...dialogues.samples import Sample
from ...pairs.words import Category, Region, View, other
from ..strategies.library import Offered
from .misleading import MISLED_INSIGHT, WRONG_PATH, WRONG_TURN
from .record import GradedPrediction, Record, Trajectory
from .replies import CategoryReason, CategoryReasons, DraftInsight, Evaluation, IntentTree, TreePath, TruthPath
from .settings import Config, Misled
from .stages import CATEGORY_REASONS, CATEGORY_TRUTH, EVALUATION, INSIGHT, INTENT_TREE, REVISION, TRUTH_PATH
from .steering import choose, steered
from .wording import Worded


@dataclasses.dataclass(frozen=True)
class Taken:
    """What the preferred side has: no wrong path may lead to it."""

    view: View
    paths: tuple[TreePath, ...]
    predictions: tuple[str, ...]


async def synthesize(ask: Ask, sample: Sample, config: Config, offered: Offered | None = None) -> Record:
    """Make one chosen and one rejected trajectory from one sample."""
    ask = Worded(ask, config.words)
    tree, category_truth = await together(
        ask(INTENT_TREE, history=sample.history),
        ask(CATEGORY_TRUTH, assistant_turn=sample.assistant_turn, utterance=sample.utterance),
    )
    (insight, evaluation), reasons, truth_path = await together(
        predict(ask, sample, tree, category_truth.category, offered),  # without seeing it
        ask(CATEGORY_REASONS, history=sample.history),  # not sooner: now the endpoint has the history in its cache
        ask(TRUTH_PATH, history=sample.history, tree=tree.topics, utterance=sample.utterance),
    )
    draft = Trajectory(tree=tree.topics, category_reason=reasons.of(category_truth.category), insight=insight)
    region = region_of(evaluation.top_sim, config)  # close: good enough to prefer; far: bad enough to reject
    taken = taken_by(draft, truth_path, region)
    chosen, rejected = await together(
        keep(draft) if region == "close" else correct(ask, sample, draft, truth_path),
        keep(draft) if rejects_draft(region, config) else MISLED[config.misled](ask, sample, taken, draft, reasons),
    )
    return Record(
        sample_id=sample.sample_id,
        item_id=sample.item_id,
        position=sample.position,
        made=sample.made,
        context=sample.context,
        utterance=sample.utterance,
        distractors=sample.distractors,
        history=sample.history,
        tree=tree.topics,
        category_reasons=reasons.all,
        category_truth=category_truth,
        insight=insight,
        evaluation=graded(insight, evaluation),
        top_sim=evaluation.top_sim,
        truth_path=truth_path,
        revision=chosen.revision,
        chosen=chosen,
        rejected=rejected,
        region=region,
    )


def region_of(top_sim: float, config: Config) -> Region:
    if top_sim >= config.high_confidence_threshold:
        return "close"
    return "far" if top_sim < config.low_confidence_threshold else "middle"


def rejects_draft(region: Region, config: Config) -> bool:
    """Whether the draft is the rejected side: where it was far, and everywhere if nobody is to be misled."""
    return region == "far" or config.misled == "none"


def taken_by(draft: Trajectory, truth_path: TruthPath, region: Region) -> Taken:
    """The true paths, and as much of the draft as the preferred side keeps."""
    kept = draft.insight if region == "close" else draft.insight.view(other(truth_path.view))
    return Taken(view=truth_path.view, paths=truth_path.paths, predictions=kept.predictions)


async def predict(
    ask: Ask, sample: Sample, tree: IntentTree, category: Category, offered: Offered | None
) -> tuple[DraftInsight, Evaluation]:
    """Predict the utterance twice in each view; then have the predictions graded against the real one.

    With strategies to choose from, those that fit are chosen first, and the predictions may follow them.
    """
    seen = {"history": sample.history, "tree": tree.topics, "category": category}
    insight: DraftInsight
    if offered:
        insight = await steered(ask, seen, offered, await choose(ask, seen, offered))
    else:
        insight = await ask(INSIGHT, **seen)
    evaluation = await ask(
        EVALUATION, history=sample.history, utterance=sample.utterance, predictions=insight.predictions
    )
    return insight, evaluation


async def keep(draft: Trajectory) -> Trajectory:
    """The draft as it is."""
    return draft


async def correct(ask: Ask, sample: Sample, draft: Trajectory, truth_path: TruthPath) -> Trajectory:
    """Rewrite the true view along the true path and the secondary one, in an order that gives neither away."""
    paths = sample.dice("path order").sample(truth_path.paths, len(truth_path.paths))
    return await revise(ask, sample, draft, truth_path.view, paths)


async def mislead(ask: Ask, sample: Sample, taken: Taken, draft: Trajectory, reasons: CategoryReasons) -> Trajectory:
    """Rewrite the true view along plausible wrong paths, under a category drawn at random, maybe the true one."""
    wrong_path = await ask(  # without the history, which would show what the user is likely to turn to
        WRONG_PATH,
        tree=draft.tree,
        view=taken.view,
        true_paths=taken.paths,
        predictions=taken.predictions,
        distractors=sample.distractors,
    )
    category_reason = sample.dice("wrong category").choice(reasons.all)
    misled = draft.misled(category_reason, wrong_path.paths)
    return await revise(ask, sample, misled, taken.view, wrong_path.paths)


async def mislead_throughout(ask: Ask, sample: Sample, taken: Taken, *_: object) -> Trajectory:
    """Write the trajectory of the dialogue misread: its last exchange is taken to have gone elsewhere.

    So the side has a tree of its own, from which its paths follow as the true ones do from the true tree: of two sides
    with one tree, the one that goes where the tree points is known for the chosen one without the dialogue. And one of
    its paths has a target of its own, as one of the corrected side has the true one: what is aimed stands out, too.
    All else is foreseen without a look at the real dialogue, so that nothing is forced to differ.
    """
    wrong_turn = await ask(
        WRONG_TURN,
        history=sample.history,
        utterance=sample.utterance,
        true_paths=taken.paths,
        predictions=taken.predictions,
        distractors=sample.distractors,
    )
    exchange = wrong_turn.exchange
    misled = await ask(
        MISLED_INSIGHT,
        history=sample.ending_in(exchange.user, exchange.assistant).history,
        category=wrong_turn.category,
        place=sample.dice("misled path order").choice(("first", "second")),
        target=wrong_turn.target,
        true_paths=taken.paths,
    )
    return Trajectory(
        wrong_paths=misled.paths_of(taken.view),
        other_wrong_paths=misled.paths_of(other(taken.view)),
        exchange=exchange,
        tree=misled.topics,
        category_reason=CategoryReason(category=wrong_turn.category, reasoning=misled.category_reasoning),
        insight=misled.views,
    )


MISLED: Mapping[Misled, Callable[..., Coroutine[Any, Any, Trajectory]]] = {
    "published": mislead,
    "consistent": mislead_throughout,
}


async def revise(ask: Ask, sample: Sample, draft: Trajectory, view: View, paths: Sequence[TreePath]) -> Trajectory:
    """Rewrite one view of the draft so that its reasoning follows the given paths, with one prediction for each."""
    revision = await ask(
        REVISION[view],
        history=sample.history,
        tree=draft.tree,
        category=draft.category_reason.category,
        reasoning=draft.insight.view(view).reasoning,
        paths=paths,
    )
    return draft.revised(view, revision)


def graded(insight: DraftInsight, evaluation: Evaluation) -> list[GradedPrediction]:
    return [
        GradedPrediction(prediction=prediction, reason=grade.reason, similarity=grade.similarity)
        for prediction, grade in zip(insight.predictions, evaluation.grades, strict=True)
    ]
