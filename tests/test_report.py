"""The report's page as a file, and its text; what a browser makes of it is told in tests/browser."""

import json
import re
from collections.abc import Callable
from pathlib import Path

from .conftest import command, synthesis
from .test_quality import clean
from .test_synthesis import many

Start = Callable[..., str]


def test_a_page_holds_all_it_needs_and_tells_of_failures_and_stages(endpoint: Start, tmp_path: Path) -> None:
    many(tmp_path, 12)
    synthesis(tmp_path, endpoint(faults=(("filtered", 0.1),)))
    done = command("report", "--input", "out.jsonl", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "out.html").read_text(encoding="utf-8")
    assert not re.search(r"(src|href)=[\"']?(https?:)?//", page)
    for told in ("content_filter", "tokens by stage", "category reasons", "Rehearsed, without a model"):
        assert told in page
    assert not re.search(r"\{(title|notes|charts|index|pairs|script)\}", page)


def test_the_totals_can_be_read_on_a_terminal(endpoint: Start, tmp_path: Path) -> None:
    many(tmp_path, 12)
    assert synthesis(tmp_path, endpoint()).returncode == 0
    done = command("report", "--input", "out.jsonl", "--text", folder=tmp_path)
    assert done.returncode == 0
    assert "pairs              12" in done.stdout
    regions = re.search(r"regions +(.*)", done.stdout)
    assert regions
    assert sum(map(int, re.findall(r"\d+", regions[1]))) == 12
    assert not (tmp_path / "out.html").exists()


def test_what_is_no_record_is_named_and_nothing_else_is_lost(tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text(json.dumps(clean()) + '\n{"id"\n[1]\n')
    done = command("report", "--input", "in.jsonl", folder=tmp_path)
    assert done.returncode == 3
    assert "in.jsonl line 2 is left out" in done.stderr
    assert "in.jsonl line 3 is left out" in done.stderr
    assert "pairs          1" in done.stdout
    (tmp_path / "in.jsonl").write_text("")
    assert command("report", "--input", "in.jsonl", folder=tmp_path).returncode == 1
