"""How a trainer wants a row: a function for each format, and the entry of a file in LLaMA-Factory's list."""

from collections.abc import Callable, Mapping
from typing import Any, Literal, get_args

Row = dict[str, Any]

Mode = Literal["pref", "sft"]


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


def trl_sft(question: str, chosen: str) -> Row:
    """Of a row of `messages` TRL would learn the question too, and all else is lost in it; of this one the answer."""
    return {"prompt": user(question), "completion": assistant(chosen)}


def sharegpt_sft(question: str, chosen: str) -> Row:
    return {"conversations": [human_and_gpt("human", question), human_and_gpt("gpt", chosen)]}


PREF: Mapping[str, Callable[[str, str, str], Row]] = {
    "sharegpt": sharegpt_pref,
    "trl": trl_pref,
    "openai": openai_pref,
}
SFT: Mapping[str, Callable[[str, str], Row]] = {
    "messages": messages_sft,
    "trl": trl_sft,
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
    if format == "trl":
        return None
    tags = {"role_tag": "role", "content_tag": "content", "user_tag": "user", "assistant_tag": "assistant"}
    return {"file_name": file, "formatting": "sharegpt", "columns": {"messages": "messages"}, "tags": tags}


MODES: tuple[Mode, ...] = get_args(Mode)
