"""A finished pair as far as a reader needs it. Looser than what synthesis writes: published records are read too."""

from typing import Annotated, Any, Literal, cast, get_args

import orjson
from pydantic import AliasChoices, AliasPath, Field

from ..basics.shape import Shape
from ..dialogues.turns import Turn
from .opinions import AsText, Loose, LooseQuality
from .words import HIGH, LOW, ACategory, Region

SideName = Literal["chosen", "rejected"]
NotEmpty = Annotated[str, Field(min_length=1)]
Predictions = Annotated[tuple[NotEmpty, ...], Field(min_length=1)]


class Side(Shape):
    """A trajectory as far as training needs it. Looser than what synthesis writes: any JSON object is a tree.

    Flat, because a million of them are read and each model inside a model takes its time.
    """

    tree: dict[str, Any] = Field(alias="intent_tree", min_length=1)
    category: ACategory = Field(validation_alias=AliasPath("utterance_category_reason", "category"))
    category_reasoning: NotEmpty = Field(validation_alias=AliasPath("utterance_category_reason", "reasoning"))
    mining: NotEmpty = Field(validation_alias=AliasPath("insight_reason", "mining_view", "reasoning"))
    mining_predictions: Predictions = Field(validation_alias=AliasPath("insight_reason", "mining_view", "predictions"))
    exploration: NotEmpty = Field(validation_alias=AliasPath("insight_reason", "explore_view", "reasoning"))
    exploration_predictions: Predictions = Field(
        validation_alias=AliasPath("insight_reason", "explore_view", "predictions")
    )

    @property
    def predictions(self) -> tuple[str, ...]:
        return self.mining_predictions + self.exploration_predictions


class Unfit(Exception):
    """A record that gives no training row; the message says why."""


class Trainable(Shape):
    """What filters and the dataset card ask about whatever becomes a training row."""

    sample_id: Any = None
    item_id: Any = 0
    group: Any = Field(None, validation_alias=AliasChoices("group", AliasPath("made", "group")))
    """What the dialogue was made from together with others, where it was made."""
    history: str = Field(alias="chat_history", min_length=1)
    top_sim: Any = None
    region: Any = None
    model: Any = None
    seed: Any = None
    prompts: Any = None
    misled: Any = "published"
    quality: LooseQuality = None
    rehearsal: bool = Field(False, validation_alias=AliasChoices("rehearsal", AliasPath("made", "rehearsal")))

    @property
    def said(self) -> tuple[str, ...]:
        """What a model learns to say from it, as far as two of them may be the same."""
        return ()

    def region_or_derived(self) -> Region:
        """The region as it stands there, or else by the best similarity. Raises Unfit where neither is there."""
        if self.region in get_args(Region):
            return cast("Region", self.region)
        similarity = self.similarity()
        return "close" if similarity >= HIGH else "far" if similarity < LOW else "middle"

    def similarity(self) -> float:
        if isinstance(self.top_sim, int | float):
            return self.top_sim
        raise Unfit("it has no top_sim, by which it is to be filtered")

    def tags(self) -> set[str]:
        """What `python -m src.quality` has marked it with. Raises Unfit where that was not run."""
        if self.quality and self.quality.tags is not None:
            return {mark.tag for mark in self.quality.tags}
        raise Unfit("it has no quality marks to drop it by; run python -m src.quality on the records first")

    def margin(self) -> float:
        """How much nearer the judge finds the chosen side. Raises Unfit where no judge was asked."""
        return judged(self.quality.margin if self.quality else None)

    def score(self, side: SideName) -> float:
        """The judge's score of a side's reasoning. Raises Unfit where no judge was asked."""
        return judged(self.quality.score(side) if self.quality else None)


class ChosenSide(Trainable):
    """What an SFT row needs of a record."""

    chosen: Side

    @property
    def said(self) -> tuple[str, ...]:
        return self.chosen.predictions


class Pair(ChosenSide):
    """What a preference row needs of a record."""

    rejected: Side

    @property
    def ratings(self) -> dict[str, float]:
        """The judge's scores of both sides, where one was asked."""
        if self.quality is None or self.quality.margin is None:
            return {}
        return {f"{side}_rating": self.score(side) for side in get_args(SideName)}


class TwoSides(Shape):
    """A record as far as the text of its sides matters, and which dialogue it is of."""

    sample_id: Any = None
    item_id: Any = 0
    chosen: Side
    rejected: Side


def judged(number: float | None) -> float:
    if number is None:
        raise Unfit("no judge has seen it; run python -m src.quality --judge on the records first")
    return number


def name_of(sample_id: Any, item_id: Any) -> str:
    """What a sample is called in a file of marks: its id, whose type counts, and its item."""
    return orjson.dumps([sample_id, item_id], default=str).decode()


class LoosePath(Shape):
    """A tree path, whatever its nodes are."""

    source: AsText = Field("", alias="source_node")
    target: AsText = Field("", alias="target_node")

    def __str__(self) -> str:
        return f"{self.source} → {self.target}"


class LooseExchange(Shape):
    """What a dialogue was taken to have ended in."""

    user: AsText = ""
    assistant: AsText = ""


class MarkedSide(Side):
    """A trajectory with the wrong paths that it was led along, and what it misreads, if it does."""

    wrong_paths: tuple[LoosePath, ...] | None = Field(None, alias="incorrect_path")
    exchange: Loose[LooseExchange] = Field(None, alias="imagined_exchange")


class TruthPath(Shape):
    view: str = Field(alias="insight")
    paths: tuple[LoosePath, ...] = Field(alias="path")


class LooseFault(Shape):
    """A fault of a reply that stayed when the pair was made."""

    stage: AsText = ""
    reason: AsText = ""


class MarkedRecord(Shape):
    """A record as far as marks need it; what a published record lacks is left out of account."""

    context: tuple[Turn, ...] = ()
    utterance: str = Field("", alias="label")
    history: str = Field("", alias="chat_history")
    truth_path: TruthPath | None = Field(None, alias="gt_insight_path")
    revision: dict[str, Any] | None = Field(None, alias="revised_insight_reason")
    chosen: MarkedSide
    rejected: MarkedSide
    faults: Loose[tuple[LooseFault, ...]] = None
    misled: Any = "published"

    @property
    def sides(self) -> tuple[tuple[SideName, MarkedSide], ...]:
        return ("chosen", self.chosen), ("rejected", self.rejected)

    @property
    def user_turns(self) -> list[str]:
        return [turn.content for turn in self.context if turn.role == "user"]

    @property
    def before(self) -> str:
        """All that was said before the utterance, in either form that the record has of it."""
        return "\n".join([*(turn.content for turn in self.context), self.history])
