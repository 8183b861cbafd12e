"""The page of `src.evaluate` in a real browser: wide and narrow, sorted as wished, with hostile text in it.

Needs requirements-evaluate.txt besides what conftest.py names.
"""

from pathlib import Path
from typing import Any

import pytest

from ..conftest import command, turns, write_rows
from .conftest import errors, screen

pytest.importorskip("sacrebleu")

HOSTILE = '</script><script>document.title="run"</script><img src=x onerror=\'document.title="run"\'>{title}'
LONG = "x" * 400


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Thirty samples of two predictors, hostile and very long texts among them."""
    place: Path = tmp_path_factory.mktemp("evaluated")
    for name, right in (("good", 20), ("bad", 3)):
        rows = []
        for n in range(30):
            said = HOSTILE if n == 0 else LONG if n == 1 else f"And what about case {n}, please?"
            foreseen = [] if n == 29 else [HOSTILE, said if n < right else "No."]
            context = turns("Hi", "Hello", "Help", HOSTILE if n == 0 else f"With what in case {n}?")
            row = {"sample_id": f"d{n}", "item_id": 0, "context": context, "label": said, "predictions": foreseen}
            rows.append(row)
        write_rows(place / f"{name}.jsonl", rows)
    given = ("--predictions", "good.jsonl", "bad.jsonl", "--resamples", 100)
    assert command("evaluate", *given, "--output", "out", folder=place).returncode == 0
    return place


@pytest.fixture(params=[1280, 390])
def page(browser: Any, folder: Path, request: pytest.FixtureRequest) -> Any:
    """The page at the width of a desk and of a telephone."""
    screen(browser, request.param, 900)
    browser.get((folder / "out/evaluation.html").as_uri())
    return browser


def shown(page: Any) -> list[str]:
    """The samples from top to bottom."""
    read = "return [...document.querySelectorAll('article h3')].map((node) => node.textContent.split(',')[0])"
    return [str(name) for name in page.execute_script(read)]


def choose(page: Any, name: str, value: str) -> None:
    page.execute_script(
        "const node = document.getElementById(arguments[0]); node.value = arguments[1];"
        "node.dispatchEvent(new Event('change'));",
        name,
        value,
    )


def test_it_is_as_wide_as_the_screen_and_its_tables_scroll_for_themselves(page: Any) -> None:
    wide, room = page.execute_script("return [document.documentElement.scrollWidth, innerWidth]")
    assert wide <= room
    assert page.execute_script("return document.querySelectorAll('.wide table').length") >= 2


def test_nothing_in_it_runs_and_nothing_is_loaded(page: Any) -> None:
    assert page.title.startswith("ProUtt evaluation: good, bad")
    assert page.execute_script("return performance.getEntriesByType('resource').length") == 0
    assert not page.execute_script("return document.querySelectorAll('#samples img, #samples script').length")
    assert errors(page) == []
    assert "<img src=x" in page.find_element("id", "samples").text


def test_the_best_and_the_worst_come_first_as_wished(page: Any) -> None:
    choose(page, "sort-figure", "exact_best")
    assert {*shown(page)} == {f"d{n}" for n in range(20)}
    choose(page, "sort-order", "worst")
    assert shown(page)[0] == "d20"
    choose(page, "sort-predictor", "bad")
    assert shown(page)[0] == "d3"
    page.execute_script("document.getElementById('more').click()")
    assert len(shown(page)) == 30
    assert not page.find_element("id", "more").is_displayed()
    assert "no readable prediction" in page.find_element("id", "samples").text


def test_slices_show_the_figure_that_is_chosen(page: Any) -> None:
    choose(page, "slice-figure", "exact_best")
    choose(page, "slice-kind", "length")
    rows = page.execute_script("return [...document.querySelectorAll('#slice-body tr')].map((row) => row.innerText)")
    assert any(row.startswith("4 to 10 words") and "n 2" in row for row in rows)
