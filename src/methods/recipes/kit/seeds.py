"""What dialogues are made from, read from files: topics, documents, slots or tools, real dialogues, pairs.

kind        a file of it
topics      a topic, goal or profile a line; or JSONL whose rows are shown field by field, or are texts
documents   .txt, .md or .html, each a document; or JSONL with `text`, `content` or `body`. Long ones come in parts
plans       one JSON object of slots with their values, or OpenAI function schemas; of JSONL each row is one
dialogues   whatever src.synthesis reads
pairs       JSONL with `question` and `answer`, or such; or dialogues, of which the first round counts
"""

import hashlib
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from ....basics.command import Stop
from ....basics.files import found
from ....basics.text import shortened
from ....dialogues.files import rows
from ....dialogues.json_rows import Row
from ....dialogues.raw import PassedOver, Raw
from ....dialogues.samples import chat_history
from ....dialogues.settings import Reading
from ....dialogues.shapes import Reader
from ....dialogues.turns import Turn, cleaned
from ....running.output import SampleId
from .pages import parts, text_of_html
from .recipe import Seed, SeedKind

ROWS = (".jsonl", ".ndjson", ".json", ".parquet", ".gz", ".zst")
PAGES = (".html", ".htm", ".xhtml")
TEXTS = ("text", "content", "body", "document")
ASKED = ("question", "prompt", "instruction", "query", "input")
ANSWERED = ("answer", "response", "output", "completion", "reply")
LONGEST_TOPIC = 4000  # characters


def seeds_of(kind: SeedKind, files: Sequence[str], most: int) -> list[Seed]:
    """The first so many seeds, each once. Raises Stop where there is none."""
    if not files:
        raise Stop(f"This recipe makes dialogues from {kind}: name a file of them with --seeds.")
    seeds: dict[str, Seed] = {}
    for file in found(files):
        for seed in READERS[kind](file):
            seeds.setdefault(str(seed.seed_id), seed)
            if len(seeds) == most:
                return [*seeds.values()]
    if not seeds:
        raise Stop(
            f"{shortened(', '.join(files))} holds no {kind}: see python -m src.converse --list for what is read."
        )
    return [*seeds.values()]


def values_in(file: str) -> Iterator[Any]:
    """The JSON values of a file of rows; what is none is left out."""
    yield from (row.value for _, row in rows([file], ()) if isinstance(row, Row))


def text_in(file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        raise Stop(f"Seeds {file} cannot be read ({error.strerror}): give another file to --seeds.") from error


def name_of(text: str) -> str:
    """A short name for what has none."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:12]


def id_of(fields: Mapping[str, Any], text: str) -> SampleId:
    given = fields.get("id")
    return given if isinstance(given, str | int) and given != "" else name_of(text)


# ---------------------------------------------------------------------------------------------- kinds


def topics(file: str) -> Iterator[Seed]:
    if Path(file).suffix.lower() not in ROWS:
        lines = (line.strip() for line in text_in(file).splitlines())
        yield from (Seed(name_of(line), line[:LONGEST_TOPIC]) for line in lines if line)
        return
    for value in values_in(file):
        if isinstance(value, str) and value.strip():
            yield Seed(name_of(value), value.strip()[:LONGEST_TOPIC])
        elif isinstance(value, dict) and (text := described(value)):
            yield Seed(id_of(value, text), text, value)


def described(fields: Mapping[str, Any]) -> str:
    """A row as a text: what its fields say, a line each; of a single one, that."""
    told = {name: value for name, value in fields.items() if name != "id" and value not in (None, "", [], {})}
    lines = [
        f"{name}: {value if isinstance(value, str) else orjson.dumps(value, default=str).decode()}"
        for name, value in told.items()
    ]
    text = str(next(iter(told.values()))) if len(told) == 1 else "\n".join(lines)
    return text[:LONGEST_TOPIC]


def documents(file: str) -> Iterator[Seed]:
    suffix = Path(file).suffix.lower()
    if suffix in ROWS:
        for value in values_in(file):
            fields = value if isinstance(value, dict) else {"text": value}
            text = next((fields[name] for name in TEXTS if isinstance(fields.get(name), str)), "")
            yield from in_parts(text, str(id_of(fields, text)), str(fields.get("title") or ""))
        return
    text = text_of_html(text_in(file)) if suffix in PAGES else text_in(file)
    yield from in_parts(text, f"{Path(file).name}-{name_of(text)[:6]}", "")


def in_parts(text: str, name: str, title: str) -> Iterator[Seed]:
    for number, part in enumerate(parts(text), 1):
        shown = f"{title}\n\n{part}" if title else part
        yield Seed(f"{name}#{number}", shown, group=name)


def plans(file: str) -> Iterator[Seed]:
    values = [*values_in(file)]
    if values and all(isinstance(value, dict) and is_tool(value) for value in values):
        values = [{"tools": values}]  # a file of one array, or a function a line
    for value in values:
        if isinstance(value, dict) and isinstance(value.get("slots"), dict):
            yield Seed(id_of(value, orjson.dumps(value, default=str).decode()), described(value), value)
        elif isinstance(value, dict) and isinstance(tools := value.get("tools"), list) and all(map(is_tool, tools)):
            yield Seed(id_of(value, orjson.dumps(tools, default=str).decode()), str(value.get("about") or ""), value)


def is_tool(value: Any) -> bool:
    """Whether it is a function as OpenAI's API takes it, with or without the wrapping."""
    function = value.get("function", value) if isinstance(value, dict) else None
    return isinstance(function, dict) and isinstance(function.get("name"), str) and "parameters" in function


def dialogues(file: str) -> Iterator[Seed]:
    reading = Reading(turns="last")
    for raw in Reader(reading.oasst_paths, reading.names).dialogues(rows([file], names=reading.names)):
        if not isinstance(raw, Raw):
            continue
        try:
            dialogue = cleaned(raw, reading)
        except PassedOver:
            continue
        turns = from_first_user(dialogue.turns)
        if sum(turn.role == "user" for turn in turns) and any(turn.role == "assistant" for turn in turns):
            yield Seed(dialogue.name, chat_history(turns), {}, turns)


def from_first_user(turns: Sequence[Turn]) -> tuple[Turn, ...]:
    """What the two said, from the user's first turn on; of system and tools, nothing."""
    spoken = [turn for turn in turns if turn.role in {"user", "assistant"}]
    return tuple(itertools.dropwhile(lambda turn: turn.role != "user", spoken))


def pairs(file: str) -> Iterator[Seed]:
    for value in values_in(file):
        if isinstance(value, dict):
            asked = next((value[name] for name in ASKED if isinstance(value.get(name), str) and value[name]), None)
            answered = next(
                (value[name] for name in ANSWERED if isinstance(value.get(name), str) and value[name]), None
            )
            if asked and answered:
                turns = (Turn(role="user", content=asked), Turn(role="assistant", content=answered))
                yield Seed(id_of(value, f"{asked}\n{answered}"), chat_history(turns), value, turns)
    for seed in dialogues(file):
        if [turn.role for turn in seed.turns[:2]] == ["user", "assistant"]:
            yield Seed(seed.seed_id, chat_history(seed.turns[:2]), {}, seed.turns[:2])


READERS: Mapping[SeedKind, Callable[[str], Iterator[Seed]]] = {
    "topics": topics,
    "documents": documents,
    "plans": plans,
    "dialogues": dialogues,
    "pairs": pairs,
}
