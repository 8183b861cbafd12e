"""Keys that are shown, kept or sent on; files that others can read; terminals that are steered."""

import json
import os
import stat
from collections.abc import Callable
from pathlib import Path

from ..conftest import command, turns, write_rows
from ..test_postprocess import record
from .kit import (
    Asked,
    answered,
    attack,
    attacks,
    completion,
    dialogues,
    hostile,
    made,
    run,
    standin,
    synthesis,
    to,
)

KEY = "sk-s3cret/0123456789-Abc"
BASE = ("--model", "m", "--input", "in.jsonl", "--output", "out.jsonl", "--max-retries", "0")


def nowhere(folder: Path, said: str, *spellings: str) -> None:
    """No file in the folder, and nothing that was said, has the key in any of these spellings."""
    for spelling in spellings or (KEY,):
        assert spelling not in said, f"shown: {spelling}"
        for path in folder.rglob("*"):
            if path.is_file() and path.name not in {"in.jsonl", ".env"}:
                assert spelling.encode() not in path.read_bytes(), f"{path.name}: {spelling}"


def with_key(folder: Path, url: str, *arguments: object) -> str:
    done = run(folder, "synthesis", "--base-url", url, *BASE, *arguments, ZAI_API_KEY=KEY)
    return done.said


SPELLINGS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "within a word": lambda key: f"x{key}y",
    "with escaped slashes": lambda key: key.replace("/", "\\/"),
    "with slashes escaped twice": lambda key: key.replace("/", "\\\\/"),
    "as unicode escapes": lambda key: "".join(f"\\u{ord(sign):04x}" for sign in key),
    "as unicode escapes in capitals": lambda key: "".join(f"\\u{ord(sign):04X}" for sign in key),
    "with one unicode escape": lambda key: key.replace("-", "\\u002d"),
    "as in an address": lambda key: key.replace("/", "%2F").replace("-", "%2d"),
    "as HTML": lambda key: "".join(f"&#{ord(sign)};" for sign in key),
}


@attacks("secrets echoed in an error", SPELLINGS, quick=("as it is", "as unicode escapes", "with escaped slashes"))
def echoed_in_error(folder: Path, spell: Callable[[str], str]) -> None:
    dialogues(folder, 2)
    body = b'{"error": {"message": "bad request with ' + spell(KEY).encode() + b'"}}'
    with hostile(lambda _: answered(body, "400 Bad Request")) as (url, _):
        nowhere(folder, with_key(folder, url), KEY, spell(KEY))


@attacks("secrets echoed in a reply", SPELLINGS, quick=("within a word",))
def echoed_in_reply(folder: Path, spell: Callable[[str], str]) -> None:
    dialogues(folder, 2)
    with hostile(lambda _: answered(completion(f'{{"topics": "{spell(KEY)}"}}'))) as (url, _):
        nowhere(folder, with_key(folder, url), KEY, spell(KEY), json.dumps(spell(KEY))[1:-1])


@attacks("secrets echoed in what is no completion", SPELLINGS, quick=("as unicode escapes",))
def echoed_in_rubbish(folder: Path, spell: Callable[[str], str]) -> None:
    dialogues(folder, 2)
    with hostile(lambda _: answered(b'{"none": "' + spell(KEY).encode() + b'"}')) as (url, _):
        nowhere(folder, with_key(folder, url), KEY, spell(KEY))


@attacks(
    "secrets where a variable's name belongs", {"a key": KEY, "hex": "a" * 32, "capitals": "AKIA0123456789ABCDEF"},
    quick=("a key", "hex"),
)  # fmt: skip
def key_for_name(folder: Path, key: str) -> None:
    dialogues(folder)
    done = command("synthesis", "--api-key-env", key, *BASE, folder=folder)
    assert done.returncode == 1
    nowhere(folder, done.stdout + done.stderr, key)


ADDRESSES = {
    "misspelt": f"htps://user:{KEY}@127.0.0.1:9/v1",
    "of a user": f"http://user:{KEY.replace('/', '-')}@127.0.0.1:9/v1",
    "of a user, with a slash": f"http://user:{KEY}@127.0.0.1:9/v1",
    "in a query": f"http://127.0.0.1:9/v1?api_key={KEY}",
    "in a query of a misspelt address": f"htp://127.0.0.1:9/v1?api_key={KEY}",
    "in place of an address": KEY,
    "in a fragment": f"http://127.0.0.1:9/v1#{KEY}",
    "with a port that is none": f"http://127.0.0.1:{KEY}/v1",
}


@attacks("secrets in an address", ADDRESSES, quick=tuple(ADDRESSES))
def key_in_address(folder: Path, address: str) -> None:
    dialogues(folder)
    done = command("synthesis", "--base-url", address, *BASE, "--api-key-env", "", "--patience", "0", folder=folder)
    assert done.returncode == 1, done.stderr
    nowhere(folder, done.stdout + done.stderr, KEY, KEY.replace("/", "-"), KEY[3:9])


@attack("secrets in --extra-body", quick=True)
def key_in_extra_body(folder: Path) -> None:
    dialogues(folder)
    extra = json.dumps({"api_key": KEY, "headers": {"Authorization": f"Bearer {KEY}"}, "user": KEY, "top_p": 0.5})
    with standin() as url:
        for _ in range(2):  # and a resumed run does not take the record for one of other settings
            done = synthesis(folder, url, "--extra-body", extra)
            assert done.status == 0, done.err
    assert made(folder) == 3
    assert json.loads((folder / "out.jsonl").read_text().splitlines()[0])["extra_body"]["top_p"] == 0.5
    nowhere(folder, done.said)


@attacks(
    "secrets in an --extra-body that is none", {"no JSON": f'{{"api_key": "{KEY}"', "a text": f'"{KEY}"'},
    quick=("no JSON", "a text"),
)  # fmt: skip
def key_in_odd_extra_body(folder: Path, extra: str) -> None:
    done = command("synthesis", *BASE, "--extra-body", extra, folder=folder)
    assert done.returncode == 1
    nowhere(folder, done.stdout + done.stderr)


@attack("secrets of OpenAI's own variables", quick=True)
def openai_variables(folder: Path) -> None:
    dialogues(folder, 1)
    with hostile(lambda _: None) as (url, server):
        names = ("OPENAI_ORG_ID", "OPENAI_PROJECT", "OPENAI_PROJECT_ID", "OPENAI_API_KEY", "OPENAI_CUSTOM_HEADERS")
        done = synthesis(folder, url, **dict.fromkeys(names, "x-of-the-environment: of-the-environment"))
        assert done.status == 0, done.err
        assert server.asked
        assert not any("of-the-environment" in asked.head for asked in server.asked)
        assert not any("stainless" in asked.head.lower() for asked in server.asked)


PLACES = {"another port": "http://127.0.0.1:{port}/v1/chat/completions", "another host": "http://localhost:{port}/v1/x"}


@attacks(
    "secrets taken along a redirection",
    {f"{status} to {place}": (status, PLACES[place]) for status in (301, 302, 303, 307, 308) for place in PLACES},
    quick=("307 to another port",),
)
def redirected(folder: Path, case: tuple[int, str]) -> None:
    dialogues(folder)
    status, place = case
    with hostile(lambda _: None) as (_, thief):
        location = place.format(port=thief.server_address[1])
        with hostile(lambda _: answered(b"", f"{status} Moved", f"Location: {location}")) as (url, _):
            said = with_key(folder, url)
    assert not thief.asked, "the dialogues went there"
    assert location.removesuffix("/chat/completions") in said.replace("***", ""), said
    assert "--base-url" in said
    assert not made(folder)


@attacks(
    "secrets behind odd redirections",
    {
        "nowhere": (),
        "no address": ("Location: http://[::1",),
        "steering": ("Location: http://x/\x1b[2J",),
        "long": (f"Location: /{'x' * 5000}",),
        "with a key": (f"Location: http://127.0.0.1:9/?key={KEY}",),
    },
)
def odd_redirection(folder: Path, headers: tuple[str, ...]) -> None:
    dialogues(folder)
    with hostile(lambda _: answered(b"", "307 Moved", *headers)) as (url, _):
        said = with_key(folder, url, "--patience", 1)
    assert "\x1b" not in said
    assert len(said) < 4000
    nowhere(folder, said)


# ---------------------------------------------------------------------------------------------- who may read


def open_to_others(folder: Path) -> list[str]:
    return [
        f"{path.relative_to(folder)} {stat.S_IMODE(path.stat().st_mode):o}"
        for path in folder.rglob("*")
        if path.is_file() and path.stat().st_mode & 0o077 and path.name != "in.jsonl"
    ]


@attack("modes of all that the commands write", quick=True)
def modes(folder: Path) -> None:
    before = os.umask(0o022)
    try:
        dialogues(folder, 4)
        with standin(faults=(("filtered", 0.05),)) as url:
            command("synthesis", *to(url), *BASE, folder=folder)
            command("quality", "--input", "out.jsonl", folder=folder)
            command("quality", *to(url), "--input", "out.jsonl", "--judge", folder=folder)
        for kind in ("json", "jsonl", "parquet"):
            command("postprocess", "--input", "out.jsonl", "--output", f"train.{kind}", folder=folder)
        command("report", "--input", "out.jsonl", folder=folder)
    finally:
        os.umask(before)
    assert len([*folder.rglob("*")]) > 12
    assert not open_to_others(folder)


@attack("modes that the user has chosen stay", quick=True)
def chosen_modes(folder: Path) -> None:
    wished = {"in.quality.jsonl": 0o640, "in.html": 0o600, "t.json": 0o644, "t.json.dialogues": 0o600}
    for again in (False, True):
        write_rows(folder / "in.jsonl", [record(number) for number in range(2 + again)])
        command("quality", "--input", "in.jsonl", folder=folder)
        command("report", "--input", "in.jsonl", folder=folder)
        command("postprocess", "--input", "in.jsonl", "--output", "t.json", folder=folder)
        for name, mode in wished.items():
            if not again:
                (folder / name).chmod(mode)
            assert stat.S_IMODE((folder / name).stat().st_mode) == mode, name


@attack("modes of an output that was there", quick=True)
def mode_of_an_older_output(folder: Path) -> None:
    dialogues(folder, 4)
    with standin() as url:
        command("synthesis", *to(url), *BASE, "--limit", 2, folder=folder)
        (folder / "out.jsonl").chmod(0o640)
        assert command("synthesis", *to(url), *BASE, folder=folder).returncode == 0
    assert stat.S_IMODE((folder / "out.jsonl").stat().st_mode) == 0o640


# ---------------------------------------------------------------------------------------------- terminals

STEERING = "\x1b]0;owned\x07\x1b[2J\x9b31m\r\x08\u202egnp.exe\u2028"


def unsteered(said: str) -> None:
    for sign in "\x1b\x07\x9b\r\x08\u202e\u2028\x00":
        assert sign not in said, f"{sign!r} reaches the terminal: {said[:300]!r}"


@attacks(
    "terminal steered by an answer",
    {
        "an error": lambda _: answered(json.dumps({"error": {"message": STEERING}}).encode(), "400 Bad"),
        "an error that ends the run": lambda _: answered(json.dumps({"error": STEERING}).encode(), "401 No"),
        "a reply": lambda _: answered(completion(STEERING)),
        "no completion": lambda _: answered(STEERING.encode()),
        "its status line": lambda _: b"HTTP/1.1 500 \x1b[2Jx\r\nContent-Length: 0\r\n\r\n",
        "no HTTP": lambda _: b"\x1b[2J\x1b]0;x\x07 hello\r\n\r\n",
    },
    quick=("an error", "a reply", "no HTTP"),
)
def steering_answer(folder: Path, answer: Callable[[Asked], bytes]) -> None:
    dialogues(folder, 30)
    with hostile(answer) as (url, _):
        done = command("synthesis", *to(url), *BASE, "--patience", "1", "--json-mode", "text", folder=folder)
    assert done.returncode in {1, 3}
    unsteered(done.stdout + done.stderr)


@attack("terminal steered by a dialogue, its role and its id", quick=True)
def steering_dialogue(folder: Path) -> None:
    said = turns(f"hello {STEERING}", f"yes {STEERING}", f"why {STEERING}")
    odd = {"id": 2, "conversation": [{"role": STEERING, "content": "x"}]}
    write_rows(folder / "in.jsonl", [{"id": STEERING, "conversation": said}, odd])
    with standin(faults=(("filtered", 1.0),)) as url:
        for more in (("--show", 3), ()):
            done = command("synthesis", *to(url), *BASE, *more, folder=folder)
            unsteered(done.stdout + done.stderr)


@attack("terminal steered by records", quick=True)
def steering_records(folder: Path) -> None:
    row = record(1) | {"region": STEERING, "usage": {STEERING: 3}, "sample_id": STEERING}
    row["quality"] = {"tags": [{"tag": STEERING}]}
    row["gt_insight_path"] = {"insight": STEERING, "path": []}
    write_rows(folder / "in.jsonl", [row, {STEERING: 1}])
    for words in (("report", "--text"), ("quality",), ("postprocess", "--drop", "refusal", "--output", "t.json")):
        done = command(words[0], "--input", "in.jsonl", *words[1:], folder=folder)
        unsteered(done.stdout + done.stderr)


@attack("terminal steered by the names of files", quick=True)
def steering_names(folder: Path) -> None:
    name = "in\x1b[2J\u202e\udcff.jsonl"
    write_rows(folder / name, [record(1), {"no": "record"}])
    for module in ("quality", "report", "postprocess", "synthesis"):
        done = command(module, "--input", name, "--output", f"no\x1b/{name}", folder=folder)
        unsteered(done.stdout + done.stderr)
        done = command(module, "--input", f"none{name}", folder=folder)
        assert done.returncode == 1
        unsteered(done.stdout + done.stderr)
