"""The page of `src.report` in a real browser: used as somebody would use it, with hostile text in it."""

import json
import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from ..conftest import ROOT, command, read_rows, write_rows
from ..test_quality import all_of, chinese, clean
from .conftest import errors, leave, screen

HOSTILE = '<script>document.title="run"</script><img src=x onerror=\'document.title="run"\'></script>{title}'
NAMES = {"And how deep do the holes have to be?": "clean", "Seven?": "7", HOSTILE: "evil"}
"""The pairs of the page, by what the list shows of them."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three pairs, one flagged and one hostile, as a page."""
    place: Path = tmp_path_factory.mktemp("page")
    faulty, hostile = clean(), chinese()
    all_of("chosen", "What is a tree path?", "Is there another tree path?")(faulty)
    hostile |= {"sample_id": "evil </script>", "region": "far", "top_sim": 0.1, "label": HOSTILE}
    hostile["context"][0]["content"] = HOSTILE
    hostile["chosen"]["intent_tree"] = hostile["rejected"]["intent_tree"] = {HOSTILE: {HOSTILE: HOSTILE}}
    seven = clean() | {"sample_id": 7, "region": "close", "top_sim": 0.9, "label": "Seven?"}
    seven["rejected"] |= {
        "incorrect_path": [path | {"source_node": "lawn"} for path in seven["rejected"]["incorrect_path"]],
        "intent_tree": {"lawn": {"moss": "thick"}},
        "imagined_exchange": {"user": "And the lawn?", "assistant": "It is full of moss."},
    }
    write_rows(place / "in.jsonl", [seven, faulty | {"region": "middle"}, hostile])
    assert command("quality", "--input", "in.jsonl", folder=place).returncode == 0
    assert command("report", "--input", "in.quality.jsonl", "--output", "page.html", folder=place).returncode == 0
    return place


@pytest.fixture
def page(browser: Any, folder: Path) -> Any:
    """The pairs of the page, freshly opened, without marks of an earlier test."""
    screen(browser, 1280, 900)
    reopen(browser, folder / "page.html")
    browser.execute_script("localStorage.clear(); marks = {}; saved = {};")
    reopen(browser, folder / "page.html")
    return browser


def reopen(browser: Any, path: Path, link: str = "") -> None:
    """Open a page anew, on its pairs."""
    leave(browser)
    browser.get(path.as_uri() + link)
    if not link:
        browser.find_element("id", "to-pairs").click()
    wait_for(lambda: browser.find_elements("css selector", "#pair .said"))


def shown(page: Any) -> list[str]:
    """The names of the pairs in the list, from top to bottom."""
    read = "return [...document.querySelectorAll('.row .first')].map((node) => node.textContent)"
    return [NAMES.get(text, text) for text in page.execute_script(read)]


def opened(page: Any) -> str:
    """The name of the pair that is open."""
    texts = page.execute_script("return [...document.querySelectorAll('#pair .said .cut')].map((n) => n.textContent)")
    return NAMES.get(texts[0], texts[0]) if texts else ""


def keys(page: Any, text: str) -> None:
    page.find_element("id", "list").send_keys(text)


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


def bottom(page: Any, selector: str) -> float:
    read = "return document.querySelector(arguments[0]).getBoundingClientRect().bottom"
    return float(page.execute_script(read, selector))


# ---------------------------------------------------------------------------------------------- what it shows


def test_nothing_of_the_data_runs_and_all_of_it_is_seen(page: Any) -> None:
    choose(page, "region", "far")
    wait_for(lambda: opened(page) == "evil")
    keys(page, "ot")
    article = page.find_element("id", "pair")
    wait_for(lambda: article.text.count(HOSTILE) >= 4)  # what was said, a turn, and the tree's names
    assert page.title != "run"
    assert not article.find_elements("css selector", "script, img")
    assert page.execute_script("return performance.getEntriesByType('resource').length") == 0
    assert errors(page) == []


def test_a_side_that_misreads_the_dialogue_is_shown_with_its_tree_and_the_end_it_takes_for_real(page: Any) -> None:
    choose(page, "region", "close")
    wait_for(lambda: opened(page) == "7")
    tree = page.find_element("id", "tree")
    keys(page, "t")
    wait_for(lambda: "moss" in tree.text)
    for told in ("Chosen", "rose bed", "Rejected", "lawn", "As if the dialogue ended so", "It is full of moss."):
        assert told in tree.text
    choose(page, "region", "middle")
    wait_for(lambda: opened(page) == "clean")
    assert "Rejected" not in page.find_element("id", "tree").text
    assert errors(page) == []


def test_a_chart_filters_the_pairs(page: Any) -> None:
    page.find_element("id", "to-overview").click()
    page.find_element("css selector", "[data-filter=region][data-value=far]").click()
    assert shown(page) == ["evil"]
    page.find_element("id", "to-overview").click()
    page.find_element("css selector", "[data-filter=similarity][data-value='0.90 0.95']").click()
    assert shown(page) == ["7"]
    page.find_element("id", "to-overview").click()
    page.find_element("css selector", "[data-filter=categories][data-value='Question Question']").click()
    assert shown(page) == ["7", "clean"]
    page.find_element("css selector", "#active button").click()  # takes a filter away
    page.find_element("css selector", "#active button").click()
    assert len(shown(page)) == 3


BY_HAND = [[row["sample_id"], row["item_id"]] for row in read_rows(ROOT / "data/by_hand/pairs.jsonl")]


@pytest.mark.parametrize("name", BY_HAND, ids=str)
def test_of_real_pairs_all_but_the_reasonings_is_seen_without_scrolling(
    browser: Any, tmp_path: Path, name: object
) -> None:
    options = ("--input", ROOT / "data/by_hand/pairs.jsonl", "--output", "page.html")
    assert command("report", *options, folder=tmp_path).returncode == 0
    screen(browser, 1280, 900)
    reopen(browser, tmp_path / "page.html", "#" + json.dumps(name, separators=(",", ":")))
    for part in (".said", ".side-of.chosen", ".side-of.rejected", ".categories"):
        assert bottom(browser, part) <= bottom(browser, "#reader") < 900
    lefts = [
        browser.execute_script("return document.querySelector(arguments[0]).getBoundingClientRect().left", side)
        for side in (".side-of.chosen", ".side-of.rejected")
    ]
    assert lefts[0] < lefts[1]
    similarities = browser.find_elements("css selector", ".meter b")
    assert len(similarities) == 8
    assert all(0 <= float(similarity.text) <= 1 for similarity in similarities)


def test_long_texts_are_cut_until_all_of_them_is_wished_for(browser: Any, tmp_path: Path) -> None:
    long, most = " and so on" * 200, clean() | {"sample_id": "long", "label": "What?" + " and so on" * 200}
    for name in ("chosen", "rejected"):
        for view in most[name]["insight_reason"].values():
            view["predictions"] = [text + long for text in view["predictions"][:2]]
    write_rows(tmp_path / "long.jsonl", [most])
    assert command("report", "--input", "long.jsonl", folder=tmp_path).returncode == 0
    screen(browser, 1280, 900)
    reopen(browser, tmp_path / "long.html")
    for part in (".said", ".side-of.chosen", ".side-of.rejected", ".categories"):
        assert bottom(browser, part) <= bottom(browser, "#reader")
    before = bottom(browser, ".said")
    browser.find_element("css selector", ".said button").click()
    assert bottom(browser, ".said") > before


def test_filters_and_search_narrow_the_list(page: Any) -> None:
    assert shown(page) == ["7", "clean", "evil"]
    for name, value, left in (
        ("region", "close", ["7"]),
        ("flag", "artifact", ["clean"]),
        ("flag", "none", ["7"]),
        ("similarity-from", "0.5", ["7"]),
        ("similarity-to", "0.5", ["evil"]),  # the other has none
        ("q", "TREE path?", ["clean"]),
        ("q", "谢谢你", ["evil"]),
        ("q", "evil </script", ["evil"]),
        ("q", "reasoning", []),  # a field's name and nobody's word
        ("q", "nowhere to be found", []),
    ):
        wait_for(lambda: page.execute_script("return ready === pairs.length"))
        choose(page, name, value)
        assert shown(page) == left, (name, value)
        choose(page, name, "")


def test_the_list_is_sorted_as_wished_and_what_has_no_figure_comes_last(page: Any) -> None:
    choose(page, "sort", "similarity 1")
    assert shown(page) == ["evil", "7", "clean"]
    choose(page, "sort", "similarity -1")
    assert shown(page) == ["7", "evil", "clean"]
    choose(page, "sort", "flags -1")
    assert shown(page) == ["evil", "clean", "7"]
    keys(page, "d")
    choose(page, "sort", "marks 1")
    assert shown(page) == ["7", "clean", "evil"]


def test_flags_are_grouped_and_marked_in_place(page: Any) -> None:
    choose(page, "flag", "artifact")
    wait_for(lambda: opened(page) == "clean")
    assert "artifact × 2" in page.find_element("css selector", ".row").text
    assert "artifact × 2" in page.find_element("css selector", "#pair header").text
    found = page.find_elements("css selector", ".side-of.chosen mark.flagged")
    assert [node.text for node in found] == ["tree path", "tree path"]
    assert not page.find_elements("css selector", ".side-of.rejected mark.flagged")


def test_the_reasonings_show_what_differs_and_what_is_the_same_once(page: Any) -> None:
    more = [node.text for node in page.find_elements("css selector", ".reasonings p.chosen mark.more")]
    less = [node.text for node in page.find_elements("css selector", ".reasonings p.rejected mark.less")]
    assert any("planting depth" in text for text in more)
    assert any("summer watering" in text for text in less)
    assert not any("The assistant has just named clay" in text for text in more + less)
    once = [node.text for node in page.find_elements("css selector", ".reasonings p.once")]
    assert "What is planted needs food: rose bed -> feeding - compost." in once


def test_the_arrows_scroll_and_j_and_k_move(page: Any) -> None:
    screen(page, 1280, 500)
    for key, name in (("j", "clean"), ("j", "evil"), ("k", "clean"), ("k", "7")):
        keys(page, key)
        wait_for(lambda name=name: opened(page) == name)  # type: ignore[misc]
    keys(page, "\ue015")  # the arrow down
    wait_for(lambda: page.execute_script("return document.getElementById('reader').scrollTop") > 0)
    assert opened(page) == "7"


# ---------------------------------------------------------------------------------------------- marks


def test_marks_are_made_by_keyboard_survive_a_reload_are_saved_and_obeyed(
    page: Any, folder: Path, downloads: Path
) -> None:
    keys(page, "jd")
    keys(page, "n")
    page.find_element("id", "note").send_keys("not a user's words")
    page.find_element("id", "note").send_keys("\ue007")  # Enter leads back
    keys(page, "je")
    assert page.find_element("id", "marked").text == "2 of 3 marked"
    reopen(page, folder / "page.html")
    assert page.find_element("id", "marked").text == "2 of 3 marked"
    assert "2 not saved" in page.find_element("id", "unsaved").text
    keys(page, "s")
    saved = downloads / "marks.jsonl"
    wait_for(saved.exists)
    wait_for(lambda: len(read_rows(saved)) == 2)
    assert read_rows(saved) == [
        {"sample_id": "clean", "item_id": 0, "mark": "drop", "note": "not a user's words"},
        {"sample_id": "evil </script>", "item_id": 0, "mark": "keep", "note": ""},
    ]
    wishes = ("--marks", str(saved), "--min-top-sim", 0.5, "--output", "out.jsonl")
    done = command("postprocess", "--input", "in.quality.jsonl", *wishes, folder=folder)
    assert done.returncode == 0, done.stderr
    assert "dropped        1: --marks" in done.stdout
    assert len(read_rows(folder / "out.jsonl")) == 2  # the one of high similarity, and the one that is to be kept


def test_a_warning_stands_before_marks_that_are_in_no_file_are_lost(page: Any) -> None:
    leaves = (
        "const event = new Event('beforeunload', {cancelable: true}); dispatchEvent(event);"
        "return !event.defaultPrevented"
    )
    assert page.execute_script(leaves)
    keys(page, "e")
    assert not page.execute_script(leaves)
    keys(page, "u")  # taken back, so that nothing is lost
    assert page.execute_script(leaves)
    keys(page, "es")
    assert page.execute_script(leaves)


def load(page: Any, path: Path, rows: Sequence[object], button: str) -> None:
    """Load a file of marks, and say whose it is."""
    write_rows(path, [*rows])
    page.find_element("id", "file").send_keys(str(path))
    wait_for(lambda: page.find_element("id", "dialog").is_displayed())
    next(each for each in page.find_elements("css selector", "#dialog button") if each.text.startswith(button)).click()


def marked(sample_id: object, mark: str, note: str = "") -> dict[str, object]:
    return {"sample_id": sample_id, "item_id": 0, "mark": mark, "note": note}


def test_two_annotators_are_compared_by_cohens_kappa(page: Any, tmp_path: Path) -> None:
    """Two of three agree; by chance 4 of 9 would: (2/3 - 4/9) / (1 - 4/9) = 0.4."""
    keys(page, "eje")
    keys(page, "jd")
    theirs = [
        marked(7, "keep"),
        marked("clean", "drop", "hm"),
        marked("evil </script>", "drop"),
        marked("other", "keep"),
    ]
    load(page, tmp_path / "anna.jsonl", theirs, "Another")
    wait_for(lambda: page.find_element("id", "agreement").text == "κ 0.40, 2 of 3 agreed")
    choose(page, "yours", "differ")
    assert shown(page) == ["clean"]
    assert page.find_element("id", "marked").text == "3 of 3 marked"  # still one's own


def test_marks_of_a_file_are_gone_on_with_and_what_would_be_lost_is_told(page: Any, tmp_path: Path) -> None:
    keys(page, "e")
    write_rows(tmp_path / "mine.jsonl", [marked(7, "drop")])
    page.find_element("id", "file").send_keys(str(tmp_path / "mine.jsonl"))
    wait_for(lambda: "replaces 1 of yours" in page.find_element("id", "dialog").text)
    page.find_element("css selector", "#dialog button:last-child").click()
    assert page.find_element("id", "keep").get_attribute("aria-pressed") == "true"
    load(page, tmp_path / "mine.jsonl", [marked(7, "drop"), marked("clean", "keep")], "Mine")
    wait_for(lambda: page.find_element("id", "marked").text == "2 of 3 marked")
    assert page.find_element("id", "drop").get_attribute("aria-pressed") == "true"


def test_what_is_no_file_of_marks_is_named_and_changes_nothing(page: Any, tmp_path: Path) -> None:
    (tmp_path / "odd.jsonl").write_text('{"sample_id": 7}\nnot JSON\n')
    page.find_element("id", "file").send_keys(str(tmp_path / "odd.jsonl"))
    wait_for(lambda: "odd.jsonl is no file of marks" in page.find_element("id", "dialog").text)
    assert page.find_element("id", "marked").text == "0 of 3 marked"


def test_a_click_behind_a_note_counts(page: Any) -> None:
    page.find_element("id", "note").send_keys("odd")
    page.find_element("id", "drop").click()
    kept = "return JSON.parse(localStorage.getItem(KEY))"
    assert list(page.execute_script(kept).values()) == [{"note": "odd", "mark": "drop"}]
    assert page.find_element("id", "drop").get_attribute("aria-pressed") == "true"


def test_what_is_marked_leaves_the_list_of_what_is_unmarked(page: Any) -> None:
    choose(page, "yours", "open")
    keys(page, "jd")
    assert shown(page) == ["7", "evil"]
    wait_for(lambda: opened(page) == "evil")
    keys(page, "k")
    keys(page, "E")  # goes on to the next by itself, and no further
    assert shown(page) == ["evil"]
    choose(page, "yours", "")
    keys(page, "kE")
    wait_for(lambda: opened(page) == "evil")


def test_a_mark_of_another_tab_is_not_lost(page: Any) -> None:
    page.execute_script("""localStorage.setItem(KEY, JSON.stringify({'["clean",0]': {mark: "drop"}}))""")
    keys(page, "e")
    assert set(page.execute_script("return JSON.parse(localStorage.getItem(KEY))")) == {'["clean",0]', "[7,0]"}


def test_ids_are_saved_as_they_are_written_and_known_again(browser: Any, tmp_path: Path, downloads: Path) -> None:
    ids = [1.0, 12345678901234567891, "1"]
    write_rows(tmp_path / "in.jsonl", [clean() | {"sample_id": name} for name in ids])
    assert command("report", "--input", "in.jsonl", "--output", "page.html", folder=tmp_path).returncode == 0
    (downloads / "marks.jsonl").unlink(missing_ok=True)
    reopen(browser, tmp_path / "page.html")
    keys(browser, "ejeje")
    keys(browser, "s")
    wait_for((downloads / "marks.jsonl").exists)
    wait_for(lambda: (downloads / "marks.jsonl").read_text().count("\n") == 3)
    saved = tmp_path / "saved.jsonl"
    (downloads / "marks.jsonl").rename(saved)
    assert re.findall(r'"sample_id":(.+?),"item_id":0,"mark":"keep"', saved.read_text()) == [
        "1.0",
        "12345678901234567891",
        '"1"',
    ]
    done = command("postprocess", "--input", "in.jsonl", "--marks", saved, "--output", "o.jsonl", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    browser.execute_script("localStorage.clear(); marks = {}; saved = {};")
    reopen(browser, tmp_path / "page.html")
    browser.find_element("id", "file").send_keys(str(saved))
    wait_for(lambda: browser.find_element("id", "dialog").is_displayed())
    next(
        each for each in browser.find_elements("css selector", "#dialog button") if each.text.startswith("Mine")
    ).click()
    wait_for(lambda: browser.find_element("id", "marked").text == "3 of 3 marked")


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
def test_what_another_program_has_stored_does_not_break_it(page: Any, folder: Path, kept: str) -> None:
    page.execute_script("localStorage.setItem(KEY, arguments[0]);", kept)
    reopen(page, folder / "page.html")
    assert len(shown(page)) == 3
    keys(page, "d")
    assert page.find_element("id", "marked").text == "1 of 3 marked"
    assert "drop" in page.execute_script("return localStorage.getItem(KEY)")
    assert errors(page) == []


# ---------------------------------------------------------------------------------------------- links, screens, sizes


def test_a_link_leads_to_its_pair(page: Any, folder: Path) -> None:
    reopen(page, folder / "page.html", "#%5B%22clean%22%2C0%5D")
    assert opened(page) == "clean"
    assert NAMES[page.find_element("css selector", ".row[aria-selected=true] .first").text] == "clean"


def test_an_open_page_follows_its_address_and_takes_no_harm_from_a_broken_one(page: Any, folder: Path) -> None:
    choose(page, "region", "far")
    page.execute_script("location.hash = '#' + encodeURIComponent(JSON.stringify(['clean', 0]))")
    wait_for(lambda: opened(page) == "clean")
    leave(page)
    page.get((folder / "page.html").as_uri() + "#%E0%A4%A")
    assert page.find_element("id", "overview").is_displayed()
    assert errors(page) == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 1024, 800, 390])
def test_nothing_is_wider_than_the_screen(page: Any, folder: Path, width: int, dark: bool) -> None:
    screen(page, width, 844, dark=dark)
    leave(page)
    page.get((folder / "page.html").as_uri())
    wide = "return Math.max(...['overview', 'reader'].map((id) => byId(id).scrollWidth), document.body.scrollWidth)"
    assert page.execute_script(wide) <= width
    page.find_element("id", "to-pairs").click()
    assert page.execute_script(wide) <= width
    page.find_element("css selector", ".row").click()
    wait_for(lambda: opened(page) == "7")
    assert page.execute_script(wide) <= width
    assert page.execute_script("return getComputedStyle(document.body).backgroundColor") == (
        "rgb(19, 20, 24)" if dark else "rgb(245, 245, 243)"
    )


def test_on_a_phone_a_pair_is_one_column_and_the_chosen_side_comes_first(page: Any) -> None:
    screen(page, 390, 844)
    page.find_element("css selector", ".row").click()
    wait_for(lambda: opened(page) == "7")
    assert not page.find_element("id", "list").is_displayed()
    assert page.find_element("id", "keep").is_displayed()
    chosen, rejected = (page.find_element("css selector", f".side-of.{side}").rect for side in ("chosen", "rejected"))
    assert chosen["x"] == rejected["x"]
    assert chosen["y"] + chosen["height"] <= rejected["y"]
    page.find_element("id", "back").click()
    assert page.find_element("id", "list").is_displayed()


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of ten thousand pairs, made of the real ones."""
    place: Path = tmp_path_factory.mktemp("many")
    real = read_rows(ROOT / "data/by_hand/pairs.jsonl")
    rows = [real[number % len(real)] | {"sample_id": number} for number in range(10_000)]
    write_rows(place / "many.jsonl", [*rows[:-1], rows[-1] | {"label": "the last one of all"}])
    assert command("report", "--input", "many.jsonl", folder=place).returncode == 0
    return place / "many.html"


def test_ten_thousand_pairs_open_within_a_second_and_only_those_in_sight_are_drawn(browser: Any, many: Path) -> None:
    times = []
    for _ in range(3):  # the best of three, since other programs run on this machine too
        reopen(browser, many)
        times.append(browser.execute_script("return performance.getEntriesByType('navigation')[0].loadEventEnd"))
    assert min(times) < 1000, times
    assert browser.find_element("id", "count").text == "10,000 of 10,000 pairs"
    assert len(browser.find_elements("css selector", ".row")) < 60
    browser.execute_script("document.getElementById('list').scrollTop = 1e9")
    wait_for(lambda: "the last one of all" in shown(browser))


def test_ten_thousand_pairs_are_searched_within_a_tenth_of_a_second(browser: Any, many: Path) -> None:
    search = (
        "const start = performance.now(); byId('q').value = arguments[0];"
        "byId('q').dispatchEvent(new Event('input', {bubbles: true})); byId('list').getBoundingClientRect();"
        "return performance.now() - start"
    )
    times = []
    for _ in range(3):
        reopen(browser, many)
        times.append(browser.execute_script(search, "one of all"))  # while texts are read, it does not stall either
    assert min(times) < 100, times
    wait_for(lambda: browser.find_element("id", "count").text == "1 of 10,000 pairs", seconds=60)
    times = [browser.execute_script(search, text) for text in ("race week", "红烧肉", "nowhere to be found") * 3]
    assert min(times) < 100, times
    assert browser.find_element("id", "count").text == "0 of 10,000 pairs"


def test_of_too_many_pairs_a_part_is_shown_and_the_page_says_so(browser: Any, folder: Path, tmp_path: Path) -> None:
    options = ("--input", str(folder / "in.jsonl"), "--max-pairs", 2, "--output", str(tmp_path / "few.html"))
    assert command("report", *options, folder=folder).returncode == 0
    reopen(browser, tmp_path / "few.html")
    assert shown(browser) == ["7", "evil"]
    browser.find_element("id", "to-overview").click()
    assert "one in 2 of them" in browser.find_element("css selector", ".notes").text
