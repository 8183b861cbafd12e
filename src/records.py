"""What lies on disk: the trajectory, the record of a pair, the line of a sample that failed, what was billed."""

import dataclasses
from typing import Annotated, Any, Literal

from pydantic import Field

from .schemas import (
    CategoryReason,
    CategoryTruth,
    DraftInsight,
    Insight,
    Revision,
    Shape,
    Topics,
    TreePath,
    TruthPath,
    Turn,
    View,
    ViewReasoning,
)

Region = Literal["close", "middle", "far"]
SampleId = str | int | float | bool


class Trajectory(Shape):
    """One line of reasoning from the tree to four predictions; a side of the pair."""

    wrong_paths: tuple[TreePath, ...] | None = Field(None, alias="incorrect_path")
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


@dataclasses.dataclass(frozen=True, slots=True)
class Usage:
    """Tokens that were billed. `cached` is the part of the prompt that the endpoint had in its cache, if it says."""

    prompt: Annotated[int, Field(alias="prompt_tokens")] = 0
    completion: Annotated[int, Field(alias="completion_tokens")] = 0
    total: Annotated[int, Field(alias="total_tokens")] = 0
    cached: Annotated[int | None, Field(alias="cached_prompt_tokens")] = None

    def __add__(self, other: "Usage") -> "Usage":
        told = not (self.cached is None and other.cached is None)
        cached = (self.cached or 0) + (other.cached or 0) if told else None
        return Usage(self.prompt + other.prompt, self.completion + other.completion, self.total + other.total, cached)


@dataclasses.dataclass(frozen=True)
class Completion:
    """What an endpoint gave back: the text (maybe empty), why it ended, and what it cost."""

    text: str
    finish: str
    usage: Usage
    rehearsal: bool
    seconds: float = 0.0
    """From the request to the answer, of the try that succeeded."""


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
    region: Region
    position: int
    """Place of the dialogue in the input, so that training files can follow the input's order."""

    def row(self, usage: Usage) -> dict[str, Any]:
        """The record's line, with what it cost."""
        return self.model_copy(update={"usage": usage}).model_dump(by_alias=True, exclude_none=True)


class Failure(Shape):
    """A sample that could not be made: one line of the sidecar."""

    sample_id: SampleId
    item_id: int
    stage: str
    kind: str
    error: str
    attempts: int
    last_reply: str | None
    usage: Usage
