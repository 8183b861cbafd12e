"""The JSON schema of a reply, as it is sent to endpoints that hold a model to one.

It says only what every engine enforces: closed objects with all keys required, lists with their length, enums, strings,
numbers and booleans. A grammar does not keep number ranges, lengths of texts or objects with free keys; those are asked
for in another form (`asked_as`), which the reply's model reads as well. The whole passes OpenAI's strict mode.
"""

import functools
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from pydantic import TypeAdapter, ValidationInfo
from pydantic.config import JsonDict

from .stage import Stage

SENT = ("type", "properties", "items", "enum", "const", "minItems", "maxItems")


def as_many_as_asked(items: tuple[Any, ...], info: ValidationInfo) -> tuple[Any, ...]:
    expected = (info.context or {}).get("expected")
    if expected is not None and len(items) != expected:
        raise ValueError(f"has {len(items)} entries; {expected} were asked for, in the order given")
    return items


AS_MANY_AS_ASKED: JsonDict = {"as_many_as_asked": True}
"""Marks a list that has one entry for each entry of what was asked about."""


def asked_as(kind: Any) -> JsonDict:
    """Marks a field that a schema asks for in the form of another type, since engines do not enforce its own."""
    return {"asked_as": closed(kind)}


def closed(kind: Any) -> dict[str, Any]:
    """The schema of any type, as it is sent."""
    schema: dict[str, Any] = flat(TypeAdapter(kind).json_schema(), {}, None, {})
    return schema


def one_of_input(name: str) -> JsonDict:
    """Marks a text that is one of the names in this input, such as a topic of the tree."""
    return {"one_of_input": name}


def json_schema(stage: Stage[Any], fields: Mapping[str, Any], *, fresh: bool) -> dict[str, Any]:
    """The schema of a reply to this question.

    With `fresh`, texts that have to be names in an input are held to them, which makes a schema of its own for each
    question: engines of one's own compile it in a millisecond, hosted ones in seconds.
    """
    expected = stage.expected(fields)
    named = frozenset(inputs_named(stage)) if fresh else ()
    if not named:
        return general_schema(stage, expected)
    names = {name: [*fields[name]] for name in named}
    schema: dict[str, Any] = flat(whole_schema(stage), {}, expected, names)
    return schema


@functools.cache
def general_schema(stage: Stage[Any], expected: int | None) -> dict[str, Any]:
    """The schema that serves every question of a stage that wants so many entries."""
    schema: dict[str, Any] = flat(whole_schema(stage), {}, expected, {})
    return schema


@functools.cache
def whole_schema(stage: Stage[Any]) -> dict[str, Any]:
    schema: dict[str, Any] = stage.reply.model_json_schema()
    return schema


@functools.cache
def inputs_named(stage: Stage[Any]) -> tuple[str, ...]:
    """The inputs whose names a part of the reply is held to."""
    found: list[str] = []

    def look(part: Any) -> None:
        if isinstance(part, dict):
            found.extend([part["one_of_input"]] if "one_of_input" in part else ())
            part = list(part.values())
        if isinstance(part, list):
            for item in part:
                look(item)

    look(whole_schema(stage))
    return tuple(found)


def flat(part: Any, definitions: Mapping[str, Any], expected: int | None, names: Mapping[str, Sequence[str]]) -> Any:
    """A part of a schema without references, with what is sent of it and nothing else."""
    definitions = definitions or part.get("$defs", {})
    if "asked_as" in part:
        asked: dict[str, Any] = part["asked_as"]
        return asked
    if "$ref" in part:
        # What stands beside a reference, such as a mark, holds as well.
        beside = {key: value for key, value in part.items() if key != "$ref"}
        return flat({**definitions[part["$ref"].rsplit("/", 1)[-1]], **beside}, definitions, expected, names)
    kept = {key: part[key] for key in SENT if key in part}
    if "items" in part:
        kept["items"] = flat(part["items"], definitions, expected, names)
    if "properties" in part:
        each = {name: flat(value, definitions, expected, names) for name, value in part["properties"].items()}
        kept |= {"properties": each, "required": [*each], "additionalProperties": False}
    if part.get("as_many_as_asked"):
        kept |= {"minItems": expected, "maxItems": expected}
    if part.get("one_of_input") in names:
        kept["enum"] = names[part["one_of_input"]]
    return kept


def as_type(schema: Mapping[str, Any]) -> str:
    """A schema in one line without any text that a reply could hold: `{"topic": string, "paths": string[2]}`."""
    if "enum" in schema:
        return f"({' | '.join(orjson.dumps(each).decode() for each in schema['enum'])})"
    if "properties" in schema:
        parts = [f'"{name}": {as_type(part)}' for name, part in schema["properties"].items()]
        return f"{{{', '.join(parts)}}}"
    if "items" in schema:
        fewest, most = schema.get("minItems", 0), schema.get("maxItems", "more")
        return f"{as_type(schema['items'])}[{most if fewest == most else f'{fewest} to {most}'}]"
    return str(schema["type"])
