"""The dialogue misread, as it is asked for: another last exchange, the topics that change by it, what is said there."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, field_validator

from ...basics.shape import Shape, Text
from ...basics.text import normalised
from ...calling.schema import asked_as, one_of_input
from ...calling.stage import Reply
from ...pairs.words import ACategory, View
from .replies import AFew, AttributeAsked, DraftInsight, FirstTwoPaths, Insight, Tree, TreePath, Value


class Exchange(Shape):
    """A turn of the user, and the assistant's reply to it."""

    user: Text
    assistant: Text


class Leaf(Shape):
    attribute: Text
    value: Value


class MisreadTopic(Shape):
    """A topic of the tree, and what it is in the misread dialogue."""

    topic: Text = Field(json_schema_extra=one_of_input("tree"))
    becomes: Text
    attributes: tuple[Leaf, ...] = Field(
        min_length=1, json_schema_extra=asked_as(Annotated[list[AttributeAsked], AFew])
    )

    @field_validator("attributes", mode="before")
    @classmethod
    def from_names(cls, value: Any) -> Any:
        """Read the form that trees have: an object of attribute and value."""
        leaves = value.items() if isinstance(value, dict) else ()
        return [{"attribute": name, "value": each} for name, each in leaves] or value

    @property
    def as_tree(self) -> Tree:
        return {self.becomes: {leaf.attribute: leaf.value for leaf in self.attributes}}


class WrongTurn(Reply):
    """The dialogue misread: its last exchange, the topics that change by it, and what the user then says next."""

    exchange: Exchange
    topics: Annotated[tuple[MisreadTopic, ...], AFew] = Field(alias="misread_topics")
    category: ACategory
    mining: FirstTwoPaths = Field(alias="mining_path", min_length=2, json_schema_extra={"maxItems": 2})
    exploration: FirstTwoPaths = Field(alias="explore_path", min_length=2, json_schema_extra={"maxItems": 2})

    @property
    def changed(self) -> Mapping[str, MisreadTopic]:
        return {normalised(each.topic): each for each in self.topics}

    @property
    def paths(self) -> tuple[TreePath, ...]:
        return self.view("Mining") + self.view("Exploration")

    def view(self, view: View) -> tuple[TreePath, ...]:
        """The paths of a view, from the topics of the misread tree."""
        paths, changed = self.mining if view == "Mining" else self.exploration, self.changed
        return tuple(
            path.model_copy(update={"source": topic.becomes})
            if (topic := changed.get(normalised(path.source)))
            else path
            for path in paths
        )

    def misread(self, tree: Tree) -> Tree:
        """The tree of the misread dialogue: that of the true one but for the topics that change."""
        misread: Tree = {}
        for topic, leaves in tree.items():
            anew = self.changed.get(normalised(topic))
            misread = {**misread, **(anew.as_tree if anew else {topic: leaves})}
        return misread


class CategoryTold(Reply):
    category_reasoning: Text


class MisledInsight(DraftInsight, CategoryTold):
    """Why the utterance is of the category that is written for, and then both views."""

    @property
    def views(self) -> Insight:
        return Insight(mining=self.mining, exploration=self.exploration)
