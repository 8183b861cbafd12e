"""Whether the text alone tells chosen from rejected: planted shortcuts are found and named, and chance is 0.5."""

import json
import random
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from .conftest import Done, command, read_rows, without, write_rows
from .test_postprocess import published
from .test_quality import clean

pytest.importorskip("sklearn")

CATEGORIES = ("Statement", "Question", "Instruction")
SYLLABLES = [one + other for one in "bdfgklmnprst" for other in "aeiou"]
VIEWS = ("mining_view", "explore_view")


def text(stream: random.Random, count: int) -> str:
    """So many words without meaning, a tenth more or less."""
    words = round(count * stream.uniform(0.9, 1.1))
    return " ".join("".join(stream.choices(SYLLABLES, k=stream.randint(1, 3))) for _ in range(words))


def side(stream: random.Random) -> dict[str, Any]:
    views = {
        view: {"reasoning": text(stream, 30), "predictions": [text(stream, 8) + "?" for _ in range(2)]}
        for view in VIEWS
    }
    reason = {"category": stream.choice(CATEGORIES), "reasoning": text(stream, 20)}
    return {"intent_tree": {"a": {"b": "c"}}, "utterance_category_reason": reason, "insight_reason": views}


Change = Callable[[dict[str, Any]], None]


def pairs(count: int, plant: Change = lambda _: None, *, shuffled: bool = False) -> list[dict[str, Any]]:
    """Pairs whose sides differ by chance and by what is planted on the rejected ones; the second view is shared."""
    stream, made = random.Random(1), []
    for number in range(count):
        chosen, rejected = side(stream), side(stream)
        rejected["insight_reason"]["explore_view"] = chosen["insight_reason"]["explore_view"]
        plant(rejected)
        sides = [chosen, rejected]
        chosen, rejected = stream.sample(sides, 2) if shuffled else sides
        made.append({"sample_id": number, "item_id": 0, "chat_history": "h", "chosen": chosen, "rejected": rejected})
    return made


def says_perhaps(side: dict[str, Any]) -> None:
    view = side["insight_reason"]["mining_view"]
    first, second = view["predictions"]
    view["predictions"] = ["Perhaps " + first.partition(" ")[2], second]


def is_wordy(side: dict[str, Any]) -> None:
    view = side["insight_reason"]["mining_view"]
    view["reasoning"] += " " + text(random.Random(view["reasoning"]), 8)


def is_an_instruction(side: dict[str, Any]) -> None:
    side["utterance_category_reason"]["category"] = "Instruction"


def measure(folder: Path, rows: Sequence[Any], *arguments: object) -> Done:
    write_rows(folder / "in.jsonl", [*rows])
    return command("quality", "--input", "in.jsonl", "--shortcut", *arguments, folder=folder)


def figures(folder: Path, name: str = "in.quality.jsonl") -> Any:
    return json.loads((folder / f"{name}.shortcut.json").read_bytes())


def measured(folder: Path, rows: Sequence[Any]) -> Any:
    done = measure(folder, rows)
    assert done.returncode == 0, done.stderr
    return figures(folder)


def holds(figure: Any, value: float) -> bool:
    low, high = figure["low"], figure["high"]
    return bool(low <= value <= high)


def test_a_word_that_only_rejected_sides_have_is_found_and_named(tmp_path: Path) -> None:
    done = measure(tmp_path, pairs(80, says_perhaps))
    found = re.search(r"^shortcut AUC (\d\.\d\d) \[(\d\.\d\d), (\d\.\d\d)\]$", done.stdout, re.MULTILINE)
    assert found
    assert float(found[1]) > 0.9
    assert re.search(
        r"tells the rejected +'perhaps' in predictions \(more on 0 chosen, 80 rejected sides\)", done.stdout
    )
    told = figures(tmp_path)
    assert told["parts"]["predictions"]["auc"] > 0.9
    assert holds(told["parts"]["reasoning"], 0.5)
    assert told["tells_chosen"] == []
    assert all(holds(told["controls"][name], 0.5) for name in ("lengths alone", "shuffled sides"))


def test_a_difference_in_length_is_found_and_the_lengths_alone_tell_it(tmp_path: Path) -> None:
    told = measured(tmp_path, pairs(80, is_wordy))
    assert told["all"]["auc"] > 0.9
    assert told["controls"]["lengths alone"]["auc"] > 0.9
    assert holds(told["parts"]["category"], 0.5)
    assert holds(told["controls"]["category alone"], 0.5)


def test_a_category_that_gives_it_away_is_told_by_its_control(tmp_path: Path) -> None:
    told = measured(tmp_path, pairs(80, is_an_instruction))
    assert told["controls"]["category alone"]["auc"] > 0.7  # a third of the chosen sides are instructions too
    assert told["parts"]["category"]["auc"] > 0.7
    assert holds(told["parts"]["predictions"], 0.5)


def has_a_tree_of_its_own(side: dict[str, Any]) -> None:
    side["intent_tree"] = {"a": {"b": "another"}}


def test_a_tree_is_a_part_where_sides_have_trees_of_their_own(tmp_path: Path) -> None:
    told = measured(tmp_path, pairs(80, has_a_tree_of_its_own))
    assert told["parts"]["tree"]["auc"] > 0.9
    assert {"text": "b another", "part": "tree", "chosen": 0, "rejected": 80} in told["tells_rejected"]
    assert "tree" not in measured(tmp_path, pairs(80))["parts"]


@pytest.mark.parametrize("plant", [says_perhaps, is_wordy])
def test_shuffled_sides_are_told_apart_by_chance_alone(tmp_path: Path, plant: Change) -> None:
    told = measured(tmp_path, pairs(120, plant, shuffled=True))
    assert holds(told["all"], 0.5)
    assert told["tells_rejected"] == told["tells_chosen"] == []


def test_sides_that_are_the_same_are_told_by_nobody(tmp_path: Path) -> None:
    """With one side in a fold and its twin in another, the twin would be known, and be taken for the other side."""
    rows = pairs(60)
    told = measured(tmp_path, [row | {"rejected": row["chosen"]} for row in rows])
    assert told["all"] == {"auc": 0.5, "low": 0.5, "high": 0.5}


def test_pairs_of_one_dialogue_are_never_asked_about_one_another(tmp_path: Path) -> None:
    """Each dialogue has its own word on the rejected side, which tells nothing of another dialogue."""
    rows = pairs(120)
    for place, row in enumerate(rows):
        row["sample_id"], row["item_id"] = place // 2, place % 2
        row["rejected"] = json.loads(json.dumps(row["chosen"]))
        for name in ("chosen", "rejected"):
            own = "".join(random.Random(f"{name} {place // 2}").choices("abcdefghijklmnopqrstuvwxyz", k=12))
            row[name]["utterance_category_reason"]["reasoning"] += f" {own}" * 3
    apart = measured(tmp_path, rows)
    known = measured(tmp_path, [row | {"sample_id": place} for place, row in enumerate(rows)])
    assert known["all"]["auc"] > apart["all"]["auc"] + 0.2


def test_with_too_few_pairs_it_says_that_it_cannot_know(tmp_path: Path) -> None:
    done = measure(tmp_path, pairs(59, says_perhaps))
    assert done.returncode == 0
    line = next(line for line in done.stdout.splitlines() if line.startswith("shortcut AUC"))
    assert line == "shortcut AUC cannot be known: 59 pairs are too few, 60 at least are needed"
    assert figures(tmp_path)["all"] is None
    told = command("report", "--input", "in.quality.jsonl", "--text", folder=tmp_path).stdout
    assert re.search(r"^shortcut +cannot be known: 59 pairs", told, re.MULTILINE)


def test_the_same_pairs_in_another_order_give_the_same_figures_and_a_seed_others(tmp_path: Path) -> None:
    rows = pairs(70, is_wordy)
    first = measured(tmp_path, rows)
    assert measured(tmp_path, rows[::-1]) == first
    assert measure(tmp_path, rows, "--seed", 5).returncode == 0
    assert figures(tmp_path)["seed"] == 5


def test_published_records_and_marked_ones_are_measured(tmp_path: Path) -> None:
    rows = [row | {"sample_id": place} for place, row in enumerate(published() * 40)]
    told = measured(tmp_path, rows)
    assert told["pairs"] == 80
    assert told["all"]["auc"] == 1.0  # one side is good and the other bad, and says so
    again = command("quality", "--input", "in.quality.jsonl", "--output", "again.jsonl", "--shortcut", folder=tmp_path)
    assert again.returncode == 0
    assert figures(tmp_path, "again.jsonl")["all"] == told["all"]


def test_the_figure_stands_on_the_page_in_text_and_on_the_card_beside_its_controls(tmp_path: Path) -> None:
    measure(tmp_path, pairs(80, says_perhaps))
    told = command("report", "--input", "in.quality.jsonl", "--text", folder=tmp_path).stdout
    said = r"AUC (0\.9\d|1\.00) \[.*\]; lengths alone 0\.\d\d \[.*\]; shuffled sides 0\.\d\d \["
    assert re.search(rf"^shortcut +{said}", told, re.MULTILINE)
    assert "'perhaps' in predictions" in told
    assert command("report", "--input", "in.quality.jsonl", folder=tmp_path).returncode == 0
    page = (tmp_path / "in.quality.html").read_text(encoding="utf-8")
    for part in ("told from rejected by the text alone", "lengths alone", "shuffled sides", "“perhaps” (predictions)"):
        assert part in page
    assert command("postprocess", "--input", "in.quality.jsonl", "--output", "t.json", folder=tmp_path).returncode == 0
    assert re.search(said, (tmp_path / "README.md").read_text(encoding="utf-8"))


def test_figures_of_other_records_are_not_shown(tmp_path: Path) -> None:
    rows = pairs(60)
    measure(tmp_path, rows)
    write_rows(tmp_path / "in.jsonl", rows[:50])
    assert command("quality", "--input", "in.jsonl", folder=tmp_path).returncode == 0
    done = command("report", "--input", "in.quality.jsonl", "--text", folder=tmp_path)
    assert "is of other records" in done.stderr
    assert not re.search(r"^shortcut", done.stdout, re.MULTILINE)


def test_figures_are_taken_for_no_records_and_no_other_file_for_figures(tmp_path: Path) -> None:
    rows = pairs(60)
    measure(tmp_path, rows, "--output", "a/marked.jsonl")
    done = command("postprocess", "--input", "a/*.json*", "--output", "t.jsonl", folder=tmp_path)
    assert (done.returncode, len(read_rows(tmp_path / "t.jsonl"))) == (0, 60)
    alone = command("report", "--input", "a/marked.jsonl.shortcut.json", folder=tmp_path)
    assert alone.returncode == 1
    assert "lies beside records" in alone.stderr
    (tmp_path / "b.jsonl.shortcut.json").write_text("mine")
    refused = measure(tmp_path, rows, "--output", "b.jsonl")
    assert refused.returncode == 1
    assert (tmp_path / "b.jsonl.shortcut.json").read_text() == "mine"


def test_without_the_library_one_sentence_says_how_to_get_it(tmp_path: Path) -> None:
    write_rows(tmp_path / "in.jsonl", [clean()])
    done = without("sklearn", "quality", "--input", "in.jsonl", "--shortcut", folder=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "--shortcut needs scikit-learn: pip install -r requirements-quality.txt\n"
    assert not (tmp_path / "in.quality.jsonl").exists()
