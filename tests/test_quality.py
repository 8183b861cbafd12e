"""Quality marks: each planted fault is found where it is, clean pairs get no mark, and postprocess obeys."""

import asyncio
import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from src.marking.judge import Case, judge
from src.marking.marks import TAGS, marks
from src.marking.stages import SCORE, Score
from src.methods.proutt.replies import Evaluation, Grade
from src.pairs.sides import MarkedRecord
from src.pairs.words import INVERTED

from .conftest import command, read_rows, synthesis, turns, write_rows
from .test_synthesis import many

TREE = {"rose bed": {"soil": "clay", "size": "4 m"}, "watering": {"time": "morning"}}


def side(mining: list[str], exploring: list[str], category: str, paths: str) -> dict[str, Any]:
    return {
        "intent_tree": TREE,
        "utterance_category_reason": {"category": category, "reasoning": "The user has asked step by step so far."},
        "insight_reason": {
            "mining_view": {"reasoning": f"The assistant has just named clay. {paths}", "predictions": mining},
            "explore_view": {
                "reasoning": "What is planted needs food: rose bed -> feeding - compost.",
                "predictions": exploring,
            },
        },
    }


def clean() -> dict[str, Any]:
    """A pair as a good model makes it."""
    exploring = ["Should I feed them with compost as well?", "Do I need a fence against the deer around here?"]
    chosen = ["How deep must I dig the holes in clay?", "Which roses stand heavy soil?"]
    rejected = ["How often should I water them in June?", "Is four metres enough for ten bushes?"]
    true, wrong = [
        [{"source_node": "rose bed", "target_node": target} for target in pair]
        for pair in (("planting depth", "varieties for clay"), ("summer watering", "number of bushes"))
    ]
    return {
        "sample_id": "clean",
        "item_id": 0,
        "context": turns(
            "I want a rose bed.", "What soil is there?", "Heavy clay, I am afraid.", "Clay suits roses well."
        ),
        "label": "And how deep do the holes have to be?",
        "chat_history": "[Round 1]\nUser: I want a rose bed.",
        "gt_insight_path": {"insight": "Mining", "path": true, "insight_reasoning": "", "path_reasoning": ""},
        "revised_insight_reason": {"thinking": "t", "revised": "r", "predictions": chosen},
        "chosen": side(
            chosen, exploring, "Question", "rose bed -> planting depth, and rose bed -> varieties for clay."
        ),
        "rejected": {
            "incorrect_path": wrong,
            **side(rejected, exploring, "Question", "rose bed -> summer watering, and rose bed -> number of bushes."),
        },
    }


def chinese() -> dict[str, Any]:
    """The same in Chinese, as it comes: short, with a reaction that repeats no turn."""
    record = clean()
    record["context"] = turns(
        "你好，帮我找一家酒店。", "推荐北京云天酒店。", "好的，电话是多少？", "电话是010-63553377。"
    )
    record["label"] = "好的，谢谢你！"
    for side_of in (record["chosen"], record["rejected"]):
        side_of["utterance_category_reason"]["category"] = "Statement"
        side_of["insight_reason"]["explore_view"]["predictions"] = ["晚上我想去附近的餐馆吃饭。", "明天去故宫玩一天。"]
    record["chosen"]["insight_reason"]["mining_view"]["predictions"] = [
        "太好了，谢谢你啊！",
        "记下了，我一会儿就打电话订房。",
    ]
    record["rejected"]["insight_reason"]["mining_view"]["predictions"] = [
        "地址我还不知道呢，离地铁近一点就好。",
        "房间最好带早餐。",
    ]
    return record


def plant(record: dict[str, Any], side_name: str, view: str, place: int, text: str) -> None:
    record[side_name]["insight_reason"][view]["predictions"][place] = text


def predict(side_name: str, text: str, view: str = "mining_view") -> Callable[[dict[str, Any]], None]:
    return lambda record: plant(record, side_name, view, 0, text)


def all_of(side_name: str, *texts: str) -> Callable[[dict[str, Any]], None]:
    def change(record: dict[str, Any]) -> None:
        for place, text in enumerate(texts):
            plant(record, side_name, ("mining_view", "explore_view")[place // 2], place % 2, text)

    return change


def change_path(side_name: str, key: str, value: str) -> Callable[[dict[str, Any]], None]:
    def change(record: dict[str, Any]) -> None:
        paths = record["gt_insight_path"]["path"] if side_name == "true" else record["rejected"]["incorrect_path"]
        paths[1][key] = value

    return change


def said(utterance: str, change: Callable[[dict[str, Any]], None]) -> Callable[[dict[str, Any]], None]:
    """A change of a pair whose user says something else."""

    def both(record: dict[str, Any]) -> None:
        record["label"] = utterance
        change(record)

    return both


def exploring_known(record: dict[str, Any]) -> None:
    record["gt_insight_path"] |= {"insight": "Exploration"}
    record["gt_insight_path"]["path"][0]["target_node"] = "Watering - hose"
    for name in ("chosen", "rejected"):
        view = record[name]["insight_reason"]["explore_view"]
        view["reasoning"] += " Watering - hose; varieties for clay; summer watering; number of bushes"


def alike(record: dict[str, Any]) -> None:
    record["rejected"]["insight_reason"]["mining_view"]["predictions"] = [
        "How deep must I dig the holes in clay then?",
        "Which roses stand heavy soil??",
    ]


STATED = ("I dug the holes today.", "It rained a lot here.", "My soil is heavy clay.", "I like the red ones best.")
PLANTED: list[tuple[str, str | None, Callable[[dict[str, Any]], Any]]] = [
    ("prediction_repeats_context", "chosen", predict("chosen", "heavy clay, I am afraid")),
    ("prediction_leaks_utterance", "rejected", predict("rejected", "OK. And how deep do the holes have to be?")),
    ("artifact", "chosen", predict("chosen", "How about rose bed -> compost?")),
    ("fault_kept", None, lambda record: record.update(faults=[{"stage": "insight", "reason": "twice the same"}])),
    (
        "path_tells_utterance",
        None,
        said("Is Gertrude Jekyll fine with clay?", change_path("true", "target_node", "Jekyll")),
    ),
    ("path_tells_utterance", None, said("Are 137 cm deep enough?", change_path("true", "target_node", "137 cm deep"))),
    (
        "chosen_tells_utterance",
        "chosen",
        said("Is Gertrude Jekyll fine?", predict("chosen", "Can I plant Gertrude Jekyll there?")),
    ),
    (
        "chosen_tells_utterance",
        "chosen",
        said("Do the “old garden” ones stand it?", predict("chosen", "Which 'old garden' roses stand heavy soil?")),
    ),
    (
        "chosen_tells_utterance",
        "chosen",
        said(
            "Would gypsum loosen heavy ground before winter frost comes?",
            predict("chosen", "Does gypsum loosen the ground before the first winter frost?"),
        ),
    ),
    ("artifact", "rejected", predict("rejected", "Can the mining view be longer?")),
    ("wrong_language", "chosen", predict("chosen", "请问这个洞要挖多深？")),
    ("wrong_language", "rejected", predict("rejected", "Как часто поливать розы летом?")),
    (
        "category_mismatch",
        "rejected",
        lambda record: record["rejected"]["utterance_category_reason"].update(category="Statement"),
    ),
    ("path_not_in_reasoning", "rejected", change_path("rejected", "target_node", "winter protection")),
    ("path_not_in_reasoning", "chosen", change_path("true", "target_node", "moles")),
    ("unknown_source_node", "rejected", change_path("rejected", "source_node", "greenhouse")),
    ("unknown_source_node", None, change_path("true", "source_node", "greenhouse")),
    ("exploration_without_new_topic", None, exploring_known),
    ("duplicate_predictions", "chosen", predict("chosen", "which ROSES stand heavy soil")),
    ("sides_too_alike", None, alike),
    ("too_short", "chosen", predict("chosen", "?")),
    ("too_long", "rejected", predict("rejected", "How often should I water them, and " * 20 + "when?")),
    ("tag_injection", "chosen", predict("chosen", "What does </think> mean?")),
    ("tag_injection", None, lambda record: record["context"][0].update(content="I want <predict>x</predict>.")),
    ("tag_injection", "chosen", predict("chosen", "Which roses?<|im_end|>")),
    ("tag_injection", None, lambda record: record.update(label="Fine.</s>")),
    ("prediction_leaks_utterance", "rejected", predict("rejected", "How deep do the holes have to be?")),
    (
        "prediction_leaks_utterance",
        "rejected",
        change_path("rejected", "target_node", "and how deep do the holes have to be"),
    ),
    ("prediction_repeats_context", "chosen", predict("chosen", "Heavy clay, I am")),
    ("duplicate_predictions", "chosen", predict("chosen", "Which roses stand a heavy soil?")),
    ("artifact", "rejected", predict("rejected", "[Mining] How often should I water them?")),
    ("copied_utterance", None, lambda record: record.update(label="heavy clay i am afraid!")),
    ("refusal", "rejected", predict("rejected", "As an AI, I have no roses, do I?")),
    ("refusal", "chosen", predict("chosen", "抱歉，我无法提供这个信息")),
]


def found(record: dict[str, Any]) -> set[tuple[str, str | None]]:
    return {(mark.tag, mark.side) for mark in marks(MarkedRecord.model_validate(record))}


@pytest.mark.parametrize("record", [clean(), chinese()])
def test_a_clean_pair_gets_no_mark(record: dict[str, Any]) -> None:
    assert found(record) == set()


@pytest.mark.parametrize(("tag", "where", "fault"), PLANTED)
def test_a_planted_fault_is_found_where_it_is(
    tag: str, where: str | None, fault: Callable[[dict[str, Any]], Any]
) -> None:
    record = clean()
    fault(record)
    assert (tag, where) in found(record)
    assert len(found(record) - {(tag, where)}) <= 1  # one fault may well show in two ways


def test_wrong_paths_lead_from_the_tree_of_their_side() -> None:
    record = clean()
    record["rejected"]["intent_tree"] = {"lawn": {"moss": "thick"}}
    assert ("unknown_source_node", "rejected") in found(record)
    for path in record["rejected"]["incorrect_path"]:
        path["source_node"] = "Lawn"
    assert found(record) == set()


def test_every_heuristic_has_a_planted_fault() -> None:
    assert {tag for tag, _, _ in PLANTED} == set(TAGS) - {INVERTED}


@pytest.mark.parametrize(
    ("utterance", "prediction"),
    [
        ("Is 3 or 15 enough?", "Will 15 do, or 3?"),  # numbers that many would say
        ("How deep do the holes have to be in clay?", "How deep should holes in clay be?"),  # the subject, foreseen
        ("Ok, what does compost cost?", "OK, and how much is compost?"),
        ("Roses in heavy clay: how deep?", "Are roses fine in heavy clay, and how deep?"),  # of the history
    ],
)
def test_what_many_would_say_tells_nothing(utterance: str, prediction: str) -> None:
    record = clean()
    said(utterance, predict("chosen", prediction))(record)
    assert not {tag for tag, _ in found(record)} & {"chosen_tells_utterance", "path_tells_utterance"}


@pytest.mark.parametrize(
    ("utterance", "prediction", "told"),
    [
        ("那就去王府井街吧，电话多少？", "王府井街怎么走？", True),
        ("我要住“云端”。", "云端还有房间吗？", True),
        ("房间的价格是多少？", "请问房间价格多少？", False),
        ("附近有免费停车场吗？", "有没有免费停车场？", False),
    ],
)
def test_names_are_known_in_chinese_and_everyday_words_are_none(utterance: str, prediction: str, told: bool) -> None:
    record = chinese()
    said(utterance, predict("chosen", prediction))(record)
    assert ("chosen_tells_utterance" in {tag for tag, _ in found(record)}) is told


def test_a_draft_that_foresaw_a_name_has_told_nothing() -> None:
    record = clean()
    said("Is Gertrude Jekyll fine?", predict("chosen", "Can I plant Gertrude Jekyll there?"))(record)
    del record["revised_insight_reason"]  # it was made without the utterance
    assert "chosen_tells_utterance" not in {tag for tag, _ in found(record)}


def test_a_close_draft_that_is_both_sides_is_marked_once() -> None:
    record = clean()
    predict("chosen", "Which roses stand a heavy soil?")(record)
    record |= {"rejected": record["chosen"], "label": "Which roses stand heavy soil?"}
    assert {("duplicate_predictions", "rejected"), ("prediction_leaks_utterance", "rejected")} < found(record)
    assert ("sides_too_alike", None) in found(record)
    assert found(record | {"misled": "none"}) == {("duplicate_predictions", "chosen")}


def test_statements_said_as_statements_are_no_mismatch() -> None:
    record = clean()
    for name in ("chosen", "rejected"):
        record[name]["utterance_category_reason"]["category"] = "Statement"
        all_of(name, *STATED)(record)
    assert "category_mismatch" not in {tag for tag, _ in found(record)}


def test_a_judge_is_not_mixed_with_another_and_equal_ids_are_judged_once(
    endpoint: Callable[..., str], tmp_path: Path
) -> None:
    many(tmp_path, 4)
    url = endpoint()
    assert synthesis(tmp_path, url).returncode == 0
    rows = read_rows(tmp_path / "out.jsonl")
    write_rows(tmp_path / "twice.jsonl", rows + rows[:1])
    refused = command("quality", "--input", "twice.jsonl", folder=tmp_path)
    assert refused.returncode == 1
    assert "more than one record of the same turn, in twice.jsonl" in refused.stderr
    judge = ("--judge", "--base-url", url, "--api-key-env", "", "--mixed", "--input", "twice.jsonl", "--model")
    assert command("quality", *judge, "m", "--limit", 2, folder=tmp_path).returncode == 0
    other = command("quality", *judge, "m2", folder=tmp_path)
    assert other.returncode == 1
    assert "judge was m and is now m2" in other.stderr
    whole = command("quality", *judge, "m", folder=tmp_path)
    assert whole.returncode == 0
    assert "1: repeated id" in whole.stdout
    assert len(read_rows(tmp_path / "twice.judged.jsonl")) == 4


def test_nobody_is_asked_about_a_record_that_could_not_be_written(endpoint: Callable[..., str], tmp_path: Path) -> None:
    deep: Any = "x"
    for _ in range(300):
        deep = [deep]
    write_rows(tmp_path / "in.jsonl", [clean()])
    with (tmp_path / "in.jsonl").open("a") as file:
        file.write(json.dumps(clean() | {"sample_id": "deep", "note": deep}) + "\n")
    judge = ("--judge", "--base-url", endpoint(), "--api-key-env", "", "--input", "in.jsonl", "--model", "m")
    done = command("quality", *judge, folder=tmp_path)
    assert done.returncode == 3
    assert "in.jsonl line 2 is left out: it is nested too deeply" in done.stderr
    assert [row["sample_id"] for row in read_rows(tmp_path / "in.judged.jsonl")] == ["clean"]


def test_wishes_that_nothing_can_meet_are_told(tmp_path: Path) -> None:
    write_rows(tmp_path / "in.jsonl", [clean()])
    assert command("quality", "--input", "in.jsonl", folder=tmp_path).returncode == 0
    post = ("--input", "in.quality.jsonl", "--output", "out.jsonl")
    unjudged = command("postprocess", *post, "--drop", "inverted", folder=tmp_path)
    assert "no judge has seen it" in unjudged.stderr
    write_rows(tmp_path / "marks.jsonl", [{"sample_id": "of another file", "item_id": 0, "mark": "drop", "note": ""}])
    other = command("postprocess", *post, "--marks", "marks.jsonl", folder=tmp_path)
    assert "0 of 1 name a pair here" in other.stdout
    write_rows(tmp_path / "marks.jsonl", [])
    none = command("postprocess", *post, "--marks", "marks.jsonl", folder=tmp_path)
    assert none.returncode == 1
    assert "holds no mark" in none.stderr


def test_marks_are_written_counted_and_obeyed(tmp_path: Path) -> None:
    faulty, odd = clean(), copy.deepcopy(clean())
    faulty["sample_id"], odd["sample_id"] = "faulty", "odd"
    predict("chosen", "What is a tree path?")(faulty)
    odd["label"] = "heavy clay, I am afraid."
    write_rows(tmp_path / "in.jsonl", [clean(), faulty, odd, "no record"])
    done = command("quality", "--input", "in.jsonl", folder=tmp_path)
    assert done.returncode == 3
    assert "in.jsonl line 4 is left out" in done.stderr
    for told in ("records        3 in in.quality.jsonl", "without marks  1", "1: artifact", "1: copied_utterance"):
        assert told in done.stdout
    rows = read_rows(tmp_path / "in.quality.jsonl")
    assert [[mark["tag"] for mark in row["quality"]["tags"]] for row in rows] == [
        [],
        ["artifact"],
        ["copied_utterance"],
    ]
    assert rows[1]["quality"]["tags"][0] == {
        "tag": "artifact",
        "side": "chosen",
        "evidence": "'tree path' in What is a tree path?",
    }
    dropped = ("--drop", "artifact,refusal", "--output", "out.jsonl")
    done = command("postprocess", "--input", "in.quality.jsonl", *dropped, folder=tmp_path)
    assert (done.returncode, len(read_rows(tmp_path / "out.jsonl"))) == (0, 2)
    assert "dropped        1: --drop artifact" in done.stdout
    unmarked = command("postprocess", "--input", "in.jsonl", *dropped, folder=tmp_path)
    assert "run python -m src.quality on the records first" in unmarked.stderr


def test_records_of_a_run_are_marked_and_stay_as_they_are(endpoint: Callable[..., str], tmp_path: Path) -> None:
    write_rows(
        tmp_path / "in.jsonl",
        [{"id": number, "conversation": turns("a b", "c", f"word {number}")} for number in range(5)],
    )
    assert synthesis(tmp_path, endpoint()).returncode == 0
    assert command("quality", "--input", "out.jsonl", folder=tmp_path).returncode == 0
    before, after = read_rows(tmp_path / "out.jsonl"), read_rows(tmp_path / "out.quality.jsonl")
    assert [{key: value for key, value in row.items() if key != "quality"} for row in after] == before
    assert all("quality" in row for row in after)


def judged(folder: Path, url: str, *arguments: object) -> Any:
    where = ("--base-url", url, "--judge-model", "m", "--api-key-env", "")
    return command("quality", "--judge", *where, "--input", "out.jsonl", *arguments, folder=folder)


def test_a_judge_grades_both_sides_blind_and_postprocess_obeys(endpoint: Callable[..., str], tmp_path: Path) -> None:
    many(tmp_path, 40)
    assert synthesis(tmp_path, endpoint()).returncode == 0
    done = judged(tmp_path, endpoint(log=tmp_path / "asked.log"))
    assert done.returncode == 0, done.stderr
    asked = ["".join(turn["content"] for turn in call["messages"]) for call in read_rows(tmp_path / "asked.log")]
    assert len(asked) == 3 * 40
    assert not any("rejected" in text or "chosen" in text for text in asked)
    rows = read_rows(tmp_path / "out.judged.jsonl")
    assert len(rows) == 40
    for row in rows:
        quality = row["quality"]
        assert quality["margin"] == round(quality["chosen"]["similarity"] - quality["rejected"]["similarity"], 4)
        assert ("inverted" in [mark["tag"] for mark in quality["tags"]]) == (quality["margin"] < 0)
        assert all(1 <= quality[name][part] <= 5 for name in ("chosen", "rejected") for part in ("grounding", "score"))
    margins = [row["quality"]["margin"] for row in rows]
    scores = [row["quality"]["chosen"]["score"] for row in rows]
    for wish, left in (
        (("--min-margin", 0), sum(margin >= 0 for margin in margins)),
        (("--min-score", 3), sum(score >= 3 for score in scores)),
        (("--drop", "inverted"), sum(margin >= 0 for margin in margins)),
    ):
        post = ("--input", "out.judged.jsonl", "--output", "train.jsonl", *wish)
        assert command("postprocess", *post, folder=tmp_path).returncode == 0
        pairs = read_rows(tmp_path / "train.jsonl")
        assert len(pairs) == left
        assert pairs[0].keys() == {"conversations", "chosen", "rejected", "chosen_rating", "rejected_rating"}


def test_a_pair_whose_rejected_side_is_nearer_is_inverted() -> None:
    seen: list[tuple[str, ...]] = []

    async def ask(stage: Any, /, **fields: Any) -> Any:
        if stage is SCORE:
            return Score(reasoning="r", grounding=4, path_consistency=3, plausibility=5)
        seen.append(tuple(fields["predictions"]))
        grade = {text: 0.9 if "water them" in text else 0.2 for text in fields["predictions"]}
        return Evaluation(grades=tuple(Grade(reason="r", similarity=grade[text]) for text in fields["predictions"]))

    row = clean()
    cases = [Case(number, 0, MarkedRecord.model_validate(row), row) for number in range(20)]
    qualities = [asyncio.run(judge(ask, case, seed=0)).quality for case in cases]
    assert {quality["margin"] for quality in qualities} == {-0.7}
    assert qualities[0]["tags"] == [{"tag": "inverted", "side": None, "evidence": "0.2 against 0.9"}]
    assert qualities[0]["chosen"]["score"] == 4
    assert {len(texts) for texts in seen} == {6}  # what both sides share is graded once
    assert len(set(seen)) > 10  # in an order that tells nothing


def test_a_judges_run_goes_on_where_it_stopped(endpoint: Callable[..., str], tmp_path: Path) -> None:
    many(tmp_path, 12)
    synthesis(tmp_path, endpoint())
    first = judged(tmp_path, endpoint(faults=(("filtered", 0.2),), log=tmp_path / "first.log"))
    assert first.returncode == 3
    assert len(read_rows(tmp_path / "out.judged.jsonl.failed.jsonl")) > 0
    assert judged(tmp_path, endpoint(log=tmp_path / "second.log")).returncode == 0
    assert len(read_rows(tmp_path / "out.judged.jsonl")) == 12
    paid = [call for name in ("first", "second") for call in read_rows(tmp_path / f"{name}.log") if not call["fault"]]
    assert len(paid) == 3 * 12
    assert judged(tmp_path, endpoint()).stdout.count("calls          0") == 1


def test_records_without_a_judge_are_named_when_margins_are_asked_for(tmp_path: Path) -> None:
    write_rows(tmp_path / "in.jsonl", [clean()])
    done = command("postprocess", "--input", "in.jsonl", "--min-margin", 0, "--output", "o.jsonl", folder=tmp_path)
    assert done.returncode == 1
    assert "run python -m src.quality --judge" in done.stderr
