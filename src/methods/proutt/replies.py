"""The shapes that models are asked for: the pieces of an analysis, and every stage's reply.

Python names are the words of the method; aliases are the published names, in replies and on disk. An alias is
written here, or in `record` for what only stands on disk; `pairs.sides` repeats the few that it reads more loosely.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, get_args

from pydantic import AfterValidator, BeforeValidator, Field, TypeAdapter, model_validator
from pydantic.config import JsonDict

from ...basics.shape import Shape, Text
from ...calling.schema import AS_MANY_AS_ASKED, as_many_as_asked, asked_as, one_of_input
from ...calling.stage import Reply, Said
from ...pairs.words import ACategory, AView, Category, View

MOST_IN_A_TREE = 8  # topics, and attributes of one; a schema without a limit invites a tree without end

# ---------------------------------------------------------------------------------------------- pieces of replies


def plain_value(value: Any) -> Any:
    """Numbers, yes/no and lists of words are what models write where a short string was asked; the rest is refused."""
    if isinstance(value, list) and value and all(isinstance(item, str | int | float) for item in value):
        return ", ".join(str(item) for item in value)
    return str(value) if isinstance(value, bool | int | float) else value


Value = Annotated[Text, BeforeValidator(plain_value)]


AFew = Field(min_length=1, max_length=MOST_IN_A_TREE)


class AttributeAsked(Shape):
    """An attribute of a topic, as a schema asks for it."""

    attribute: str
    value: str


class TopicAsked(Shape):
    """A topic of the tree, as a schema asks for it: no engine fills an object whose keys are free."""

    topic: str
    attributes: Annotated[list[AttributeAsked], AFew]


TreeAsked = Annotated[list[TopicAsked], AFew]
Tree = Mapping[str, Mapping[str, str]]
"""Topics, and under each attributes with their values."""


def as_tree(value: Any) -> Any:
    """The tree by its names, from the list that a schema asks for; anything else as it is."""
    if not isinstance(value, list):
        return value
    tree: dict[str, dict[str, str]] = {}
    for topic in TypeAdapter(list[TopicAsked]).validate_python(value):
        tree.setdefault(topic.topic, {}).update({each.attribute: each.value for each in topic.attributes})
    return tree


Topics = Annotated[
    dict[Text, Annotated[dict[Text, Value], Field(min_length=1)]], Field(min_length=1), BeforeValidator(as_tree)
]


class TreePath(Shape):
    """From a topic that the tree has to a node that it lacks."""

    source: Text = Field(alias="source_node", json_schema_extra=one_of_input("tree"))
    target: Text = Field(alias="target_node")

    def __str__(self) -> str:
        return f"{self.source} -> {self.target}"


def first_two(value: Any) -> Any:
    return value[:2] if isinstance(value, list) else value


FirstTwoPaths = Annotated[tuple[TreePath, ...], BeforeValidator(first_two)]


class CategoryReason(Shape):
    category: ACategory
    reasoning: Text


class ViewReasoning(Shape):
    """One view: the way along its tree paths, and the utterances found there."""

    reasoning: Text
    predictions: tuple[Text, ...] = Field(min_length=1)


class IntentTree(Reply):
    topics: Topics = Field(alias="intent_tree", json_schema_extra=asked_as(TreeAsked))

    @model_validator(mode="before")
    @classmethod
    def bare(cls, data: Any) -> Any:
        """The tree without its key is the tree, unless it is inside a key of the model's own."""
        known = {"intent_tree", "topics"}
        if not isinstance(data, dict) or known & data.keys():
            return data
        (*_, last) = data.values() or [None]
        return last if isinstance(last, dict) and known & last.keys() else {"intent_tree": data}

    def texts(self) -> Iterator[Said]:
        """Every name and value, since in a tree a single word of the reply format says nothing either."""
        for topic, attributes in self.topics.items():
            yield Said("topic", topic)
            for attribute, value in attributes.items():
                yield Said("attribute", attribute)
                yield Said("value", value)


class CategoryTruth(Reply):
    reasoning: Text
    category: ACategory = Field(alias="predicted_category")


class CategoryReasons(Reply):
    """One reason for each category; the keys make sure that none is missing or doubled."""

    statement: Text = Field(alias="Statement")
    question: Text = Field(alias="Question")
    instruction: Text = Field(alias="Instruction")

    @model_validator(mode="before")
    @classmethod
    def from_list(cls, data: Any) -> Any:
        """Read the form that records have: a list of three `{"category", "reasoning"}`."""
        if isinstance(data, dict) and len(data) == 1 and isinstance(only := next(iter(data.values())), list):
            data = only
        if not isinstance(data, list):
            return data
        reasons = [CategoryReason.model_validate(item) for item in data]
        if len({reason.category for reason in reasons}) < len(reasons):
            raise ValueError("names a category twice; each of the three is wanted once")
        return {reason.category: reason.reasoning for reason in reasons}

    @property
    def all(self) -> tuple[CategoryReason, ...]:
        return tuple(
            CategoryReason(category=category, reasoning=getattr(self, category.lower()))
            for category in get_args(Category)
        )

    def of(self, category: Category) -> CategoryReason:
        return next(reason for reason in self.all if reason.category == category)


class DraftView(ViewReasoning):
    predictions: tuple[Text, ...] = Field(min_length=2, max_length=2)


class Insight(Reply):
    """Both views of a trajectory."""

    mining: ViewReasoning = Field(alias="mining_view")
    exploration: ViewReasoning = Field(alias="explore_view")

    def view(self, view: View) -> ViewReasoning:
        return self.mining if view == "Mining" else self.exploration

    @property
    def predictions(self) -> tuple[str, ...]:
        return self.mining.predictions + self.exploration.predictions


class DraftInsight(Insight):
    """Both views of a draft: two predictions each."""

    mining: DraftView = Field(alias="mining_view")
    exploration: DraftView = Field(alias="explore_view")


SIMILARITIES: JsonDict = {"type": "number", "enum": [step / 20 for step in range(21)]}


class Grade(Shape):
    reason: Text
    similarity: float = Field(ge=0, le=1, allow_inf_nan=False, json_schema_extra={"asked_as": SIMILARITIES})


class Evaluation(Reply):
    """How close each prediction came to the real utterance, in the order of the predictions."""

    bare_list = "grades"
    grades: Annotated[tuple[Grade, ...], AfterValidator(as_many_as_asked)] = Field(
        alias="evaluation", json_schema_extra=AS_MANY_AS_ASKED
    )

    @property
    def top_sim(self) -> float:
        return max(grade.similarity for grade in self.grades)


class TruthPath(Reply):
    """The view that the real utterance belongs to, its path first, then a secondary one."""

    view_reasoning: Text = Field(alias="insight_reasoning")
    view: AView = Field(alias="insight")
    path_reasoning: Text
    paths: FirstTwoPaths = Field(alias="path", min_length=1, json_schema_extra={"minItems": 2, "maxItems": 2})


class WrongPath(Reply):
    """Two paths in the true view's form that lead elsewhere."""

    bare_list = "paths"
    thinking: str = ""
    paths: FirstTwoPaths = Field(alias="incorrect_path", min_length=2, json_schema_extra={"maxItems": 2})


class Revision(Reply):
    """One view rewritten along given paths, with one prediction for each of them."""

    thinking: Text
    reasoning: Text = Field(alias="revised")
    predictions: Annotated[tuple[Text, ...], AfterValidator(as_many_as_asked)] = Field(
        json_schema_extra=AS_MANY_AS_ASKED
    )
