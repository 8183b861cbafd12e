"""Replies that have the right shape and are no answer: found, sent back with the reason, and told where they stay."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from src.calling.checks import faults_in
from src.calling.schema import as_type, json_schema
from src.calling.session import UNUSABLE, Failed, Session
from src.calling.stage import Stage, example_text
from src.client import Endpoint
from src.config import Config
from src.marking.stages import SCORE
from src.methods.proutt.misleading import MISLED_INSIGHT, WRONG_PATH, WRONG_TURN
from src.methods.proutt.replies import TreePath
from src.methods.proutt.stages import EVALUATION, INSIGHT, INTENT_TREE, REVISION, STAGES, TRUTH_PATH
from src.rehearsing.standin import answer_to

from .conftest import Serve, command, read_rows, synthesis, write_rows
from .test_synthesis import many

TREE = {"garden": {"soil": "clay"}, "roses": {"colour": "open"}}
PATHS = (TreePath(source="garden", target="winter cover"), TreePath(source="roses", target="climbing kinds"))
ASKED: dict[str, Any] = {
    "tree": TREE,
    "true_paths": PATHS,
    "target": "rain",
    "paths": PATHS,
    "predictions": "abcd",
}


def path(source: str, target: str) -> dict[str, str]:
    return {"source_node": source, "target_node": target}


def truth(*paths: dict[str, str]) -> dict[str, Any]:
    return {"insight_reasoning": "r", "insight": "Mining", "path_reasoning": "r", "path": list(paths)}


def wrong(*paths: dict[str, str]) -> dict[str, Any]:
    return {"thinking": "t", "incorrect_path": list(paths)}


def turned(target: str) -> dict[str, Any]:
    exchange = {"user": "And the lawn?", "assistant": "It is full of moss."}
    return {
        "exchange": exchange,
        "utterance": "Will it rain?",
        "category": "Question",
        "target_node": target,
    }


def misled(*targets: str, source: str = "lawn", shown: bool = True) -> dict[str, Any]:
    paths = [path(source, target) for target in targets]
    reasons = [f"First {one}, then {two}." if shown else "Because." for one, two in (targets[:2], targets[2:])]
    mining, exploration = (
        {"reasoning": reason, "predictions": [*two]} for reason, two in zip(reasons, ("ab", "cd"), strict=True)
    )
    return {
        "intent_tree": {"lawn": {"moss": "thick"}},
        "category_reasoning": "t",
        "mining_view": mining,
        "explore_view": exploration,
        "mining_path": paths[:2],
        "explore_path": paths[2:],
    }


def views(*predictions: str) -> dict[str, Any]:
    mining, exploration = (
        {"reasoning": "because", "predictions": [*two]} for two in (predictions[:2], predictions[2:])
    )
    return {"mining_view": mining, "explore_view": exploration}


def revised(reasoning: str, *predictions: str) -> dict[str, Any]:
    return {"thinking": "t", "revised": reasoning, "predictions": list(predictions)}


FAULTY: list[tuple[Stage[Any], dict[str, Any], str]] = [
    (INTENT_TREE, {"intent_tree": {"topic": {"soil": "clay"}}}, "repeated_format"),
    (INTENT_TREE, {"intent_tree": {"garden": {"Another attribute": "clay"}}}, "repeated_format"),
    (INSIGHT, views("utterance on path 1", "b", "c", "d"), "repeated_format"),
    (INSIGHT, views("utterance on path 7", "b", "c", "d"), "repeated_format"),
    (
        EVALUATION,
        {"evaluation": [{"reason": "what is shared and what is not", "similarity": 0.5}] * 4},
        "repeated_format",
    ),
    (WRONG_PATH, wrong(path("garden", "wrong target"), path("roses", "smell")), "repeated_format"),
    (INSIGHT, views("Clay?", "b", "clay", "d"), "predictions_differ"),
    (INTENT_TREE, {"intent_tree": {"garden": {"soil": "clay " * 50}}}, "names_are_short"),
    (TRUTH_PATH, truth(path("garden", "rain " * 50), path("roses", "smell")), "names_are_short"),
    (TRUTH_PATH, truth(path("weather", "rain"), path("garden", "rain barrel")), "paths_start_at_topics"),
    (TRUTH_PATH, truth(path("garden", "Rain"), path("roses", "rain")), "targets_differ"),
    (WRONG_PATH, wrong(path("garden", "winter cover"), path("roses", "smell")), "paths_are_wrong"),
    (WRONG_PATH, wrong(path("lawn", "mowing"), path("roses", "smell")), "paths_start_at_topics"),
    (WRONG_TURN, turned("Climbing kinds"), "target_is_wrong"),
    (WRONG_TURN, turned("rain " * 50), "names_are_short"),
    (MISLED_INSIGHT, misled("rain", "smell", "snow", "climbing kinds"), "paths_are_wrong"),
    (MISLED_INSIGHT, misled("rain", "smell", "snow", "rain"), "targets_differ"),
    (MISLED_INSIGHT, misled("rain", "smell", "snow", "mowing", source="garden"), "paths_start_at_topics"),
    (MISLED_INSIGHT, misled("hail", "smell", "snow", "mowing"), "target_is_led_to"),
    (MISLED_INSIGHT, misled("rain", "smell", "snow", "mowing", shown=False), "views_show_paths"),
    (REVISION["Mining"], revised("Only the winter cover matters here.", "a", "b"), "paths_are_shown"),
    (REVISION["Mining"], revised("winter cover, then climbing kinds", "a", "A!"), "predictions_differ"),
]
SOUND: list[tuple[Stage[Any], dict[str, Any]]] = [
    (INTENT_TREE, {"intent_tree": {"essay": {"topic": "roses", "value": "high"}}}),
    (INSIGHT, views("Clay?", "b", "c", "d")),
    (TRUTH_PATH, truth(path("Garden", "rain"), path("roses", "smell"))),
    (WRONG_PATH, wrong(path("garden", "rain"), path("roses", "smell"))),
    (WRONG_TURN, turned("rain")),
    (MISLED_INSIGHT, misled("Rain", "smell", "snow", "mowing", source="Lawn")),
    (REVISION["Mining"], revised("garden -> winter covers; roses that climb, kinds of them", "a", "b")),
]


def found(stage: Stage[Any], reply: dict[str, Any]) -> set[str]:
    return {fault.check for fault in faults_in(stage, stage.reply.model_validate(reply), ASKED)}


@pytest.mark.parametrize(("stage", "reply", "check"), FAULTY)
def test_a_reply_of_the_right_shape_that_is_no_answer_is_found(
    stage: Stage[Any], reply: dict[str, Any], check: str
) -> None:
    assert found(stage, reply) == {check}


@pytest.mark.parametrize(("stage", "reply"), SOUND)
def test_a_sound_reply_is_not_doubted(stage: Stage[Any], reply: dict[str, Any]) -> None:
    assert not found(stage, reply)


@pytest.mark.parametrize("stage", [*STAGES, WRONG_TURN, MISLED_INSIGHT, SCORE], ids=lambda stage: stage.name)
def test_the_text_of_every_reply_format_is_no_answer(stage: Stage[Any]) -> None:
    expected = 2 if stage.one_for_each else None
    assert "repeated_format" in found(stage, json.loads(example_text(stage, expected)))


# ---------------------------------------------------------------------------------------------- schemas

SIMPLE = {"type", "properties", "required", "additionalProperties", "items", "minItems", "maxItems", "enum"}


def parts(schema: dict[str, Any]) -> list[dict[str, Any]]:
    inside = [*schema.get("properties", {}).values(), *([schema["items"]] if "items" in schema else [])]
    return [schema, *(part for each in inside for part in parts(each))]


@pytest.mark.parametrize("fresh", [False, True])
@pytest.mark.parametrize("stage", [*STAGES, WRONG_TURN, MISLED_INSIGHT, SCORE], ids=lambda stage: stage.name)
def test_a_schema_says_only_what_every_engine_enforces(stage: Stage[Any], fresh: bool) -> None:
    for part in parts(json_schema(stage, ASKED, fresh=fresh)):
        assert part.keys() <= SIMPLE
        if part["type"] == "object":
            assert part["additionalProperties"] is False
            assert part["required"] == [*part["properties"]] != []
        elif part["type"] == "array":
            assert 1 <= part["minItems"] <= part["maxItems"]
        else:
            assert part["type"] == "string" or part["enum"]


def test_a_tree_is_asked_for_as_a_list_and_read_as_a_tree() -> None:
    asked = {
        "intent_tree": [
            {"topic": "garden", "attributes": [{"attribute": "soil", "value": "clay"}]},
            {"topic": "roses", "attributes": [{"attribute": "colour", "value": "red"}]},
            {"topic": "garden", "attributes": [{"attribute": "size", "value": "small"}]},
        ]
    }
    tree = INTENT_TREE.reply.model_validate(asked).topics
    assert tree == {"garden": {"soil": "clay", "size": "small"}, "roses": {"colour": "red"}}


def test_a_path_is_held_to_the_trees_topics_only_where_a_new_schema_costs_nothing() -> None:
    def sources(url: str, wish: str = "auto") -> Any:
        config = Config(base_url=url, fresh_schemas=wish)  # type: ignore[arg-type]
        schema = json_schema(TRUTH_PATH, ASKED, fresh=config.takes_fresh_schemas)
        return schema["properties"]["path"]["items"]["properties"]["source_node"].get("enum")

    own = (
        "http://127.0.0.1:8000/v1",
        "http://localhost/v1",
        "http://10.1.2.3/v1",
        "http://vllm:8000/v1",
        "http://[::1]/v1",
    )
    assert [sources(url) for url in own] == [["garden", "roses"]] * len(own)
    assert sources("https://api.openai.com/v1") is None
    assert sources("https://api.openai.com/v1", "yes") == ["garden", "roses"]
    assert sources("http://127.0.0.1:8000/v1", "no") is None


# ---------------------------------------------------------------------------------------------- what becomes of them


def answering(change: Callable[[str, int, Any], Any]) -> Callable[[dict[str, Any]], Any]:
    """A model like the stand-in, whose reply to a stage's n-th request is changed."""
    counts: dict[str, int] = {}

    def answer(body: dict[str, Any]) -> str:
        question = body["messages"][1]["content"]
        stage = question.split("# Task: ")[1].split("\n")[0]
        counts[stage] = counts.get(stage, 0) + 1
        return json.dumps(change(stage, counts[stage], answer_to(question)))

    return answer


def asked_once(serve: Serve, change: Callable[[str, int, Any], Any], stage: Stage[Any]) -> tuple[Any, Session]:
    return asked_of(serve(answering(change)), stage)


def asked_of(url: str, stage: Stage[Any]) -> tuple[Any, Session]:
    async def ask() -> tuple[Any, Session]:
        config = Config(base_url=url, model="m")
        async with Endpoint(config, "") as endpoint:
            session = Session(endpoint, config)
            return await session(
                stage,
                history="User: roses in clay?",
                **{name: ASKED.get(name, "Question") for name in stage.inputs - {"history"}},
            ), session

    return asyncio.run(ask())


def test_a_fault_goes_back_with_the_reason_and_a_mended_reply_leaves_no_trace(serve: Serve) -> None:
    def once(_: str, number: int, reply: Any) -> Any:
        return views("a", "a", "b", "c") if number == 1 else reply

    reply, session = asked_once(serve, once, INSIGHT)
    assert len(set(reply.predictions)) == 4
    assert session.bill.faults == []


def test_a_fault_that_stays_is_kept_and_said(serve: Serve) -> None:
    reply, session = asked_once(serve, lambda *_: views("a", "a", "b", "c"), INSIGHT)
    assert reply.predictions == ("a", "a", "b", "c")
    assert [(fault.stage, fault.check) for fault in session.bill.faults] == [("insight", "predictions_differ")]


def test_a_repeated_format_that_stays_fails_the_sample(serve: Serve) -> None:
    with pytest.raises(Failed) as failed:
        asked_of(serve(lambda _: json.dumps(views("utterance on path 1", "b", "c", "d"))), INSIGHT)
    assert failed.value.kind == "repeated_format"
    assert failed.value.kind in UNUSABLE
    assert failed.value.attempts == 4


def test_a_model_that_repeats_the_format_is_asked_anew_with_one_that_has_no_texts(serve: Serve) -> None:
    asked: list[list[dict[str, str]]] = []

    def repeating(body: dict[str, Any]) -> str:
        """A weak model: it says what the reply format says, and something of its own where that is no reply."""
        asked.append(body["messages"])
        shown = str(body["messages"][-1]["content"].split("Reply format:\n")[1].split("\n")[0])
        return shown if shown.startswith('{"mining_view":{"reasoning":"') else json.dumps(views("a", "b", "c", "d"))

    reply, session = asked_of(serve(repeating), INSIGHT)
    assert reply.predictions == ("a", "b", "c", "d")
    assert [len(messages) for messages in asked] == [2, 2]
    (_, with_texts), (_, bare) = asked
    texts = {said.text for said in INSIGHT.example.texts()}
    assert texts
    assert all(text in with_texts["content"] and text not in bare["content"] for text in texts)
    assert '{"reasoning": string, "predictions": string[2]}' in bare["content"]
    assert len(session.bill.asked) == 2


def test_a_type_says_all_that_a_schema_does() -> None:
    assert as_type(json_schema(TRUTH_PATH, ASKED, fresh=True)) == (
        '{"insight_reasoning": string, "insight": ("Mining" | "Exploration"), "path_reasoning": string,'
        ' "path": {"source_node": ("garden" | "roses"), "target_node": string}[2]}'
    )
    assert as_type(json_schema(INTENT_TREE, ASKED, fresh=True)) == (
        '{"intent_tree": {"topic": string, "attributes": {"attribute": string, "value": string}[1 to 8]}[1 to 8]}'
    )


def test_a_kept_fault_stands_in_the_record_and_quality_finds_it(serve: Serve, tmp_path: Path) -> None:
    def same(stage: str, _: int, reply: Any) -> Any:
        return views("go on", "go on", "b", "c") if stage == "insight" else reply

    many(tmp_path, 2)
    assert synthesis(tmp_path, serve(answering(same))).returncode == 0
    rows = read_rows(tmp_path / "out.jsonl")
    assert [fault["check"] for row in rows for fault in row["faults"]] == ["predictions_differ"] * 2
    command("quality", "--input", "out.jsonl", folder=tmp_path)
    marked = read_rows(tmp_path / "out.quality.jsonl")
    assert all("fault_kept" in {mark["tag"] for mark in row["quality"]["tags"]} for row in marked)


# ---------------------------------------------------------------------------------------------- hopeless runs


def test_a_model_whose_replies_never_fit_stops_the_run_and_no_sample_is_marked(serve: Serve, tmp_path: Path) -> None:
    """With more in flight than may be spent: until any reply could be used, only a few samples begin."""
    begun: set[str] = set()

    def never(body: dict[str, Any]) -> str:
        begun.add(body["messages"][1]["content"])
        return '{"unexpected": true}'

    many(tmp_path, 200)
    done = synthesis(tmp_path, serve(never), "--max-concurrency", 64)
    assert (done.returncode, done.stderr.splitlines()[-1].startswith("No reply at the stage")) == (1, True)
    assert "--json-mode" in done.stderr
    assert "unexpected" in done.stderr
    assert len(begun) / 2 < 40  # two questions of a sample come first
    assert not (tmp_path / "out.jsonl.failed.jsonl").exists()
    again = synthesis(tmp_path, serve(lambda body: json.dumps(answer_to(body["messages"][1]["content"]))))
    assert (again.returncode, len(read_rows(tmp_path / "out.jsonl"))) == (0, 200)


def test_a_later_stage_that_never_fits_stops_the_run_too(serve: Serve, tmp_path: Path) -> None:
    many(tmp_path, 200)
    done = synthesis(tmp_path, serve(answering(lambda stage, _, reply: {} if stage == "insight" else reply)))
    assert done.returncode == 1
    assert "No reply at the stage 'insight'" in done.stderr
    assert not (tmp_path / "out.jsonl.failed.jsonl").exists()


def test_a_model_that_makes_every_other_sample_is_not_stopped(serve: Serve, tmp_path: Path) -> None:
    def half(stage: str, _: int, reply: Any) -> Any:
        return {} if stage == "insight" and len(json.dumps(reply)) % 2 else reply

    many(tmp_path, 150)
    done = synthesis(tmp_path, serve(answering(half)), "--max-concurrency", 32)
    made, failed = len(read_rows(tmp_path / "out.jsonl")), len(read_rows(tmp_path / "out.jsonl.failed.jsonl"))
    assert (done.returncode, made + failed) == (3, 150)
    assert min(made, failed) > 5


def test_failures_of_a_few_samples_are_marked_at_the_end(serve: Serve, tmp_path: Path) -> None:
    many(tmp_path, 5)
    done = synthesis(tmp_path, serve(lambda _: "{}"))
    assert (done.returncode, len(read_rows(tmp_path / "out.jsonl.failed.jsonl"))) == (3, 5)


def slow_down(_: dict[str, Any]) -> web.Response:
    return web.json_response({"error": {"message": "slow down"}}, status=429, headers={"Retry-After": "0.1"})


def test_an_account_that_answers_only_429_is_waited_for_and_marks_no_sample(serve: Serve, tmp_path: Path) -> None:
    many(tmp_path, 30)
    for concurrency in (1, 10):
        done = synthesis(tmp_path, serve(slow_down), "--patience", 2, "--max-concurrency", concurrency)
        assert done.returncode == 1
        assert "The endpoint has been down for" in done.stderr
        assert "429" in done.stderr
        assert not (tmp_path / "out.jsonl.failed.jsonl").exists()


def test_a_host_that_does_not_exist_is_said_at_once(tmp_path: Path) -> None:
    write_rows(tmp_path / "in.jsonl", many(tmp_path, 2))
    done = synthesis(tmp_path, "http://no-such-host.invalid/v1")
    assert done.returncode == 1
    assert "There is no such host" in done.stderr
    assert "no-such-host.invalid" in done.stderr
