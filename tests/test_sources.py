"""Every published shape of dialogues, in every kind of file, gives the same samples; what cannot be read is told."""

import gzip
import io
import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from src.basics.command import Stop
from src.basics.files import found
from src.dialogues.files import rows
from src.dialogues.json_rows import Row, Unreadable
from src.dialogues.raw import PassedOver, Raw
from src.dialogues.samples import Sample, samples
from src.dialogues.shapes import Reader
from src.dialogues.turns import cleaned
from src.methods.proutt.settings import Config

from .conftest import command, dialogue, read_rows, synthesis, turns, write_rows

TEXTS = ("Plan my garden.", "Which plants?", "Roses, please.", "Any colour?", "Red ones.")
TALK = turns(*TEXTS)
SHAREGPT = [{"from": "gpt" if place % 2 else "human", "value": text} for place, text in enumerate(TEXTS)]
CROSSWOZ = [{"role": "sys" if place % 2 else "usr", "content": text} for place, text in enumerate(TEXTS)]


def raws(*values: Any, paths: Any = "best") -> list[Raw]:
    found = Reader(paths).dialogues([("file", Row(value)) for value in values])
    return [raw for raw in found if isinstance(raw, Raw)]


def sample_of(value: Any, **options: Any) -> Sample:
    (raw,) = raws(value)
    (sample,) = samples(cleaned(raw, Config(**options)), 0, Config(**options), Counter())
    return sample


def message(name: str, text: str, parent: str | None, **more: Any) -> dict[str, Any]:
    role = "prompter" if text in TEXTS[::2] else "assistant"
    about = {"message_id": name, "parent_id": parent, "message_tree_id": "tree", "text": text, "role": role}
    return about | {"deleted": False, "review_result": True, "rank": None} | more


def nested(messages: list[dict[str, Any]], parent: str | None = None) -> list[dict[str, Any]]:
    return [
        each | {"replies": nested(messages, each["message_id"])} for each in messages if each["parent_id"] == parent
    ]


PATH = [message(str(place), text, str(place - 1) if place else None) for place, text in enumerate(TEXTS)]


@pytest.mark.parametrize(
    ("row", "sample_id"),
    [
        ({"id": "a", "conversation": TALK}, "a"),
        ({"conversation_id": "b", "model": "x", "conversation": TALK, "language": "English"}, "b"),
        ({"conversation_hash": "c", "conversation": [{**turn, "country": "FR"} for turn in TALK], "toxic": False}, "c"),
        ({"id": 4, "messages": TALK}, 4),
        ({"id": "e", "conversations": SHAREGPT, "tools": "[]"}, "e"),
        ({"id": "f", "conversation": SHAREGPT}, "f"),
        ({"id": "g", "conversations": TALK}, "g"),
        ({"id": "h", "goal": [], "messages": CROSSWOZ}, "h"),
        ({"message_tree_id": "tree", "prompt": nested(PATH)[0]}, "4"),
        (
            {
                "id": "i",
                "messages": [{**turn, "content": [{"type": "text", "text": turn["content"]}]} for turn in TALK],
            },
            "i",
        ),
    ],
)
def test_every_published_shape_gives_the_same_sample(row: dict[str, Any], sample_id: Any) -> None:
    sample = sample_of(row)
    assert [turn.content for turn in sample.context] == list(TEXTS[:4])
    assert [turn.role for turn in sample.context] == ["user", "assistant"] * 2
    assert (sample.utterance, sample.sample_id) == (TEXTS[4], sample_id)


def chatgpt(texts: Sequence[str]) -> dict[str, Any]:
    """An export: a hidden system node, the turns, and beside the last one a branch that was left."""
    told: list[Any] = [None, {"author": {"role": "system"}, "content": {"content_type": "text", "parts": [""]}}]
    for place, text in enumerate(texts):
        role, hidden = ("assistant", "user")[place % 2 == 0], {"content_type": "thoughts", "parts": ["hm"]}
        told += [{"author": {"role": "assistant"}, "content": hidden}] if place % 2 else []
        told += [{"author": {"role": role}, "content": {"content_type": "text", "parts": [text]}, "recipient": "all"}]
    nodes = {str(at): {"message": each, "parent": str(at - 1) if at else None} for at, each in enumerate(told)}
    left = {"author": {"role": "user"}, "content": {"content_type": "text", "parts": ["Never mind."]}}
    last = str(len(told) - 1)
    return {"mapping": {**nodes, "left": {"message": left, "parent": str(len(told) - 2)}}, "current_node": last}


@pytest.mark.parametrize(
    "row",
    [
        chatgpt(TEXTS) | {"id": "x", "title": "Garden"},
        {
            "uuid": "x",
            "chat_messages": [
                {"sender": "assistant" if place % 2 else "human", "text": text, "uuid": "m"}
                for place, text in enumerate(TEXTS)
            ],
        },
        {"id": "x", "data": [*TEXTS]},
        {"id": "x", "conversation": [{"input": TEXTS[place], "output": TEXTS[place + 1]} for place in (0, 2)]
            + [{"input": TEXTS[4], "output": ""}], "source": "Airoboros"},
        {"id": "x", "messages": json.dumps(TALK)},
        {"id": "x", "conversations": json.dumps(SHAREGPT)},
    ],
    ids=["ChatGPT", "Claude", "UltraChat", "Capybara", "text", "ShareGPT text"],
)  # fmt: skip
def test_exports_and_turns_of_other_forms_give_the_same_sample(row: dict[str, Any]) -> None:
    sample = sample_of(row)
    assert sample.sample_id == "x"
    assert [turn.content for turn in sample.context] == list(TEXTS[:-1])
    assert sample.utterance == TEXTS[-1]


def test_odd_exports_are_passed_over() -> None:
    odd: list[Any] = [
        {"mapping": {"a": {"message": None, "parent": "a"}}, "current_node": "a"},
        {"mapping": {"a": 3}},
        {"chat_messages": ["no message"]},
        {"data": []},
        {"data": [{"id": 1}]},
        {"messages": "[no JSON"},
        {"mapping": {}, "chat_messages": 1},
        {"mapping": {"a": {"message": None}}, "current_node": ["a"]},
        {"mapping": {"a": {"message": {"metadata": [1], "author": {}, "content": {}}}}},
        {"mapping": {"a": {"message": {"author": {}, "content": {"content_type": [], "parts": 3}}}}},
    ]
    for value in odd:
        (only,) = Reader("best").dialogues([("file", Row(value))])
        if not isinstance(only, PassedOver):
            assert isinstance(only, Raw)
            with pytest.raises(PassedOver):
                list(samples(cleaned(only, Config()), 0, Config(), Counter()))


def test_a_bare_list_of_messages_is_a_dialogue() -> None:
    assert sample_of(TALK).utterance == TEXTS[4]


def test_flat_oasst_messages_are_put_together_however_they_lie() -> None:
    other = [message(f"o{place}", text, f"o{place - 1}" if place else None) for place, text in enumerate(TEXTS)]
    scattered = [*PATH[::2], *(each | {"message_tree_id": "other"} for each in reversed(other)), *PATH[1::2]]
    assert [[said["text"] for said in raw.messages] for raw in raws(*scattered)] == [list(TEXTS)] * 2


def test_of_an_oasst_tree_the_best_path_or_all_of_reviewed_and_undeleted_messages_count() -> None:
    tree = [
        message("root", "Plan my garden.", None),
        message("second", "Which plants?", "root", rank=1),
        message("first", "What size?", "root", rank=0),
        message("deleted", "spam", "root", rank=-1, deleted=True),
        message("unreviewed", "spam", "root", rank=-1, review_result=None),
        message("leaf", "Roses, please.", "first"),
        message("other leaf", "Red ones.", "second"),
        message("the last word", "Any colour?", "leaf"),
        message("another last word", "Which plants?", "leaf"),
    ]
    row = {"prompt": nested(tree)[0]}
    assert [raw.given_id for raw in raws(row)] == ["leaf"]
    assert [raw.given_id for raw in raws(row, paths="all")] == ["leaf", "leaf", "other leaf"]
    assert raws({"prompt": nested(tree)[0] | {"deleted": True}}) == []


def test_function_calls_are_the_assistants_and_observations_are_context() -> None:
    talk = [
        {"from": "human", "value": "Weather?"},
        {"from": "function_call", "value": '{"name": "weather"}'},
        {"from": "observation", "value": "sunny"},
        {"from": "gpt", "value": "It is sunny."},
        {"from": "human", "value": "Thanks!"},
    ]
    sample = sample_of({"conversations": talk, "system": "Be brief."})
    assert [turn.role for turn in sample.context] == ["system", "user", "assistant", "tool", "assistant"]
    dropped = sample_of({"conversations": talk, "system": "Be brief."}, system_turns="drop", tool_turns="drop")
    assert [turn.role for turn in dropped.context] == ["user", "assistant"]


def test_roles_may_have_names_of_their_own() -> None:
    talk = [
        {"role": "Kunde", "content": "Hallo"},
        {"role": "Agent", "content": "Ja?"},
        {"role": "Kunde", "content": "?"},
    ]
    assert sample_of({"messages": talk}, user_role="kunde", assistant_role="agent").utterance == "?"
    with pytest.raises(PassedOver, match="unknown role 'Kunde'"):
        sample_of({"messages": talk})


def test_a_long_context_keeps_its_system_turn_and_its_newest_whole_rounds() -> None:
    talk = [{"role": "system", "content": "s" * 10}, *turns(*(letter * 100 for letter in "abcdefg"))]
    kept = sample_of({"messages": talk}, max_context_chars=450).context
    assert [turn.content[0] for turn in kept] == ["s", "c", "d", "e", "f"]
    assert [turn.content[0] for turn in sample_of({"messages": talk}, max_context_chars=5).context] == ["s", "e", "f"]
    assert len(sample_of({"messages": talk}, max_context_chars=610).context) == 7


# ---------------------------------------------------------------------------------------------- files


def read(*patterns: object) -> list[Any]:
    return [row.value if isinstance(row, Row) else row for _, row in rows(found([str(each) for each in patterns]))]


ROWS = [{"id": number, "conversation": TALK, "note": "a]b}{[" * number} for number in range(300)]
LINES = "".join(json.dumps(row) + "\n" for row in ROWS)


@pytest.mark.parametrize(
    "text",
    [
        LINES,
        LINES.replace("\n", "\r\n"),
        "\ufeff" + LINES,
        "\n\n" + LINES,
        json.dumps(ROWS),
        json.dumps(ROWS, indent=1),
        "[\n" + ",\n".join(map(json.dumps, ROWS)) + "\n]\n",
        "\n".join(json.dumps(row, indent=2) for row in ROWS),
        json.dumps({str(row["id"]): row for row in ROWS}),
        json.dumps({str(row["id"]): row for row in ROWS}, indent=4),
    ],
)
def test_a_text_is_read_whatever_its_form(tmp_path: Path, text: str) -> None:
    (tmp_path / "file").write_text(text, encoding="utf-8")
    (tmp_path / "packed").write_bytes(gzip.compress(text.encode()))
    assert read(tmp_path / "file") == read(tmp_path / "packed") == ROWS


def test_an_object_of_dialogues_gives_each_its_key_as_id(tmp_path: Path) -> None:
    published = {str(number): {"goal": [], "sys-usr": [1, 2], "messages": CROSSWOZ} for number in (11, 7)}
    (tmp_path / "val.json").write_text(json.dumps(published, indent=2))
    found_ids = [
        raw.given_id for raw in Reader("best").dialogues(rows([str(tmp_path / "val.json")])) if isinstance(raw, Raw)
    ]
    assert found_ids == ["11", "7"]


def test_a_broken_line_or_entry_is_told_with_its_number(tmp_path: Path) -> None:
    (tmp_path / "lines").write_text('{"id": 1}\n{"id": 2, "conv\n{"id": 3}\n')
    (tmp_path / "array").write_text('[{"id": 1}, {"id": 2 "x"}, {"id": 3}]')
    (tmp_path / "cut").write_text('[{"id": 1}, {"id": 2}, {"id"')
    lines, array, cut = (read(tmp_path / name) for name in ("lines", "array", "cut"))
    assert [line["id"] for line in lines if isinstance(line, dict)] == [1, 3]
    assert [entry.number for entry in (*lines, *array, *cut) if isinstance(entry, Unreadable)] == [2, 2, 3]
    assert array[0] == {"id": 1}
    assert cut[:2] == [{"id": 1}, {"id": 2}]


def test_parquet_and_zstandard_are_read_where_their_packages_are_there(tmp_path: Path) -> None:
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    zstandard = pytest.importorskip("zstandard")
    plain = [{"conversation_id": str(row["id"]), "conversation": TALK, "redacted": True} for row in ROWS]
    for shard in (0, 1):
        table = arrow.Table.from_pylist(plain[shard * 150 : shard * 150 + 150])
        parquet.write_table(table, tmp_path / f"train-0000{shard}-of-00002.parquet")
    (tmp_path / "more.jsonl.zst").write_bytes(zstandard.ZstdCompressor().compress(LINES.encode()))
    expected = [{name: row[name] for name in ("conversation_id", "conversation")} for row in plain]
    assert read(tmp_path) == [*ROWS, *expected]


def test_files_are_named_by_path_glob_or_folder_each_once(tmp_path: Path) -> None:
    for name in ("b.jsonl", "a.jsonl", "deep/c.json", "notes.txt", "a.jsonl.failed.jsonl"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("{}")
    names = [Path(file).name for file in found([str(tmp_path / "b.jsonl"), str(tmp_path / "*.jsonl"), str(tmp_path)])]
    assert names == ["b.jsonl", "a.jsonl", "c.json"]
    with pytest.raises(Stop, match="does not exist"):
        found([str(tmp_path / "*.csv")])
    (tmp_path / "empty").mkdir()
    with pytest.raises(Stop, match="holds no file of dialogues"):
        found([str(tmp_path / "empty")])


def test_standard_input_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(LINES.encode())))
    done = command("synthesis", "--input", "-", "--show", 2, "--repeats", "keep", folder=tmp_path)
    assert done.returncode == 0
    assert "=== sample 2: id 1, item 0" in done.stdout


def test_show_asks_nothing_and_tells_what_it_would_ask(tmp_path: Path) -> None:
    write_rows(tmp_path / "in.jsonl", [dialogue(1), {"id": 2}, dialogue(3)])
    done = command("synthesis", "--input", "in.jsonl", "--show", 5, folder=tmp_path)
    assert done.returncode == 0
    for told in ("User: Could you plan day 0 of garden number 3?", "Could you plan day 2", "1: no conversation"):
        assert told in done.stdout
    assert "in.jsonl: dialogues" in done.stderr
    assert not read_rows(tmp_path / "data/synthesized_raw/LMSYS.jsonl")


def test_a_repeated_dialogue_is_made_once_unless_repeats_are_kept(tmp_path: Path) -> None:
    same = [{"id": number, "conversation": TALK} for number in range(3)]
    write_rows(tmp_path / "in.jsonl", [*same, {"id": 0, "conversation": TALK}, dialogue(9)])
    once = command("synthesis", "--input", "in.jsonl", "--show", 9, folder=tmp_path).stdout
    kept = command("synthesis", "--input", "in.jsonl", "--show", 9, "--repeats", "keep", folder=tmp_path).stdout
    assert [once.count("=== sample"), kept.count("=== sample")] == [2, 4]
    assert "2: repeated dialogue" in once
    assert "1: repeated id" in once
    assert "1: repeated id" in kept


def telling(folder: Path, *arguments: object) -> str:
    """What --show prints and logs about an input; with the number of samples at its end."""
    done = command("synthesis", "--show", 1000, "--input", *arguments, folder=folder)
    assert "Traceback" not in done.stderr
    return f"{done.stdout}{done.stderr}\n{done.stdout.count('=== sample')} samples, status {done.returncode}"


def test_a_damaged_file_costs_its_own_rest_and_nothing_else(tmp_path: Path) -> None:
    rows = [{"id": number, "conversation": turns("a", "b", f"c {number} {'x' * 900}")} for number in range(400)]
    write_rows(tmp_path / "good.jsonl", [dialogue("good")])
    packed = gzip.compress("".join(json.dumps(row) + "\n" for row in rows).encode(), 1)
    (tmp_path / "cut.gz").write_bytes(packed[:-200])
    (tmp_path / "flipped.gz").write_bytes(packed[:900] + b"\x00\x00\x00\x00" + packed[904:])
    (tmp_path / "magic.gz").write_bytes(packed[:2])
    for name in ("cut.gz", "flipped.gz", "magic.gz"):
        told = telling(tmp_path, name, "good.jsonl")
        assert f"{name} line " in told
        assert "the file is damaged behind row " in told
        assert "id 'good'" in told
        assert told.endswith("status 3")
    assert int(telling(tmp_path, "cut.gz").split("\n")[-1].split(" ")[0]) > 100


def test_a_cut_off_zstandard_file_is_told(tmp_path: Path) -> None:
    zstandard = pytest.importorskip("zstandard")
    packed = zstandard.ZstdCompressor().compress(LINES.encode())
    (tmp_path / "cut.zst").write_bytes(packed[:-10])
    (tmp_path / "twice.zst").write_bytes(packed + packed)
    assert any(isinstance(row, Unreadable) for row in read(tmp_path / "cut.zst"))
    assert read(tmp_path / "twice.zst") == [*ROWS, *ROWS]


def test_what_follows_an_array_is_read_and_what_does_not_end_is_told(tmp_path: Path) -> None:
    (tmp_path / "two").write_text('[\n{"id": 1}\n]\n[\n{"id": 2}\n]\n')
    (tmp_path / "open").write_text('[\n{"id": 1},\n{"id": 2},\n')
    (tmp_path / "nested").write_text('{\n"model": {"a": 1},\n"id": 1}\n{\n"model": {"a": 1},\n"id": 2}\n')
    (tmp_path / "chat").write_text(json.dumps(TALK, indent=1))
    assert [row["id"] for row in read(tmp_path / "two")] == [1, 2]
    assert [row["id"] for row in read(tmp_path / "nested")] == [1, 2]
    assert isinstance(read(tmp_path / "open")[-1], Unreadable)
    assert read(tmp_path / "chat") == [TALK]


def test_a_dialogue_without_an_id_is_made_once_in_whatever_form_it_comes(tmp_path: Path) -> None:
    write_rows(tmp_path / "in.jsonl", [{"messages": TALK}, {"messages": [*TALK, {"role": "assistant", "content": ""}]}])
    assert "1 samples" in telling(tmp_path, "in.jsonl")
    kept = telling(tmp_path, "in.jsonl", "--repeats", "keep")
    assert "2 samples" in kept
    assert len({line.split("id ")[1] for line in kept.split("\n") if "===" in line}) == 2


def test_an_id_counts_as_seen_only_where_something_came_of_it(tmp_path: Path) -> None:
    empty = {"id": 1, "messages": []}
    write_rows(
        tmp_path / "in.jsonl", [empty, {"id": 1, "messages": TALK}, {"id": "", "messages": turns("a", "b", "c")}]
    )
    told = telling(tmp_path, "in.jsonl")
    assert "2 samples" in told
    assert "1: no messages" in told


def test_dialogues_that_differ_only_in_system_turn_or_call_are_two(tmp_path: Path) -> None:
    parts = [{"role": turn["role"], "content": [{"type": "text", "text": turn["content"]}]} for turn in TALK]
    calls = [
        [TALK[0], {"role": "assistant", "content": "", "tool_calls": [{"function": {"name": name}}]}, *TALK[1:]]
        for name in ("book", "cancel")
    ]
    rows = [{"id": n, "messages": parts, "system": name} for n, name in enumerate(("Be kind.", "Be rude."))]
    write_rows(tmp_path / "in.jsonl", [*rows, *({"id": 10 + n, "messages": talk} for n, talk in enumerate(calls))])
    assert "4 samples" in telling(tmp_path, "in.jsonl")


def test_media_alone_is_no_utterance_and_an_empty_column_hides_nothing(tmp_path: Path) -> None:
    picture = {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}
    rows = [{"id": 1, "messages": [*TALK[:4], picture]}, {"id": 2, "conversation": None, "messages": TALK}]
    write_rows(tmp_path / "in.jsonl", rows)
    told = telling(tmp_path, "in.jsonl")
    assert "2 samples" in told
    assert "[image_url]" not in told.split("--- utterance")[1].split("---")[0]


def test_oasst_messages_without_a_parent_or_a_trees_name_are_told_or_put_together(tmp_path: Path) -> None:
    nameless = [{key: value for key, value in each.items() if key != "message_tree_id"} for each in PATH]
    write_rows(tmp_path / "nameless.jsonl", nameless)
    write_rows(tmp_path / "orphans.jsonl", PATH[1:])
    write_rows(
        tmp_path / "odd.jsonl",
        [{"prompt": {"message_id": {}, "text": "a", "replies": 5}}, {"message_id": [], "text": "x"}],
    )
    assert "1 samples" in telling(tmp_path, "nameless.jsonl")
    assert "1: a message whose parent is not there" in telling(tmp_path, "orphans.jsonl")
    assert "0 samples" in telling(tmp_path, "odd.jsonl")


def test_an_output_in_the_input_folder_is_no_input(endpoint: Any, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    write_rows(tmp_path / "in/a.jsonl", [dialogue(1)])
    for calls in (8, 0):
        done = synthesis(tmp_path, endpoint(), input="in", output="in/out.jsonl")
        assert done.returncode == 0, done.stderr
        assert ("calls          0" in done.stdout) == (calls == 0)
