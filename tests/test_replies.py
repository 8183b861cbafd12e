"""Replies as models give them: what is read, what is sent back, and what the model is told."""

import asyncio
from typing import Any

import orjson
import pytest
from pydantic import ValidationError

from src.basics.text import json_in, without_tags
from src.basics.together import together
from src.calling.again import Unusable
from src.calling.completion import Completion, Usage
from src.calling.schema import json_schema
from src.calling.session import shaped
from src.calling.stage import Stage, example_text
from src.methods.proutt.misleading import WRONG_PATH
from src.methods.proutt.stages import (
    CATEGORY_REASONS,
    CATEGORY_TRUTH,
    EVALUATION,
    INSIGHT,
    INTENT_TREE,
    REVISION,
    STAGES,
    TRUTH_PATH,
)


def read(stage: Stage[Any], reply: Any, expected: int | None = None) -> Any:
    text = reply if isinstance(reply, str) else orjson.dumps(reply).decode()
    return shaped(stage, Completion(text, "stop", Usage(), rehearsal=False), expected)


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
def test_the_format_shown_is_accepted_by_the_check_and_by_the_schema_sent(stage: Stage[Any]) -> None:
    expected = 3 if stage.one_for_each else None
    shown = orjson.loads(example_text(stage, expected))
    fields = {stage.one_for_each: [1, 2, 3]} if stage.one_for_each else {}
    schema = json_schema(stage, fields, fresh=False)
    assert read(stage, shown, expected)
    assert shown.keys() == schema["properties"].keys()
    assert b"maxLength" not in orjson.dumps(schema)
    assert b"$ref" not in orjson.dumps(schema)


TRUTH = '{"reasoning": "tells a fact", "predicted_category": "Statement"}'


@pytest.mark.parametrize(
    "text",
    [
        TRUTH,
        f"```json\n{TRUTH}\n```",
        f"Sure! Here it is:\n\n{TRUTH}\n\nHope that helps {{smile}}.",
        f'<think>{{"reasoning": "no", "predicted_category": "Question"}}</think>{TRUTH}',
        f"some thoughts without a beginning {{}} </think>\n{TRUTH}",
        f"```\n{TRUTH.replace('a fact', 'a </think>')}\n```",
        f"{TRUTH}\nHope that helps {{",
        TRUTH.replace("a fact", "a\n\tfact"),
        TRUTH.replace("Statement", "statement"),
        f"[{TRUTH}]",
        f'{{"answer": {TRUTH}}}',
        "\ufeff" + TRUTH,
    ],
)
def test_a_right_answer_is_read_in_any_wrapping(text: str) -> None:
    assert read(CATEGORY_TRUTH, text).category == "Statement"


GRADES = [{"reason": "r", "similarity": 0.5}, {"reason": "r", "similarity": 1}]


@pytest.mark.parametrize("reply", [{"evaluation": GRADES}, GRADES, {"grades of mine": GRADES}])
def test_a_list_is_read_with_its_key_bare_or_under_another_key(reply: Any) -> None:
    assert read(EVALUATION, reply, 2).top_sim == 1


def test_category_reasons_are_read_as_records_have_them() -> None:
    listed = [{"category": name, "reasoning": name.lower()} for name in ("Question", "Statement", "Instruction")]
    for reply in (listed, {"utterance_category_reason": listed}):
        reasons = read(CATEGORY_REASONS, reply)
        assert [reason.category for reason in reasons.all] == ["Statement", "Question", "Instruction"]
        assert reasons.of("Question").reasoning == "question"


def test_a_tree_is_read_with_or_without_its_key_and_with_plain_values_as_texts() -> None:
    tree = {"trip": {"days": 3, "places": ["Rome", "Pisa"]}}
    for reply in (tree, {"intent_tree": tree}, {"result": {"intent_tree": tree}}):
        assert read(INTENT_TREE, reply).topics == {"trip": {"days": "3", "places": "Rome, Pisa"}}


PATH = {"source_node": "a", "target_node": "b"}
VIEW = {"reasoning": "r", "predictions": ["p", "q"]}
TARGET = {"insight_reasoning": "r", "insight": "Mining", "path_reasoning": "r", "path": [PATH]}
REVISED = {"thinking": "t", "revised": "r", "predictions": ["p", "q"]}


@pytest.mark.parametrize(
    ("stage", "reply", "told"),
    [
        (CATEGORY_TRUTH, {"reasoning": "", "predicted_category": "Statement"}, "reasoning"),
        (CATEGORY_TRUTH, {"reasoning": "r", "predicted_category": "Exclamation"}, "predicted_category"),
        (CATEGORY_REASONS, {"Statement": "s", "Question": "q"}, "Instruction"),
        (CATEGORY_REASONS, [{"category": "Question", "reasoning": "r"}] * 3, "twice"),
        (INSIGHT, {"mining_view": VIEW, "explore_view": VIEW | {"predictions": ["p"]}}, "explore_view.predictions"),
        (INSIGHT, {"mining_view": VIEW | {"predictions": ["p", " "]}, "explore_view": VIEW}, "predictions.1"),
        (EVALUATION, {"evaluation": GRADES}, "4 were asked for"),
        (EVALUATION, {"evaluation": [*GRADES, *GRADES[:1], {"reason": "r", "similarity": 1.2}]}, "similarity"),
        (EVALUATION, '{"evaluation": [{"reason": "r", "similarity": NaN}]}', "similarity"),
        (TRUTH_PATH, TARGET | {"insight": "Sideways"}, "insight"),
        (TRUTH_PATH, TARGET | {"path": []}, "path"),
        (REVISION["Mining"], REVISED, "4 were asked for"),
        (WRONG_PATH, {"incorrect_path": [PATH]}, "incorrect_path"),
        (INTENT_TREE, {"intent_tree": {"trip": {"plan": {"day": "1"}}}}, "trip.plan"),
        (INTENT_TREE, {"intent_tree": {}}, "intent_tree"),
        (CATEGORY_TRUTH, "I cannot say.", "no JSON object"),
        (CATEGORY_TRUTH, TRUTH[:40], "not complete"),
        (CATEGORY_TRUTH, "", "empty"),
        (CATEGORY_TRUTH, "[" * 100_000, "nested too deeply"),
    ],
)
def test_what_does_not_fit_is_refused_with_a_reason_that_names_it(stage: Stage[Any], reply: Any, told: str) -> None:
    with pytest.raises(Unusable, match=told):
        read(stage, reply, 4 if stage.one_for_each else None)


def test_paths_beyond_the_second_are_dropped() -> None:
    assert len(read(TRUTH_PATH, TARGET | {"path": [PATH] * 5}).paths) == 2


def test_of_several_values_the_longest_counts_and_half_a_value_is_none() -> None:
    assert json_in('{"a": 1} or rather {"a": 1, "b": [2]}') == {"a": 1, "b": [2]}
    with pytest.raises(ValueError, match="not complete"):
        json_in('{"a": {"b": 1}, "c": [1, 2')


def test_half_a_character_becomes_a_replacement_character() -> None:
    assert json_in('{"a": "x\\ud83d"}') == {"a": "x\ufffd"}


def test_tags_in_a_text_are_written_so_that_nothing_is_closed_early() -> None:
    for tag in ("</think>", "< /THINK >", "<predict>", "</predict"):
        assert "<" not in without_tags(f"{tag}", "think", "predict")
    assert without_tags("a < b <thinker> </div>", "think") == "a < b <thinker> </div>"


async def _fails(log: list[str]) -> None:
    log.append("failed")
    raise RuntimeError("first")


async def _works(log: list[str]) -> int:
    log.append("worked")
    return 1


def test_together_lets_the_others_finish_before_it_raises() -> None:
    log: list[str] = []
    with pytest.raises(RuntimeError, match="first"):
        asyncio.run(together(_fails(log), _works(log)))
    assert log == ["failed", "worked"]


def test_shapes_cannot_be_changed_after_they_were_made() -> None:
    truth = read(CATEGORY_TRUTH, TRUTH)
    with pytest.raises(ValidationError):
        truth.category = "Question"
