"""What ProUtt writes: the trajectory, and the record of a pair."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from ...basics.shape import Shape
from ...calling.completion import Usage
from ...dialogues.turns import Turn
from ...pairs.words import Region, View
from ...running.output import SampleId
from .misreading import Exchange
from .replies import (
    CategoryReason,
    CategoryTruth,
    DraftInsight,
    Insight,
    Revision,
    Topics,
    TreePath,
    TruthPath,
    ViewReasoning,
)
from .steering import SteeredInsight, Steering


class Trajectory(Shape):
    """One line of reasoning from the tree to four predictions; a side of the pair."""

    wrong_paths: tuple[TreePath, ...] | None = Field(None, alias="incorrect_path")
    other_wrong_paths: tuple[TreePath, ...] | None = Field(None, alias="incorrect_path_of_other_view")
    """Those of the view that the real utterance does not belong to, where both views were misled."""
    exchange: Exchange | None = Field(None, alias="imagined_exchange")
    """What the dialogue was taken to have ended in, where it was misread; the tree is then a misread one too."""
    tree: Topics = Field(alias="intent_tree")
    category_reason: CategoryReason = Field(alias="utterance_category_reason")
    insight: Insight = Field(alias="insight_reason")
    revision: Revision | None = Field(None, exclude=True)
    """The reply that the rewritten view came from; a record has it in a place of its own."""

    def misled(self, category_reason: CategoryReason, wrong_paths: tuple[TreePath, ...]) -> "Trajectory":
        return self.model_copy(update={"category_reason": category_reason, "wrong_paths": wrong_paths})

    def revised(self, view: View, revision: Revision) -> "Trajectory":
        """With one view as the revision has it; the other view stays."""
        rewritten = ViewReasoning(reasoning=revision.reasoning, predictions=revision.predictions)
        insight = self.insight.model_copy(update={view.lower(): rewritten})
        return self.model_copy(update={"insight": insight, "revision": revision})


class GradedPrediction(Shape):
    """A prediction of the draft with its grade."""

    prediction: str = Field(alias="input")
    reason: str
    similarity: float


class Record(Shape):
    """Everything about one pair: one line of the output, in the published order; our own keys come last."""

    sample_id: SampleId
    item_id: int
    context: tuple[Turn, ...]
    utterance: str = Field(alias="label")
    distractors: tuple[str, ...] = Field(alias="negative_label")
    history: str = Field(alias="chat_history")
    tree: Topics = Field(alias="intent_tree")
    category_reasons: tuple[CategoryReason, ...] = Field(alias="utterance_category_reason")
    category_truth: CategoryTruth = Field(alias="utterance_category_gt")
    insight: DraftInsight = Field(alias="insight_reason")
    evaluation: tuple[GradedPrediction, ...] = Field(alias="evaluate_reason")
    top_sim: float
    truth_path: TruthPath = Field(alias="gt_insight_path")
    revision: Revision | None = Field(None, alias="revised_insight_reason")
    usage: Usage = Usage()
    chosen: Trajectory
    rejected: Trajectory
    strategies: Steering | None = None
    """What the draft was made under, where a library was given."""
    region: Region
    position: int
    """Place of the dialogue in the input, so that training files can follow the input's order."""
    made: Mapping[str, Any] | None = None
    """How the dialogue came about, where it is a made one."""

    @property
    def outcome(self) -> str:
        return self.region

    def row(self, usage: Usage) -> dict[str, Any]:
        """The record's line, with what it cost."""
        steering = self.insight.steering if isinstance(self.insight, SteeredInsight) else None
        told = self.model_copy(update={"usage": usage, "strategies": steering})
        row = told.model_dump(by_alias=True, exclude_none=True)
        return row | ({"strategies": steering.model_dump()} if steering else {})
