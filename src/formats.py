"""What a training row looks like: what the model is told and says (templates), and how a trainer wants it (formats)."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, TypeVar

import orjson
from pydantic import AliasPath, Field

from .prompts import ANSWER, PREDICT, PREDICT_AS_JSON, PREDICT_ONLY, as_text, fill
from .schemas import ACategory, Shape
from .utils import on_one_line, without_tags

Mode = Literal["pref", "sft"]
TAGS = ("think", "predict")
K = TypeVar("K")

# ---------------------------------------------------------------------------------------------- what is read


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


# ---------------------------------------------------------------------------------------------- templates


def thoughts_and_predictions(side: Side) -> str:
    """All thoughts in one tag, then each prediction in a tag on a line of its own."""
    thoughts = {
        "tree": as_text(side.tree),
        "category_reasoning": side.category_reasoning,
        "category": side.category,
        "mining": side.mining,
        "exploration": side.exploration,
    }
    return fill(ANSWER, {**safe(thoughts), "predictions": predictions_alone(side)})


def predictions_alone(side: Side) -> str:
    """Each prediction in a tag on a line of its own."""
    texts = safe(dict(enumerate(side.predictions))).values()
    return "\n".join([f"<predict>{on_one_line(text)}</predict>" for text in texts])


def safe(texts: dict[K, str]) -> dict[K, str]:
    """The texts without what could be taken for a tag of ours. Nearly all have no bracket at all: one look tells."""
    if "<" not in "".join(texts.values()):
        return texts
    return {key: without_tags(text, *TAGS) for key, text in texts.items()}


def as_json(side: Side) -> str:
    """Everything as one JSON object, for whoever parses it."""
    told = {
        "tree": side.tree,
        "category": {"reasoning": side.category_reasoning, "category": side.category},
        "views": {"mining": side.mining, "exploration": side.exploration},
        "predictions": side.predictions,
    }
    return without_tags(orjson.dumps(told).decode(), *TAGS)


@dataclasses.dataclass(frozen=True)
class Template:
    """What the trained model is told, with a place for the history, and what it says for a trajectory."""

    question: str
    answer: Callable[[Side], str]

    def asked(self, history: str) -> str:
        return fill(self.question, {"history": without_tags(history, "dialogue")})


TEMPLATES: Mapping[str, Template] = {
    "full": Template(PREDICT, thoughts_and_predictions),
    "predictions": Template(PREDICT_ONLY, predictions_alone),
    "json": Template(PREDICT_AS_JSON, as_json),
}

# ---------------------------------------------------------------------------------------------- formats

Row = dict[str, Any]


def user(text: str) -> list[Row]:
    return [{"role": "user", "content": text}]


def assistant(text: str) -> list[Row]:
    return [{"role": "assistant", "content": text}]


def human_and_gpt(name: str, text: str) -> Row:
    return {"from": name, "value": text}


def sharegpt_pref(question: str, chosen: str, rejected: str) -> Row:
    return {
        "conversations": [human_and_gpt("human", question)],
        "chosen": human_and_gpt("gpt", chosen),
        "rejected": human_and_gpt("gpt", rejected),
    }


def trl_pref(question: str, chosen: str, rejected: str) -> Row:
    return {"prompt": user(question), "chosen": assistant(chosen), "rejected": assistant(rejected)}


def openai_pref(question: str, chosen: str, rejected: str) -> Row:
    return {
        "input": {"messages": user(question)},
        "preferred_output": assistant(chosen),
        "non_preferred_output": assistant(rejected),
    }


def messages_sft(question: str, chosen: str) -> Row:
    return {"messages": user(question) + assistant(chosen)}


def sharegpt_sft(question: str, chosen: str) -> Row:
    return {"conversations": [human_and_gpt("human", question), human_and_gpt("gpt", chosen)]}


PREF: Mapping[str, Callable[[str, str, str], Row]] = {
    "sharegpt": sharegpt_pref,
    "trl": trl_pref,
    "openai": openai_pref,
}
SFT: Mapping[str, Callable[[str, str], Row]] = {
    "messages": messages_sft,
    "trl": messages_sft,
    "openai": messages_sft,
    "sharegpt": sharegpt_sft,
}
DEFAULT: Mapping[Mode, str] = {"pref": "sharegpt", "sft": "messages"}
NAMES: Mapping[Mode, tuple[str, ...]] = {"pref": tuple(PREF), "sft": tuple(SFT)}


def llama_factory(mode: Mode, format: str, file: str) -> dict[str, Any] | None:
    """The file's entry in LLaMA-Factory's dataset_info.json; None where it has no such format."""
    if mode == "pref":
        columns = {"messages": "conversations", "chosen": "chosen", "rejected": "rejected"}
        entry = {"file_name": file, "ranking": True, "formatting": "sharegpt", "columns": columns}
        return entry if format == "sharegpt" else None
    if format == "sharegpt":
        return {"file_name": file, "formatting": "sharegpt", "columns": {"messages": "conversations"}}
    tags = {"role_tag": "role", "content_tag": "content", "user_tag": "user", "assistant_tag": "assistant"}
    return {"file_name": file, "formatting": "sharegpt", "columns": {"messages": "messages"}, "tags": tags}
