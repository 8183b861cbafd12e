"""Whether made user turns can be told from real ones: planted faults are found by the view that sees them."""

import json
import random
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from .conftest import Done, command, turns, without, write_rows
from .test_quality import clean

pytest.importorskip("sklearn")

Row = dict[str, Any]
SYLLABLES = [one + other for one in "bdfgklmnprst" for other in "aeiou"]
WORDS = ["".join(random.Random(number).choices(SYLLABLES, k=1 + number % 3)) for number in range(900)]
SIGNS = [chr(0x4E00 + 7 * number) for number in range(200)]
LONGEST_TURN = 14


def speak(stream: random.Random, subject: Sequence[str], count: int, words: Sequence[str]) -> list[str]:
    """So many words of a language in which some follow others, now and then about the subject."""
    said = [stream.choice(words)]
    while len(said) < count:
        follows = random.Random(said[-1]).choices(words, k=3)
        said.append(stream.choice(stream.choice([follows, follows, subject, words])))
    return said


def dialogue(name: object, rounds: int, words: Sequence[str] = WORDS) -> Row:
    """A dialogue that has a subject, which its name decides."""
    stream = random.Random(f"{name}")
    subject, space = stream.sample(words, 5), " " if words is WORDS else ""
    lengths = [stream.randint(3, LONGEST_TURN if place % 2 == 0 else 30) for place in range(2 * rounds)]
    return {"id": name, "conversation": turns(*(space.join(speak(stream, subject, n, words)) for n in lengths))}


def dialogues(side: str, count: int = 90, words: Sequence[str] = WORDS, rounds: int = 4) -> list[Row]:
    return [dialogue(f"{side} {number}", 2 + number % (2 * rounds - 3), words) for number in range(count)]


def changed(rows: Sequence[Row], change: Callable[[str], str]) -> list[Row]:
    """The dialogues with each user turn changed."""
    return [
        row | {"conversation": [t | {"content": change(t["content"])} if t["role"] == "user" else t for t in said]}
        for row in rows
        for said in [row["conversation"]]
    ]


def salad(text: str) -> str:
    pieces = text.split(" ") if " " in text else [*text]
    return (" " if " " in text else "").join(random.Random(text).sample(pieces, len(pieces)))


def in_wrong_dialogues(rows: Sequence[Row]) -> list[Row]:
    """Each dialogue with the user turns of the next one that is as long."""
    by_length: dict[int, list[Row]] = {}
    for row in rows:
        by_length.setdefault(len(row["conversation"]), []).append(row)
    return [
        one | {"conversation": [theirs if mine["role"] == "user" else mine for mine, theirs in zip(*both, strict=True)]}
        for alike in by_length.values()
        for one, other in zip(alike, alike[1:] + alike[:1], strict=True)
        for both in [(one["conversation"], other["conversation"])]
    ]


def with_own_words(rows: Sequence[Row], side: str, every: int) -> list[Row]:
    """The dialogues with a word at the end of each user turn that only so many of them have."""
    found = []
    for place, row in enumerate(rows):
        own = "".join(random.Random(f"{side} {place // every}").choices("abcdefghijklmnopqrstuvwxyz", k=12))
        found += changed([row], f"{{}} {own}".format)
    return found


def compare(folder: Path, made: Sequence[Row], real: Sequence[Row], *arguments: object) -> Done:
    write_rows(folder / "made.jsonl", [*made])
    write_rows(folder / "real.jsonl", [*real])
    given = ("--made", "made.jsonl", "--real", "real.jsonl", "--output", "out.json", *arguments)
    return command("resemblance", *given, folder=folder)


def figures(folder: Path, made: Sequence[Row], real: Sequence[Row], *arguments: object) -> Any:
    done = compare(folder, made, real, *arguments)
    assert done.returncode == 0, done.stderr
    return json.loads((folder / "out.json").read_bytes())


def is_chance(figure: Any) -> bool:
    """Less than half is luck too: nobody tells sides apart by guessing wrong."""
    return bool(figure["low"] <= 0.5)


def test_two_halves_of_real_dialogues_are_not_told_apart(tmp_path: Path) -> None:
    done = compare(tmp_path, dialogues("one"), dialogues("other"))
    assert re.search(r"^worst AUC +0\.\d\d \[.*\] by (\w+): not told apart, 0.5 is chance$", done.stdout, re.MULTILINE)
    found = json.loads((tmp_path / "out.json").read_bytes())
    assert all(is_chance(figure) for figure in found["auc"].values())
    assert found["worst"]["auc"] == max(figure["auc"] for figure in found["auc"].values())
    assert (found["copied"]["dialogues"], found["copied"]["left_out"]) == (0, 0)
    assert found["tells_made"] == found["tells_real"] == []


def test_word_salad_is_told_by_the_order_of_words_and_not_by_characters(tmp_path: Path) -> None:
    found = figures(tmp_path, changed(dialogues("one"), salad), dialogues("other"))
    assert is_chance(found["auc"]["characters"])
    assert found["auc"]["words"]["low"] > 0.65
    assert found["worst"]["view"] == "words"


def test_real_turns_in_the_wrong_dialogue_are_told_by_context_alone(tmp_path: Path) -> None:
    found = figures(tmp_path, in_wrong_dialogues(dialogues("one")), dialogues("other"))
    assert is_chance(found["auc"]["characters"])
    assert is_chance(found["auc"]["words"])
    assert found["auc"]["context"]["low"] > 0.65
    assert found["worst"]["view"] == "context"


def test_the_controls_show_what_each_view_finds_where_that_is_known(tmp_path: Path) -> None:
    controls = figures(tmp_path, dialogues("one"), dialogues("other", 180))["controls"]
    assert all(is_chance(figure) for figure in controls["real halves"].values())
    assert controls["word salad"]["words"]["low"] > 0.65
    assert is_chance(controls["word salad"]["characters"])
    assert controls["wrong dialogue"]["context"]["low"] > 0.65
    assert is_chance(controls["wrong dialogue"]["words"])


def test_in_chinese_signs_stand_for_words(tmp_path: Path) -> None:
    one, other = dialogues("one", words=SIGNS), dialogues("other", words=SIGNS)
    found = figures(tmp_path, changed(one, salad), other)
    assert found["compared"]["languages"] == {"Chinese": 90}
    assert found["auc"]["words"]["low"] > 0.65
    assert found["made"]["profile"]["words a turn"] > 5


def test_a_phrase_that_made_users_often_say_is_named(tmp_path: Path) -> None:
    polite = changed(dialogues("one"), lambda text: f"Could you {text}?" if len(text) % 2 else text)
    done = compare(tmp_path, polite, dialogues("other"))
    assert re.search(r"^worst AUC .*: made user turns can be told from real ones$", done.stdout, re.MULTILINE)
    assert re.search(
        r"^tells the made +'could you' \(more in \d\d made, 0 real dialogues\)$", done.stdout, re.MULTILINE
    )
    asking = re.search(r"^turns that ask +(\d+)% +(\d+)%$", done.stdout, re.MULTILINE)
    assert asking
    assert int(asking[1]) > int(asking[2]) + 30


def test_longer_dialogues_and_other_languages_tell_nothing(tmp_path: Path) -> None:
    chinese = dialogues("one", 40, words=SIGNS)
    done = compare(tmp_path, [*dialogues("one", rounds=6), *chinese], dialogues("other", rounds=3))
    found = json.loads((tmp_path / "out.json").read_bytes())
    assert found["made"]["profile"]["user turns a dialogue"] > found["real"]["profile"]["user turns a dialogue"]
    assert found["compared"]["languages"] == {"Latin": 90}
    assert "on one side alone, so left out: Chinese" in done.stdout
    assert is_chance(found["worst"])


def test_copied_dialogues_are_counted_and_left_out(tmp_path: Path) -> None:
    """They would look perfectly real. The others are told all the same."""
    real = dialogues("other", 150)
    copied = [row | {"id": f"copy of {row['id']}"} for row in real[:40]]
    done = compare(tmp_path, [*copied, *changed(dialogues("one"), salad)], real)
    found = json.loads((tmp_path / "out.json").read_bytes())
    assert found["copied"]["dialogues"] == found["copied"]["left_out"] == 40
    assert found["compared"]["dialogues"] == 90
    assert found["auc"]["words"]["low"] > 0.65
    assert re.search(
        r"^copied +40 made dialogues \(30\.8%\) have 8 words in a row of a real one$", done.stdout, re.MULTILINE
    )
    assert re.search(r"^ +such as: \w+( \w+){7}$", done.stdout, re.MULTILINE)


def test_where_everything_is_copied_nothing_can_be_known(tmp_path: Path) -> None:
    real = dialogues("other")
    found = figures(tmp_path, [row | {"id": f"copy of {row['id']}"} for row in real], real)
    assert (found["copied"]["left_out"], found["worst"], found["auc"]) == (90, None, {})


def test_with_too_few_dialogues_it_says_that_it_cannot_know(tmp_path: Path) -> None:
    done = compare(tmp_path, changed(dialogues("one", 59), salad), dialogues("other"))
    assert done.returncode == 0
    said = "cannot be known: 59 dialogues of each side are too few, 60 at least are needed, and of some variety"
    assert re.search(rf"^worst AUC +{said}$", done.stdout, re.MULTILINE)
    assert re.search(r"^words a turn +\d+ +\d+$", done.stdout, re.MULTILINE)


def test_twins_are_never_asked_about_one_another(tmp_path: Path) -> None:
    """Each twin has a word of its own with the other, which tells nothing of other dialogues."""

    made = with_own_words(dialogues("one", 140), "made", every=2)
    real = with_own_words(dialogues("other", 140), "real", every=1)
    apart = figures(tmp_path, made, real)
    told = [row | {"made": {"recipe": "rewrite", "group": place // 2}} for place, row in enumerate(made)]
    together = figures(tmp_path, told, real)
    assert (apart["compared"]["groups"], together["compared"]["groups"]) == (140, 70)
    assert apart["auc"]["characters"]["auc"] > together["auc"]["characters"]["auc"] + 0.15


def test_what_somebody_really_said_in_a_made_dialogue_is_not_compared(tmp_path: Path) -> None:
    """A rewritten dialogue begins as the real one, which stands beside it; only its tail is made."""
    real = dialogues("other", 130)
    seeds = dialogues("seed", 90, rounds=5)
    made = []
    for place, seed in enumerate(seeds):
        head, tail = seed["conversation"][:2], seed["conversation"][2:]
        (new,) = changed([{"conversation": tail}], salad)
        about = {"recipe": "rewrite", "seed_id": seed["id"], "group": str(place)}
        made.append(seed | {"made": about | {"ending": "original", "real": len(seed["conversation"])}})
        made.append({"id": f"{place}-1", "conversation": [*head, *new["conversation"]], "made": about | {"real": 2}})
    found = figures(tmp_path, made, real)
    assert (found["made"]["dialogues"], found["copied"]["dialogues"]) == (90, 0)
    assert found["auc"]["words"]["low"] > 0.6
    beside = figures(tmp_path, made, seeds)
    assert beside["copied"]["dialogues"] == 0
    assert beside["compared"]["groups"] == 90


def test_the_same_dialogues_in_another_order_give_the_same_figures_and_a_seed_others(tmp_path: Path) -> None:
    made, real = dialogues("one", 70), dialogues("other", 100)
    first = figures(tmp_path, made, real)
    again = figures(tmp_path, made[::-1], real[::-1])
    assert {**again, "copied": None} == {**first, "copied": None}
    assert figures(tmp_path, made, real, "--seed", 5)["controls"] != first["controls"]


def test_every_shape_that_synthesis_reads_is_read(tmp_path: Path) -> None:
    speaker = {"user": "human", "assistant": "gpt"}
    shared = [
        {"id": row["id"], "conversations": [{"from": speaker[t["role"]], "value": t["content"]} for t in said]}
        for row in dialogues("one", 62)
        for said in [row["conversation"]]
    ]
    (tmp_path / "made.json").write_text(json.dumps(shared, indent=1))
    (tmp_path / "real").mkdir()
    write_rows(tmp_path / "real/part-1.jsonl", [row["conversation"] for row in dialogues("other", 31)])
    write_rows(tmp_path / "real/part-2.jsonl", dialogues("more", 31))
    done = command("resemblance", "--made", "made.json", "--real", "real", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert re.search(r"^compared +62 dialogues of each side", done.stdout, re.MULTILINE)
    assert not [*tmp_path.glob("*.resemblance*")]


def test_the_report_shows_the_figures_beside_their_controls(tmp_path: Path) -> None:
    done = compare(tmp_path, changed(dialogues("one"), "Could you {}?".format), dialogues("other"))
    worst = re.search(r"^worst AUC +(.*)$", done.stdout, re.MULTILINE)
    assert worst
    write_rows(tmp_path / "in.jsonl", [clean()])
    given = ("--input", "in.jsonl", "--resemblance", "out.json")
    assert f"resemblance        worst AUC {worst[1]}\n" in command("report", *given, "--text", folder=tmp_path).stdout
    assert command("report", *given, folder=tmp_path).returncode == 0
    page = (tmp_path / "in.html").read_text(encoding="utf-8")
    for part in (worst[1], "word salad", "have 8 words in a row of a real one", "“could you”", "words a turn"):
        assert part in page
    refused = command("report", "--input", "in.jsonl", "--resemblance", "made.jsonl", folder=tmp_path)
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert "--resemblance made.jsonl cannot be read (no figures of a comparison): make it with" in refused.stderr


# ---------------------------------------------------------------------------------------------- what goes wrong


NOBODY = {"id": 1, "conversation": [{"role": "assistant", "content": "Hello"}]}


@pytest.mark.parametrize(
    ("made", "real", "said"),
    [
        ((), ("real.jsonl",), "--made is missing"),
        (("real.jsonl",), (), "--real is missing"),
        (("none.jsonl",), ("real.jsonl",), "Input none.jsonl does not exist: give --made a file of dialogues"),
        (("real.jsonl",), ("./real.jsonl",), "real.jsonl is on both sides: give --made and --real files of their own."),
        (("empty.jsonl",), ("real.jsonl",), "empty.jsonl is empty: give --made a file of dialogues."),
        (("real.jsonl",), ("nobody.jsonl",), "There is no user turn in the 1 rows of nobody.jsonl (1: no user turn)"),
        (("text.txt",), ("real.jsonl",), "There is no user turn in the 1 rows of text.txt (1: not JSON)"),
    ],
)
def test_what_cannot_be_compared_is_told_in_one_sentence(
    tmp_path: Path, made: Sequence[str], real: Sequence[str], said: str
) -> None:
    write_rows(tmp_path / "real.jsonl", dialogues("real", 3))
    write_rows(tmp_path / "nobody.jsonl", [NOBODY])
    (tmp_path / "empty.jsonl").touch()
    (tmp_path / "text.txt").write_text("My notes.\n")
    given = [*(("--made", *made) if made else ()), *(("--real", *real) if real else ())]
    done = command("resemblance", *given, folder=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert said in done.stderr.splitlines()[-1]


def test_lines_that_cannot_be_read_are_named_and_the_rest_is_compared(tmp_path: Path) -> None:
    write_rows(tmp_path / "real.jsonl", dialogues("other", 5))
    write_rows(tmp_path / "made.jsonl", [*dialogues("one", 5), NOBODY])
    with (tmp_path / "made.jsonl").open("a") as file:
        file.write("{cut off")
    done = command("resemblance", "--made", "made.jsonl", "--real", "real.jsonl", folder=tmp_path)
    assert done.returncode == 3
    assert "made.jsonl line 7 is not JSON" in done.stderr
    assert re.search(
        r"^made +5 dialogues.*\n +not JSON +1 lines\n +passed over +1: no user turn$", done.stdout, re.MULTILINE
    )


def test_an_output_that_was_not_made_by_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "out.json").write_text('{"mine": 1}')
    done = compare(tmp_path, dialogues("one", 3), dialogues("other", 3))
    assert done.returncode == 1
    assert "out.json was not made by src.resemblance" in done.stderr
    assert (tmp_path / "out.json").read_text() == '{"mine": 1}'


def test_without_the_library_one_sentence_says_how_to_get_it(tmp_path: Path) -> None:
    done = without("sklearn", "resemblance", "--made", "a", "--real", "b", folder=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "src.resemblance needs scikit-learn: pip install -r requirements-quality.txt\n"
