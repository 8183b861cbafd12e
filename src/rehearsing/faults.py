"""The ways in which the stand-in misbehaves, as endpoints do."""

from collections.abc import Callable

from aiohttp import web

FAULTS = {
    "429": "too many requests, with Retry-After",
    "500": "a server error",
    "reset": "the connection is closed without an answer",
    "hang": "no answer for a minute",
    "notjson": "status 200 and a body that is not JSON",
    "nochoices": "status 200 and no choices",
    "empty": "an empty reply",
    "prose": "a reply without JSON",
    "truncated": "half a reply, ended by its length",
    "wrong": "JSON of another form",
    "badkey": "status 401, with the key in the message",
    "echokey": "status 400, with the key in the message",
    "filtered": "status 400 by a content filter",
    "toolong": "status 400 for a prompt beyond the context",
    "noschema": "status 400 where a JSON schema is asked for",
    "brokenschema": "status 500, each time, where a JSON schema is asked for",
    "noobject": "status 400 where any JSON mode is asked for",
    "fenced": "the right reply in a fence, with prose around it",
    "think": "the right reply after a think block",
    "batchfailed": "a batch that fails at once",
    "batchfull": "a batch that fails since the account's queue is full",
    "batchlost": "a batch is made, and the connection closed without an answer",
    "expired": "a question of a batch that is not answered before it expires",
}


def status(code: int, message: str, **headers: str) -> web.Response:
    return web.json_response({"error": {"message": message}}, status=code, headers=headers)


REFUSALS: dict[str, Callable[[], web.Response]] = {
    "429": lambda: status(429, "rehearsed: too many requests", **{"Retry-After": "0.2"}),
    "500": lambda: status(500, "rehearsed: server error"),
    "filtered": lambda: status(400, "rehearsed: stopped by the content filter"),
    "toolong": lambda: status(400, "rehearsed: this model's maximum context length is 8192 tokens"),
    "noschema": lambda: status(400, "rehearsed: response_format json_schema is not supported"),
    "brokenschema": lambda: status(500, "rehearsed: the grammar could not be compiled"),
    "noobject": lambda: status(400, "rehearsed: response_format is not supported"),
    "notjson": lambda: web.Response(text="<html>rehearsed: a gateway's page</html>"),
    "nochoices": lambda: web.json_response({"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 0}}),
}
SPOILT: dict[str, Callable[[str], str]] = {
    "empty": lambda _: "",
    "prose": lambda _: "I would rather talk about something else.",
    "truncated": lambda text: text[: len(text) // 2],
    "wrong": lambda _: '{"unexpected": true}',
    "fenced": lambda text: f"Here it is:\n```json\n{text}\n```\nAnything else?",
    "think": lambda text: f'<think>Is it {{"a": 1}}? No.</think>\n{text}',
}
ELSEWHERE = {"batchfailed": "batch", "batchfull": "batch", "batchlost": "batch", "expired": "line"}
ONLY_WITH = {"noschema": ("json_schema",), "brokenschema": ("json_schema",), "noobject": ("json_schema", "json_object")}
