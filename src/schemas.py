"""The shapes that models are asked for: a turn, the pieces of an analysis, every stage's reply.

Python names are the words of the method; aliases are the published names, in replies and on disk. An alias is
written here, or in `records` for what only stands on disk; `postprocess` repeats the few that it reads more loosely.
"""

from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    model_validator,
)
from pydantic.config import JsonDict

Category = Literal["Statement", "Question", "Instruction"]
View = Literal["Mining", "Exploration"]
Role = Literal["system", "user", "assistant", "tool"]

LONGEST_NODE = 200  # characters; a tree of sentences is no tree, and every later prompt would carry it


# ---------------------------------------------------------------------------------------------- pieces of replies


def no_longer_than_a_node(text: str) -> str:
    # A validator and not a length constraint: `maxLength` in a schema makes some endpoints cut words short.
    if len(text) > LONGEST_NODE:
        raise ValueError(f"is {len(text)} characters long; at most {LONGEST_NODE}, so shorten it")
    return text


def plain_value(value: Any) -> Any:
    """Numbers, yes/no and lists of words are what models write where a short string was asked; the rest is refused."""
    if isinstance(value, list) and value and all(isinstance(item, str | int | float) for item in value):
        return ", ".join(str(item) for item in value)
    return str(value) if isinstance(value, bool | int | float) else value


def canonical(*words: str) -> BeforeValidator:
    """Accept a known word in any case, or as the first word of a phrase ("mining view")."""
    known = {word.casefold(): word for word in words}
    return BeforeValidator(
        lambda value: known.get(value.strip().split(" ")[0].casefold(), value) if isinstance(value, str) else value
    )


def as_many_as_asked(items: tuple[Any, ...], info: ValidationInfo) -> tuple[Any, ...]:
    expected = (info.context or {}).get("expected")
    if expected is not None and len(items) != expected:
        raise ValueError(f"has {len(items)} entries; {expected} were asked for, in the order given")
    return items


Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Node = Annotated[Text, AfterValidator(no_longer_than_a_node)]
Value = Annotated[Text, BeforeValidator(plain_value), AfterValidator(no_longer_than_a_node)]
ACategory = Annotated[Category, canonical(*get_args(Category))]
AView = Annotated[View, canonical(*get_args(View))]
Topics = Annotated[dict[Node, Annotated[dict[Node, Value], Field(min_length=1)]], Field(min_length=1)]

AS_MANY_AS_ASKED: JsonDict = {"as_many_as_asked": True}
"""Marks a list, in a model's JSON schema, that has one entry for each entry of what was asked about."""


class Shape(BaseModel):
    """Frozen, filled by word or by alias, and deaf to keys it does not know."""

    model_config = ConfigDict(frozen=True, populate_by_name=True, extra="ignore")


class Turn(Shape):
    """One turn of a dialogue: who spoke, and the text."""

    role: Role
    content: str


class TreePath(Shape):
    """From a topic that the tree has to a node that it lacks."""

    source: Node = Field(alias="source_node")
    target: Node = Field(alias="target_node")

    def __str__(self) -> str:
        return f"{self.source} -> {self.target}"


FirstTwoPaths = Annotated[
    tuple[TreePath, ...], BeforeValidator(lambda value: value[:2] if isinstance(value, list) else value)
]


class CategoryReason(Shape):
    category: ACategory
    reasoning: Text


class ViewReasoning(Shape):
    """One view: the way along its tree paths, and the utterances found there."""

    reasoning: Text
    predictions: tuple[Text, ...] = Field(min_length=1)


# ---------------------------------------------------------------------------------------------- replies


class Reply(Shape):
    """What a stage gives back. Reads the wrappings that models put around a right answer."""

    bare_list: ClassVar[str | None] = None
    """The field that a list without its object is meant for."""

    @model_validator(mode="before")
    @classmethod
    def unwrap(cls, data: Any) -> Any:
        """Take the object out of a key or a list around it; put a bare list where it belongs."""
        known = {name for field, info in cls.model_fields.items() for name in (field, info.alias or field)}
        if isinstance(data, dict) and len(data) == 1 and not known & data.keys():
            (data,) = data.values()
        if isinstance(data, list) and len(data) == 1 and isinstance(data[0], dict) and known & data[0].keys():
            (data,) = data
        return {cls.bare_list: data} if cls.bare_list and isinstance(data, list) else data


class IntentTree(Reply):
    topics: Topics = Field(alias="intent_tree")

    @model_validator(mode="before")
    @classmethod
    def bare(cls, data: Any) -> Any:
        """The tree without its key is the tree, unless it is inside a key of the model's own."""
        known = {"intent_tree", "topics"}
        if not isinstance(data, dict) or known & data.keys():
            return data
        (*_, last) = data.values() or [None]
        return last if isinstance(last, dict) and known & last.keys() else {"intent_tree": data}


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


class Grade(Shape):
    reason: Text
    similarity: float = Field(ge=0, le=1, allow_inf_nan=False)


class Score(Reply):
    """How good a trajectory's reasoning is, each side of it from 1 to 5."""

    reasoning: Text
    grounding: int = Field(ge=1, le=5)
    path_consistency: int = Field(ge=1, le=5)
    plausibility: int = Field(ge=1, le=5)

    @property
    def mean(self) -> float:
        return round((self.grounding + self.path_consistency + self.plausibility) / 3, 2)


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
