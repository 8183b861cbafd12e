"""A trained model at work: asked as it was trained, read as it answers, nothing lost, nothing seen before."""

import asyncio
import contextlib
import json
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from src.basics.text import on_one_line
from src.calling.completion import Completion, Usage
from src.dialogues.chats import as_chat
from src.dialogues.turns import Turn
from src.pairs.seen import Dialogues, dialogue_mark, trained_dialogues
from src.pairs.sides import Side
from src.predicting.replies import Foreseen, JsonForm, read
from src.training.templates import TEMPLATES

from .conftest import Done, command, dialogue, environment, read_rows, synthesis, turns, write_rows
from .test_postprocess import record, side

Start = Callable[..., str]
Answer = Callable[[list[dict[str, str]], int], str]

GOOD = "<think>\nso\n</think>\n<predict>One?</predict>\n<predict>Two?</predict>"


class Model:
    """A trained model behind an endpoint: says what `answer` makes of the messages and of how often they came."""

    def __init__(self, answer: Answer, finish: str = "stop", pause: float = 0.0) -> None:
        self.answer, self.finish, self.pause = answer, finish, pause
        self.bodies: list[dict[str, Any]] = []
        self.asked: Counter[str] = Counter()

    def tokens(self, text: str) -> Iterator[dict[str, Any]]:
        """Tokens of two bytes each, so that a Chinese sign is never one; each costs half a nat."""
        raw = text.encode()
        for start in range(0, len(raw), 2):
            piece = raw[start : start + 2]
            yield {"token": piece.decode("utf-8", "replace"), "bytes": [*piece], "logprob": -0.5}

    async def complete(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.bodies.append(body)
        question = json.dumps(body["messages"])
        self.asked[question] += 1
        text = self.answer(body["messages"], self.asked[question])
        await asyncio.sleep(self.pause)
        choice = {"message": {"role": "assistant", "content": text}, "finish_reason": self.finish}
        if body.get("logprobs"):
            choice["logprobs"] = {"content": [*self.tokens(text)]}
        return web.json_response({"choices": [choice], "usage": {"prompt_tokens": 7, "completion_tokens": 3}})


@pytest.fixture
def served() -> Iterator[Callable[[Model], str]]:
    """Serve models over HTTP on this machine; gives the base URL. Ended with the test."""
    loop, runners = asyncio.new_event_loop(), []
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def begin(model: Model) -> str:
        app = web.Application(client_max_size=1 << 30)
        app.router.add_post("/v1/chat/completions", model.complete)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        runners.append(runner)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{runner.addresses[0][1]}/v1"

    yield lambda model: asyncio.run_coroutine_threadsafe(begin(model), loop).result()
    for runner in runners:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def base(url: str) -> list[str]:
    return ["--base-url", url, "--model", "m", "--api-key-env", "", "--input", "in.jsonl", "--output", "out.jsonl"]


def predict(folder: Path, url: str, *arguments: object, **variables: str) -> Done:
    return command("predict", *base(url), *arguments, folder=folder, **variables)


def some(folder: Path, count: int, name: str = "in.jsonl", **fields: Any) -> None:
    write_rows(folder / name, [dialogue(f"d{number}") | fields for number in range(count)])


def said(template: str, text: str, finish: str = "stop") -> Foreseen:
    return read(template, Completion(text, finish, Usage(), rehearsal=False))


# ---------------------------------------------------------------------------------------------- asked as trained


@pytest.mark.parametrize("template", TEMPLATES)
def test_what_a_model_was_trained_to_say_is_read_as_what_was_meant(
    served: Callable[[Model], str], endpoint: Start, tmp_path: Path, template: str
) -> None:
    """From dialogues to records to a training file, and a model that has learnt that file by heart."""
    some(tmp_path, 5)
    assert synthesis(tmp_path, endpoint(), output="records.jsonl").returncode == 0
    words = ("--mode", "sft", "--format", "messages", "--template", template, "--output", "sft.jsonl")
    assert command("postprocess", "--input", "records.jsonl", *words, folder=tmp_path).returncode == 0
    learnt = {row["messages"][0]["content"]: row["messages"][1]["content"] for row in read_rows(tmp_path / "sft.jsonl")}
    model = Model(lambda messages, _: learnt[messages[-1]["content"]])
    done = predict(tmp_path, served(model), "--template", template)
    assert done.returncode == 0, done.stderr
    assert "samples predicted 5 (well formed 5, malformed 0)" in done.stdout
    assert "python -m src.evaluate --predictions out.jsonl --output report/" in done.stdout
    assert [[message["role"] for message in body["messages"]] for body in model.bodies] == [["user"]] * 5
    assert not any("response_format" in body for body in model.bodies)
    chosen = {row["sample_id"]: row["chosen"] for row in read_rows(tmp_path / "records.jsonl")}
    for row in read_rows(tmp_path / "out.jsonl"):
        insight = chosen[row["sample_id"]]["insight_reason"]
        assert row["predictions"] == [*insight["mining_view"]["predictions"], *insight["explore_view"]["predictions"]]
        truth = chosen[row["sample_id"]]["utterance_category_reason"]["category"]
        assert row["category"] == (None if template == "predictions" else truth)
        if template == "predictions":
            assert row["thoughts"] is None
        else:
            assert insight["mining_view"]["reasoning"] in row["thoughts"]


def test_a_line_has_what_was_asked_and_said_and_how_it_was_made(served: Callable[[Model], str], tmp_path: Path) -> None:
    some(tmp_path, 1)
    predict(tmp_path, served(Model(lambda *_: GOOD, pause=0.05)), "--turns", "random", "--seed", 3)
    (row,) = read_rows(tmp_path / "out.jsonl")
    published = ["sample_id", "item_id", "context", "label", "predictions", "category", "thoughts"]
    assert list(row)[: len(published)] == published
    assert (row["sample_id"], row["predictions"], row["malformed"]) == ("d0", ["One?", "Two?"], False)
    assert row["context"][-1]["role"] == "assistant"
    assert row["label"].startswith("Could you plan day ")
    assert 0.05 <= row["latency"] < 5
    assert row["usage"] == {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
    assert (row["model"], row["template"], row["seed"], row["turns"]) == ("m", "full", 3, "random")


def test_only_where_it_is_wished_a_server_holds_json_to_its_form(
    served: Callable[[Model], str], tmp_path: Path
) -> None:
    some(tmp_path, 1)
    model = Model(lambda *_: TEMPLATES["json"].answer(Side.model_validate(side("any"))))
    url = served(model)
    done = predict(tmp_path, url, "--template", "json", PROUTT_JSON_MODE="schema")  # which is synthesis's wish
    assert done.returncode == 0, done.stderr
    assert "response_format" not in model.bodies[0]
    (tmp_path / "out.jsonl").unlink()
    assert predict(tmp_path, url, "--no-cache", "--template", "json", "--json-mode", "schema").returncode == 0
    held = model.bodies[1]["response_format"]["json_schema"]["schema"]
    assert list(held["properties"]) == held["required"] == ["tree", "category", "views", "predictions"]
    trained = TEMPLATES["json"].answer(Side.model_validate(side("any")))
    assert len(JsonForm.model_validate_json(trained).predictions) == 4


PIECES = [
    "<think>",
    "</think>",
    "<predict>",
    "</predict>",
    "</ Think >",
    "<PREDICT>",
    "<|im_end|>",
    "</s>",
    "\n",
    "<",
    ">",
]
PIECES += [
    "So the next utterance is most likely of the category Question.",
    "Mining view: ",
    '"',
    "{",
    "\\",
    "é好",
    " ",
    "a",
]


@pytest.mark.parametrize("template", TEMPLATES)
def test_whatever_stands_in_a_trajectory_comes_back(template: str) -> None:
    dice = random.Random(template)

    def text() -> str:
        return "x" + "".join(dice.choices(PIECES, k=dice.randint(0, 8))) + "y"

    for _ in range(500):
        given = side("any")
        given["intent_tree"] = {text(): {text(): text()}}
        category = dice.choice(["Statement", "Question", "Instruction"])
        given["utterance_category_reason"] = {"category": category, "reasoning": text()}
        for view in given["insight_reason"].values():
            view |= {"reasoning": text(), "predictions": [text(), text()]}
        meant = Side.model_validate(given)
        answer = TEMPLATES[template].answer(meant)
        foreseen = said(template, answer)
        assert foreseen.fault is None, answer
        exact = meant.predictions if template == "json" else tuple(map(on_one_line, meant.predictions))
        assert foreseen.predictions == exact
        if template == "predictions":
            continue
        assert foreseen.category == category
        assert foreseen.thoughts
        if template == "json":
            thoughts = json.loads(foreseen.thoughts)
            assert thoughts["tree"] == meant.tree
            assert thoughts["views"] == {"mining": meant.mining, "exploration": meant.exploration}
        else:
            assert f"\n\nMining view: {meant.mining}\n\nExploration view: {meant.exploration}" in foreseen.thoughts


# ---------------------------------------------------------------------------------------------- malformed

FAULTY = [
    ("full", "One?", "outside of <predict>"),
    ("full", "<think>so</think>", "no prediction"),
    ("full", "<think>so\n<predict>One?</predict>", "thoughts do not end"),
    ("full", "<think>so</think><predict>One?", "outside of <predict>"),
    ("full", "Sure! <predict>One?</predict>", "outside of <predict> and </predict>: 'Sure!'"),
    ("full", "<predict>a</predict>" * 40, "it has 40 predictions; 4 were asked for"),
    ("predictions", "<predict> </predict>", "empty"),
    ("json", "Sure: {}", "not JSON"),
    ("json", "[]", "not a JSON object"),
    ("json", '{"predictions": []}', "predictions"),
    ("json", '{"predictions": ["a", "b", "c", "d", "e"]}', "predictions"),
    ("json", '{"predictions": [1, 2]}', "predictions"),
    ("json", '{"predictions": ["a"], "tree": ' + '{"a":' * 300 + "1" + "}" * 301, "nested too deeply"),
    ("plain", " \n", "empty"),
    ("plain", "<think>so</think>\n", "empty"),
]


@pytest.mark.parametrize(("template", "text", "reason"), FAULTY)
def test_a_reply_of_another_form_is_malformed_and_says_why(template: str, text: str, reason: str) -> None:
    foreseen = said(template, text)
    assert foreseen.predictions == ()
    assert reason in (foreseen.fault or "")


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_reply_that_was_cut_off_is_malformed_and_an_utterance_is_not(template: str) -> None:
    whole = TEMPLATES[template].answer(Side.model_validate(side("any")))
    assert said(template, whole).fault is None
    assert "cut off" in (said(template, whole[:-1], "length").fault or "")
    assert said("plain", "and then I", "length").predictions == ("and then I",)


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("full", "so\n</think>\n<predict>One?</predict>"),  # the chat template has opened the thoughts
        ("full", "<predict>One?</predict>"),  # the server keeps the thoughts for itself
        ("predictions", "<think>\n\n</think>\n\n<predict>One?</predict>"),  # as Qwen3's chat template trains it
        ("json", '<think>\n\n</think>\n\n{"predictions": ["One?"], "category": 3}'),
        ("plain", "<think>hm</think>One?"),
    ],
)
def test_thoughts_are_where_servers_put_them(template: str, text: str) -> None:
    assert said(template, text) == Foreseen(("One?",), None, said(template, text).thoughts)


def test_malformed_replies_are_counted_and_told_and_asked_once(served: Callable[[Model], str], tmp_path: Path) -> None:
    some(tmp_path, 10)
    model = Model(lambda messages, _: "I cannot." if "number d3" in messages[0]["content"] else GOOD)
    done = predict(tmp_path, served(model))
    assert done.returncode == 0
    assert "samples predicted 10 (well formed 9, malformed 1)" in done.stdout
    assert len(model.bodies) == 10
    (bad,) = [row for row in read_rows(tmp_path / "out.jsonl") if row["malformed"]]
    assert (bad["sample_id"], bad["predictions"], bad["reply"]) == ("d3", [], "I cannot.")
    assert "'I cannot.'" in bad["reason"]
    assert bad["usage"]["total_tokens"] == 10


def test_a_repair_shows_the_reply_and_the_reason_and_gives_up_in_the_end(
    served: Callable[[Model], str], tmp_path: Path
) -> None:
    some(tmp_path, 2)
    model = Model(lambda messages, _: GOOD if "number d1" in messages[0]["content"] and messages[2:] else "I cannot.")
    done = predict(tmp_path, served(model), "--repair")
    assert "(well formed 1, malformed 1)" in done.stdout
    assert len(model.bodies) == 2 + 4
    again = next(body["messages"] for body in model.bodies if len(body["messages"]) > 1)
    assert again[1] == {"role": "assistant", "content": "I cannot."}
    assert "stands outside of <predict>" in again[2]["content"]
    rows = {row["sample_id"]: row for row in read_rows(tmp_path / "out.jsonl")}
    assert rows["d1"]["predictions"] == ["One?", "Two?"]
    assert rows["d1"]["usage"]["total_tokens"] == 20


# ---------------------------------------------------------------------------------------------- plain


def test_a_plain_model_is_asked_with_the_dialogue_as_a_chat(served: Callable[[Model], str], tmp_path: Path) -> None:
    conversation = [{"role": "system", "content": "Be brief."}, *turns("hi", "hello", "and now?")]
    write_rows(tmp_path / "in.jsonl", [{"id": 1, "conversation": conversation}])
    model = Model(lambda *_: " Do tell. ")
    url = served(model)
    assert predict(tmp_path, url, "--template", "plain").returncode == 0
    assert model.bodies[0]["messages"] == conversation[:3]
    (row,) = read_rows(tmp_path / "out.jsonl")
    assert (row["predictions"], row["label"], row["category"]) == (["Do tell."], "and now?", None)
    (tmp_path / "out.jsonl").unlink()
    assert predict(tmp_path, url, "--template", "plain", "--user-form").returncode == 0
    assert [message["role"] for message in model.bodies[1]["messages"]] == ["system", "assistant", "user"]


def test_a_tools_result_is_the_assistants() -> None:
    context = [
        Turn(role="user", content="weather?"),
        Turn(role="assistant", content="[tool call: weather()]"),
        Turn(role="tool", content="sunny"),
        Turn(role="assistant", content="It is sunny."),
    ]
    assert as_chat(context) == [
        {"role": "user", "content": "weather?"},
        {"role": "assistant", "content": "[tool call: weather()]\n[tool: sunny]\nIt is sunny."},
    ]


def test_each_draw_is_asked_and_kept_by_itself(served: Callable[[Model], str], tmp_path: Path) -> None:
    some(tmp_path, 3)
    model = Model(lambda _, time: "" if time == 2 else f"draw {time}")
    done = predict(tmp_path, served(model), "--template", "plain", "--draws", 4, "--temperature", 0.8)
    assert "samples predicted 3 (well formed 0, partly malformed 3, malformed 0)" in done.stdout
    assert [*model.asked.values()] == [4, 4, 4]
    assert not any("n" in body for body in model.bodies)
    for row in read_rows(tmp_path / "out.jsonl"):
        assert sorted(row["predictions"]) == ["draw 1", "draw 3", "draw 4"]
        assert row["reason"] == "1 of 4 draws: it is empty"
        assert row["usage"]["total_tokens"] == 40
    with contextlib.closing(sqlite3.connect(tmp_path / "out.jsonl.calls.sqlite")) as store:
        assert store.execute("SELECT count(*) FROM calls").fetchone() == (12,)
    first = (tmp_path / "out.jsonl").read_bytes()
    (tmp_path / "out.jsonl").unlink()  # from the store alone, each draw is the one it was, and as slow
    predict(tmp_path, served(model), "--template", "plain", "--draws", 4, "--temperature", 0.8)
    assert [*model.asked.values()] == [4, 4, 4]
    assert sorted((tmp_path / "out.jsonl").read_bytes().split(b"\n")) == sorted(first.split(b"\n"))


# ---------------------------------------------------------------------------------------------- durability


def test_killed_and_resumed_it_loses_and_repeats_nothing(served: Callable[[Model], str], tmp_path: Path) -> None:
    some(tmp_path, 60)
    model = Model(lambda *_: "a turn", pause=0.15)
    url = served(model)
    words = ["--template", "plain", "--draws", "2"]
    for kill in range(3):
        process = subprocess.Popen(
            [sys.executable, "-m", "src.predict", *base(url), *words],
            cwd=tmp_path,
            env=environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        begun, deadline = len(model.bodies), time.monotonic() + 30
        while len(model.bodies) < begun + 25 and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert 0 < len(model.bodies) < 120, f"kill {kill} came too late"
    done = predict(tmp_path, url, *words)
    assert done.returncode == 0, done.stderr
    assert "predicted before" in done.stdout
    rows = read_rows(tmp_path / "out.jsonl")
    assert sorted(row["sample_id"] for row in rows) == sorted(f"d{number}" for number in range(60))
    assert all(row["predictions"] == ["a turn"] * 2 for row in rows)
    assert all(row["latency"] >= 0.15 for row in rows)
    assert 120 <= len(model.bodies) <= 120 + 3 * 10  # three kills, ten requests in flight
    assert predict(tmp_path, url, *words).returncode == 0
    assert len(read_rows(tmp_path / "out.jsonl")) == 60


@pytest.mark.parametrize(
    ("template", "text", "tokens"),
    [
        ("plain", "<think>\nwell\n</think>One?!", [3]),
        ("predictions", "<predict>Why?!</predict>\n<predict>为什么呢</predict>", [3, 6]),
        ("full", "<think>\n<predict>no</predict>\n</think>\n\n<predict>Why?!?</predict>", [4]),
        ("json", '{"tree": {}, "predictions": ["Why \\"so\\"?", "No"], "category": {}}', [6, 2]),
    ],
)
def test_how_likely_each_prediction_is_to_the_model_is_kept_where_the_endpoint_tells_it(
    served: Callable[[Model], str], tmp_path: Path, template: str, text: str, tokens: list[int]
) -> None:
    some(tmp_path, 2)
    url = served(model := Model(lambda *_: text))
    asked = ("--template", template, "--logprobs")
    assert predict(tmp_path, url, *asked).returncode == 0
    rows = read_rows(tmp_path / "out.jsonl")
    assert [row["logprob"] for row in rows] == [[-count / 2 for count in tokens]] * 2
    (tmp_path / "out.jsonl").unlink()  # what was paid for tells it again
    assert predict(tmp_path, url, *asked).returncode == 0
    assert read_rows(tmp_path / "out.jsonl") == rows
    assert len(model.bodies) == 2


def test_an_endpoint_that_tells_no_log_probabilities_is_told_of_and_costs_no_prediction(
    served: Callable[[Model], str], tmp_path: Path
) -> None:
    some(tmp_path, 2)
    model = Model(lambda *_: GOOD)
    model.tokens = lambda text: iter(({"token": text, "logprob": "sure"},))  # type: ignore[method-assign]
    done = predict(tmp_path, served(model), "--logprobs")
    assert done.returncode == 0
    assert "tells no log probabilities" in done.stderr
    assert [row["logprob"] for row in read_rows(tmp_path / "out.jsonl")] == [None, None]


def test_a_refused_sample_goes_to_the_sidecar_and_is_tried_again(endpoint: Start, tmp_path: Path) -> None:
    some(tmp_path, 20)
    assert predict(tmp_path, endpoint(faults=(("filtered", 0.3),))).returncode == 3
    failed = read_rows(tmp_path / "out.jsonl.failed.jsonl")
    assert {row["stage"] for row in failed} == {"prediction"}
    assert predict(tmp_path, endpoint()).returncode == 0
    assert len(read_rows(tmp_path / "out.jsonl")) == 20


@pytest.mark.parametrize(
    "other",
    [("--template", "json"), ("--model", "n"), ("--turns", "all"), ("--seed", "1"), ("--baseline", "repeat-last")],
)
def test_another_model_or_form_does_not_mix(endpoint: Start, tmp_path: Path, other: tuple[str, str]) -> None:
    some(tmp_path, 2)
    url = endpoint()
    assert predict(tmp_path, url).returncode == 0
    done = predict(tmp_path, url, *other)
    assert (done.returncode, done.stderr.count("was made with other settings")) == (1, 1)
    assert len(read_rows(tmp_path / "out.jsonl")) == 2


def test_records_are_no_predictions(endpoint: Start, tmp_path: Path) -> None:
    some(tmp_path, 1)
    url = endpoint()
    assert synthesis(tmp_path, url).returncode == 0
    some(tmp_path, 2)
    assert predict(tmp_path, url).returncode == 1
    assert len(read_rows(tmp_path / "out.jsonl")) == 1


def test_a_budget_stops_it_and_what_was_paid_stays(served: Callable[[Model], str], tmp_path: Path) -> None:
    some(tmp_path, 40)
    model = Model(lambda *_: GOOD)
    done = predict(tmp_path, served(model), "--max-total-tokens", 20_000)
    assert done.returncode == 4
    assert "--max-total-tokens 20000" in done.stderr
    paid = len(model.bodies)
    assert 0 < paid == len(read_rows(tmp_path / "out.jsonl"))
    assert predict(tmp_path, served(model)).returncode == 0
    assert len(model.bodies) == 40


# ---------------------------------------------------------------------------------------------- trained on


def trained(folder: Path, *names: object) -> None:
    (folder / "sft.json").write_text("[]")
    Dialogues(names).write_beside(folder / "sft.json")


def test_the_type_of_an_id_counts_in_a_mark() -> None:
    assert dialogue_mark("demo-1") == "c022981b10e36975"
    assert dialogue_mark(1) != dialogue_mark("1")


def test_dialogues_that_were_trained_on_are_refused_left_out_or_allowed(
    served: Callable[[Model], str], tmp_path: Path
) -> None:
    some(tmp_path, 5)
    trained(tmp_path, "d1", "d4", "d4", "other")
    assert len(trained_dialogues([tmp_path / "sft.json"])) == 3
    model = Model(lambda *_: GOOD)
    url = served(model)
    done = predict(tmp_path, url, "--trained-on", "sft.json", "--turns", "all")
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1].startswith("4 samples of the input are of dialogues that were trained")
    assert "'d1'" in done.stderr
    assert "--allow-seen" in done.stderr
    assert model.bodies == []
    left = ("--trained-on", "sft.json", "--turns", "all", "--skip-seen")
    assert "samples        6 to be predicted" in predict(tmp_path, url, *left, "--estimate").stdout
    done = predict(tmp_path, url, *left)
    assert done.returncode == 0
    assert "passed over    4: dialogue that was trained on" in done.stdout
    assert {row["sample_id"] for row in read_rows(tmp_path / "out.jsonl")} == {"d0", "d2", "d3"}
    assert predict(tmp_path, url, "--trained-on", "sft.json", "--turns", "all", "--allow-seen").returncode == 0
    assert len(read_rows(tmp_path / "out.jsonl")) == 10


def test_training_files_of_other_dialogues_refuse_nothing(served: Callable[[Model], str], tmp_path: Path) -> None:
    some(tmp_path, 2)
    trained(tmp_path, "a", "b")
    assert predict(tmp_path, served(Model(lambda *_: GOOD)), "--trained-on", "sft.json").returncode == 0


# ---------------------------------------------------------------------------------------------- baselines


def baseline(folder: Path, name: str, *arguments: object) -> Done:
    words = ("--input", "in.jsonl", "--output", "out.jsonl", "--baseline", name)
    return command("predict", *words, *arguments, folder=folder)


def test_the_last_turns_again_need_no_endpoint_and_no_key(tmp_path: Path) -> None:
    said_before = ("one", "ok", "two", "ok", "Two!", "ok", "three", "ok", "four", "ok", "five", "ok", "real")
    write_rows(tmp_path / "in.jsonl", [{"id": 1, "conversation": turns(*said_before)}])
    done = baseline(tmp_path, "repeat-last")
    assert done.returncode == 0, done.stderr
    (row,) = read_rows(tmp_path / "out.jsonl")
    assert row["predictions"] == ["five", "four", "three", "Two!"]
    assert (row["model"], row["latency"], row["usage"]["total_tokens"]) == ("baseline repeat-last", None, 0)
    assert not (tmp_path / "out.jsonl.calls.sqlite").exists()


def test_where_the_user_has_said_nothing_there_is_nothing_to_repeat(tmp_path: Path) -> None:
    write_rows(tmp_path / "in.jsonl", [{"id": 1, "conversation": turns("x", "Hello, how can I help?", "real")[1:]}])
    assert "malformed 1" in baseline(tmp_path, "repeat-last").stdout


def test_what_users_say_most_often_is_counted_over_the_training_dialogues(tmp_path: Path) -> None:
    some(tmp_path, 2)
    often = ["Thanks", "thanks!", "THANKS", "more", "More", "go on", "why", "who"]
    write_rows(
        tmp_path / "train.jsonl",
        [{"id": f"t{place}", "conversation": turns("q", f"a{place}", text)} for place, text in enumerate(often)],
    )
    assert baseline(tmp_path, "frequent", "--train", "train.jsonl").returncode == 0
    assert [row["predictions"] for row in read_rows(tmp_path / "out.jsonl")] == [["Thanks", "more", "go on", "why"]] * 2
    write_rows(tmp_path / "train.jsonl", [{"id": "t", "conversation": turns("q", "a", "other")}])
    assert "other settings: learnt was" in baseline(tmp_path, "frequent", "--train", "train.jsonl").stderr


@pytest.mark.parametrize(
    ("asked", "answered", "followed"),
    [("Where do penguins sleep?", "On ice.", "And seals?"), ("企鹅在哪里睡觉？", "在冰上。", "那海豹呢？")],
)
def test_the_nearest_history_is_the_one_about_the_same(
    tmp_path: Path, asked: str, answered: str, followed: str
) -> None:
    pytest.importorskip("sklearn")
    rows = [dialogue(f"t{number}") for number in range(30)]
    write_rows(tmp_path / "train.jsonl", [*rows, {"id": "t", "conversation": turns(asked, answered, followed)}])
    question = asked.replace("sleep", "live").replace("睡觉", "生活")
    write_rows(tmp_path / "in.jsonl", [{"id": "n", "conversation": turns(question, answered, "real")}])
    outputs = []
    for _ in range(2):
        assert baseline(tmp_path, "nearest", "--train", "train.jsonl").returncode == 0
        outputs.append((tmp_path / "out.jsonl").read_bytes())
        (tmp_path / "out.jsonl").unlink()
    assert outputs[0] == outputs[1]
    predictions = json.loads(outputs[0])["predictions"]
    assert predictions[0] == followed
    assert len(predictions) == 4


def test_a_baseline_is_not_asked_about_what_it_has_learnt(tmp_path: Path) -> None:
    some(tmp_path, 3)
    done = baseline(tmp_path, "frequent", "--train", "in.jsonl")
    assert done.returncode == 1
    assert "3 samples of the input are of dialogues that were trained on" in done.stderr
    assert not (tmp_path / "out.jsonl").exists()


# ---------------------------------------------------------------------------------------------- before a run


def test_what_would_be_asked_is_shown_and_counted_without_a_request(tmp_path: Path) -> None:
    some(tmp_path, 3)
    dead = "http://127.0.0.1:9/v1"
    shown = predict(tmp_path, dead, "--show", 1, "--template", "plain", "--user-form").stdout
    assert "--- message of the assistant\nCould you plan day 0 of garden number d0?" in shown
    assert "--- utterance (what the user really said next, and no model sees)\nCould you plan day 2" in shown
    counted = predict(tmp_path, dead, "--estimate", "--template", "plain", "--draws", 4, "--limit", 2).stdout
    assert "samples        2 to be predicted" in counted
    assert "calls          8" in counted
    assert not (tmp_path / "out.jsonl").exists()


WRONG = [
    (("--draws", "4"), "--draws 4 is for --template plain"),
    (("--user-form",), "--user-form is for --template plain"),
    (("--template", "plain", "--repair"), "--repair is for forms that can be wrong"),
    (("--template", "plain", "--draws", "2", "--temperature", "0"), "would be the same text 2 times"),
    (("--template", "fll"), "did you mean full?"),
    (("--baseline", "nearest"), "name some with --train"),
    (("--baseline", "nearst"), "did you mean nearest?"),
    (("--train", "in.jsonl"), "--train is for --baseline frequent or nearest"),
    (("--trained-on", "none.json"), "none.json does not exist"),
    (("--trained-on", "in.jsonl"), "make it again with python -m src.postprocess"),
    (("--trained-on", "odd.json"), "'nonsense', which is no dialogue's mark"),
    (("--allow-seen", "--skip-seen"), "give one of them"),
    (("--input", "-", "--trained-on", "odd.json"), "is read only once"),
    (("--input", "none.jsonl"), "none.jsonl does not exist"),
    (("--baseline", "frequent", "--train", "one-turn.jsonl"), "There is no dialogue"),
    (("--output", "in.jsonl"), "in.jsonl is the same file as an input"),
    (("--output", "odd.json.dialogues"), "was not made by src.predict"),
]


@pytest.mark.parametrize(("wrong", "sentence"), WRONG)
def test_what_makes_no_sense_gets_one_sentence(tmp_path: Path, wrong: tuple[str, ...], sentence: str) -> None:
    some(tmp_path, 1)
    (tmp_path / "odd.json").write_text("[]")
    (tmp_path / "odd.json.dialogues").write_text("nonsense\n")
    write_rows(tmp_path / "one-turn.jsonl", [{"id": 1, "conversation": turns("alone")}])
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    done = predict(tmp_path, "http://127.0.0.1:9/v1", *wrong)
    assert done.returncode == 1
    said_lines = [line for line in done.stderr.splitlines() if not line.endswith(": dialogues")]
    assert len(said_lines) == 1, done.stderr
    assert sentence in said_lines[0]
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_missing_key_is_told_before_anything_is_written(tmp_path: Path) -> None:
    some(tmp_path, 1)
    done = command("predict", "--input", "in.jsonl", "--output", "out.jsonl", folder=tmp_path)
    assert done.returncode == 1
    assert "No API key" in done.stderr
    assert not (tmp_path / "out.jsonl").exists()


def test_records_marked_by_postprocess_and_rows_of_predict_mean_the_same_dialogue(
    served: Callable[[Model], str], tmp_path: Path
) -> None:
    """A dialogue that synthesis has named by a hash is known again when it is read anew."""
    write_rows(tmp_path / "in.jsonl", [{"conversation": turns("q", "a", "r")}])
    predict(tmp_path, served(Model(lambda *_: GOOD)))
    (row,) = read_rows(tmp_path / "out.jsonl")
    write_rows(tmp_path / "records.jsonl", [record(row["sample_id"])])
    trained(tmp_path, record(row["sample_id"])["sample_id"])
    (tmp_path / "out.jsonl").unlink()
    done = predict(tmp_path, served(Model(lambda *_: GOOD)), "--trained-on", "sft.json")
    assert "1 sample of the input is of dialogues that were trained on" in done.stderr
