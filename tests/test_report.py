"""The report's page as a file, and its text; what a browser makes of it is told in tests/browser."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from src.basics.pages import hash_of

from .conftest import command, synthesis, turns, write_rows
from .test_quality import clean
from .test_synthesis import many

Start = Callable[..., str]
PRICES = ("--price-in", 2, "--price-out", 8)


def test_a_page_holds_all_it_needs_and_tells_of_failures_and_stages(endpoint: Start, tmp_path: Path) -> None:
    many(tmp_path, 12)
    synthesis(tmp_path, endpoint(faults=(("filtered", 0.1),)))
    done = command("report", "--input", "out.jsonl", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "out.html").read_text(encoding="utf-8")
    assert not re.search(r"(src|href)=[\"']?(https?:)?//", page)
    for told in ("content_filter", "What each stage took", "category reasons", "Rehearsed, without a model"):
        assert told in page
    assert not re.search(r"\{(head|name|title|style|script_hash|notes|overview|rows|blocks|block_size|script)\}", page)


def test_a_page_lets_its_own_script_run_and_nothing_else(tmp_path: Path) -> None:
    write_rows(tmp_path / "in.jsonl", [clean() | {"label": "</script><script>alert(1)</script>"}])
    assert command("report", "--input", "in.jsonl", folder=tmp_path).returncode == 0
    page = (tmp_path / "in.html").read_text(encoding="utf-8")
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    (allowed,) = re.findall(r"default-src 'none'.*script-src '(.*?)'\"", page)
    assert [hash_of(script) for script in scripts] == [allowed]
    assert "innerHTML" not in page


def test_the_totals_can_be_read_on_a_terminal(endpoint: Start, tmp_path: Path) -> None:
    many(tmp_path, 12)
    assert synthesis(tmp_path, endpoint()).returncode == 0
    done = command("report", "--input", "out.jsonl", "--text", folder=tmp_path)
    assert done.returncode == 0
    assert re.search(r"^pairs +12$", done.stdout, re.MULTILINE)
    regions = re.search(r"regions +(.*)", done.stdout)
    assert regions
    assert sum(map(int, re.findall(r"\d+", regions[1]))) == 12
    assert not (tmp_path / "out.html").exists()


def test_the_totals_fit_a_terminal_of_80_columns(
    endpoint: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    many(tmp_path, 40)
    assert synthesis(tmp_path, endpoint(), *PRICES, "--turns", "all").returncode == 0
    monkeypatch.setenv("COLUMNS", "80")
    told = command("report", "--input", "out.jsonl", "--text", folder=tmp_path).stdout.splitlines()
    assert len(told) > 20
    assert max(map(len, told)) < 80


def test_time_cost_and_the_way_from_rows_to_pairs_are_those_of_the_runs(endpoint: Start, tmp_path: Path) -> None:
    odd = [{"id": "short", "conversation": turns("Hello?")}, {"id": "empty", "conversation": []}]
    write_rows(tmp_path / "in.jsonl", many(tmp_path, 12) + odd)
    url = endpoint(latency=0.05)
    paid = [
        float(re.search(r"cost +([\d.]+)", synthesis(tmp_path, url, *PRICES, *limit).stdout)[1])  # type: ignore[index]
        for limit in (("--limit", 5), ())
    ]
    assert command("quality", "--input", "out.jsonl", folder=tmp_path).returncode == 0
    told = command("report", "--input", "out.quality.jsonl", "--text", folder=tmp_path).stdout
    told = re.sub(r"\n {19}", " ", told)  # where a line is broken
    assert re.search(rf"^cost +{sum(paid):,.4f}$", told, re.MULTILINE)
    assert re.search(r"input to pairs +read 14, dialogues 12, samples 12, pairs 12, without a flag \d", told)
    assert re.search(r"passed over +(?=.*no messages 1)(?=.*no user turn after an assistant turn 1)", told)
    rows = re.findall(r"^(intent tree|evaluation|insight) +(\d+) .* ([\d.]+) +[\d.]+$", told, re.MULTILINE)
    assert [count for _, count, _ in rows] == ["12"] * 3
    assert all(0.05 <= float(seconds) < 5 for *_, seconds in rows)
    dearer = command("report", "--input", "out.jsonl", "--text", "--price-in", 20, "--price-out", 80, folder=tmp_path)
    assert float(re.search(r"cost +([\d.]+)", dearer.stdout)[1]) == pytest.approx(10 * sum(paid), rel=1e-3)  # type: ignore[index]


def test_a_judge_is_accounted_for_beside_the_synthesis(endpoint: Start, tmp_path: Path) -> None:
    many(tmp_path, 6)
    url = endpoint()
    synthesis(tmp_path, url)
    judge = ("--judge", "--base-url", url, "--model", "m", "--api-key-env", "", *PRICES)
    assert command("quality", "--input", "out.jsonl", *judge, folder=tmp_path).returncode == 0
    told = command("report", "--input", "out.judged.jsonl", "--text", folder=tmp_path).stdout
    assert re.search(r"judge: evaluation +6 ", told)
    assert re.search(r"judge: score of a reasoning +12 ", told)
    assert re.search(r"^evaluation +6 .*[^.\d][\d.]+ *$", told, re.MULTILINE)


def test_shards_are_shown_together(endpoint: Start, tmp_path: Path) -> None:
    many(tmp_path, 12)
    url = endpoint()
    paid = 0.0
    for share in (1, 2):
        done = synthesis(tmp_path, url, "--shard", f"{share}/2", *PRICES, output=f"part-{share}.jsonl")
        paid += float(re.search(r"cost +([\d.]+)", done.stdout)[1])  # type: ignore[index]
    told = command("report", "--input", "part-*.jsonl", "--text", folder=tmp_path).stdout
    assert re.search(r"^pairs +12$", told, re.MULTILINE)
    assert re.search(r"^intent tree +12 ", told, re.MULTILINE)
    assert float(re.search(r"^cost +([\d.]+)$", told, re.MULTILINE)[1]) == pytest.approx(paid, abs=2e-4)  # type: ignore[index]
    assert command("report", "--input", "part-*.jsonl", "--output", "all.html", folder=tmp_path).returncode == 0
    assert "12 pairs from part-1.jsonl and 1 more" in (tmp_path / "all.html").read_text(encoding="utf-8")


def test_the_page_never_takes_the_place_of_the_records(tmp_path: Path) -> None:
    write_rows(tmp_path / "in.jsonl", [clean()])
    before = (tmp_path / "in.jsonl").read_bytes()
    done = command("report", "--input", "in.jsonl", "--output", "in.jsonl", folder=tmp_path)
    assert done.returncode == 1
    assert "is the same file as an input" in done.stderr
    assert (tmp_path / "in.jsonl").read_bytes() == before


def test_a_record_that_cannot_be_shown_is_named_by_every_command(tmp_path: Path) -> None:
    deep, wild = clean() | {"sample_id": "deep"}, clean() | {"sample_id": "wild"}
    tree: Any = "x"
    for _ in range(300):
        tree = {"a": tree}
    for name in ("chosen", "rejected"):
        deep[name]["intent_tree"] = tree
    text = json.dumps(wild | {"top_sim": 1e308}) + "\n" + json.dumps(deep) + "\n" + json.dumps(clean()) + "\n"
    (tmp_path / "in.jsonl").write_text(text)
    for name, lines in (("report", (1, 2)), ("quality", (2,)), ("postprocess", (2,))):
        more = ("--output", "out.json") if name == "postprocess" else ()
        done = command(name, "--input", "in.jsonl", *more, folder=tmp_path)
        assert done.returncode == 3, name
        for line in lines:
            assert f"in.jsonl line {line} is left out" in done.stderr, name


def test_what_is_no_record_is_named_and_nothing_else_is_lost(tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text(json.dumps(clean()) + '\n{"id"\n[1]\n')
    done = command("report", "--input", "in.jsonl", folder=tmp_path)
    assert done.returncode == 3
    assert "in.jsonl line 2 is left out" in done.stderr
    assert "in.jsonl line 3 is left out" in done.stderr
    assert "pairs          1" in done.stdout
    (tmp_path / "in.jsonl").write_text("")
    assert command("report", "--input", "in.jsonl", folder=tmp_path).returncode == 1
