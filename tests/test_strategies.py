"""The library of strategies: what is extracted, what belongs together, what hands and further dialogues leave alone."""

import contextlib
import io
import json
import random
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aiohttp import web

from bench import arms
from src.basics.split import split
from src.calling.stage import digest
from src.methods.proutt.stages import STAGES
from src.methods.strategies.checks import particulars
from src.methods.strategies.coverage import Coverage, state_of
from src.methods.strategies.leaders import Leaders, unit
from src.methods.strategies.library import read_library
from src.methods.strategies.members import telling
from src.methods.strategies.place import Place
from src.pairs.seen import dialogues_beside
from src.rehearsing.serving import served
from src.rehearsing.standin import answer_to

from .conftest import ROOT, Done, Serve, command, dialogue, environment, read_rows, synthesis, write_rows

Start = Callable[..., str]
LIBRARY = "library.jsonl"


def base(url: str, *arguments: object) -> list[str]:
    options = ("--base-url", url, "--model", "m", "--api-key-env", "", "--input", "in.jsonl", "--library", LIBRARY)
    return [*map(str, (*options, *arguments))]


def induced(folder: Path, url: str, *arguments: object) -> Done:
    """A library in a folder, from an endpoint that needs no key."""
    return command("strategies", *base(url, *arguments), folder=folder)


def many(folder: Path, count: int, first: int = 0) -> None:
    write_rows(folder / "in.jsonl", [dialogue(number, rounds=4) for number in range(first, count)])


def library_of(folder: Path) -> dict[str, Any]:
    return {entry["id"]: entry for entry in read_rows(folder / LIBRARY)}


def assigned_in(folder: Path) -> dict[tuple[str, str], str]:
    rows = read_rows(Place(folder / LIBRARY).assigned)
    return {(row["move"], each["strategy"]): each["entry"] for row in rows for each in row["assigned"]}


def edit(folder: Path, change: Callable[[dict[str, Any]], dict[str, Any]], *more: dict[str, Any]) -> None:
    write_rows(folder / LIBRARY, [*map(change, read_rows(folder / LIBRARY)), *more])


# ---------------------------------------------------------------------------------------------- the steps


def test_every_turn_gives_a_strategy_and_every_strategy_an_entry(endpoint: Start, tmp_path: Path) -> None:
    many(tmp_path, 20)
    done = induced(tmp_path, endpoint())
    assert done.returncode == 0, done.stderr
    turns = read_rows(Place(tmp_path / LIBRARY).extracted)
    assert len(turns) == 20 * 3
    assert {turn["strategy"] for turn in turns} == {phrase for _, phrase in assigned_in(tmp_path)}
    entries = library_of(tmp_path)
    assert sum(entry["support"] for entry in entries.values()) == len(turns)
    assert all(bool(entry["name"]) == (not entry["rare"]) for entry in entries.values())
    followed = read_rows(Place(tmp_path / LIBRARY).turns)
    assert len(followed) == sum(entry["support"] for entry in entries.values() if entry["name"])
    assert all(turn["name"] in turn["candidates"] for turn in followed)
    assert "entropy" in done.stdout


def test_a_finished_library_is_asked_for_nothing_and_stays_as_it_is(endpoint: Start, tmp_path: Path) -> None:
    many(tmp_path, 12)
    assert induced(tmp_path, endpoint()).returncode == 0
    before = (tmp_path / LIBRARY).read_bytes()
    assert induced(tmp_path, endpoint(log=tmp_path / "again.log")).returncode == 0
    assert not (tmp_path / "again.log").exists()
    assert (tmp_path / LIBRARY).read_bytes() == before


def test_each_step_can_be_taken_by_itself(endpoint: Start, tmp_path: Path) -> None:
    many(tmp_path, 12)
    url, place = endpoint(), Place(tmp_path / LIBRARY)
    for step, made in (("extract", place.extracted), ("cluster", place.assigned), ("abstract", place.abstracted)):
        assert not made.exists()
        assert induced(tmp_path, url, "--step", step).returncode == 0
        assert made.stat().st_size
    whole = tmp_path / "whole"
    whole.mkdir()
    many(whole, 12)
    assert induced(whole, url).returncode == 0
    assert (whole / LIBRARY).read_bytes() == (tmp_path / LIBRARY).read_bytes()


def test_dialogues_that_are_held_back_are_not_asked_about(endpoint: Start, tmp_path: Path) -> None:
    many(tmp_path, 40)
    done = induced(tmp_path, endpoint(log=tmp_path / "log"), "--split", "test=0.3", "--step", "extract")
    learnt = {row["sample_id"] for row in read_rows(Place(tmp_path / LIBRARY).extracted)}
    assert 15 < len(learnt) < 40
    assert "dialogue of another share (--split)" in done.stdout
    asked = " ".join(row["messages"][1]["content"] for row in read_rows(tmp_path / "log"))
    assert {int(name) for name in re.findall(r"garden number (\d+)", asked)} == learnt


def test_what_is_shown_is_what_would_be_asked(endpoint: Start, tmp_path: Path) -> None:
    many(tmp_path, 12)
    share, url = ("--split", "test=0.5"), endpoint(log=tmp_path / "log")
    shown = induced(tmp_path, url, *share, "--show", 100)
    assert induced(tmp_path, url, *share, "--step", "extract").returncode == 0
    learnt = {row["sample_id"] for row in read_rows(Place(tmp_path / LIBRARY).extracted)}
    assert 0 < len(learnt) < 12
    assert {int(name) for name in re.findall(r"^=== sample \d+: id (\d+),", shown.stdout, re.MULTILINE)} == learnt
    assert "dialogue of another share (--split)" in shown.stdout


def test_a_budget_is_one_for_all_steps(endpoint: Start, tmp_path: Path) -> None:
    many(tmp_path, 12)
    assert induced(tmp_path, endpoint(), "--step", "extract").returncode == 0
    spent = sum(row["usage"]["total_tokens"] for row in read_rows(Place(tmp_path / LIBRARY).extracted))
    done = induced(tmp_path, endpoint(), "--max-total-tokens", spent + 10)
    assert (done.returncode, "--max-total-tokens" in done.stderr) == (4, True)
    assert induced(tmp_path, endpoint(), "--max-total-tokens", 10 * spent).returncode == 0


def test_an_estimate_and_a_look_ask_nothing(endpoint: Start, tmp_path: Path) -> None:
    many(tmp_path, 12)
    url = endpoint(log=tmp_path / "log")
    told = induced(tmp_path, url, "--estimate", "--price-in", "1", "--price-out", "2")
    assert "turns          36 to be read" in told.stdout
    assert re.search(r"together +\d+", told.stdout)
    assert "# Task: strategy" in induced(tmp_path, url, "--show", "2").stdout
    assert not (tmp_path / "log").exists()


# ---------------------------------------------------------------------------------------------- kills


ALL = ("extract", "cluster", "abstract", "coverage")


@pytest.mark.parametrize("step", ALL)
def test_killed_at_any_step_it_pays_at_most_for_what_was_in_flight(endpoint: Start, tmp_path: Path, step: str) -> None:
    many(tmp_path, 60)
    whole = tmp_path / "whole"
    whole.mkdir()
    many(whole, 60)
    share = ("--split", "test=0.4")
    for each in ALL:
        assert induced(whole, endpoint(log=whole / "log"), *share, "--step", each).returncode == 0
    for earlier in ALL[: ALL.index(step)]:
        assert induced(tmp_path, endpoint(log=tmp_path / "log"), *share, "--step", earlier).returncode == 0
    url = endpoint(latency=0.05, jitter=0.1, log=tmp_path / "log")
    dice = random.Random(3)
    for _ in range(4):
        process = subprocess.Popen(
            [sys.executable, "-m", "src.strategies", *base(url, *share, "--step", step)],
            cwd=tmp_path,
            env=environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(0.9 + dice.random() / 2)
        process.kill()
        process.communicate()
    for later in (None, "coverage"):
        assert induced(tmp_path, url, *share, *(("--step", later) if later else ())).returncode == 0
    unbroken, paid = (len(read_rows(folder / "log")) for folder in (whole, tmp_path))
    assert unbroken <= paid <= unbroken + 4 * 10
    for made in (LIBRARY, "library.turns.jsonl", "library.coverage.json"):
        assert (tmp_path / made).read_bytes() == (whole / made).read_bytes()


# ---------------------------------------------------------------------------------------------- what stays


def test_more_dialogues_leave_every_old_assignment_and_id_as_it_was(endpoint: Start, tmp_path: Path) -> None:
    many(tmp_path, 40)
    assert induced(tmp_path, endpoint()).returncode == 0
    before, entries = assigned_in(tmp_path), library_of(tmp_path)
    asked = {(row["sample_id"], row["item_id"]) for row in read_rows(Place(tmp_path / LIBRARY).extracted)}
    many(tmp_path, 50)
    assert induced(tmp_path, endpoint(log=tmp_path / "log")).returncode == 0
    after = assigned_in(tmp_path)
    assert {phrase: after[phrase] for phrase in before} == before
    assert entries.keys() <= library_of(tmp_path).keys()
    names = {name: entry["name"] for name, entry in library_of(tmp_path).items()}
    assert all(names[name] == entry["name"] for name, entry in entries.items() if entry["name"])
    questions = [row["messages"][1]["content"] for row in read_rows(tmp_path / "log")]
    assert sum("# Task: strategy" in question for question in questions) == 10 * 3
    assert len(read_rows(Place(tmp_path / LIBRARY).extracted)) == len(asked) + 10 * 3


def test_the_order_in_which_turns_were_read_changes_nothing(endpoint: Start, tmp_path: Path) -> None:
    many(tmp_path, 30)
    url, extracted = endpoint(), Place(tmp_path / LIBRARY).extracted
    assert induced(tmp_path, url).returncode == 0
    library, assigned = (tmp_path / LIBRARY).read_bytes(), assigned_in(tmp_path)
    for path in (tmp_path / LIBRARY, *tmp_path.glob("library.a*")):
        path.unlink()
    write_rows(extracted, [*reversed(read_rows(extracted))])
    assert induced(tmp_path, url).returncode == 0
    assert (assigned_in(tmp_path), (tmp_path / LIBRARY).read_bytes()) == (assigned, library)


def test_what_a_hand_has_changed_the_next_run_keeps(endpoint: Start, tmp_path: Path) -> None:
    many(tmp_path, 40)
    url = endpoint()
    assert induced(tmp_path, url).returncode == 0
    renamed, banned, merged, into, divided = sorted(library_of(tmp_path).values(), key=lambda entry: -entry["support"])[
        :5
    ]
    took = assigned_phrases(tmp_path, divided["id"])[0]

    def change(entry: dict[str, Any]) -> dict[str, Any]:
        edits: dict[str, dict[str, Any]] = {
            renamed["id"]: {"name": "does it my way", "note": "mine"},
            banned["id"]: {"banned": True, "name": "never this"},
            merged["id"]: {"into": into["id"]},
        }
        return entry | edits.get(entry["id"], {})

    new = {"id": "by-hand", "move": divided["move"], "name": "does only this", "takes": [took]}
    edit(tmp_path, change, new)
    many(tmp_path, 50)
    assert induced(tmp_path, url).returncode == 0
    now = library_of(tmp_path)
    assert (now[renamed["id"]]["name"], now[renamed["id"]]["note"]) == ("does it my way", "mine")
    assert now[banned["id"]]["banned"]
    assert (now[merged["id"]]["into"], now[merged["id"]]["support"]) == (into["id"], 0)
    assert now[into["id"]]["support"] >= into["support"] + merged["support"]
    assert (now["by-hand"]["name"], now["by-hand"]["phrases"], now["by-hand"]["takes"]) == ("does only this", 1, [took])
    turns = read_rows(Place(tmp_path / LIBRARY).turns)
    assert not {banned["id"], merged["id"]} & {turn["entry"] for turn in turns}
    assert not any("never this" in turn["candidates"] for turn in turns)


def test_an_edit_while_a_run_goes_on_is_kept(endpoint: Start, tmp_path: Path) -> None:
    many(tmp_path, 20)
    assert induced(tmp_path, endpoint()).returncode == 0
    many(tmp_path, 40)
    first = next(iter(library_of(tmp_path)))
    run = [sys.executable, "-m", "src.strategies", *base(endpoint(latency=1.0, log=tmp_path / "log"))]
    process = subprocess.Popen(run, cwd=tmp_path, env=environment(), stdout=subprocess.DEVNULL)
    while not (tmp_path / "log").exists():
        time.sleep(0.05)
    edit(tmp_path, lambda entry: entry | ({"name": "mine"} if entry["id"] == first else {}))
    assert process.wait() == 0
    assert library_of(tmp_path)[first]["name"] == "mine"
    assert len(read_rows(Place(tmp_path / LIBRARY).extracted)) == 40 * 3


def assigned_phrases(folder: Path, entry: str) -> list[str]:
    return [phrase for (_, phrase), place in assigned_in(folder).items() if place == entry]


# ---------------------------------------------------------------------------------------------- of one meaning

PHRASES, BY_HAND = (ROOT / "tests/strategies" / f"{name}.jsonl" for name in ("phrases", "by_hand"))
"""30 meanings in five wordings each; and what was said to the questions about them, read one by one."""


def extracted_from(phrases: list[tuple[str, str]], folder: Path) -> None:
    """What the first step would have left of these moves and strategies."""
    rows = [
        {"sample_id": number, "item_id": 0, "label": "so", "move": move, "strategy": text, "language": "en"}
        for number, (move, text) in enumerate(phrases)
    ]
    write_rows(Place(folder / LIBRARY).extracted, rows)


def agreement(folder: Path) -> float:
    """How well the clusters fit the meanings: 1 for the same, 0 for what chance would give."""
    metrics = pytest.importorskip("sklearn.metrics")
    found = assigned_in(folder)
    meanings = {(row["move"], text): row["meaning"] for row in read_rows(PHRASES) for text in row["phrases"]}
    return float(metrics.adjusted_mutual_info_score([meanings[each] for each in found], [*found.values()]))


def test_five_wordings_of_thirty_meanings_come_together_by_answers_from_the_prompt_alone(
    serve: Serve, tmp_path: Path
) -> None:
    said = {row["first"]: row["places"] for row in read_rows(BY_HAND)}

    def answer(body: dict[str, Any]) -> str:
        question = body["messages"][1]["content"]
        (first,) = re.findall(r"^<phrases>\n1\. (.*)$", question, re.MULTILINE)
        return json.dumps({"places": [{"number": i, "entry": entry} for i, entry in enumerate(said[first], 1)]})

    url = serve(answer)
    for wordings in (3, 5):  # the last two when the library is there
        phrases = [(row["move"], text) for row in read_rows(PHRASES) for text in row["phrases"][:wordings]]
        extracted_from(phrases, tmp_path)
        assert induced(tmp_path, url, "--step", "cluster").returncode == 0
    assert (len(assigned_in(tmp_path)), len(library_of(tmp_path))) == (150, 30)
    assert agreement(tmp_path) > 0.95


def embedder(folder: Path) -> web.Application:
    """Gives a vector for each text: of its second word, with a little of all else. Notes what it was asked."""

    async def embed(request: web.Request) -> web.Response:
        texts = (await request.json())["input"]
        with (folder / "embedded").open("a") as file:
            file.writelines(f"{text}\n" for text in texts)
        found = [random.Random(text.split()[1]) for text in texts]
        vectors = [[draw.gauss(0, 1) for _ in range(32)] for draw in found]
        for text, vector in zip(texts, vectors, strict=True):
            vector[random.Random(text).randrange(32)] += 0.5
        data = [{"object": "embedding", "index": i, "embedding": vector} for i, vector in enumerate(vectors)]
        usage = {"prompt_tokens": len(texts), "total_tokens": len(texts)}
        return web.json_response({"object": "list", "model": "e", "data": data, "usage": usage})

    app = web.Application()
    app.router.add_post("/v1/embeddings", embed)
    return app


def thing(number: int, kind: int) -> tuple[str, str]:
    return ("deepen", "revise")[kind % 2], f"asks {'abcdefgh'[kind]}{'abcdefgh'[kind]} in manner {number}"


def test_by_vectors_what_was_assigned_stays_and_nothing_is_asked_twice(tmp_path: Path) -> None:
    with served(embedder(tmp_path)) as url:
        by = ("--step", "cluster", "--embeddings-url", url, "--embeddings-model", "e")
        extracted_from([thing(number, number % 6) for number in range(80)], tmp_path)
        assert induced(tmp_path, url, *by).returncode == 0
        before, entries = assigned_in(tmp_path), library_of(tmp_path)
        assert len(entries) == 6
        extracted_from([thing(number, number % 8) for number in range(100)], tmp_path)
        done = induced(tmp_path, url, *by)
        assert done.returncode == 0, done.stderr
        after = assigned_in(tmp_path)
        assert {phrase: after[phrase] for phrase in before} == before
        assert len(library_of(tmp_path)) == 8
        asked = (tmp_path / "embedded").read_text().splitlines()
        assert len(asked) == len({*asked})
        kept = Place(tmp_path / LIBRARY).assigned.read_bytes()
        other = ("--step", "cluster", "--embeddings-url", url, "--embeddings-model", "another")
        told = sentence(induced(tmp_path, url, *other))
        assert "were assigned by vectors of e, and vectors of another would judge by another measure" in told
        assert Place(tmp_path / LIBRARY).assigned.read_bytes() == kept


def test_of_a_large_cluster_forty_members_are_shown_by_their_vectors(endpoint: Start, tmp_path: Path) -> None:
    with served(embedder(tmp_path)) as url:
        by = ("--embeddings-url", url, "--embeddings-model", "e")
        extracted_from([thing(number, 0) for number in range(70)] + [thing(1, 1)], tmp_path)
        assert induced(tmp_path, endpoint(), "--step", "cluster", *by).returncode == 0
        done = induced(tmp_path, endpoint(log=tmp_path / "log"), "--step", "abstract", *by)
    assert done.returncode == 0, done.stderr
    (row,) = read_rows(Place(tmp_path / LIBRARY).abstracted)
    assert len(row["members"]) == len({*row["members"]}) == 40
    assert {entry["phrases"]: bool(entry["name"]) for entry in library_of(tmp_path).values()} == {70: True, 1: False}
    told = induced(tmp_path, endpoint(), "--estimate", *by, "--input", "library.extracted.jsonl")
    assert "assigning strategies" not in told.stdout


def test_vectors_find_the_same_entries_one_by_one_and_all_at_once() -> None:
    draw = np.random.default_rng(1)
    centres = draw.standard_normal((12, 16))
    block = unit(np.array([centres[number % 12] + 0.4 * draw.standard_normal(16) for number in range(300)], np.float32))
    at_once, one_by_one = Leaders(0.7), Leaders(0.7)
    together = at_once.places(block).places
    singly = [one_by_one.places(vector[None]).places[0] for vector in block]
    assert together == singly
    assert 12 <= len(at_once) < 100


# ---------------------------------------------------------------------------------------------- held-out turns

HELD_BACK = ("--split", "test=0.4")
HELD_OUT = [number for number in range(40) if split("test=0.4").of(number) == "test"]
UNHEARD_OF = HELD_OUT[::3]
"""Dialogues whose users do what no other user does."""


MOST_LEARNT = (0, 1)  # one of each move


def kind_of(number: int) -> int:
    return 4 if number in UNHEARD_OF else (0, 1, 2, 3, 0, 1)[number % 6]


def by_kind(body: dict[str, Any]) -> str:
    """A strategy of the dialogue's kind, assigned to what is of the kind as well, and named after it."""
    question = body["messages"][1]["content"]
    phrases = re.findall(r"^\d+\. asks (\w+) in", question, re.MULTILINE)
    if "# Task: strategy" in question:
        (number,) = {*re.findall(r"garden number (\d+)", question)}
        move, strategy = thing(0, kind_of(int(number)))
        return json.dumps(
            {"analysis": "so", "move": move, "strategy": strategy.replace("0", "its own"), "language": "en"}
        )
    if "# Task: assigning" in question:
        entries = {kind: letters for letters, kind in re.findall(r"^([A-Z]+)\. asks (\w+)", question, re.MULTILINE)}
        places = [entries.get(kind, f"asks {kind} always") for kind in phrases]
        return json.dumps({"places": [{"number": i, "entry": entry} for i, entry in enumerate(places, 1)]})
    return json.dumps({"name": f"asks {phrases[0]} always", "when": "at any time", "belongs": ["yes"] * len(phrases)})


def held_out_figures(done: Done) -> list[int]:
    """Strategies that were tried, that follow a named entry, or a lesser reason: the most frequent, other moves."""
    assert done.returncode == 0, done.stderr
    found = re.search(r"(\d+) \(\d+%\) of (\d+) strategies follow named entries", done.stdout)
    lesser = re.search(r"comparison: (\d+) \(\d+%\) follow .*; (\d+) \(\d+%\) were found among", done.stdout)
    assert found, done.stdout
    assert lesser, done.stdout
    return [int(found[2]), int(found[1]), int(lesser[1]), int(lesser[2])]


def test_held_out_turns_are_held_against_the_library_and_leave_it_as_it_was(serve: Serve, tmp_path: Path) -> None:
    asked: list[str] = []

    def noted(body: dict[str, Any]) -> str:
        asked.append(body["messages"][1]["content"])
        return by_kind(body)

    many(tmp_path, 40)
    url, place = serve(noted), Place(tmp_path / LIBRARY)
    assert induced(tmp_path, url, *HELD_BACK).returncode == 0
    made = (place.library, place.extracted, place.assigned, place.turns, dialogues_beside(place.library))
    before = {path: path.read_bytes() for path in made}
    done = induced(tmp_path, url, *HELD_BACK, "--step", "coverage")
    heard = [kind_of(number) for number in HELD_OUT if number not in UNHEARD_OF]
    frequent = [kind for kind in heard if kind in MOST_LEARNT]
    assert 0 < len(frequent) < len(heard) < len(HELD_OUT)
    assert held_out_figures(done) == [3 * len(each) for each in (HELD_OUT, heard, frequent, ())]
    assert before == {path: path.read_bytes() for path in before}
    assert {row["sample_id"] for row in read_rows(place.held_out)} == {*HELD_OUT}
    paid = len(asked)
    assert held_out_figures(induced(tmp_path, url, *HELD_BACK, "--step", "coverage")) == held_out_figures(done)
    assert len(asked) == paid


def test_a_judge_who_finds_everything_anywhere_is_seen_by_the_control(serve: Serve, tmp_path: Path) -> None:
    def answer(body: dict[str, Any]) -> str:
        said = json.loads(by_kind(body))
        for place in said.get("places", ()) if "<library>\nA. " in body["messages"][1]["content"] else ():
            place["entry"] = "A"
        return json.dumps(said)

    many(tmp_path, 40)
    url = serve(answer)
    assert induced(tmp_path, url, *HELD_BACK).returncode == 0
    tried, named, _, others = held_out_figures(induced(tmp_path, url, *HELD_BACK, "--step", "coverage"))
    assert tried == named == others == 3 * len(HELD_OUT)


def test_coverage_is_measured_anew_where_the_library_has_changed(serve: Serve, tmp_path: Path) -> None:
    many(tmp_path, 40)
    url, coverage = serve(by_kind), (*HELD_BACK, "--step", "coverage")
    assert induced(tmp_path, url, *HELD_BACK).returncode == 0
    _, named, _, _ = held_out_figures(induced(tmp_path, url, *coverage))
    edit(tmp_path, lambda entry: entry | {"banned": entry["name"] == "asks aa always"})
    assert "held out       measured before the library changed" in induced(tmp_path, url, *HELD_BACK).stdout
    _, fewer, _, _ = held_out_figures(induced(tmp_path, url, *coverage))
    assert fewer < named


def test_coverage_by_vectors_asks_no_model_about_entries(serve: Serve, tmp_path: Path) -> None:
    many(tmp_path, 40)
    with served(embedder(tmp_path)) as vectors:
        by = (*HELD_BACK, "--embeddings-url", vectors, "--embeddings-model", "e")
        url = serve(by_kind)
        assert induced(tmp_path, url, *by).returncode == 0
        tried, named, _, others = held_out_figures(induced(tmp_path, url, *by, "--step", "coverage"))
    assert (tried, named, others) == (3 * len(HELD_OUT), 3 * (len(HELD_OUT) - len(UNHEARD_OF)), 0)
    texts = (tmp_path / "embedded").read_text().splitlines()
    assert len(texts) == len({*texts})


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "add the --split that the library was made with"),
        (HELD_BACK, "Library library.jsonl has no entry yet: make it first"),
        ((*HELD_BACK, "--estimate"), "Library library.jsonl does not exist"),
    ],
)
def test_coverage_of_nothing_is_told(endpoint: Start, tmp_path: Path, arguments: tuple[str, ...], told: str) -> None:
    many(tmp_path, 12)
    url = endpoint(log=tmp_path / "log")
    assert told in sentence(induced(tmp_path, url, "--step", "coverage", *arguments))
    assert not (tmp_path / "log").exists()


# ---------------------------------------------------------------------------------------------- fit for a library


@pytest.mark.parametrize(
    ("strategy", "found"),
    [
        ("asks for a worked example after a general definition", []),
        ("asks for the timetable of the ferry", ["timetable", "ferry"]),
        ("wants the plan for Lisbon made cheaper", ["lisbon", "cheaper"]),
        ("gives 45 as an upper limit", ["45"]),
        ("narrows the recommendation by adding a personal constraint", []),
        ("rejects the suggested option and names a competing requirement of another person", []),
    ],
)
def test_what_a_strategy_has_from_its_dialogue_is_found(strategy: str, found: list[str]) -> None:
    said = "We go to Lisbon, what is the ferry's timetable? My mother needs a cheaper plan, at most 45 euros."
    assert [*particulars(strategy, said)] == found


def test_a_strategy_with_a_name_is_sent_back_and_left_out_if_it_stays(serve: Serve, tmp_path: Path) -> None:
    asked: list[str] = []

    def answer(body: dict[str, Any]) -> str:
        question = body["messages"][1]["content"]
        reply = answer_to(question)
        if "# Task: strategy" in question:
            asked.append(body["messages"][-1]["content"])
            stays = "garden number 1?" in question
            mended = len(body["messages"]) > 2 and not stays
            reply |= {"move": "deepen", "strategy": "asks for a plan" if mended else "asks for more roses"}
        return json.dumps(reply)

    many(tmp_path, 6)
    done = induced(tmp_path, serve(answer), "--smallest", "2", "--step", "extract")
    assert done.returncode == 0
    assert any('the strategy has "roses" from this dialogue' in question for question in asked)
    rows = read_rows(Place(tmp_path / LIBRARY).extracted)
    assert {row["sample_id"] for row in rows if "faults" in row} == {1}
    assert "replies        strategy:" in done.stdout


def test_of_a_large_cluster_the_middle_and_the_edges_are_shown() -> None:
    middle = [f"asks for an example of the {word} thing" for word in ("same", "first", "last", "other", "next") * 12]
    edges = ["doubts it", "wants it shorter", "objects"]
    shown = telling([*middle, *edges], most=10)
    assert {*edges} <= {*shown}
    assert len(shown) == 10


# ---------------------------------------------------------------------------------------------- in synthesis


@pytest.fixture
def library(endpoint: Start, tmp_path: Path) -> Path:
    """A folder with a library of forty dialogues and others in `in.jsonl`."""
    many(tmp_path, 40)
    assert induced(tmp_path, endpoint()).returncode == 0
    many(tmp_path, 46, first=40)
    return tmp_path


def test_the_record_says_what_was_offered_chosen_and_followed(endpoint: Start, library: Path) -> None:
    done = synthesis(library, endpoint(log=library / "log"), "--strategies", LIBRARY)
    assert done.returncode == 0, done.stderr
    names = {entry["id"]: entry["name"] for entry in read_rows(library / LIBRARY) if entry["name"]}
    asked = [row["messages"][1]["content"] for row in read_rows(library / "log")]
    insights = [question for question in asked if "# Task: insight" in question]
    for record in read_rows(library / "out.jsonl"):
        told = record["strategies"]
        assert {*told["offered"]} == names.keys()
        assert 0 < len(told["chosen"]) <= 3
        assert {*told["followed"]} - {None} <= {*told["chosen"]}
        (question,) = (each for each in insights if record["chat_history"] in each)
        given = question.partition("# Task: insight under strategies")[2]
        assert all(names[name] in given for name in told["chosen"])
        assert not any(name in question.partition("# Task: ")[0] for name in names.values())
    assert sum("# Task: choice of strategies" in question for question in asked) == len(insights) == 6


def test_stages_with_strategies_share_their_beginning_with_the_others(endpoint: Start, library: Path) -> None:
    assert synthesis(library, endpoint(log=library / "log"), "--strategies", LIBRARY).returncode == 0
    asked = [row["messages"] for row in read_rows(library / "log")]
    beginnings: dict[str, set[str]] = {}
    for system, user, *_ in asked:
        beginning, _, rest = user["content"].partition("# Task: ")
        beginnings.setdefault(rest.partition("\n")[0], set()).add(system["content"] + beginning)
    assert beginnings["choice of strategies"] == beginnings["insight under strategies"] == beginnings["truth path"]


def test_without_a_library_every_byte_is_as_it_was(endpoint: Start, library: Path) -> None:
    url = endpoint(log=library / "log")
    assert synthesis(library, url).returncode == 0
    assert not any(
        "strateg" in row["messages"][1]["content"].partition("# Task: ")[2] for row in read_rows(library / "log")
    )
    (record, *_) = read_rows(library / "out.jsonl")
    assert not {"strategies", "library"} & record.keys()
    assert record["prompts"] == digest(STAGES)
    kept = (library / "out.jsonl").read_bytes()
    refused = synthesis(library, url, "--strategies", LIBRARY)
    assert "was made with other settings: prompts was" in sentence(refused)
    assert (library / "out.jsonl").read_bytes() == kept


def test_no_stage_sees_what_was_learnt_from_its_own_dialogue(endpoint: Start, library: Path) -> None:
    many(library, 46, first=30)
    done = synthesis(library, endpoint(), "--strategies", LIBRARY)
    assert "passed over    10: dialogue that the strategies come from (--strategies)" in done.stdout
    assert {record["sample_id"] for record in read_rows(library / "out.jsonl")} == {*range(40, 46)}
    shown = synthesis(library, endpoint(), "--strategies", LIBRARY, "--show", 100, output="other.jsonl")
    assert {int(name) for name in re.findall(r"^=== sample \d+: id (\d+),", shown.stdout, re.MULTILINE)} == {
        *range(40, 46)
    }


def test_where_nothing_fits_the_draft_is_made_as_without_a_library(serve: Serve, library: Path) -> None:
    asked: list[str] = []

    def answer(body: dict[str, Any]) -> str:
        question = body["messages"][1]["content"]
        asked.append(question.partition("# Task: ")[2].partition("\n")[0])
        return json.dumps(answer_to(question) | ({"chosen": []} if asked[-1] == "choice of strategies" else {}))

    assert synthesis(library, serve(answer), "--strategies", LIBRARY).returncode == 0
    assert asked.count("insight") == asked.count("choice of strategies") == 6
    told = [record["strategies"] for record in read_rows(library / "out.jsonl")]
    assert all((each["chosen"], each["followed"]) == ([], [None] * 4) for each in told)


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ([], "Library lib.jsonl is empty"),
        (
            [{"id": "a", "move": "turn", "name": "x", "banned": True}],
            "has no entry that is named, not banned and not merged",
        ),
        (None, "Library lib.jsonl cannot be read"),
        ([{"id": "a", "move": "turn", "name": "x"}], "Library lib.jsonl does not tell its dialogues"),
    ],
)
def test_a_library_that_offers_nothing_is_told(
    endpoint: Start, tmp_path: Path, lines: list[Any] | None, told: str
) -> None:
    many(tmp_path, 3)
    if lines is not None:
        write_rows(tmp_path / "lib.jsonl", lines)
    assert told in sentence(synthesis(tmp_path, endpoint(), "--strategies", "lib.jsonl"))


def test_an_estimate_counts_the_choice_and_the_library(endpoint: Start, library: Path) -> None:
    plain, steered = (
        synthesis(library, endpoint(), "--estimate", *more).stdout for more in ((), ("--strategies", LIBRARY))
    )
    assert "choice of strategies" in steered
    assert "choice of strategies" not in plain
    calls = [int(re.findall(r"^close +(\d+)", text, re.MULTILINE)[0]) for text in (plain, steered)]
    assert calls == [6 * 8, 6 * 9]
    many(library, 43)
    learnt = synthesis(library, endpoint(), "--estimate", "--strategies", LIBRARY).stdout
    assert "samples        3 to be made" in learnt
    assert "passed over    40: dialogue that the strategies come from (--strategies)" in learnt


def test_the_report_shows_a_library_with_what_was_chosen_and_followed(endpoint: Start, library: Path) -> None:
    assert synthesis(library, endpoint(), "--strategies", LIBRARY).returncode == 0
    shown = ("--input", "out.jsonl", "--output", "page.html")
    assert command("report", *shown, "--strategies", LIBRARY, folder=library).returncode == 0
    page = (library / "page.html").read_text()
    largest = max(library_of(library).values(), key=lambda entry: entry["support"])
    assert f"{largest['move']}: {largest['name']}" in page
    assert largest["examples"][0]["turn"] in page
    assert "strategies follow named entries" not in page
    Place(library / LIBRARY).coverage.write_text(
        Coverage(library=state_of(read_library(library / LIBRARY)), strategies=9, named=6).model_dump_json()
    )
    assert command("report", *shown, "--strategies", LIBRARY, folder=library).returncode == 0
    assert "6 (67%) of 9 strategies follow named entries" in (library / "page.html").read_text()
    assert re.search(r"6 pairs were drafted under strategies; \d+ \(\d+%\) of their predictions follow one", page)
    chosen = read_rows(library / "out.jsonl")[0]["strategies"]["chosen"][0]
    assert command("report", *shown, folder=library).returncode == 0  # without the library, by their ids
    assert chosen in (library / "page.html").read_text()


def test_five_arms_are_compared_on_dialogues_that_the_library_does_not_come_from(
    endpoint: Start, library: Path
) -> None:
    base = ("--base-url", endpoint(), "--model", "m", "--api-key-env", "", "--strategies", LIBRARY)
    arguments = (*base, "--turns", "all", "--input", "in.jsonl", "--output", "arms.jsonl")
    out = io.StringIO()
    with contextlib.chdir(library), contextlib.redirect_stdout(out):
        assert arms.main([*map(str, arguments)]) == 0
    rows = read_rows(library / "arms.jsonl")
    assert len(rows) == 6 * 3
    assert re.search(r"true strategy in the library +\d+ of 18", out.getvalue())
    for name in arms.ARMS:
        predicted = read_rows(library / f"arms.{name}.jsonl")
        assert len(predicted) == len(rows)
        assert all(len(row["predictions"]) == 4 for row in predicted)
    spent = {name: sum(row["arms"][name]["usage"]["total_tokens"] for row in rows) for name in arms.ARMS}
    assert spent["plain"] < spent["random"] < spent["own"] < spent["chosen"]
    files = [f"arms.{name}.jsonl" for name in arms.ARMS]
    done = command("evaluate", "--predictions", *files, "--output", "evaluated", folder=library)
    assert done.returncode == 0, done.stderr


def test_the_rehearsal_makes_a_library_and_pairs_of_other_dialogues_under_it(tmp_path: Path) -> None:
    paid = {
        "PROUTT_EMBEDDINGS_URL": "http://127.0.0.1:9/v1",
        "PROUTT_EMBEDDINGS_MODEL": "e",
    }  # for whom no key is asked
    for _ in range(2):  # again, over what it left
        done = command("rehearsal", "--strategies", folder=tmp_path, **paid)
        assert done.returncode == 0, done.stderr
    folder = tmp_path / "data/rehearsal"
    names = {entry["id"] for entry in read_rows(folder / LIBRARY) if entry["name"]}
    learnt = {row["sample_id"] for row in read_rows(folder / "library.extracted.jsonl")}
    steered = read_rows(folder / "steered.jsonl")
    assert steered
    assert all({*row["strategies"]["chosen"]} < names and row["rehearsal"] for row in steered)
    assert not learnt & {row["sample_id"] for row in steered}


def test_the_rehearsal_leaves_a_library_alone_that_was_not_rehearsed(library: Path) -> None:
    real, folder = (library / LIBRARY).read_bytes(), library / "data/rehearsal"
    folder.mkdir(parents=True)
    (folder / LIBRARY).write_bytes(real)
    assert "library.jsonl was not made by src.rehearsal" in sentence(
        command("rehearsal", "--strategies", folder=library)
    )
    assert [path.name for path in folder.iterdir()] == [LIBRARY]
    assert (folder / LIBRARY).read_bytes() == real


# ---------------------------------------------------------------------------------------------- a user simulator


def test_turns_become_rows_from_which_a_user_simulator_learns(library: Path) -> None:
    turns = read_rows(Place(library / LIBRARY).turns)
    base = ("--mode", "sft", "--template", "user", "--input", "library.turns.jsonl", "--format", "trl")
    done = command("postprocess", *base, "--output", "user.jsonl", folder=library)
    assert done.returncode == 0, done.stderr
    rows = read_rows(library / "user.jsonl")
    assert len(rows) == len(turns)
    by_turn = {turn["chat_history"]: turn for turn in turns}
    places = set()
    for row in rows:
        question, answer = row["prompt"][0]["content"], row["completion"][0]["content"]
        turn = by_turn[question.partition("<dialogue>\n")[2].partition("\n</dialogue>")[0]]
        offered = re.findall(r"^- (.*)$", question.partition("<strategies>")[2], re.MULTILINE)
        assert answer == f"<strategy>{turn['name']}</strategy>\n<turn>{turn['label']}</turn>"
        places.add(offered.index(turn["name"]))
    assert len(places) > 3  # the true one stands anywhere
    write_rows(library / "library.turns.jsonl", [*reversed(turns)])
    assert command("postprocess", *base, "--output", "again.jsonl", folder=library).returncode == 0
    assert (library / "again.jsonl").read_bytes() == (library / "user.jsonl").read_bytes()
    split = command("postprocess", *base, "--output", "s.jsonl", "--split", "test=0.3", folder=library)
    assert "s_test.jsonl" in split.stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--mode", "pref", "--template", "user"), "add --mode sft"),
        (("--mode", "sft", "--template", "user"), "takes the turns of python -m src.strategies"),
        (("--mode", "sft", "--template", "user", "--input", "none"), "make turns first with python -m src.strategies"),
    ],
)
def test_what_gives_no_row_of_a_user_is_told(tmp_path: Path, arguments: tuple[str, ...], told: str) -> None:
    write_rows(tmp_path / "in.jsonl", [dialogue(1)])
    done = command("postprocess", "--input", "in.jsonl", "--output", "o.jsonl", *arguments, folder=tmp_path)
    assert told in sentence(done)


# ---------------------------------------------------------------------------------------------- bad input


def sentence(done: Done) -> str:
    """What the user is told, which is one line."""
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    return done.stderr.strip().splitlines()[-1]


def test_dialogues_without_a_user_turn_are_told(endpoint: Start, tmp_path: Path) -> None:
    write_rows(tmp_path / "in.jsonl", [{"id": 1, "conversation": [{"role": "user", "content": "hello"}]}])
    assert "None of the dialogues in in.jsonl can be used (1: no user turn after an assistant turn)" in sentence(
        induced(tmp_path, endpoint())
    )


def test_one_strategy_is_no_library_and_what_was_paid_for_is_kept(endpoint: Start, tmp_path: Path) -> None:
    write_rows(tmp_path / "in.jsonl", [dialogue(1, rounds=2)])
    assert "only one strategy from 1 turns" in sentence(induced(tmp_path, endpoint()))
    many(tmp_path, 6)
    assert induced(tmp_path, endpoint(log=tmp_path / "log")).returncode == 0
    assert len(read_rows(Place(tmp_path / LIBRARY).extracted)) == 6 * 3


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (
            '{"id": "a", "move": "deepen"}\n{"id": "a", "move": "turn"}',
            "line 2 has the id 'a' of an earlier line again",
        ),
        ('{"id": "a", "move": "deepen", "into": "b"}', "'a' goes into 'b', which is no id here"),
        (
            '{"id": "a", "move": "turn", "into": "b"}\n{"id": "b", "move": "turn", "into": "a"}',
            "'a' goes into itself by way of 'a'",
        ),
        (
            '{"id": "a", "move": "turn", "takes": ["x y"]}\n{"id": "b", "move": "turn", "takes": ["X y."]}',
            "'b' and 'a' both take \"X y.\"",
        ),
        ('{"id": "a", "move": "deepen"}\nnot json', "line 2 is not JSON"),
        ('{"id": "a", "move": "deepen"}\n{"id": "b", "move": "flies"}', 'line 2 is no entry of a library ("move"'),
    ],
)
def test_a_library_that_a_hand_has_spoilt_is_told_by_its_line_and_left_alone(
    endpoint: Start, tmp_path: Path, lines: str, told: str
) -> None:
    many(tmp_path, 3)
    (tmp_path / LIBRARY).write_text(lines + "\n")
    assert told in sentence(induced(tmp_path, endpoint()))
    assert (tmp_path / LIBRARY).read_text() == lines + "\n"


def test_a_library_is_not_gone_on_with_by_another_model_unless_that_is_wished(endpoint: Start, tmp_path: Path) -> None:
    many(tmp_path, 12)
    url = endpoint()
    assert induced(tmp_path, url).returncode == 0
    kept = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.suffix == ".jsonl"}
    told = sentence(induced(tmp_path, url, "--model", "another"))
    assert "model was m and is now another. Give another --library, or --accept-changes" in told
    assert kept == {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.suffix == ".jsonl"}
    assert induced(tmp_path, url, "--model", "another", "--accept-changes").returncode == 0


def test_a_file_that_is_no_library_is_left_alone(endpoint: Start, tmp_path: Path) -> None:
    many(tmp_path, 3)
    (tmp_path / LIBRARY).write_text("my notes\n")
    assert "was not made by src.strategies" in sentence(induced(tmp_path, endpoint()))
    assert (tmp_path / LIBRARY).read_text() == "my notes\n"


# ---------------------------------------------------------------------------------------------- in made dialogues


def made_under(library: Path, url: str, *arguments: object, output: str = "made.jsonl") -> Done:
    """Dialogues of topics whose user follows the library."""
    (library / "topics.txt").write_text("cheap dinners\na leaking tap\nlearning to swim\n")
    base = ("--base-url", url, "--model", "m", "--api-key-env", "", "--seeds", "topics.txt", "--output", output)
    more = ("--near-duplicates", 0, "--friction", 0, "--strategies", LIBRARY)
    return command("converse", *base, *more, *arguments, folder=library)


def talker(findings: Callable[[int], str]) -> Callable[[dict[str, Any]], str]:
    """Answers at every seat; turns are told apart by their number, and reviews by a function of theirs."""
    counts = {"review": 0, "turn": 0}

    def answer(body: dict[str, Any]) -> str:
        question = body["messages"][1]["content"]
        if "# Task: review of a user turn" in question:
            counts["review"] += 1
            return json.dumps({"reasoning": "so it is", "finding": findings(counts["review"])})
        if "\nReply format:\n" in question:
            return json.dumps(answer_to(question))
        counts["turn"] += 1
        return f"turn number {counts['turn']} of its own"

    return answer


def test_the_user_of_made_dialogues_follows_a_strategy_in_each_turn(serve: Serve, library: Path) -> None:
    asked: list[str] = []
    answer = talker(lambda _: "new")

    def noted(body: dict[str, Any]) -> str:
        asked.append(body["messages"][1]["content"])
        return answer(body)

    done = made_under(library, serve(noted), "--count", 3)
    assert done.returncode == 0, done.stderr
    names = {entry["id"]: entry["name"] for entry in read_rows(library / LIBRARY)}
    followed = 0
    for row in read_rows(library / "made.jsonl"):
        said = [turn["content"] for turn in row["conversation"] if turn["role"] == "user"]
        first, *later = row["made"]["card"]["strategies"]
        assert first is None
        assert len(later) == len(said) - 1
        assert all(later)
        for name in later:
            assert any(f"In this message the person {names[name]}." in question for question in asked)
        followed += len(later)
    assert followed > 3


def test_turns_that_add_nothing_are_rejected_and_six_of_them_end_the_dialogue(serve: Serve, library: Path) -> None:
    write_rows(library / "long.jsonl", [dialogue(1, rounds=9)])
    findings = lambda number: "new" if number == 2 else ("answered", "contradictory", "repeated")[number % 3]  # noqa: E731
    done = made_under(library, serve(talker(findings)), "--count", 1, "--lengths-of", "long.jsonl")
    assert done.returncode == 0, done.stderr
    (row,) = read_rows(library / "made.jsonl")
    made = row["made"]
    assert (made["ending"], len(made["card"]["rejected"]), len(made["card"]["strategies"])) == ("nothing new", 6, 2)
    said = [turn["content"] for turn in row["conversation"] if turn["role"] == "user"]
    assert len(said) == 2
    assert not {*said} & {*made["card"]["rejected"]}


def test_without_a_library_made_dialogues_are_as_before(serve: Serve, library: Path) -> None:
    base = ("--base-url", serve(talker(lambda _: "new")), "--model", "m", "--api-key-env", "")
    (library / "topics.txt").write_text("cheap dinners\n")
    plain = ("--seeds", "topics.txt", "--count", 1, "--output", "plain.jsonl")
    assert command("converse", *base, *plain, folder=library).returncode == 0
    (row,) = read_rows(library / "plain.jsonl")
    assert not {"library", "steering"} & row["made"].keys()
    assert not {"strategies", "rejected"} & row["made"]["card"].keys()
    refused = made_under(library, "http://127.0.0.1:9/v1", "--recipe", "script")
    assert "--strategies is for --recipe selfplay" in sentence(refused)
