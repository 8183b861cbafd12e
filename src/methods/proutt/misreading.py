"""The dialogue misread, as it is asked for: another last exchange, and what somebody foresees who believes in it."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from ...basics.shape import Shape, Text
from ...calling.schema import asked_as
from ...calling.stage import Reply
from ...pairs.words import ACategory, View
from .replies import DraftView, Insight, Topics, TreeAsked, TreePath, first_two


class Exchange(Shape):
    """A turn of the user, and the assistant's reply to it."""

    user: Text
    assistant: Text


class WrongTurn(Reply):
    """Another last exchange, and what the user says next there."""

    exchange: Exchange
    utterance: Text
    category: ACategory
    target: Text = Field(alias="target_node")


class OwnPath(TreePath):
    """A path from a topic of the tree that the same reply has."""

    source: Text = Field(alias="source_node")


OwnPaths = Annotated[tuple[OwnPath, ...], BeforeValidator(first_two)]


class MisledInsight(Reply):
    """All of a trajectory: tree, a reason for the category that is written for, both views and their paths."""

    topics: Topics = Field(alias="intent_tree", json_schema_extra=asked_as(TreeAsked))
    category_reasoning: Text
    mining: DraftView = Field(alias="mining_view")
    exploration: DraftView = Field(alias="explore_view")
    mining_paths: OwnPaths = Field(alias="mining_path", min_length=2, json_schema_extra={"maxItems": 2})
    explore_paths: OwnPaths = Field(alias="explore_path", min_length=2, json_schema_extra={"maxItems": 2})

    @property
    def views(self) -> Insight:
        return Insight(mining=self.mining, exploration=self.exploration)

    @property
    def predictions(self) -> tuple[str, ...]:
        return self.views.predictions

    @property
    def paths(self) -> tuple[OwnPath, ...]:
        return self.mining_paths + self.explore_paths

    def paths_of(self, view: View) -> tuple[OwnPath, ...]:
        return self.mining_paths if view == "Mining" else self.explore_paths
