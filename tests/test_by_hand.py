"""The pairs that come with the project: they say that they are written by hand, are sound, and one is the README's."""

import re
from pathlib import Path

from src.marking.marks import marks
from src.pairs.sides import MarkedRecord, Pair
from src.training.templates import thoughts_and_predictions

from .conftest import ROOT, command, read_rows

PAIRS = ROOT / "data/by_hand/pairs.jsonl"


def words(text: str) -> str:
    """The text but for its line breaks."""
    return re.sub(r"\s+", "", text)


def test_they_say_how_they_were_made_and_cover_every_region_and_view() -> None:
    rows = read_rows(PAIRS)
    dialogues = {row["id"] for row in read_rows(ROOT / "data/raw/demo.jsonl")}
    assert len(rows) == len({(row["sample_id"], row["item_id"]) for row in rows}) == 12
    assert len({row["sample_id"] for row in rows} & dialogues) == 11  # one dialogue has two
    assert {row["model"] for row in rows} == {row["judge"] for row in rows} == {"answered-by-hand"}
    assert {row["region"] for row in rows} == {"close", "middle", "far"}
    assert {row["gt_insight_path"]["insight"] for row in rows} == {"Mining", "Exploration"}


def test_no_heuristic_doubts_them_and_the_judge_finds_the_chosen_side_nearer() -> None:
    for row in read_rows(PAIRS):
        assert not [*marks(MarkedRecord.model_validate(row))], row["sample_id"]
        assert row["quality"]["margin"] > 0, row["sample_id"]


def test_they_become_training_files(tmp_path: Path) -> None:
    for mode in ("pref", "sft"):
        done = command("postprocess", "--input", PAIRS, "--mode", mode, "--output", f"{mode}.json", folder=tmp_path)
        assert done.returncode == 0, done.stderr


def test_the_pair_of_the_readme_is_one_of_them() -> None:
    (row,) = (row for row in read_rows(PAIRS) if row["sample_id"] == "demo-sport-10k")
    pair, readme = Pair.model_validate(row), words((ROOT / "README.md").read_text(encoding="utf-8"))
    assert words(thoughts_and_predictions(pair.chosen)) in readme
    assert words(pair.rejected.category_reasoning) in readme
    assert words(pair.rejected.mining) in readme
    for text in pair.rejected.mining_predictions:
        assert words(f"<predict>{text}</predict>") in readme
    assert f"best similarity of {row['top_sim']}" in (ROOT / "README.md").read_text(encoding="utf-8")
