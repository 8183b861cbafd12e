"""Made dialogues: in the shape that synthesis reads, the same however they were made, and nobody told too much."""

import asyncio
import json
import re
import signal
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from src.methods.recipes.kit.draws import USER_TURNS, Draw, Wishes
from src.methods.recipes.kit.habits import openings_like, typing_of
from src.methods.recipes.kit.pages import LONGEST_PART, text_of_html
from src.methods.recipes.kit.people import OTHER_OPENINGS, traits
from src.methods.recipes.kit.script import steps_of
from src.methods.recipes.kit.seeds import seeds_of
from src.methods.recipes.kit.signs import says_again
from src.rehearsing.serving import served

from .conftest import ROOT, Done, Serve, command, environment, read_rows, synthesis, write_rows

Start = Callable[..., str]
TOPICS = ("cheap dinners for a week", "a leaking tap", "learning to swim late", "naming a cat", "first day in Oslo")
CARD = {
    "who": "Zora Quill, a glazier",
    "goal": "wants the tap mended",
    "known": ["the tap is a Brenwick 90", "it drips since Monday"],
    "hidden": "broke it with a spanner",
    "enough": "knows which part to buy",
}


SEEDS = ROOT / "data/seeds"
OF_RECIPES = {
    "selfplay": SEEDS / "topics.txt",
    "script": SEEDS / "topics.txt",
    "document": SEEDS / "help.html",
    "plan": SEEDS / "tools.json",
    "mirror": ROOT / "data/raw/demo.jsonl",
    "rewrite": ROOT / "data/raw/demo.jsonl",
    "extend": SEEDS / "pairs.jsonl",
}


def seeds(folder: Path, topics: tuple[str, ...] = TOPICS) -> None:
    (folder / "topics.txt").write_text("\n".join(topics) + "\n", encoding="utf-8")


def converse(folder: Path, url: str, *arguments: object, output: str = "made.jsonl") -> Done:
    """Make dialogues of topics in a folder, by an endpoint that needs no key; with the likeness of canned turns."""
    base = ("--base-url", url, "--model", "m", "--api-key-env", "", "--output", output, "--near-duplicates", 0)
    given = arguments if "--seeds" in arguments else ("--seeds", "topics.txt", *arguments)
    return command("converse", *base, *given, folder=folder)


def made_by(recipe: str, folder: Path, url: str, *arguments: object) -> list[Any]:
    """What a recipe makes of the example seeds."""
    done = converse(folder, url, "--recipe", recipe, "--seeds", OF_RECIPES[recipe], *arguments)
    assert done.returncode == 0, done.stderr
    return read_rows(folder / "made.jsonl")


def asked(body: dict[str, Any]) -> str:
    """The words of a request's last message."""
    return str(body["messages"][-1]["content"])


def seat_of(body: dict[str, Any]) -> str:
    """Who is asked, by what is asked for."""
    first = body["messages"][1]["content"]
    if "\nReply format:\n" in first:
        return "writer"
    return "user" if "\n# Task: user turn\n" in first else "assistant"


def talkers(**said: Callable[[int, dict[str, Any]], str]) -> Callable[[dict[str, Any]], str]:
    """Answers as the card above, and in turns that a function of their number makes."""
    counts = dict.fromkeys(("user", "assistant"), 0)

    def answer(body: dict[str, Any]) -> str:
        if (seat := seat_of(body)) == "writer":
            return json.dumps(CARD)
        counts[seat] += 1
        return said[seat](counts[seat], body) if seat in said else f"{seat} turn number {counts[seat]}, of its own"

    return answer


# ---------------------------------------------------------------------------------------------- what comes out


def test_made_dialogues_are_what_synthesis_reads_and_say_how_they_came_about(endpoint: Start, tmp_path: Path) -> None:
    seeds(tmp_path)
    url = endpoint()
    done = converse(tmp_path, url, "--count", 12)
    assert done.returncode == 0, done.stderr
    rows = read_rows(tmp_path / "made.jsonl")
    assert len(rows) == len({row["id"] for row in rows}) == 12
    for row in rows:
        assert [*row] == ["id", "conversation", "made"]
        roles = [turn["role"] for turn in row["conversation"]]
        assert roles == ["user", "assistant"] * (len(roles) // 2) + ["user"] * (len(roles) % 2)
        needed = {"recipe", "seed_id", "group", "card", "ending", "checks", "models", "seed", "prompts", "usage"}
        assert needed <= row["made"].keys()
        assert row["made"]["rehearsal"]
    assert len({row["made"]["group"] for row in rows}) == len(TOPICS)
    assert synthesis(tmp_path, url, input="made.jsonl").returncode == 0
    records = read_rows(tmp_path / "out.jsonl")
    made = {row["id"]: row["made"] for row in rows}
    assert records
    assert all(record["made"] == made[record["sample_id"]] for record in records)


def test_twins_are_never_on_both_sides_of_a_split(endpoint: Start, tmp_path: Path) -> None:
    seeds(tmp_path)
    url = endpoint()
    converse(tmp_path, url, "--count", 40)
    synthesis(tmp_path, url, input="made.jsonl")
    done = command("postprocess", "--input", "out.jsonl", "--mode", "sft", "--split", "test=0.5", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    group = {record["chat_history"]: record["made"]["group"] for record in read_rows(tmp_path / "out.jsonl")}
    sides = {}
    for name in ("train", "test"):
        (path,) = (tmp_path / "data/processed").glob(f"*{name}.json")
        texts = [row["messages"][0]["content"] for row in json.loads(path.read_text())]
        sides[name] = {group[history] for history in group if any(history in text for text in texts)}
    assert sides["train"]
    assert sides["test"]
    assert not sides["train"] & sides["test"]


@pytest.mark.parametrize("recipe", OF_RECIPES)
def test_the_same_bytes_come_out_at_any_concurrency(endpoint: Start, tmp_path: Path, recipe: str) -> None:
    url = endpoint(latency=0.002, jitter=0.02)
    for name, concurrency in (("one.jsonl", 1), ("many.jsonl", 32)):
        (tmp_path / name).mkdir()
        made_by(recipe, tmp_path / name, url, "--count", 10, "--max-concurrency", concurrency)
    one, many = ((tmp_path / name / "made.jsonl").read_bytes() for name in ("one.jsonl", "many.jsonl"))
    assert one == many


def test_a_larger_count_adds_and_changes_nothing(endpoint: Start, tmp_path: Path) -> None:
    seeds(tmp_path)
    url = endpoint()
    converse(tmp_path, url, "--count", 4)
    before = (tmp_path / "made.jsonl").read_bytes()
    done = converse(tmp_path, url, "--count", 11)
    assert "made before    4" in done.stdout
    assert (tmp_path / "made.jsonl").read_bytes().startswith(before)
    assert len(read_rows(tmp_path / "made.jsonl")) == 11
    converse(tmp_path, url, "--count", 11, output="at-once.jsonl")
    assert (tmp_path / "at-once.jsonl").read_bytes() == (tmp_path / "made.jsonl").read_bytes()


@pytest.mark.parametrize("recipe", OF_RECIPES)
def test_a_killed_run_goes_on_without_paying_twice_and_ends_as_if_it_had_never_been(
    endpoint: Start, tmp_path: Path, recipe: str
) -> None:
    log = tmp_path / "asked.jsonl"
    url = endpoint(latency=0.02, jitter=0.03, log=log)
    base = ["--base-url", url, "--model", "m", "--api-key-env", "", "--output", "made.jsonl", "--max-concurrency", "2"]
    seeds = ["--recipe", recipe, "--seeds", str(OF_RECIPES[recipe]), "--count", "12", "--near-duplicates", "0"]
    for kill in (True, True, False):
        before = len(read_rows(log))
        process = subprocess.Popen(
            [sys.executable, "-m", "src.converse", *base, *seeds],
            cwd=tmp_path,
            env=environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        while kill and process.poll() is None and len(read_rows(log)) < before + 4:
            time.sleep(0.02)
        if kill:
            assert process.poll() is None
            process.send_signal(signal.SIGKILL)
        process.wait()
    assert process.returncode == 0
    paid = len(read_rows(log))
    (tmp_path / "whole").mkdir()
    made_by(recipe, tmp_path / "whole", url, "--count", 12)
    assert (tmp_path / "whole/made.jsonl").read_bytes() == (tmp_path / "made.jsonl").read_bytes()
    assert paid <= (len(read_rows(log)) - paid) + 2 * 2  # what was in flight when it was killed


# ---------------------------------------------------------------------------------------------- who sees what


def test_the_assistant_sees_the_dialogue_and_nothing_of_the_card(serve: Serve, tmp_path: Path) -> None:
    bodies: dict[str, list[dict[str, Any]]] = {"main": [], "user": []}

    def of(server: str) -> str:
        answer = talkers()

        def recorded(body: dict[str, Any]) -> str:
            bodies[server].append(body)
            return answer(body)

        return serve(recorded)

    seeds(tmp_path)
    main, user = of("main"), of("user")
    done = converse(tmp_path, main, "--count", 6, "--user-model", "u", "--user-base-url", user, "--user-temperature", 1)
    assert done.returncode == 0, done.stderr
    assert {(seat_of(body), body["model"], body.get("temperature")) for body in bodies["user"]} == {("user", "u", 1)}
    assert {seat_of(body) for body in bodies["main"]} == {"writer", "assistant"}
    replies = [json.dumps(body) for body in bodies["main"] if seat_of(body) == "assistant"]
    secret = [*CARD["known"], CARD["who"], CARD["goal"], CARD["hidden"], CARD["enough"], "in the forties", "lower case"]
    assert replies
    assert not [(word, reply) for word in secret for reply in replies if str(word) in reply]
    assert all("Brenwick 90" in asked(body) for body in bodies["user"])
    assert {row["made"]["models"]["user"] for row in read_rows(tmp_path / "made.jsonl")} == {"u"}


@pytest.mark.parametrize("recipe", ["document", "mirror", "extend"])
def test_a_seat_sees_neither_the_other_ones_knowledge_nor_a_private_dialogue(
    endpoint: Start, tmp_path: Path, recipe: str
) -> None:
    main, user = tmp_path / "main.jsonl", tmp_path / "user.jsonl"
    second = ("--user-model", "u", "--user-base-url", endpoint(log=user))
    rows = made_by(recipe, tmp_path, endpoint(log=main), "--count", 4, *second)
    assert {seat_of(body) for body in read_rows(user)} == {"user"}
    of_user = [str(body["messages"]) for body in read_rows(user)]
    of_assistant = [str(body["messages"]) for body in read_rows(main) if seat_of(body) == "assistant"]
    assert of_assistant
    for card in (row["made"]["card"] for row in rows):
        facts = [text for fact in card.pop("facts", ()) for text in fact.values()]
        said = card.pop("has typed so far", "")
        person = [value for value in card.values() if isinstance(value, str) and " " in value and value not in said]
        assert len(person) > 3
        assert bool(facts) == (recipe == "document")
        assert all(any(value in asked for asked in of_user) for value in person)
        assert all(any(fact in asked for asked in of_assistant) for fact in facts[::2])  # the fact, and not its quote
        assert not [(value, asked) for value in person for asked in of_assistant if value in asked]
        assert not [(fact, asked) for fact in facts for asked in of_user if fact in asked]
    if recipe == "mirror":
        real = [turn["content"] for row in read_rows(OF_RECIPES[recipe]) for turn in row["conversation"]]
        assert not [
            (turn, asked) for turn in real for asked in of_user + of_assistant if len(turn) > 40 and turn in asked
        ]


def test_a_limit_of_tokens_holds_for_turns_as_well(endpoint: Start, tmp_path: Path) -> None:
    log = tmp_path / "asked.jsonl"
    made_by("selfplay", tmp_path, endpoint(log=log), "--count", 2, "--max-tokens", 300)
    assert {(seat_of(body), body["max_tokens"]) for body in read_rows(log)} == {
        ("writer", 300),
        ("user", 300),
        ("assistant", 300),
    }


def test_a_seed_with_a_goal_is_a_card_already(serve: Serve, tmp_path: Path) -> None:
    asked_of: list[str] = []
    answer = talkers()

    def recorded(body: dict[str, Any]) -> str:
        asked_of.append(seat_of(body))
        return answer(body)

    done = converse(tmp_path, serve(recorded), "--seeds", SEEDS / "profiles.jsonl", "--count", 3)
    assert done.returncode == 0, done.stderr
    assert {*asked_of} == {"user", "assistant"}
    cards = [row["made"]["card"] for row in read_rows(tmp_path / "made.jsonl")]
    assert [card["goal"] for card in cards] == [row["goal"] for row in read_rows(SEEDS / "profiles.jsonl")]
    assert (cards[1]["mood"], cards[2]["age"]) == ("exhausted", "71")


def test_a_user_model_that_was_trained_as_one_has_the_chat_with_changed_roles(serve: Serve, tmp_path: Path) -> None:
    chats: list[list[dict[str, str]]] = []

    def user(body: dict[str, Any]) -> str:
        chats.append(body["messages"])
        return "<|endconversation|>" if len(chats) == 3 else f"my message number {len(chats)}"

    seeds(tmp_path)
    given = ("--user-base-url", serve(user), "--user-form", "chat", "--friction", 0, "--lengths-of", "long.jsonl")
    texts = [{"role": role, "content": f"{role} {place}"} for place in range(5) for role in ("user", "assistant")]
    write_rows(tmp_path / "long.jsonl", [{"id": 1, "conversation": texts}])
    done = converse(tmp_path, serve(talkers()), "--count", 1, *given)
    assert done.returncode == 0, done.stderr
    assert [message["role"] for message in chats[2]] == ["system", "assistant", "user", "assistant", "user"]
    assert chats[2][1]["content"] == "my message number 1"
    (row,) = read_rows(tmp_path / "made.jsonl")
    assert (row["made"]["ending"], len(row["conversation"])) == ("done", 4)


def test_each_seat_is_billed_at_its_own_prices_and_the_budget_is_one(serve: Serve, tmp_path: Path) -> None:
    seeds(tmp_path)
    url, user = serve(talkers()), serve(talkers())
    prices = ("--price-in", 1, "--price-out", 1, "--user-price-in", 1000, "--user-price-out", 1000)
    given = ("--count", 3, "--user-model", "u", "--user-base-url", user, *prices)
    assert converse(tmp_path, url, *given).returncode == 0
    usage = [row["made"]["usage"]["total_tokens"] for row in read_rows(tmp_path / "made.jsonl")]
    turns = [row["conversation"] for row in read_rows(tmp_path / "made.jsonl")]
    by_user = 20 * sum(turn["role"] == "user" for row in turns for turn in row)
    cost = (by_user * 1000 + (sum(usage) - by_user)) / 1e6
    done = converse(tmp_path, url, *given, "--count", 4, "--max-cost", 100)
    before = float(re.search(r"cost +([\d.]+) in this run, ([\d.]+) on this output", done.stdout)[2])  # type: ignore[index]
    now = float(re.search(r"cost +([\d.]+) in this run", done.stdout)[1])  # type: ignore[index]
    assert before - now == pytest.approx(cost, abs=2e-4)
    assert converse(tmp_path, url, *given, "--count", 9, "--max-cost", cost + 0.0001).returncode == 4


def test_two_seats_at_one_account_share_its_limit(tmp_path: Path) -> None:
    seeds(tmp_path)
    answer, now, most = talkers(), 0, 0

    async def complete(request: web.Request) -> web.Response:
        nonlocal now, most
        now += 1
        most = max(most, now)
        body = await request.json()
        await asyncio.sleep(0.02)
        now -= 1
        message = {"role": "assistant", "content": answer(body)}
        return web.json_response({"choices": [{"finish_reason": "stop", "message": message}], "usage": {}})

    app = web.Application()
    app.router.add_post("/v1/chat/completions", complete)
    with served(app) as url:
        line = ("--count", 8, "--max-concurrency", 3, "--user-model", "u", "--user-temperature", 1)
        assert converse(tmp_path, url, *line).returncode == 0
    assert most == 3


def test_a_key_is_not_sent_to_another_service_unasked(tmp_path: Path) -> None:
    seeds(tmp_path)
    line = ("--seeds", "topics.txt", "--api-key-env", "MAIN_KEY", "--user-base-url", "https://api.example.com/v1")
    done = command("converse", *line, folder=tmp_path, MAIN_KEY="a-key")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "--user-api-key-env" in done.stderr


# ---------------------------------------------------------------------------------------------- dice


def test_lengths_are_those_of_real_chats() -> None:
    assert statistics.median(USER_TURNS) == 6
    assert USER_TURNS.count(1) / len(USER_TURNS) == pytest.approx(1 / 9)


def test_lengths_of_a_real_file_are_drawn_from_it(serve: Serve, tmp_path: Path) -> None:
    seeds(tmp_path)
    texts = [{"role": role, "content": f"{role} {place}"} for place in range(3) for role in ("user", "assistant")]
    write_rows(tmp_path / "real.jsonl", [{"id": 1, "conversation": texts}])
    url = serve(talkers())
    done = converse(tmp_path, url, "--count", 5, "--lengths-of", "real.jsonl", "--friction", 0)
    assert done.returncode == 0, done.stderr
    assert {len(row["conversation"]) for row in read_rows(tmp_path / "made.jsonl")} == {6}


def test_made_users_type_and_begin_as_those_of_a_real_file(endpoint: Start, tmp_path: Path) -> None:
    seeds(tmp_path)
    texts = (
        ["why is my lawn yellow?", "Water it.", "ok"],
        ["hi, moss everywhere now", "Cut it.", "Again?", "Yes.", "ok"],
    )
    talks = [
        [{"role": ("user", "assistant")[at % 2], "content": text} for at, text in enumerate(talk)] for talk in texts
    ]
    write_rows(tmp_path / "real.jsonl", [{"id": place, "conversation": talk} for place, talk in enumerate(talks)])
    log = tmp_path / "asked.jsonl"
    done = converse(tmp_path, endpoint(log=log), "--count", 20, "--typing-of", "real.jsonl")
    assert done.returncode == 0, done.stderr
    cards = [text for row in read_rows(log) if "# Task: card" in (text := row["messages"][-1]["content"])]
    types = Counter(re.findall("^types: (.*)$", "\n".join(cards), re.MULTILINE))
    assert types.keys() == {
        "all lower case, no full stops",
        "all lower case, with full stops and question marks",
        "plain, correct sentences",
    }
    assert types["all lower case, no full stops"] > 5
    begins = Counter(re.findall("^begins: (.*)$", "\n".join(cards), re.MULTILINE))
    assert 5 <= begins["with a greeting and then the matter"] <= 15
    plain = converse(tmp_path, endpoint(), "--count", 20)
    assert plain.returncode == 1
    assert "lengths was typing" in plain.stderr


@pytest.mark.parametrize(
    ("text", "typing"),
    [
        ("Why is it so?", "plain, correct sentences"),
        ("Why is it so", "capital at the beginning, no full stop at the end"),
        ("why is it so", "all lower case, no full stops"),
        ('he said "i see."', "all lower case, with full stops and question marks"),
        ("北京有什么好玩的？", "plain, correct sentences"),
        ("北京有什么好玩的", "capital at the beginning, no full stop at the end"),
        ("could you shorten it", 'all lower case, no full stops; asks with "please" or "could you"'),
        ("请推荐一家酒店。", 'plain, correct sentences; asks with "please" or "could you"'),
    ],
)
def test_how_somebody_types_is_told_by_capitals_full_stops_and_courtesy(text: str, typing: str) -> None:
    assert typing_of(text) == typing


@pytest.mark.parametrize(
    ("text", "openings"),
    [
        ("Hello, my lawn is yellow?", {"with a greeting and then the matter"}),
        ("你好请问草地为什么黄了", {"with a greeting and then the matter"}),
        ("Hiking in the rain, is it safe?", {"with the bare question"}),
        ("yellow lawn", {"with two or three keywords"}),
        ("Write a poem about my yellow lawn.", {*OTHER_OPENINGS}),
    ],
)
def test_how_somebody_begins_is_told_by_the_first_message(text: str, openings: set[str]) -> None:
    assert {*openings_like(text)} == openings


def test_nothing_is_drawn_of_a_written_person_that_goes_against_the_rest(endpoint: Start, tmp_path: Path) -> None:
    seeds(tmp_path)
    log = tmp_path / "asked.jsonl"
    converse(tmp_path, endpoint(log=log), "--recipe", "script", "--count", 120, "--friction", 0.3)
    drawn = [row["messages"][-1]["content"].partition("<drawn>")[2] for row in read_rows(log)]
    at_odds = (
        ("asks what a word means", "knows of the matter: as much as a professional"),
        ("never answers questions back", "is so vague here"),
        ("tells more than is needed", "particulars: none"),
        ("with a detail of the case", "particulars: none"),
        ("at work, between two tasks", "life: retired"),
    )
    for one, other in at_odds:
        assert any(one in text for text in drawn)
        assert any(other in text for text in drawn)
        assert not any(one in text and other in text for text in drawn)


def test_languages_and_friction_are_drawn_in_the_shares_that_were_wished(endpoint: Start, tmp_path: Path) -> None:
    seeds(tmp_path)
    log = tmp_path / "asked.jsonl"
    converse(tmp_path, endpoint(log=log), "--count", 30, "--languages", "en,de", "--friction", 0.5)
    texts = [row["messages"][-1]["content"] for row in read_rows(log)]
    turns = [text for text in texts if "# Task: user turn" in text and "could not be used" not in text]
    friction = sum("In this message the person" in text for text in turns) / len(turns)
    assert 0.4 < friction < 0.6
    cards = [text for text in texts if "# Task: card" in text]
    assert 0.2 < sum("language: German" in text for text in cards) / len(cards) < 0.8
    assert converse(tmp_path, endpoint(), "--count", 3, "--friction", 0, output="calm.jsonl").returncode == 0


# ---------------------------------------------------------------------------------------------- checks


def test_a_user_who_offers_help_is_asked_again_and_at_last_left_out(serve: Serve, tmp_path: Path) -> None:
    seeds(tmp_path)
    reasons: list[str] = []

    def user(_: int, body: dict[str, Any]) -> str:
        reasons.append(asked(body))
        return "How can I help you today?"

    done = converse(tmp_path, serve(talkers(user=user)), "--count", 1)
    assert done.returncode == 3
    (failure,) = read_rows(tmp_path / "made.jsonl.failed.jsonl")
    assert (failure["kind"], failure["attempts"]) == ("sounds_like_assistant", 4)
    assert any("sounds like the assistant" in reason for reason in reasons)
    again = converse(tmp_path, serve(talkers()), "--count", 1)
    assert again.returncode == 0, again.stderr
    assert not (tmp_path / "made.jsonl.failed.jsonl").exists()


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ('User: "it drips {}"', "it drips {}"),
        ("it drips {}\nAssistant: Then mend it.", "it drips {}"),
        ("it drips {}\nuser: postgres", "it drips {}\nuser: postgres"),
        ("<think>what would she say?</think>\nit drips {}", "it drips {}"),
    ],
)
def test_what_a_model_writes_around_a_turn_is_taken_off(serve: Serve, tmp_path: Path, said: str, kept: str) -> None:
    seeds(tmp_path)
    url = serve(talkers(user=lambda number, _: said.format(number)))
    assert converse(tmp_path, url, "--count", 1, "--friction", 0).returncode == 0
    (row,) = read_rows(tmp_path / "made.jsonl")
    assert row["conversation"][0]["content"] == kept.format(1)


@pytest.mark.parametrize(
    ("user", "ending", "last"),
    [
        (lambda number, _: f"turn {number} of mine" + " [done]" * (number == 2), "done", "turn 2 of mine"),
        (lambda number, _: f"turn {number} of mine" + " [gave up]" * (number == 2), "gave up", "turn 2 of mine"),
        (lambda number, _: f"turn {min(number, 2)} of mine", "loop", "turn 2 of mine"),
        (lambda number, _: "thanks a lot!" if number == 2 else f"turn {number}", "done", "thanks a lot!"),
        (lambda number, _: f"turn {number} of mine", "length", "turn 5 of mine"),
    ],
    ids=["done", "gave up", "loop", "thanks", "length"],
)
def test_it_is_told_how_each_dialogue_ended(
    serve: Serve, tmp_path: Path, user: Callable[[int, Any], str], ending: str, last: str
) -> None:
    seeds(tmp_path)
    texts = [{"role": role, "content": f"{role} {place}"} for place in range(5) for role in ("user", "assistant")]
    write_rows(tmp_path / "five.jsonl", [{"id": 1, "conversation": texts}])
    given = ("--count", 1, "--friction", 0, "--lengths-of", "five.jsonl")
    done = converse(tmp_path, serve(talkers(user=user)), *given)
    assert done.returncode == 0, done.stderr
    (row,) = read_rows(tmp_path / "made.jsonl")
    assert row["made"]["ending"] == ending
    assert [turn["content"] for turn in row["conversation"] if turn["role"] == "user"][-1] == last


def test_a_yes_may_come_again_and_not_at_once() -> None:
    assert not says_again("yes", ["buy it?", "yes", "and the other one?", "which?", "the red one?"])
    assert says_again("Yes.", ["buy it?", "yes", "and the other one?"])
    long = "which washer do i need for the tap in the kitchen that drips all night"
    assert says_again(f"ok {long}", [long, "a rubber one", "and where", "around the corner"])
    assert not says_again("which washer is dearer, rubber or leather", [long, "a rubber one"])


def test_with_thinking_the_assistant_reasons_first_and_only_the_reply_is_kept(serve: Serve, tmp_path: Path) -> None:
    seeds(tmp_path)
    systems: list[str] = []

    def assistant(number: int, body: dict[str, Any]) -> str:
        systems.append(body["messages"][0]["content"])
        return f"<think>Let them find it.</think>\nTry number {number}."

    assert converse(tmp_path, serve(talkers(assistant=assistant)), "--count", 1, "--thinking").returncode == 0
    assert all("<think>" in system for system in systems)
    said = (tmp_path / "made.jsonl").read_text(encoding="utf-8")
    assert "Try number 1." in said
    assert "Let them find it" not in said


def test_an_opening_said_twice_and_a_near_duplicate_are_left_out(serve: Serve, tmp_path: Path) -> None:
    pytest.importorskip("datasketch", reason="requirements-quality.txt")
    seeds(tmp_path, TOPICS[:3])
    texts = [{"role": role, "content": f"{role} {place}"} for place in range(1) for role in ("user", "assistant")]
    write_rows(tmp_path / "one.jsonl", [{"id": 1, "conversation": texts}])
    words = "the tap in my kitchen drips all night and I have no spanner to mend it with before Monday comes"
    openings = [words, words, f"{words} again"]

    def assistant(_: int, __: Any) -> str:
        return "It is about a washer of rubber that a shop around the corner sells for a penny."

    url = serve(talkers(user=lambda number, _: openings[(number - 1) % 3], assistant=assistant))
    line = ("--count", 3, "--friction", 0, "--lengths-of", "one.jsonl", "--max-concurrency", 1)
    done = converse(tmp_path, url, *line, "--near-duplicates", 0.7)
    assert done.returncode == 3
    kinds = {failure["kind"] for failure in read_rows(tmp_path / "made.jsonl.failed.jsonl")}
    assert kinds == {"opening_again", "near_duplicate"}
    assert len(read_rows(tmp_path / "made.jsonl")) == 1


# ---------------------------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("given", "word"),
    [
        (("--seeds", "none.txt"), "none.txt"),
        (("--seeds", "empty.txt"), "empty.txt"),
        (("--seeds", "topics.txt", "--recipe", "selfply"), "did you mean selfplay?"),
        (("--seeds", "topics.txt", "--recipe", "none.py"), "none.py"),
        (("--seeds", "topics.txt", "--candidates", "2", "--temperature", "0"), "--temperature"),
        (("--seeds", "topics.txt", "--user-base-url", "nowhere"), "--user-base-url"),
        ((), "--seeds"),
    ],
)
def test_bad_input_gets_one_sentence(tmp_path: Path, given: tuple[str, ...], word: str) -> None:
    seeds(tmp_path)
    (tmp_path / "empty.txt").write_text("\n\n")
    done = command("converse", "--api-key-env", "", *given, folder=tmp_path)
    assert (done.returncode, done.stderr.strip().count("\n")) == (1, 0), done.stderr
    assert word in done.stderr


def test_two_kinds_are_not_mixed_and_files_of_others_are_left_alone(endpoint: Start, tmp_path: Path) -> None:
    seeds(tmp_path)
    url = endpoint()
    assert converse(tmp_path, url, "--count", 2).returncode == 0
    done = converse(tmp_path, url, "--count", 3, "--friction", 0.9)
    assert (done.returncode, "friction was 0.25 and is now 0.9" in done.stderr) == (1, True)
    assert converse(tmp_path, url, "--count", 3, "--friction", 0.9, "--accept-changes").returncode == 0
    theirs = {"id": "made-by-hand", "conversation": [{"role": "user", "content": "hi"}]}
    write_rows(tmp_path / "theirs.jsonl", [theirs])
    done = converse(tmp_path, url, output="theirs.jsonl")
    assert (done.returncode, read_rows(tmp_path / "theirs.jsonl")) == (1, [theirs])


def test_estimate_and_show_ask_nobody(tmp_path: Path) -> None:
    seeds(tmp_path)
    line = ("--seeds", "topics.txt", "--base-url", "http://127.0.0.1:9/v1", "--count", "10", "--price-in", "1")
    done = command("converse", *line, "--estimate", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "dialogues      10 to be made" in done.stdout
    assert re.search(r"writer: card +10 ", done.stdout)
    done = command("converse", *line, "--show", "2", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "=== dialogue 2" in done.stdout
    assert not (tmp_path / "data").exists()


# ---------------------------------------------------------------------------------------------- recipes


def test_the_list_names_every_recipe_with_what_it_needs(tmp_path: Path) -> None:
    done = command("converse", "--list", folder=tmp_path)
    assert re.findall(r"^(\w+) +--seeds (\w+); calls: \S", done.stdout, re.MULTILINE) == [
        ("selfplay", "topics"),
        ("script", "topics"),
        ("document", "documents"),
        ("plan", "plans"),
        ("mirror", "dialogues"),
        ("rewrite", "dialogues"),
        ("extend", "pairs"),
    ]
    assert done.stdout.count("stands for: ") == len(OF_RECIPES)


def test_a_recipe_reads_on_one_screen() -> None:
    files = [*(ROOT / "src/methods/recipes").glob("*.py")]
    assert {path.stem for path in files} >= OF_RECIPES.keys()
    for path in files:
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 150, path.name


@pytest.mark.parametrize("recipe", OF_RECIPES)
def test_every_recipe_makes_what_synthesis_reads(endpoint: Start, tmp_path: Path, recipe: str) -> None:
    url = endpoint()
    rows = made_by(recipe, tmp_path, url, "--count", 6, "--languages", "en,zh")
    assert sum(row["made"]["ending"] != "original" for row in rows) == 6
    assert all(row["made"]["recipe"] == recipe for row in rows)
    assert synthesis(tmp_path, url, input="made.jsonl").returncode == 0


@pytest.mark.parametrize("recipe", OF_RECIPES)
def test_every_recipe_can_be_shown_and_estimated_without_a_request(tmp_path: Path, recipe: str) -> None:
    line = ("--recipe", recipe, "--seeds", OF_RECIPES[recipe], "--count", 3)
    shown = command("converse", *line, "--show", 1, folder=tmp_path)
    assert (shown.returncode, "# Task: " in shown.stdout) == (0, True), shown.stderr
    assert re.search(r"^all +\d+", command("converse", *line, "--estimate", folder=tmp_path).stdout, re.MULTILINE)


@pytest.mark.parametrize(
    "page",
    [
        "<title>T</title><style>x</style><h1>A</h1><p>Said <b>here</b>.<p>And there",
        "<head><title>T</title><nav>Menu<body><h1>A</h1><p>Said here.</p><p>And there</p><script>f(</script></body>",
    ],
    ids=["no head", "left open"],
)
def test_a_page_is_read_however_its_elements_are_closed(page: str) -> None:
    assert text_of_html(page).split() == ["A", "Said", "here.", "And", "there"]


def test_a_long_document_is_cut_between_paragraphs_into_parts_of_one_group(tmp_path: Path) -> None:
    text = "\n\n".join(f"Paragraph {number}. " + "It goes on for a while. " * 40 for number in range(20))
    (tmp_path / "long.md").write_text(text, encoding="utf-8")
    found = seeds_of("documents", [str(tmp_path / "long.md")], 100)
    assert len(found) > 2
    assert len({seed.group for seed in found}) == 1
    assert all(seed.text.startswith("Paragraph") and len(seed.text) <= LONGEST_PART for seed in found)
    assert "".join("".join(seed.text.split()) for seed in found) == "".join(text.split())


def test_a_document_is_spoken_of_with_quotes_that_stand_in_it(endpoint: Start, tmp_path: Path) -> None:
    log = tmp_path / "asked.jsonl"
    rows = made_by("document", tmp_path, endpoint(log=log), "--count", 3)
    page = " ".join((SEEDS / "help.html").read_text(encoding="utf-8").split())
    facts = [fact for row in rows for fact in row["made"]["card"]["facts"]]
    assert facts
    assert all(fact["quote"].strip() in page for fact in facts)
    systems = {row["messages"][0]["content"] for row in read_rows(log)}
    turns = [row["messages"][-1]["content"] for row in read_rows(log) if "# Task: user turn" in str(row["messages"])]
    assert any(fact["fact"] in system for system in systems for fact in facts)
    assert not any(fact["fact"] in turn for turn in turns for fact in facts)
    read = [row["messages"][1]["content"] for row in read_rows(log) if "<document>" in row["messages"][1]["content"]]
    assert not any(word in text for text in read for word in ("not to be read", "margin: 2em", ">Join<"))


def test_a_quote_that_does_not_occur_goes_back_and_at_last_leaves_the_dialogue_out(
    serve: Serve, tmp_path: Path
) -> None:
    facts = [{"fact": f"fact {number} of it", "quote": "members pay nothing at all"} for number in range(2)]
    reply = json.dumps({"about": "a tool library", "occasion": "the saw broke", "facts": facts})
    given = ("--recipe", "document", "--seeds", OF_RECIPES["document"], "--count", 1)
    assert converse(tmp_path, serve(lambda _: reply), *given).returncode == 3
    (failure,) = read_rows(tmp_path / "made.jsonl.failed.jsonl")
    assert (failure["stage"], failure["kind"]) == ("facts", "quotes_occur")


def test_each_value_of_a_plan_is_said_in_its_exchange(endpoint: Start, tmp_path: Path) -> None:
    for seeds_file in ("tools.json", "slots.json"):
        done = converse(
            tmp_path,
            endpoint(),
            "--recipe",
            "plan",
            "--seeds",
            SEEDS / seeds_file,
            "--count",
            12,
            output=seeds_file + "l",
        )
        assert done.returncode == 0, done.stderr
        rows = read_rows(tmp_path / f"{seeds_file}l")
        assert len({json.dumps(row["made"]["card"]["steps"]) for row in rows}) > 6
        for row in rows:
            turns = [turn["content"] for turn in row["conversation"]]
            for place, step in enumerate(row["made"]["card"]["steps"]):
                said = " ".join(turns[2 * place : 2 * place + 2])
                assert all(value in said for value in re.findall(r'"([^"]+)"', step)), (step, said)


def test_what_one_tool_gives_back_is_what_the_next_is_given(endpoint: Start, tmp_path: Path) -> None:
    rows = made_by("plan", tmp_path, endpoint(), "--count", 20, "--friction", 0)
    walks = [row["made"]["card"]["steps"] for row in rows]
    fed = [steps for steps in walks if len(steps) > 1 and "with what was just told" in steps[1]]
    assert fed
    for steps in fed:
        assert re.search(r'search_flights .* with flight id "(\w+)"', steps[0])
        assert re.search(r"(book_flight|choose_seat)", steps[1])


def test_a_mirrored_user_copies_no_eight_words(serve: Serve, tmp_path: Path) -> None:
    profile = {
        "intent": "plans a short journey",
        "statements": ["asks in fragments", "has one limit", "does not thank"],
        "types": "lower case",
    }
    verdicts = [{"reason": "their turns", "verdict": word} for word in ("shown", "not_shown", "shown")]
    private = "where should we stay, no car and my mum's knees are bad so no hills"
    said: list[str] = []

    def answer(body: dict[str, Any]) -> str:
        first = body["messages"][1]["content"]
        if "# Task: profile" in first:
            return json.dumps(profile)
        if "# Task: check of the profile" in first:
            return json.dumps({"checks": verdicts})
        if "# Task: card" in first:
            said.append(first)
            return json.dumps(CARD)
        said.append(first)
        return private if len(body["messages"]) == 2 and "user turn" in first else f"turn {len(said)} of my own"

    rows = made_by("mirror", tmp_path, serve(answer), "--count", 1)
    assert private not in json.dumps(rows)
    assert rows[0]["made"]["card"]["ways"] == ["asks in fragments", "does not thank"]
    assert not any("has one limit" in text or private in text for text in said)


def test_a_rewritten_dialogue_stands_beside_its_original_in_one_group(endpoint: Start, tmp_path: Path) -> None:
    rows = made_by("rewrite", tmp_path, endpoint(), "--count", 4)
    real = {row["id"]: row["conversation"] for row in read_rows(ROOT / "data/raw/demo.jsonl")}
    for original, twin in zip(rows[::2], rows[1::2], strict=True):
        assert original["made"]["group"] == twin["made"]["group"]
        assert (original["made"]["ending"], original["conversation"]) == ("original", real[original["made"]["seed_id"]])
        kept = twin["made"]["real"]
        assert twin["conversation"][:kept] == original["conversation"][:kept]
        assert twin["conversation"][kept:] != original["conversation"][kept:]


def test_a_pair_goes_on_behind_its_answer_to_follow_ups_or_to_a_task(endpoint: Start, tmp_path: Path) -> None:
    log = tmp_path / "asked.jsonl"
    rows = made_by("extend", tmp_path, endpoint(log=log), "--count", 3, "--friction", 0)
    pairs = read_rows(SEEDS / "pairs.jsonl")
    for row, pair in zip(rows, pairs, strict=True):
        assert [turn["content"] for turn in row["conversation"][:2]] == [pair["question"], pair["answer"]]
        assert len(row["conversation"]) >= 6
    asked = [text["messages"][-1]["content"] for text in read_rows(log)]
    assert any("touches, from afar, on booking two cinema tickets" in text for text in asked)
    assert any("asks for it: booking two cinema tickets" in text for text in asked)


def test_a_critic_chooses_among_candidates_at_an_endpoint_of_its_own(serve: Serve, tmp_path: Path) -> None:
    seeds(tmp_path)

    def critic(body: dict[str, Any]) -> str:
        shown = body["messages"][1]["content"]
        assert shown.count("[Round 1]") == 3
        return json.dumps({"looks": [{"faults": ["dull"]}, {"faults": ["none"]}, {"faults": ["dull"]}], "best": "2"})

    given = ("--candidates", 3, "--critic-base-url", serve(critic), "--critic-model", "c", "--count", 2)
    done = converse(tmp_path, serve(talkers()), *given)
    assert done.returncode == 0, done.stderr
    for row in read_rows(tmp_path / "made.jsonl"):
        assert row["made"]["card"]["critic"] == {"candidates": 3, "faults": ["none"]}
        assert row["made"]["models"]["critic"] == "c"


def test_a_recipe_of_ones_own_runs_as_the_page_shows_it(endpoint: Start, tmp_path: Path) -> None:
    page = (ROOT / "docs/converse.md").read_text(encoding="utf-8")
    (program,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert len(program.splitlines()) <= 60
    seeds(tmp_path)
    (tmp_path / "my_recipe.py").write_text(program, encoding="utf-8")
    done = converse(tmp_path, endpoint(), "--recipe", "my_recipe.py", "--count", 3)
    assert done.returncode == 0, done.stderr
    assert [row["made"]["recipe"] for row in read_rows(tmp_path / "made.jsonl")] == ["sceptic"] * 3
    (tmp_path / "my_recipe.py").write_text(f"{program}\n1 / 0\n", encoding="utf-8")
    done = converse(tmp_path, endpoint(), "--recipe", "my_recipe.py", "--count", 4)
    assert (done.returncode, "ZeroDivisionError" in done.stderr) == (1, True)


def test_the_rehearsal_runs_each_recipe_without_a_key(tmp_path: Path) -> None:
    done = command("rehearsal", "--converse", "--limit", 3, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    for recipe in OF_RECIPES:
        assert len(read_rows(tmp_path / f"data/rehearsal/dialogues_{recipe}.jsonl")) >= 3


def test_no_turn_is_drawn_longer_than_what_is_done_in_it() -> None:
    draws = [Draw(Wishes(seed=3, friction=1), f"made-{number}") for number in range(400)]
    for draw in draws:
        words = [draw.words(number) for number in range(1, draw.user_turns + 1)]
        for number, step in enumerate(steps_of(draw), 1):
            count = int(re.findall(r"about (\d+) words", step)[0])
            assert count <= words[number - 1]
            assert "in a few words" not in step or count <= 8
            assert "in other, shorter words" not in step or count <= words[number - 2]
        last = words[-1]
        assert last <= 8 or not re.search("a word or two|bare thanks", traits(draw)["leaves"])
