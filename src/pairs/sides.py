"""A finished pair as far as a reader needs it. Looser than what synthesis writes: published records are read too."""

from typing import Annotated, Any, Literal, cast, get_args

import orjson
from pydantic import AliasPath, Field, ValidationError

from ..basics.shape import Shape
from ..dialogues.turns import Turn
from .words import HIGH, LOW, ACategory, Region

Told = Annotated[str, Field(min_length=1)]
Predictions = Annotated[tuple[Told, ...], Field(min_length=1)]


class Side(Shape):
    """A trajectory as far as training needs it. Looser than what synthesis writes: any JSON object is a tree.

    Flat, because a million of them are read and each model inside a model takes its time.
    """

    tree: dict[str, Any] = Field(alias="intent_tree", min_length=1)
    category: ACategory = Field(validation_alias=AliasPath("utterance_category_reason", "category"))
    category_reasoning: Told = Field(validation_alias=AliasPath("utterance_category_reason", "reasoning"))
    mining: Told = Field(validation_alias=AliasPath("insight_reason", "mining_view", "reasoning"))
    mining_predictions: Predictions = Field(validation_alias=AliasPath("insight_reason", "mining_view", "predictions"))
    exploration: Told = Field(validation_alias=AliasPath("insight_reason", "explore_view", "reasoning"))
    exploration_predictions: Predictions = Field(
        validation_alias=AliasPath("insight_reason", "explore_view", "predictions")
    )

    @property
    def predictions(self) -> tuple[str, ...]:
        return self.mining_predictions + self.exploration_predictions


class Unfit(Exception):
    """A record that gives no training row; the message says why."""


class ChosenSide(Shape):
    """What an SFT row needs of a record, and what filters and the dataset card ask about it."""

    sample_id: Any = None
    item_id: Any = 0
    history: str = Field(alias="chat_history", min_length=1)
    top_sim: Any = None
    region: Any = None
    model: Any = None
    seed: Any = None
    prompts: Any = None
    quality: Any = None
    chosen: Side
    rehearsal: bool = False

    def region_or_derived(self) -> Region:
        """The region as told, or else by the best similarity. Raises Unfit where neither is there."""
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
        if isinstance(self.quality, dict) and isinstance(self.quality.get("tags"), list):
            return {str(mark.get("tag")) for mark in self.quality["tags"] if isinstance(mark, dict)}
        raise Unfit("it has no quality marks to drop it by; run python -m src.quality on the records first")

    def judged(self, *keys: str) -> float:
        """A number that the judge gave. Raises Unfit where none was asked."""
        found = self.quality
        for key in keys:
            found = found.get(key) if isinstance(found, dict) else None
        if isinstance(found, int | float):
            return found
        raise Unfit("no judge has seen it; run python -m src.quality --judge on the records first")


class Pair(ChosenSide):
    """What a preference row needs of a record."""

    @property
    def ratings(self) -> dict[str, float]:
        """The judge's scores of both sides, where one was asked."""
        if not isinstance(self.quality, dict) or "margin" not in self.quality:
            return {}
        return {f"{side}_rating": self.judged(side, "score") for side in ("chosen", "rejected")}

    rejected: Side


def name_of(sample_id: Any, item_id: Any) -> str:
    """What a sample is called in a file of marks: its id, whose type counts, and its item."""
    return orjson.dumps([sample_id, item_id], default=str).decode()


SideName = Literal["chosen", "rejected"]


class MarkedSide(Side):
    """A trajectory with the wrong paths that it was led along, if it was."""

    wrong_paths: tuple[dict[str, Any], ...] | None = Field(None, alias="incorrect_path")


class TruthPath(Shape):
    view: str = Field(alias="insight")
    paths: tuple[dict[str, Any], ...] = Field(alias="path")


class MarkedRecord(Shape):
    """A record as far as marks need it; what a published record lacks is left out of account."""

    context: tuple[Turn, ...] = ()
    utterance: str = Field("", alias="label")
    history: str = Field("", alias="chat_history")
    truth_path: TruthPath | None = Field(None, alias="gt_insight_path")
    revision: dict[str, Any] | None = Field(None, alias="revised_insight_reason")
    chosen: MarkedSide
    rejected: MarkedSide

    @property
    def sides(self) -> tuple[tuple[SideName, MarkedSide], ...]:
        return ("chosen", self.chosen), ("rejected", self.rejected)

    @property
    def user_turns(self) -> list[str]:
        return [turn.content for turn in self.context if turn.role == "user"]


def reason_of(error: Exception) -> str:
    """Why a line is no record, in a few words."""
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        return f'"{where}": {first["msg"]}' if where else "it is not a record"
    if isinstance(error, orjson.JSONEncodeError):
        return "it is nested too deeply"
    return f"it is not JSON ({error})" if isinstance(error, ValueError) else "it has no sample_id and item_id"
