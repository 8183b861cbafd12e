"""Inputs and records in which anything may stand anywhere: one odd row must not end a command. The seed is fixed.

Each attack is a file of odd rows with good ones between them, through every command that reads such files.
"""

import contextlib
import copy
import json
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..conftest import Done, command, dialogue, turns
from ..test_postprocess import record
from .kit import attacks, standin, to

SEED = 20
ROWS = 40  # of a file


def deep(levels: int, *, lists: bool) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value] if lists else {"a": value}
    return value


ODD: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1.5, 2**63, 2**64, -(2**70), 1e308, float("nan"), float("inf"), 10**400),
    *(
        "",
        " ",
        "x",
        "x" * 5000,
        "\ud800",
        "\x00",
        "\x1b[2J",
        "\u2028",
        "1",
        "[]",
        '[{"role": "user"}]',
        "{",
        "[" * 2000,
    ),
    *([], [[]], {}, {"a": 1}, {"": {}}, [None], [1, "a", {}], deep(300, lists=True), deep(300, lists=False)),
    *(
        deep(900, lists=True),
        {"content": deep(900, lists=False)},
        [{"role": "user", "content": "x"}] * 3,
        {"tag": 5},
        {"text": {"value": []}},
        {"b": [{}]},
    ),
)


def places(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every part of a value."""
    yield way
    if isinstance(value, dict):
        for key, part in value.items():
            yield from places(part, (*way, key))
    elif isinstance(value, list):
        for place, part in enumerate(value[:50]):
            yield from places(part, (*way, place))


def mutated(value: Any, dice: random.Random) -> Any:
    """A copy with one to four odd parts."""
    value = copy.deepcopy(value)
    for _ in range(dice.randint(1, 4)):
        way = dice.choice([*places(value)])
        if not way:
            continue
        parent = value
        for step in way[:-1]:
            parent = parent[step]
        change = dice.randrange(6)
        if change == 0:
            del parent[way[-1]]
        elif change == 1:
            parent[way[-1]] = [parent[way[-1]]]
        elif change == 2:
            parent[way[-1]] = {"a": parent[way[-1]]}
        elif change == 3 and isinstance(parent, dict):
            parent[dice.choice(("id", "x", "", "role", "\ud800"))] = parent.pop(way[-1])
        else:
            parent[way[-1]] = copy.deepcopy(dice.choice(ODD))
    return value


def as_line(value: Any, dice: random.Random) -> bytes:
    """The value as a line; now and then with bytes that are none of JSON's."""
    line = bytearray(json.dumps(value, ensure_ascii=dice.random() < 0.5).encode("utf-8", "surrogatepass"))
    if dice.random() < 0.1:
        for _ in range(dice.randint(1, 5)):
            line[dice.randrange(len(line))] = dice.randrange(256)
    return bytes(line).replace(b"\n", b" ") + b"\n"


@contextlib.contextmanager
def deep_calls() -> Iterator[None]:
    """Room for values that nest more deeply than a command could hold; the commands themselves have the usual room."""
    usual = sys.getrecursionlimit()
    sys.setrecursionlimit(20_000)
    try:
        yield
    finally:
        sys.setrecursionlimit(usual)


def file_of(path: Path, odd: list[Any], good: list[Any], dice: random.Random) -> None:
    with deep_calls():
        lines = [as_line(mutated(dice.choice(odd), dice), dice) for _ in range(ROWS)]
        for row in good:
            lines.insert(dice.randrange(len(lines)), json.dumps(row).encode() + b"\n")
    path.write_bytes(b"".join(lines))


def tree(depth: int) -> Any:
    node: dict[str, Any] = {"message_id": "0", "text": "hi", "role": "prompter", "replies": []}
    root = node
    for number in range(1, depth):
        role = "assistant" if number % 2 else "prompter"
        reply = {"message_id": str(number), "text": f"t{number}", "role": role, "rank": 0, "replies": []}
        node["replies"] = [reply]
        node = reply
    return root


def chatgpt() -> Any:
    nodes: dict[str, Any] = {}
    for number, role in enumerate(("user", "assistant", "user")):
        content = {"content_type": "text", "parts": [f"t{number}"]}
        message = {"author": {"role": role}, "content": content, "metadata": {}, "recipient": "all"}
        nodes[str(number)] = {"parent": str(number - 1) if number else None, "message": message}
    return {"id": "g", "mapping": nodes, "current_node": "2"}


CALLS = [{"function": {"name": "f", "arguments": "{}"}}]
PARTS = [{"type": "text", "text": "a"}, {"type": "image_url"}]
DIALOGUES: list[Any] = [
    dialogue("a"),
    {"conversation_id": "b", "conversation": turns("a", "b", "c"), "model": "m"},
    {"messages": [*turns("a", "b"), {"role": "assistant", "content": None, "tool_calls": CALLS}, *turns("c")]},
    {"conversations": [{"from": name, "value": "a"} for name in ("human", "gpt", "human")]},
    {"messages": [{"role": "user", "content": PARTS}, *turns("b", "c")[::-1]]},
    {"system": "s", "messages": turns("a", "b", "c")},
    {"messages": json.dumps(turns("a", "b", "c"))},
    {"uuid": "u", "chat_messages": [{"sender": "human", "text": "a"}, {"sender": "assistant", "text": "b"}]},
    {"data": ["a", "b", "c"]},
    {"conversation": [{"input": "a", "output": "b"}, {"input": "c", "output": "d"}]},
    chatgpt(),
    {"message_tree_id": "t", "prompt": tree(5)},
    {"message_tree_id": "t", "message_id": "m", "parent_id": None, "text": "x", "role": "prompter", "rank": 1},
    {"message_tree_id": "t", "message_id": "n", "parent_id": "m", "text": "x", "role": "assistant", "deleted": False},
    turns("a", "b", "c"),
    {"goal": [], "messages": [{"role": "usr", "content": "a"}, {"role": "sys", "content": "b"}]},
]  # fmt: skip
GOOD = [{"id": f"good {number}", "conversation": turns("what?", "that", f"good {number}")} for number in range(3)]


def unbroken(done: Done) -> None:
    assert done.returncode in {0, 1, 3}, done.stderr
    assert "Traceback" not in done.stderr, done.stderr


TURNS: tuple[tuple[object, ...], ...] = (
    (),
    ("--turns", "all"),
    ("--turns", "random"),
    ("--max-context-chars", 3),
    ("--repeats", "keep"),
)
READING: tuple[tuple[object, ...], ...] = ((), ("--oasst-paths", "all"), ("--shard", "1/1"), ("--tool-turns", "drop"))


def show(folder: Path, dice: random.Random) -> None:
    file_of(folder / "in.jsonl", DIALOGUES, GOOD, dice)
    more = dice.choice(TURNS) + dice.choice(READING)
    done = command("synthesis", "--input", "in.jsonl", "--output", "out.jsonl", "--show", 1000, *more, folder=folder)
    unbroken(done)
    for row in GOOD:
        assert f"id {row['id']!r}" in done.stdout, done.stdout[-500:] + done.stderr[-500:]
    estimated = command("synthesis", "--input", "in.jsonl", "--output", "out.jsonl", "--estimate", folder=folder)
    unbroken(estimated)


def synthesised(folder: Path, dice: random.Random) -> None:
    file_of(folder / "in.jsonl", DIALOGUES, GOOD, dice)
    with standin() as url:
        done = command("synthesis", *to(url), "--input", "in.jsonl", "--output", "out.jsonl", folder=folder)
        unbroken(done)
        made = [json.loads(line) for line in (folder / "out.jsonl").read_bytes().splitlines()]
        assert {row["id"] for row in GOOD} <= {row["sample_id"] for row in made if isinstance(row["sample_id"], str)}
        assert "internal" not in done.stderr, done.stderr
        again = command("synthesis", *to(url), "--input", "in.jsonl", "--output", "out.jsonl", folder=folder)
        assert "samples made   0" in again.stdout, again.stdout


def as_one_file(folder: Path, dice: random.Random) -> None:
    """The same rows as one JSON array or object, or as bytes that are nearly so."""
    with deep_calls():
        rows = [mutated(dice.choice(DIALOGUES), dice) for _ in range(10)] + GOOD
        whole: Any = rows if dice.random() < 0.5 else {str(n): row for n, row in enumerate(rows)}
        text = bytearray(json.dumps(whole, indent=dice.choice((None, 1))).encode())
    if dice.random() < 0.5:
        for _ in range(dice.randint(1, 20)):
            text[dice.randrange(len(text))] = dice.choice(b'[]{}",:\\\n a0\xff')
    (folder / "in.json").write_bytes(bytes(text))
    unbroken(command("synthesis", "--input", "in.json", "--output", "out.jsonl", "--show", 100, folder=folder))


def whole_record() -> Any:
    row = record(1)
    side = row["chosen"]
    row |= {
        "region": "far",
        "position": 3,
        "seed": 0,
        "usage": {"prompt_tokens": 5},
        "label": "x",
        "context": turns("a", "b"),
        "evaluate_reason": [{"input": "a", "reason": "b", "similarity": 0.5}] * 4,
        "gt_insight_path": {"insight": "Mining", "path": [{"source_node": "a", "target_node": "b"}] * 2},
        "revised_insight_reason": {"thinking": "a", "revised": "b", "predictions": ["a", "b"]},
        "faults": [{"stage": "insight", "check": "x", "reason": "y"}],
        "quality": {
            "tags": [{"tag": "refusal", "side": "chosen", "evidence": "x"}],
            "chosen": {"score": 4, "similarity": 0.5},
            "rejected": {"score": 3, "similarity": 0.5},
            "similarities": dict.fromkeys(side["insight_reason"]["mining_view"]["predictions"], 0.5),
            "margin": 0.1,
        },
    }
    row["rejected"]["incorrect_path"] = [{"source_node": "a", "target_node": "b"}] * 2
    return row


def read(folder: Path, dice: random.Random) -> None:
    good = [whole_record() | {"sample_id": f"good {number}"} for number in range(3)]
    file_of(folder / "in.jsonl", [whole_record(), record(2)], good, dice)
    for words in (("report", "--text"), ("report", "--output", "r.html"), ("quality", "--output", "q.jsonl")):
        done = command(words[0], "--mixed", "--input", "in.jsonl", *words[1:], folder=folder)
        unbroken(done)
        assert done.returncode != 1, done.stderr
    template = dice.choice(("full", "predictions", "json"))
    chosen = (
        *("--mode", dice.choice(("pref", "sft")), "--template", template),
        *dice.choice(((), ("--dedupe",), ("--split", "test=0.3"), ("--drop", "refusal"), ("--min-margin", "0"))),
        *dice.choice(((), ("--min-score", "1"), ("--regions", "far"), ("--min-top-sim", "0"))),
        *("--output", dice.choice(("t.json", "t.jsonl"))),
    )
    unbroken(command("postprocess", "--input", "in.jsonl", *chosen, folder=folder))
    assert "good 0" in (folder / "r.html").read_text()
    assert "good 0" in (folder / "q.jsonl").read_text()


def judged(folder: Path, dice: random.Random) -> None:
    good = [whole_record() | {"sample_id": f"good {number}"} for number in range(3)]
    file_of(folder / "in.jsonl", [whole_record(), record(2)], good, dice)
    with standin(faults=(("filtered", 0.05),)) as url:
        for _ in range(2):
            words = ("--judge", "--mixed", "--input", "in.jsonl", "--output", "j.jsonl")
            done = command("quality", *to(url), *words, folder=folder)
            unbroken(done)
            assert done.returncode != 1, done.stderr
            assert "internal" not in done.stderr, done.stderr


def resumed(folder: Path, dice: random.Random) -> None:
    """An output whose lines are odd: what is whole counts as made, and a run goes on behind it."""
    (folder / "in.jsonl").write_text("".join(json.dumps(dialogue(f"d{number}")) + "\n" for number in range(3)))
    file_of(folder / "out.jsonl", [whole_record()], [], dice)
    start = json.dumps(whole_record(), separators=(",", ":")).encode() + b"\n"
    (folder / "out.jsonl").write_bytes(start + (folder / "out.jsonl").read_bytes()[: dice.randint(0, 100_000)])
    sidecar, failure = folder / "out.jsonl.failed.jsonl", {"sample_id": 1, "item_id": 0, "stage": "x", "kind": "y"}
    file_of(sidecar, [failure], [], dice)
    sidecar.write_bytes(json.dumps(failure, separators=(",", ":")).encode() + b"\n" + sidecar.read_bytes())
    with standin() as url:
        words = ("--input", "in.jsonl", "--output", "out.jsonl", "--accept-changes")
        done = command("synthesis", *to(url), *words, folder=folder)
        unbroken(done)
        assert "samples made   3" in done.stdout, done.stderr
        unbroken(command("report", "--input", "out.jsonl", "--text", folder=folder))


KINDS = {
    "dialogues shown": (show, 300),
    "dialogues made": (synthesised, 60),
    "one JSON file": (as_one_file, 200),
    "records read": (read, 200),
    "records judged": (judged, 60),
    "an output resumed": (resumed, 80),
}
CASES = {f"{kind}, {number}": (kind, number) for kind, (_, count) in KINDS.items() for number in range(count)}
QUICK = tuple(name for name, (_, number) in CASES.items() if number < 2)


@attacks("fuzz", CASES, quick=QUICK)
def fuzz(folder: Path, case: tuple[str, int]) -> None:
    kind, number = case
    KINDS[kind][0](folder, random.Random(f"{SEED} {kind} {number}"))
