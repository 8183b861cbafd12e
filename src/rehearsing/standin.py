"""A stand-in for an endpoint, over real HTTP on this machine, that needs no model.

It answers any stage from the prompt alone, and what a trained model is asked. The reply format at a prompt's end says
which keys are wanted; topics are words of the dialogue, similarities the overlap of words. The same question always
gets the same answer. On demand it misbehaves in the ways that endpoints do.
"""

import asyncio
import dataclasses
import hashlib
import json
import math
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import orjson
from aiohttp import web

from ..calling.question import Messages
from ..pairs.words import Category, View
from ..training.templates import OPENING
from .batches import Batches
from .faults import ELSEWHERE, ONLY_WITH, REFUSALS, SPOILT, status
from .trained import trained_answer
from .ways import WAYS

# ---------------------------------------------------------------------------------------------- answering

FORMAT = "\n\nReply format:\n"
NO_SCHEMA: Mapping[str, Any] = {}
WORD = re.compile(r"[A-Za-z][\w'-]{4,}|[\u3400-\u9fff]{2,4}")


def reply_to(messages: Messages, schema: Mapping[str, Any]) -> str:
    """What is said to a stage's question, to one that a trained model knows, in a talk, or to a chat's last turn."""
    if messages[0]["role"] == "system" and len(messages) > 1 and FORMAT in messages[1]["content"]:
        return dumps(answer_to(messages[1]["content"], schema))
    said = messages[0]["content"]
    if said.startswith(OPENING):
        return trained_answer(said, Material(said))
    if "\n</dialogue>" in messages[-1]["content"]:
        return Material(messages[-1]["content"]).remark()
    lines = "\n".join(f"User: {' '.join(message['content'].split())}" for message in messages)
    material = Material(f"<dialogue>\n{lines}\n</dialogue>")
    return material.remark() if messages[0]["role"] == "system" else material.utterance()


def answer_to(question: str, schema: Mapping[str, Any] = NO_SCHEMA) -> Any:
    """A reply in the format that the question shows, made from the words of the question and those of the schema."""
    example, _ = json.JSONDecoder().raw_decode(question, question.rindex(FORMAT) + len(FORMAT))
    return filled(example, "", 0, Material(question), schema)


class Material:
    """What a prompt offers for an answer: its inputs by tag, and dice that fall the same for the same prompt."""

    def __init__(self, question: str) -> None:
        self.inputs = dict(re.findall(r"<(\w+)>\n(.*?)\n</\1>", question, re.DOTALL))
        self.dice = random.Random(question)
        self.turns = re.findall(r"^(?:User|Assistant): (.+)$", self.inputs.get("dialogue", ""), re.MULTILINE)
        spoken = " ".join(self.turns or self.inputs.values())
        self.words = list(dict.fromkeys(WORD.findall(spoken))) or ["it"]
        self.predictions = self.listed("predictions")
        tree = self.inputs.get("intent_tree")
        self.topics: list[str] = list(json.loads(tree)) if tree else self.words
        self.paths = [path for tag in self.inputs if tag.endswith("paths") for path in self.listed(tag)]
        self._used = {path.rpartition(" -> ")[2] for path in self.paths}

    def listed(self, tag: str) -> list[str]:
        """The entries of an input that is a numbered list."""
        return re.findall(r"^\d+\. (.*)$", self.inputs.get(tag, ""), re.MULTILINE)

    def some_words(self, most: int) -> str:
        return " ".join(self.dice.sample(self.words, min(most, len(self.words))))

    def utterance(self) -> str:
        """What the user might say next: a clause of the newest turns, and a word from anywhere."""
        clauses = [clause for said in self.turns[-2:] for clause in CLAUSE.split(said) if WORD.search(clause)]
        return f"{self.dice.choice(clauses or ['go on'])} {self.some_words(1)}".strip()

    def remark(self) -> str:
        """What somebody says in a talk."""
        return self.some_words(self.dice.randint(3, 9))

    def new(self, make: Callable[[], str]) -> str:
        """A text that was not given before; nor is it where the true path leads."""
        texts = (make() for _ in range(5))
        text = next((text for text in texts if text not in self._used), f"{make()} {len(self._used)}")
        self._used.add(text)
        return text

    def target(self) -> str:
        """Where a path leads: where the prompt says, or else somewhere new. The texts of the reply show it."""
        told = self.inputs.pop("target", "")
        target = self.new(lambda: told or self.some_words(2))
        self.paths.append(target)
        return target

    def similarity(self, place: int) -> float:
        """The overlap of words, or of pairs of characters in Chinese, between a prediction and the utterance."""
        if place >= len(self.predictions):  # a number of another kind than a similarity
            return round(self.dice.random(), 2)
        predicted, real = (pieces(text) for text in (self.predictions[place], self.inputs.get("utterance", "")))
        shared = len(predicted & real) / max(1, min(len(predicted), len(real)))
        return round(min(1.0, SPREAD * shared), 2)


FIRST = ("intent_tree", "_path")
"""Parts of a reply that its other parts speak of."""
CLAUSE = re.compile(r"[,.;:!?，。；：！？、\n]+")
SPREAD = 3.5  # real overlaps are small; this spreads them over all three regions


def pieces(text: str) -> set[str]:
    return set(re.findall(r"[a-z0-9']+", text.lower())) | set(re.findall(r"(?=([\u3400-\u9fff]{2}))", text))


def filled(value: Any, key: str, place: int, material: Material, schema: Mapping[str, Any]) -> Any:
    """The example of a reply with each part replaced by one of its kind; `place` counts within the nearest list."""
    if key == "intent_tree":
        tree = {material.some_words(1): {material.some_words(1): material.some_words(3)} for _ in range(3)}
        material.topics = [*tree]  # paths of the same reply start there
        return tree
    if isinstance(value, dict):
        parts = schema.get("properties", {})
        first = sorted(value, key=lambda name: not name.endswith(FIRST))
        made = {name: filled(value[name], name, place, material, parts.get(name, {})) for name in first}
        return {name: made[name] for name in value}
    if isinstance(value, list):
        return [filled(part, key, number, material, schema.get("items", {})) for number, part in enumerate(value)]
    if isinstance(value, float):
        return material.similarity(place)
    if isinstance(value, int):
        return place + 1 if key == "number" else material.dice.randint(1, 5)
    return filled_text(value, key, material, schema.get("enum", ())) if key not in WAYS else WAYS[key](material, place)


def filled_text(value: str, key: str, material: Material, known: Sequence[str]) -> str:
    for kinds in (get_args(Category), get_args(View), known):
        if value in kinds:
            return str(material.dice.choice(kinds))
    if key == "source_node":
        return material.dice.choice(material.topics)
    if key == "target_node":
        return material.target()
    if key == "predictions":
        return material.new(material.utterance)
    if " " in value:
        return " ".join([f"Rehearsed: {material.some_words(6)}.", *material.paths])
    return value  # a word that the question knows, where no schema lists them


# ---------------------------------------------------------------------------------------------- the endpoint


@dataclasses.dataclass(frozen=True)
class Manner:
    """How the stand-in behaves."""

    latency: float = 0.0
    """Seconds before each answer."""
    jitter: float = 0.0
    """Up to so many seconds more, drawn anew for each answer."""
    sigma: float = 0.0
    """Spread of the latency, which is then the median of a log-normal distribution."""
    faults: tuple[tuple[str, float], ...] = ()
    """Kinds of fault, each with the share of requests it befalls."""
    log: Path | None = None
    """A file that gets each request, a line each: messages, response format, limit of tokens, its fault, when it came
    and for how many seconds its answer was held back."""


class StandIn:
    """The endpoint. Which fault befalls a request depends on the request and on how often it came, not on time."""

    def __init__(self, manner: Manner) -> None:
        self.manner = manner
        self._seen: Counter[bytes] = Counter()

    def app(self) -> web.Application:
        app = web.Application(client_max_size=1 << 30)
        app.router.add_post("/v1/chat/completions", self.complete)
        Batches(self.in_a_batch, self.fault_of).add_to(app)
        return app

    def note(self, body: dict[str, Any], **more: Any) -> None:
        """A line in the log."""
        if self.manner.log:
            asked = {key: body.get(key) for key in ("messages", "response_format", "max_tokens")}
            with self.manner.log.open("ab") as file:
                file.write(orjson.dumps({**asked, "came": time.monotonic(), **more}) + b"\n")

    def in_a_batch(self, body: dict[str, Any]) -> tuple[int, Any]:
        """A question of a batch answered: a status and a body; status 0 where it is not answered in time."""
        raw = orjson.dumps(body)
        dice = self.dice(raw)
        fault = self.fault(dice, None, "line") or self.fault(dice, (body.get("response_format") or {}).get("type"))
        self.note(body, fault=fault, pause=0, batch=True)
        if fault in {"expired", "reset", "hang"}:
            return 0, None
        if fault in REFUSALS:
            refusal = REFUSALS[fault]()
            return refusal.status, refusal.text
        text = reply_to(body["messages"], schema_of(body))
        return 200, completion(body, SPOILT.get(fault, str)(text), fault)

    def fault_of(self, raw: bytes) -> str:
        """What befalls a whole batch, or ""."""
        return self.fault(self.dice(raw), None, "batch")

    async def complete(self, request: web.Request) -> web.StreamResponse:
        raw = await request.read()
        body = orjson.loads(raw)
        dice = self.dice(raw)
        spread = math.exp(dice.gauss(0, self.manner.sigma)) if self.manner.sigma else 1.0
        pause = self.manner.latency * spread + dice.random() * self.manner.jitter
        fault = self.fault(dice, (body.get("response_format") or {}).get("type"))
        self.note(body, fault=fault, pause=pause)
        await asyncio.sleep(pause)
        if fault == "reset" and request.transport:
            request.transport.abort()
        if fault == "hang":
            await asyncio.sleep(60)
        if fault in REFUSALS:
            return REFUSALS[fault]()
        if fault in {"badkey", "echokey"}:
            return status(401 if fault == "badkey" else 400, f"rehearsed: {request.headers.get('Authorization')}")
        text = reply_to(body["messages"], schema_of(body))
        return web.json_response(completion(body, SPOILT.get(fault, str)(text), fault), dumps=dumps)

    def dice(self, raw: bytes) -> random.Random:
        name = hashlib.blake2b(raw, digest_size=16).digest()
        self._seen[name] += 1
        return random.Random(f"{name.hex()} {self._seen[name]}")

    def fault(self, dice: random.Random, response_format: str | None, where: str = "question") -> str:
        """The kind of fault that befalls this request, or ""."""
        drawn = dice.random()
        for kind, rate in self.manner.faults:
            if kind in ONLY_WITH and response_format not in ONLY_WITH[kind]:
                continue
            if ELSEWHERE.get(kind, "question") != where:
                continue
            if drawn < rate:
                return kind
            drawn -= rate
        return ""


def schema_of(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema that the reply is to have, if one was sent."""
    found: Mapping[str, Any] = ((body.get("response_format") or {}).get("json_schema") or {}).get("schema") or NO_SCHEMA
    return found


def dumps(value: Any) -> str:
    return orjson.dumps(value).decode()


def completion(body: dict[str, Any], text: str, fault: str) -> dict[str, Any]:
    """A chat completion with this text. Tokens are a quarter of the bytes, rounded up."""
    prompt, reply = (-(-len(part.encode()) // 4) for part in ("".join(m["content"] for m in body["messages"]), text))
    return {
        "id": "rehearsal",
        "object": "chat.completion",
        "created": 0,
        "model": body.get("model"),
        "rehearsal": True,
        "choices": [
            {
                "index": 0,
                "finish_reason": "length" if fault == "truncated" else "stop",
                "message": {"role": "assistant", "content": text},
            }
        ],
        "usage": {"prompt_tokens": prompt, "completion_tokens": reply, "total_tokens": prompt + reply},
    }
