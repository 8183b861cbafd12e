"""How good predictions are: both ends of every scale, honest intervals, a judge that is itself judged, nothing lost."""

import asyncio
import difflib
import functools
import json
import math
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aiohttp import web
from sacrebleu.metrics.chrf import CHRF

from src.dialogues.turns import Turn
from src.pairs.seen import Dialogues
from src.predicting.evaluating.cases import COPIED, SHUFFLED, Attempt, Case, Predictor
from src.predicting.evaluating.figures import ALL, OF_THE_JUDGE
from src.predicting.evaluating.resampling import Quantile, Resampling, mean
from src.predicting.evaluating.scoring import board, of_texts, surface
from src.predicting.evaluating.showing import Auroc, PrecisionAt, Ranking
from src.predicting.evaluating.texts import TfIdf, common_subsequence, near, rouge_l, words
from src.predicting.evaluating.weights import Likelihood, weigh

from .conftest import ROOT, Done, command, environment, read_rows, turns, without, write_rows

Serve = Callable[..., str]
ENGLISH = [
    "Thanks!",
    "And how deep must the holes for roses be?",
    "Write it again, but shorter and without the joke at the end.",
    "My flight leaves at six, so breakfast is too late.",
    "Is there a museum that opens on Mondays?",
    "no, the blue one",
    "Could you put these numbers into a table with one row a month, and add a column for the running total of all?",
    "I think we should keep chess club on Friday afternoons.",
    "What does 'ephemeral' mean?",
    "Explain recursion to my grandmother.",
    "Perfect, book two seats by the window please.",
    "Why does bread dough collapse when you wait longer than overnight?",
]
CHINESE = [
    "好的，谢谢你！",
    "请问故宫附近有什么好吃的餐馆吗？",
    "帮我把这封邮件翻译成英文。",
    "电话是多少？",
    "我想后天下午坐地铁去颐和园，大概要多久才能到？",
    "这家酒店提供免费停车场吗？",
]
SAID = [*ENGLISH, *CHINESE]


def line(number: int, said: str, predictions: Sequence[str], **more: Any) -> dict[str, Any]:
    """A line as `src.predict` writes it."""
    context = turns("Hello, I need help.", f"With what, in case {number}?")
    named = {"sample_id": number, "item_id": 0, "context": context, "label": said}
    return {**named, "predictions": list(predictions), "malformed": not predictions, "category": None, **more}


def others(number: int, seed: int | str, count: int = 4) -> list[str]:
    """What is really said in other dialogues, as a predictor foresees it that knows nothing."""
    draw = random.Random(f"{number} {seed}")
    return draw.sample([said for place, said in enumerate(SAID) if place != number], count)


def write(folder: Path, name: str, foresee: Callable[[int, str], Sequence[str]], **more: Any) -> None:
    write_rows(folder / f"{name}.jsonl", [line(n, said, foresee(n, said), **more) for n, said in enumerate(SAID)])


def evaluate(folder: Path, *names: object, url: str = "", output: str = "report") -> Done:
    """Run evaluate on predictions in a folder; arguments that are no options are names of predictors."""
    files = [f"{name}.jsonl" for name in names if isinstance(name, str) and not name.startswith("--")]
    options = [option for given in names if isinstance(given, tuple) for option in given]
    judge = ("--judge", "--base-url", url, "--model", "m", "--api-key-env", "") if url else ()
    return command(
        "evaluate", "--predictions", *files, "--output", output, "--resamples", 200, *judge, *options, folder=folder
    )


def found(folder: Path, output: str = "report") -> Any:
    return json.loads((folder / output / "evaluation.json").read_text(encoding="utf-8"))


# ---------------------------------------------------------------------------------------------- a judge


class Judge:
    """A judge behind an endpoint that goes by letters in common, with one fault or none; it embeds texts too."""

    def __init__(self, fault: str = "", pause: float = 0.0) -> None:
        self.fault, self.pause = fault, pause
        self.asked: Counter[str] = Counter()
        self.embedded: Counter[str] = Counter()

    async def complete(self, request: web.Request) -> web.Response:
        question = (await request.json())["messages"][-1]["content"]
        self.asked[question] += 1
        await asyncio.sleep(self.pause)
        text = json.dumps({"odd": 1} if self.fault == "nonsense" else self.answer(question))
        choice = {"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        return web.json_response({"choices": [choice], "usage": {"prompt_tokens": 7, "completion_tokens": 3}})

    def answer(self, question: str) -> dict[str, Any]:
        real = part("utterance", question)[0]
        if "<predictions>" in question:
            return {
                "evaluation": [
                    {"reason": "r", "similarity": likeness(text, real)} for text in part("predictions", question)
                ]
            }
        one, other = (max(likeness(text, real) for text in part(place, question)) for place in ("first", "second"))
        place = 1 if self.fault == "first" or one > other else 3 if one == other else 5
        return {"reasoning": "r", "nearer": place}

    async def embed(self, request: web.Request) -> web.Response:
        texts = (await request.json())["input"]
        self.embedded.update(texts)
        if self.fault == "refuses" and len(self.embedded) > 10:
            return web.json_response({"error": {"message": "no credit"}}, status=402)
        data = [{"object": "embedding", "index": n, "embedding": vector(text)} for n, text in enumerate(texts)]
        data.reverse()  # in whatever order they come
        return web.json_response(
            {"object": "list", "data": data, "model": "e", "usage": {"prompt_tokens": 9, "total_tokens": 9}}
        )


def part(tag: str, question: str) -> list[str]:
    inside = re.search(rf"<{tag}>\n(.*?)\n</{tag}>", question, re.DOTALL)
    return re.sub(r"^\d+\. ", "", inside[1], flags=re.MULTILINE).split("\n") if inside else []


def likeness(one: str, other: str) -> float:
    return round(difflib.SequenceMatcher(None, one, other).ratio(), 3)


def vector(text: str) -> list[float]:
    counts = Counter(text.casefold())
    return [float(counts[letter]) for letter in "abcdefghijklmnopqrstuvwxyz请问天去怎么走"] + [0.1]


@pytest.fixture
def serve() -> Iterator[Callable[[Judge], str]]:
    """Serve judges over HTTP on this machine; gives the base URL. Ended with the test."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    runners: list[web.AppRunner] = []

    async def start(judge: Judge) -> str:
        app = web.Application(client_max_size=1 << 28)
        app.router.add_post("/v1/chat/completions", judge.complete)
        app.router.add_post("/v1/embeddings", judge.embed)
        runners.append(runner := web.AppRunner(app, access_log=None, shutdown_timeout=0.1))
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{runner.addresses[0][1]}/v1"

    try:
        yield lambda judge: asyncio.run_coroutine_threadsafe(start(judge), loop).result()
    finally:
        for runner in runners:
            asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


# ---------------------------------------------------------------------------------------------- scales


def test_who_copies_is_at_the_top_and_who_guesses_at_the_bottom_of_every_scale(serve: Serve, tmp_path: Path) -> None:
    url = serve(Judge())
    write_rows(
        tmp_path / "records.jsonl",
        [
            {"sample_id": n, "item_id": 0, "utterance_category_gt": {"predicted_category": kind(n)}}
            for n in range(len(SAID))
        ],
    )
    rows = {
        "copies": [line(n, said, [said] * 4, category=kind(n)) for n, said in enumerate(SAID)],
        "guesses": [line(n, said, others(n, 1), category=kind(n // 3)) for n, said in enumerate(SAID)],
        "near": [
            line(n, said, [f"{said[: len(said) // 2]} and then?", *others(n, 2, 3)]) for n, said in enumerate(SAID)
        ],
    }
    for name, held in rows.items():
        write_rows(tmp_path / f"{name}.jsonl", held)
    embeddings = ("--embeddings-url", url, "--embeddings-model", "e", "--records", "records.jsonl")
    done = evaluate(tmp_path, "copies", "guesses", "near", embeddings, url=url)
    assert done.returncode == 0, done.stderr
    predictors = found(tmp_path)["predictors"]
    assert [*predictors] == ["copies", "guesses", "near", COPIED, SHUFFLED]
    scales = {name: figure for name, figure in ALL.items() if figure.better == "high" and name in predictors["copies"]}
    assert len(scales) == 17
    for name in scales:
        value = {who: held[name]["value"] for who, held in predictors.items() if name in held}
        top = 100 if name.startswith("chrf") else 1
        assert value["copies"] == pytest.approx(value[COPIED]) == pytest.approx(top), name
        assert value["guesses"] < value["copies"], name
        if not name.startswith(("exact", "near", "category", "hit", "cosine")):
            assert value["guesses"] < value["near"] < value["copies"], name
        assert value["guesses"] == pytest.approx(value[SHUFFLED], abs=0.15 * top), name
    nearer = {each["b"]: each for each in found(tmp_path)["differences"] if each["metric"] == "nearer"}
    assert nearer["guesses"]["value"] == nearer["near"]["value"] == 1


def kind(number: int) -> str:
    return ("Statement", "Question", "Instruction")[number % 3]


def test_the_contract_of_the_file_for_machines(tmp_path: Path) -> None:
    write(
        tmp_path,
        "a",
        lambda n, _: others(n, 1),
        latency=2.0,
        usage={"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100},
    )
    write(tmp_path, "b", lambda n, said: [said] if n % 2 else [], latency=1.0)
    assert evaluate(tmp_path, "a", "b", ("--prices", "1/10", "2/20")).returncode == 0
    held = found(tmp_path)
    for predictor in held["predictors"].values():
        for interval in predictor.values():
            assert [*interval] == ["value", "low", "high", "n"]
            assert interval["low"] <= interval["value"] <= interval["high"]
    assert held["predictors"]["b"]["malformed"] == {**held["predictors"]["b"]["malformed"], "value": 0.5, "n": 18}
    assert held["predictors"]["b"]["chrf_best"]["value"] == pytest.approx(50)
    assert held["predictors"]["b"]["length_ratio"]["n"] == 9
    assert held["predictors"]["a"]["latency_p50"]["value"] == 2.0
    assert held["predictors"]["a"]["cost_per_1000"]["value"] == pytest.approx(1000 * 0.002 / 4)
    for difference in held["differences"]:
        assert [*difference] == ["a", "b", "metric", "value", "low", "high"]
    (chrf,) = (each for each in held["differences"] if each["metric"] == "chrf_best")
    a, b = (held["predictors"][name]["chrf_best"]["value"] for name in "ab")
    assert chrf["value"] == pytest.approx(a - b)
    assert {part["kind"] for part in held["slices"]} == {"language", "length"}


def test_the_table_fits_a_terminal_and_names_every_figure(tmp_path: Path) -> None:
    for name in ("a-predictor-with-a-very-long-name", "b", "c"):
        write(tmp_path, name, lambda n, _: others(n, 1), latency=2.0)
    done = evaluate(tmp_path, "a-predictor-with-a-very-long-name", "b", "c")
    assert max(map(len, done.stdout.splitlines())) <= 80
    for name in found(tmp_path)["predictors"]["b"]:
        assert re.search(rf"^  {name} ", done.stdout, re.MULTILINE), name
    assert "copied shuffled" in done.stdout
    assert "Only 18 dialogues" in done.stdout


# ---------------------------------------------------------------------------------------------- metrics


def test_chrf_is_that_of_sacrebleu() -> None:
    measure = surface([])["chrf"]
    for said, other in zip(SAID, reversed(SAID), strict=True):
        assert measure(case_of(said), other) == CHRF().sentence_score(other, [said]).score


def case_of(said: str) -> Case:
    return Case("c", 1, 0, (), said)


def test_rouge_l_is_that_of_rouge_score_where_that_reads_the_language() -> None:
    rouge_scorer = pytest.importorskip("rouge_score.rouge_scorer")
    scorer = rouge_scorer.RougeScorer(["rougeL"], use_stemmer=False)
    more = ["Don't!", "", "I've 2 of 10 left, U.S.-made_ones.", "the the the cat", "cat the", *ENGLISH]
    for one in more:
        for other in more:
            assert rouge_l(one, other) == pytest.approx(scorer.score(other, one)["rougeL"].fmeasure), (one, other)


def test_rouge_l_reads_languages_without_spaces_by_the_sign() -> None:
    assert rouge_l("我想去故宫", "我想去故宫") == 1
    assert rouge_l("我要去故宫", "我想去故宫") == pytest.approx(0.8)
    assert words("买 iPhone15 手机") == ("买", "iphone15", "手", "机")
    assert rouge_l("ไปไหน", "ไปไหนดี") > 0.5


def test_a_common_subsequence_is_as_long_as_the_usual_table_says() -> None:
    draw = random.Random(3)
    for _ in range(200):
        one, other = (tuple(draw.choices("abcd", k=draw.randrange(12))) for _ in range(2))
        table = np.zeros((len(one) + 1, len(other) + 1), dtype=int)
        for i, a in enumerate(one):
            for j, b in enumerate(other):
                table[i + 1, j + 1] = table[i, j] + 1 if a == b else max(table[i, j + 1], table[i + 1, j])
        assert common_subsequence(one, other) == table[-1, -1]


def test_matches_and_cosines_at_their_edges() -> None:
    assert near("Thanks, bye", "thanks BYE!")
    assert not near("👍", "👎")
    assert near(" 👍 ", "👍")
    cosine = TfIdf(["how are you", "how is the weather"]).cosine
    assert cosine("", "how") == cosine("zzz", "how") == 0
    assert cosine("the weather", "how is the weather") > cosine("how is", "how is the weather")


def test_when_to_show_is_told_by_hand_made_rankings() -> None:
    resampling = Resampling(np.arange(4), 200, 0)
    good = Ranking(np.array([4.0, 3.0, 2.0, 1.0]), np.array([1.0, 1.0, 0.0, 0.0]))
    flat = Ranking(np.zeros(4), good.right)
    assert resampling.intervals([Auroc(good)])[0].value == 1
    assert resampling.intervals([Auroc(flat)])[0].value == 0.5
    values = [each.value for each in resampling.intervals([PrecisionAt(good, part) for part in (0.25, 0.5, 0.75, 1)])]
    assert values == pytest.approx([1, 1, 2 / 3, 0.5])


def test_who_knows_when_it_is_right_is_told(tmp_path: Path) -> None:
    rows = [
        line(n, said, [said if n % 3 else others(n, 1)[0]], logprob=[-1.0 if n % 3 else -9.0])
        for n, said in enumerate(SAID)
    ]
    write_rows(tmp_path / "a.jsonl", rows)
    assert evaluate(tmp_path, "a").returncode == 0
    held = found(tmp_path)["predictors"]["a"]
    assert held["auroc"]["value"] == held["precision_50"]["value"] == 1
    assert held["precision_all"]["value"] == pytest.approx(2 / 3)


# ---------------------------------------------------------------------------------------------- intervals


@pytest.mark.parametrize("count", [1, 4])
def test_equal_predictors_differ_by_an_interval_that_holds_zero_in_nineteen_of_twenty(count: int) -> None:
    """Two that guess alike, many times over. Few of the best of four differ, and those by much: the hard case."""
    cases = [Case(str(n), n, 0, (), said) for n, said in enumerate(SAID)]
    measure = functools.cache(lambda text, said: CHRF().sentence_score(text, [said]).score)
    held = 0
    for seed in range(300):
        one, other = (
            board(cases, guessing(count, f"{name} {seed}"), {"chrf": of_texts(measure)}, None) for name in "ab"
        )
        resampling = Resampling(np.arange(len(cases)), 200, seed)
        held += not resampling.differences([one["chrf_best"]], [other["chrf_best"]])[0].clear_of_zero
    assert 0.93 <= held / 300 <= 0.98


def guessing(count: int, seed: str) -> Predictor:
    return Predictor(seed, {str(n): Attempt(tuple(others(n, seed, count))) for n in range(len(SAID))})


@pytest.mark.parametrize("dialogues", [6, 40])
def test_intervals_hold_what_they_say_they_do(dialogues: int) -> None:
    generator, held = np.random.default_rng(4), 0
    samples = np.repeat(np.arange(dialogues), 3)
    for seed in range(200):
        one, other = (generator.normal(size=dialogues)[samples] + generator.normal(size=3 * dialogues) for _ in "ab")
        held += not Resampling(samples, 300, seed).differences([mean(one)], [mean(other)])[0].clear_of_zero
    assert 0.9 <= held / 200 <= 0.99


def test_many_samples_of_one_dialogue_count_as_one() -> None:
    values = np.random.default_rng(1).normal(size=30)
    alone = Resampling(np.arange(30), 500, 0).intervals([mean(values)])[0]
    repeated = Resampling(np.repeat(np.arange(30), 10), 500, 0).intervals([mean(np.repeat(values, 10))])[0]
    assert (alone.low, alone.high) == pytest.approx((repeated.low, repeated.high))


def test_a_difference_is_of_the_samples_that_both_have() -> None:
    one, other = np.array([1.0, 2.0, math.nan, 9.0]), np.array([0.0, 1.0, 5.0, math.nan])
    (difference,) = Resampling(np.arange(4), 200, 0).differences([mean(one)], [mean(other)])
    assert (difference.value, difference.n) == (1, 2)


def test_one_dialogue_has_no_interval() -> None:
    (interval,) = Resampling(np.zeros(5, dtype=np.int64), 200, 0).intervals([mean(np.arange(5.0))])
    assert (interval.value, interval.low, interval.high, interval.n) == (2, None, None, 5)


def test_quantiles_are_those_of_the_samples() -> None:
    values = np.random.default_rng(2).permutation(np.arange(1.0, 101.0))
    half, most = Resampling(np.arange(100), 200, 0).intervals([Quantile(values, 0.5), Quantile(values, 0.95)])
    assert (half.value, most.value) == (50, 95)
    assert 30 < (half.low or 0) < 50 < (half.high or 0) < 70


# ---------------------------------------------------------------------------------------------- the judge


def test_a_judge_that_favours_the_first_is_told_as_an_order_effect(serve: Serve, tmp_path: Path) -> None:
    write(tmp_path, "a", lambda _, said: [said[:-1] + " now?"])
    write(tmp_path, "b", lambda n, _: others(n, 1, 1))
    fair, biased = evaluate(tmp_path, "a", "b", url=serve(Judge())), found(tmp_path)
    assert "Order effect" not in fair.stdout
    assert biased["judge"]["orders_agree"]["value"] == biased["judge"]["truth_wins"]["value"] == 1
    done = evaluate(tmp_path, "a", "b", url=serve(Judge("first")), output="biased")
    held = found(tmp_path, "biased")
    assert "Order effect: the judge prefers what stands first more often than by chance, 100%" in " ".join(
        done.stdout.split()
    )
    assert "The judge is not to be relied on" in done.stdout
    assert held["judge"]["first_preferred"]["value"] == 1
    assert held["judge"]["orders_agree"]["value"] == held["judge"]["truth_wins"]["value"] == 0
    (nearer,) = (each for each in held["differences"] if each["metric"] == "nearer")
    assert (nearer["value"], nearer["low"], nearer["high"]) == (0, 0, 0)
    assert {*held["judge"]} - {"model"} == {*OF_THE_JUDGE}


def test_the_judge_never_learns_whose_a_prediction_is(serve: Serve, tmp_path: Path) -> None:
    judge = Judge()
    write(tmp_path, "secret-one", lambda n, _: others(n, 1))
    write(tmp_path, "secret-two", lambda n, _: others(n, 2))
    assert evaluate(tmp_path, "secret-one", "secret-two", url=serve(judge)).returncode == 0
    assert not any("secret" in question for question in judge.asked)
    graded = [part("predictions", question) for question in judge.asked if "<predictions>" in question]
    firsts = {others(n, 1)[0] for n in range(len(SAID))}
    assert 0 < sum(texts[0] in firsts for texts in graded) < len(graded)  # in an order of their own


def test_a_killed_evaluation_goes_on_and_pays_for_nothing_twice(serve: Serve, tmp_path: Path) -> None:
    write(tmp_path, "a", lambda n, _: others(n, 1))
    write(tmp_path, "b", lambda n, _: others(n, 2))
    whole, killed = Judge(), Judge(pause=0.05)
    assert evaluate(tmp_path, "a", "b", url=serve(whole), output="whole").returncode == 0
    url, kills, draw = serve(killed), 0, random.Random(1)
    arguments = ["--predictions", "a.jsonl", "b.jsonl", "--output", "report", "--resamples", "200", "--judge"]
    asking = ["--base-url", url, "--model", "m", "--api-key-env", "", "--max-concurrency", "4"]
    for _ in range(4):
        process = subprocess.Popen(
            [sys.executable, "-m", "src.evaluate", *arguments, *asking],
            cwd=tmp_path,
            env=environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        before, until = killed.asked.total(), time.monotonic() + 20
        while (
            killed.asked.total() < before + 5 + draw.randrange(9)
            and process.poll() is None
            and time.monotonic() < until
        ):
            time.sleep(0.01)
        kills += process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert kills >= 3
    assert evaluate(tmp_path, "a", "b", url=url).returncode == 0
    assert {*killed.asked} == {*whole.asked}
    assert killed.asked.total() <= whole.asked.total() + 4 * kills
    assert found(tmp_path)["predictors"] == found(tmp_path, "whole")["predictors"]
    paid = killed.asked.total()
    assert evaluate(tmp_path, "a", "b", url=url).returncode == 0
    assert killed.asked.total() == paid


def test_opinions_on_other_predictions_are_asked_for_anew(serve: Serve, tmp_path: Path) -> None:
    judge = Judge()
    url = serve(judge)
    write(tmp_path, "a", lambda n, _: others(n, 1))
    assert evaluate(tmp_path, "a", url=url).returncode == 0
    before = found(tmp_path)["predictors"]["a"]["similarity_best"]["value"]
    write(tmp_path, "a", lambda n, said: [said] if n == 0 else others(n, 1))
    paid = judge.asked.total()
    assert evaluate(tmp_path, "a", url=url).returncode == 0
    assert judge.asked.total() - paid <= 3  # one case is graded anew
    assert found(tmp_path)["predictors"]["a"]["similarity_best"]["value"] > before
    assert len(read_rows(tmp_path / "report/judged.jsonl")) == len(SAID)


def test_a_judge_that_talks_nonsense_ends_in_a_sentence_and_what_was_paid_stays(serve: Serve, tmp_path: Path) -> None:
    write(tmp_path, "a", lambda n, _: others(n, 1))
    done = evaluate(tmp_path, "a", ("--limit", 2), url=serve(Judge("nonsense")))
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("The judge m has given no usable opinion")
    assert not (tmp_path / "report/evaluation.json").exists()
    assert (tmp_path / "report/judged.jsonl.calls.sqlite").stat().st_size > 0
    assert len(read_rows(tmp_path / "report/judged.jsonl.failed.jsonl")) == 2


def test_a_part_can_be_judged_and_the_rest_later(serve: Serve, tmp_path: Path) -> None:
    url = serve(Judge())
    write(tmp_path, "a", lambda n, _: others(n, 1))
    done = evaluate(tmp_path, "a", ("--limit", 5), url=url)
    assert done.returncode == 0
    assert "13 of 18 samples have no opinion of the judge" in done.stdout
    assert found(tmp_path)["predictors"]["a"]["hit_best"]["n"] == 5
    assert evaluate(tmp_path, "a", url=url).returncode == 0
    assert found(tmp_path)["predictors"]["a"]["hit_best"]["n"] == 18


def test_vectors_are_paid_for_once(serve: Serve, tmp_path: Path) -> None:
    broken, judge = Judge("refuses"), Judge()
    write(tmp_path, "a", lambda n, _: others(n, 1))
    base = ("--embeddings-model", "e", "--embeddings-batch", 5, "--max-retries", 0)
    done = evaluate(tmp_path, "a", ("--embeddings-url", serve(broken), *base))
    assert done.returncode == 1
    assert re.fullmatch(r"Embeddings of e cannot be had .*no credit.*\n", done.stderr)
    url = serve(judge)
    assert evaluate(tmp_path, "a", ("--embeddings-url", url, *base)).returncode == 0
    assert len(judge.embedded) == len(SAID) - 10
    assert evaluate(tmp_path, "a", ("--embeddings-url", url, *base)).returncode == 0
    assert {*judge.embedded.values()} == {1}


def test_what_was_rehearsed_is_told(endpoint: Serve, tmp_path: Path) -> None:
    write(tmp_path, "a", lambda n, _: others(n, 1), rehearsal=True)
    done = evaluate(tmp_path, "a", ("--limit", 3), url=endpoint())
    assert done.returncode == 0
    assert "a was rehearsed, without a model" in done.stdout
    assert "The judge was rehearsed" in done.stdout


# ---------------------------------------------------------------------------------------------- weights


class Remembers:
    """A model that finds an utterance likelier where the history has its number, and short ones likelier always."""

    def of(self, history: Sequence[Turn], utterances: Sequence[str]) -> list[Likelihood]:
        numbers = {*re.findall(r"\d+", " ".join(turn.content for turn in history))}
        return [self.likelihood(text, known=bool(numbers & {*re.findall(r"\d+", text)})) for text in utterances]

    def likelihood(self, text: str, *, known: bool) -> Likelihood:
        return Likelihood(-len(text) * (0.5 if known else 1.0), len(text))


def test_weights_tell_what_the_history_is_worth() -> None:
    cases = [
        Case(
            str(n),
            n,
            0,
            (Turn(role="user", content=f"number {n}"),),
            f"tell me more about number {n}{' please' * (n % 4) * 5}",
        )
        for n in range(12)
    ]
    board = weigh(cases, Remembers(), 0)
    resampling = Resampling(np.arange(12), 200, 0)
    value = dict(zip(board, (each.value for each in resampling.intervals([*board.values()])), strict=True))
    assert value["perplexity"] == pytest.approx(math.exp(0.5))
    assert value["nats"] == pytest.approx(0.5)
    assert value["perplexity_elsewhere"] == pytest.approx(math.exp(1.0))
    assert value["context_nats"] == pytest.approx(0.5)
    assert value["first_of_10_gain"] == value["rank_of_10_gain"] == 1
    assert (value["first_of_10"] or 0) < 1  # since short ones are likelier anyway


def test_in_perplexity_each_token_counts_alike_and_in_nats_each_utterance() -> None:
    class Wordy:
        """Finds long utterances easy and short ones hard."""

        def of(self, _: Sequence[Turn], utterances: Sequence[str]) -> list[Likelihood]:
            return [Likelihood(-30.0, 100) if text.startswith("long") else Likelihood(-3.0, 1) for text in utterances]

    cases = [Case(text, text, 0, (), text) for text in ("long one", "long two", "short one", "short two")]
    board = weigh(cases, Wordy(), 0)
    perplexity, nats = Resampling(np.arange(4), 200, 0).intervals([board["perplexity"], board["nats"]])
    assert perplexity.value == pytest.approx(math.exp(66 / 202))
    assert nats.value == pytest.approx((0.3 + 0.3 + 3 + 3) / 4)


def test_few_dialogues_have_no_rank_of_ten() -> None:
    cases = [Case(str(n), n, 0, (), f"number {n}") for n in range(5)]
    assert {*weigh(cases, Remembers(), 0)} == {"perplexity", "nats", "perplexity_elsewhere", "context_nats"}


def test_only_so_many_samples_are_ranked_and_the_other_figures_stay() -> None:
    cases = [Case(str(n), n, 0, (Turn(role="user", content=f"{n}"),), f"number {n}") for n in range(30)]
    everything, few = weigh(cases, Remembers(), 0), weigh(cases, Remembers(), 0, 6)
    assert few["rank_of_10_gain"].present.sum() == 6
    assert everything["rank_of_10_gain"].present.sum() == few["context_nats"].present.sum() == 30
    both = Resampling(np.arange(30), 200, 0).intervals([everything["context_nats"], few["context_nats"]])
    assert both[0] == both[1]


# ---------------------------------------------------------------------------------------------- the page


def test_the_page_needs_nothing_and_hostile_text_stays_text(tmp_path: Path) -> None:
    hostile = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\u2028"
    name = "<b>bold"
    write(tmp_path, "a", lambda n, _: [hostile, *others(n, 1)])
    (tmp_path / "a.jsonl").rename(tmp_path / f"{name}.jsonl")
    assert evaluate(tmp_path, name).returncode == 0
    page = (tmp_path / "report/evaluation.html").read_text(encoding="utf-8")
    assert "default-src 'none'" in page
    assert not re.search(r"(src|href)=[\"']?(https?:)?//", page)
    assert page.count("<script") == 2
    assert "<img" not in page
    assert "<b>" not in page
    assert "Gamed by: more predictions" in page or "look at (shuffled), which has as many" in page
    assert not re.search(r"\{(title|notes|figures|differences|judge|shown|data|script)\}", page)


def test_of_many_samples_the_page_shows_the_best_and_the_worst(tmp_path: Path) -> None:
    write(tmp_path, "a", lambda n, said: [said] if n in {3, 7} else [said[: 4 + n]] if n not in {5, 6} else [])
    assert evaluate(tmp_path, "a", ("--shown", 4)).returncode == 0
    page = (tmp_path / "report/evaluation.html").read_text(encoding="utf-8")
    data = json.loads(re.search(r'id="data">(.*?)</script>', page, re.DOTALL)[1])  # type: ignore[index]
    assert {sample["sample_id"] for sample in data["samples"]} == {3, 7, 5, 6}


# ---------------------------------------------------------------------------------------------- bad input


def stopped(done: Done) -> str:
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1, done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


def test_nothing_to_evaluate_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").write_text("")
    assert "There is no prediction in empty.jsonl" in stopped(evaluate(tmp_path, "empty"))
    assert "make predictions first with python -m src.predict" in stopped(evaluate(tmp_path, "absent"))
    assert "name files" in stopped(command("evaluate", folder=tmp_path))


def test_predictions_that_do_not_belong_together_are_a_sentence(tmp_path: Path) -> None:
    write_rows(tmp_path / "a.jsonl", [line(1, "one", ["x"])])
    write_rows(tmp_path / "b.jsonl", [line(2, "two", ["x"])])
    write_rows(tmp_path / "c.jsonl", [line(1, "uno", ["x"])])
    write_rows(tmp_path / "d.jsonl", [line(1, "one", ["x"]), line(1, "one", ["y"])])
    assert "a and b have no sample in common" in stopped(evaluate(tmp_path, "a", "b"))
    assert "'uno' in c and 'one'" in stopped(evaluate(tmp_path, "a", "c"))
    assert "d.jsonl line 2 predicts sample [1,0] again" in stopped(evaluate(tmp_path, "d"))


@pytest.mark.parametrize(
    "text",
    [
        '{"id": 1, "conversation": []}\n',
        "not json\n",
        '[{"sample_id": 1}]\n',
        '{"sample_id": 1, "item_id": 0, "label": "x", "predictions": "text"}\n',
        '{"sample_id": 1, "item_id": 0, "label": "", "predictions": []}\n',
        "\x00\x01",
    ],
)
def test_files_of_another_kind_are_a_sentence(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.jsonl").write_text(text)
    assert "a.jsonl line 1 is no prediction" in stopped(evaluate(tmp_path, "a"))


def test_what_a_killed_predict_has_left_is_read(tmp_path: Path) -> None:
    write(tmp_path, "a", lambda n, _: others(n, 1))
    with (tmp_path / "a.jsonl").open("a") as file:
        file.write('{"sample_id":99,"item')
    done = evaluate(tmp_path, "a")
    assert done.returncode == 0
    assert "is left out" in done.stderr
    assert found(tmp_path)["samples"] == len(SAID)


def test_dialogues_that_were_trained_on_are_refused_left_out_or_told(tmp_path: Path) -> None:
    write(tmp_path, "a", lambda n, _: others(n, 1))
    (tmp_path / "train.json").write_text("[]")
    Dialogues([0, 1, 2, "3"]).write_beside(tmp_path / "train.json")
    trained = ("--trained-on", "train.json")
    assert "3 of 18 samples are of dialogues in train.json" in stopped(evaluate(tmp_path, "a", trained))
    assert evaluate(tmp_path, "a", (*trained, "--skip-seen")).returncode == 0
    assert found(tmp_path)["samples"] == 15
    assert evaluate(tmp_path, "a", (*trained, "--allow-seen")).returncode == 0
    assert {part["slice"] for part in found(tmp_path)["slices"] if part["kind"] == "seen"} == {"seen", "not seen"}


def test_nothing_of_others_is_written_over(tmp_path: Path) -> None:
    write(tmp_path, "a", lambda n, _: others(n, 1))
    (tmp_path / "report").mkdir()
    (tmp_path / "report/evaluation.html").write_text("<title>Mine</title>")
    assert "was not made by src.evaluate" in stopped(evaluate(tmp_path, "a"))
    assert "is a file" in stopped(evaluate(tmp_path, "a", output="a.jsonl"))
    assert evaluate(tmp_path, "a", output="other").returncode == 0
    assert evaluate(tmp_path, "a", output="other").returncode == 0


@pytest.mark.parametrize(("package", "extra", "install"), [
    ("sacrebleu", [], "requirements-evaluate.txt"),
    ("numpy", [], "requirements-evaluate.txt"),
    ("torch", ["--weights", "m"], "requirements-train.txt"),
])  # fmt: skip
def test_a_missing_package_is_named_with_what_to_type(
    tmp_path: Path, package: str, extra: list[str], install: str
) -> None:
    write(tmp_path, "a", lambda n, _: others(n, 1))
    arguments = ["--predictions", "a.jsonl", "--output", "o", *extra]
    done = without(package, "evaluate", *arguments, folder=tmp_path)
    assert done.returncode == 1
    assert f"pip install -r {install}" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--prices", "1/2", "1/2"), "2 --prices for 1 predictors"),
        (("--prices", "cheap"), "is not IN/OUT"),
        (("--embeddings-url", "http://x/v1"), "belong together"),
        (("--embeddings-url", "x", "--embeddings-model", "e"), "is not an address"),
        (("--records", "a.jsonl"), "There is no record in a.jsonl"),
        (("--allow-seen", "--skip-seen"), "give one of them"),
    ],
)
def test_options_that_make_no_sense_are_a_sentence(tmp_path: Path, options: tuple[str, ...], said: str) -> None:
    write(tmp_path, "a", lambda n, _: others(n, 1))
    assert said in stopped(evaluate(tmp_path, "a", options))


def test_the_page_on_evaluation_explains_every_figure() -> None:
    page = (ROOT / "docs/evaluate.md").read_text(encoding="utf-8")
    for name in (*ALL, *OF_THE_JUDGE, "nearer"):
        assert f"`{name}`" in page or f"`{name.removesuffix('_first').removesuffix('_best')}`" in page, name
