"""The page of `src.report` in a real browser: used as somebody would use it, with hostile text in it.

Needs selenium (requirements-browser.txt) and Debian's chromium and chromium-driver; run by scripts/check-browser.
"""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ..conftest import command, read_rows, write_rows
from ..test_quality import chinese, clean, predict

webdriver = pytest.importorskip("selenium.webdriver")

HOSTILE = '<script>document.title="run"</script><img src=x onerror=\'document.title="run"\'></script>{title}'


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three pairs, one marked and one hostile, as a page."""
    place: Path = tmp_path_factory.mktemp("page")
    faulty, hostile = clean(), chinese()
    predict("chosen", "What is a tree path?")(faulty)
    hostile |= {"sample_id": "evil </script>", "region": "far", "top_sim": 0.1}
    hostile["label"] = HOSTILE
    hostile["context"][0]["content"] = HOSTILE
    hostile["chosen"]["intent_tree"] = hostile["rejected"]["intent_tree"] = {HOSTILE: {HOSTILE: HOSTILE}}
    rows = [clean() | {"sample_id": 7, "region": "close", "top_sim": 0.9}, faulty | {"region": "middle"}, hostile]
    write_rows(place / "in.jsonl", rows)
    assert command("quality", "--input", "in.jsonl", folder=place).returncode == 0
    assert command("report", "--input", "in.quality.jsonl", "--output", "page.html", folder=place).returncode == 0
    return place


@pytest.fixture(scope="module")
def browser(folder: Path) -> Iterator[Any]:
    options = webdriver.ChromeOptions()
    for argument in ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--window-size=1300,900"):
        options.add_argument(argument)
    options.add_experimental_option("prefs", {"download.default_directory": str(folder)})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    options.binary_location = "/usr/bin/chromium"
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService("/usr/bin/chromedriver"))
    yield driver
    driver.quit()


@pytest.fixture
def page(browser: Any, folder: Path) -> Any:
    """The page, freshly opened, without marks of an earlier test."""
    browser.get((folder / "page.html").as_uri())
    browser.execute_script("localStorage.clear(); marks = {}; filter();")
    return browser


def shown(page: Any) -> list[str]:
    """The ids in the list, from top to bottom."""
    read = "return [...document.querySelectorAll('.row small')].map((node) => node.textContent.split(' · ')[0])"
    return [str(name) for name in page.execute_script(read)]


def keys(page: Any, text: str) -> None:
    page.find_element("css selector", "#list").send_keys(text)


def choose(page: Any, name: str, value: str) -> None:
    page.execute_script(
        "const s = document.getElementById(arguments[0]); s.value = arguments[1];"
        "s.dispatchEvent(new Event('input', {bubbles: true}));",
        *(name, value),
    )


def wait_for(condition: Callable[[], Any], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert condition()


def test_nothing_of_the_data_runs_and_all_of_it_is_seen(page: Any) -> None:
    choose(page, "region", "far")
    article = page.find_element("css selector", "#pair")
    assert HOSTILE in article.text
    assert page.title != "run"
    assert not article.find_elements("css selector", "script, img")
    assert [entry for entry in page.get_log("browser") if entry["level"] == "SEVERE"] == []


def test_filters_and_search_narrow_the_list(page: Any) -> None:
    assert shown(page) == ["7", "clean", "evil </script>"]
    for name, value, left in (
        ("region", "close", ["7"]),
        ("tag", "artifact", ["clean"]),
        ("tag", "none", ["7"]),
        ("q", "TREE path?", ["clean"]),
        ("q", "谢谢你", ["evil </script>"]),
        ("q", "CLEAN", ["clean"]),
        ("q", "reasoning", []),  # a field's name and nobody's word
        ("q", "nowhere to be found", []),
    ):
        choose(page, name, value)
        assert shown(page) == left, (name, value)
        choose(page, name, "")


def test_marks_are_made_by_keyboard_downloaded_and_obeyed(page: Any, folder: Path) -> None:
    keys(page, "jd")
    page.find_element("css selector", "textarea").send_keys("not a user's words")
    page.execute_script("document.activeElement.blur()")
    keys(page, "je")
    page.find_element("css selector", "#download").click()
    wait_for((folder / "marks.jsonl").exists)
    wait_for(lambda: len(read_rows(folder / "marks.jsonl")) == 2)
    assert read_rows(folder / "marks.jsonl") == [
        {"sample_id": "clean", "item_id": 0, "mark": "drop", "note": "not a user's words"},
        {"sample_id": "evil </script>", "item_id": 0, "mark": "keep", "note": ""},
    ]
    wishes = ("--marks", "marks.jsonl", "--min-top-sim", 0.5, "--output", "out.jsonl")
    done = command("postprocess", "--input", "in.quality.jsonl", *wishes, folder=folder)
    assert done.returncode == 0, done.stderr
    assert "dropped        1: --marks" in done.stdout
    assert len(read_rows(folder / "out.jsonl")) == 2  # the one of high similarity, and the one that is to be kept


def test_a_link_leads_to_its_pair(page: Any, folder: Path) -> None:
    page.get("about:blank")
    page.get((folder / "page.html").as_uri() + "#%5B%22clean%22%2C0%5D")
    assert page.find_element("css selector", ".row[aria-selected=true]").text.split("\n")[1].startswith("clean")


def test_an_open_page_follows_its_address_and_takes_no_harm_from_a_broken_one(page: Any, folder: Path) -> None:
    choose(page, "region", "far")
    page.execute_script("location.hash = '#' + encodeURIComponent(JSON.stringify(['clean', 0]))")
    wait_for(lambda: page.find_element("css selector", "#title").text.startswith("clean, item 0"))
    page.get("about:blank")
    page.get((folder / "page.html").as_uri() + "#%E0%A4%A")
    assert len(shown(page)) == 3


def test_a_click_behind_a_note_counts_and_the_focus_stays(page: Any) -> None:
    page.find_element("css selector", "textarea").send_keys("odd")
    page.find_element("css selector", "#drop").click()
    kept = "return JSON.parse(localStorage.getItem(KEY))"
    assert list(page.execute_script(kept).values()) == [{"note": "odd", "mark": "drop"}]
    assert page.execute_script("return document.activeElement.id") == "drop"
    assert page.find_element("css selector", "#drop").get_attribute("aria-pressed") == "true"


def test_what_is_marked_leaves_the_list_of_what_is_open(page: Any) -> None:
    choose(page, "yours", "open")
    keys(page, "jd")
    assert shown(page) == ["7", "evil </script>"]
    assert page.find_element("css selector", "#title").text.startswith("evil")
    choose(page, "yours", "")


def test_a_mark_of_another_tab_is_not_lost(page: Any) -> None:
    page.execute_script("""localStorage.setItem(KEY, JSON.stringify({'["clean",0]': {mark: "drop"}}))""")
    keys(page, "e")
    assert set(page.execute_script("return JSON.parse(localStorage.getItem(KEY))")) == {'["clean",0]', "[7,0]"}


def test_the_sides_show_what_differs(page: Any) -> None:
    added = {node.text for node in page.find_elements("css selector", ".side.chosen ins")}
    gone = {node.text for node in page.find_elements("css selector", ".side.rejected del")}
    assert any("dig" in text for text in added)
    assert any("water" in text for text in gone)
    assert not any("How" in text for text in added | gone)  # both begin so
    assert not page.find_elements("css selector", ".side ol:last-of-type ins, .side ol:last-of-type del")  # the same


def test_ten_thousand_pairs_open_within_three_seconds_and_only_those_in_sight_are_drawn(
    browser: Any, tmp_path: Path
) -> None:
    rows = [clean() | {"sample_id": number, "region": "close", "top_sim": 0.9} for number in range(10_000)]
    write_rows(tmp_path / "many.jsonl", rows)
    assert command("report", "--input", "many.jsonl", folder=tmp_path).returncode == 0
    start = time.monotonic()
    browser.get((tmp_path / "many.html").as_uri())
    assert browser.find_element("css selector", "#count").text == "10,000 of 10,000 pairs"
    assert time.monotonic() - start < 3
    assert len(browser.find_elements("css selector", ".row")) < 60
    browser.execute_script("document.getElementById('list').scrollTop = 1e9")
    wait_for(lambda: "9999" in shown(browser))


def test_of_too_many_pairs_a_part_is_shown_and_the_page_says_so(browser: Any, folder: Path, tmp_path: Path) -> None:
    options = ("--input", str(folder / "in.jsonl"), "--max-pairs", 2, "--output", str(tmp_path / "few.html"))
    assert command("report", *options, folder=folder).returncode == 0
    browser.get((tmp_path / "few.html").as_uri())
    assert "one in 2 of them" in browser.find_element("css selector", "header").text
    assert json.loads(browser.execute_script("return document.getElementById('index').textContent"))[1][0].startswith(
        "evil"
    )


KEPT = (
    "5",
    '"a text of another program"',
    "true",
    "[1, 2]",
    "null",
    "not JSON",
    '{"[7,0]": 5}',
    '{"[7,0]": {"mark": {}}}',
)


@pytest.mark.parametrize("kept", KEPT)
def test_what_another_program_has_stored_does_not_break_it(page: Any, kept: str) -> None:
    page.execute_script("localStorage.setItem(KEY, arguments[0]);", kept)
    page.refresh()
    assert len(shown(page)) == 3
    keys(page, "d")
    assert page.execute_script("return Object.values(marks).map((mark) => mark.mark)") == ["drop"]
    assert "drop" in page.execute_script("return localStorage.getItem(KEY)")
    assert not [line for line in page.get_log("browser") if line["level"] == "SEVERE"]
