"""Every command as it is attacked: what it reads, what it writes, and how it shows that all went well.

A new command joins every attack of `matrix_*.py` by one entry of COMMANDS.
"""

import contextlib
import dataclasses
import functools
import io
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path

from src.basics.options import Options
from src.marking.resembling.settings import Settings as OfResemblance
from src.marking.settings import Settings as OfQuality
from src.methods.proutt.settings import Config as OfSynthesis
from src.methods.recipes.kit.settings import Settings as OfConverse
from src.methods.strategies.settings import Settings as OfStrategies
from src.predicting.evaluating.settings import Settings as OfEvaluate
from src.predicting.settings import Settings as OfPredict
from src.rehearsing.settings import Settings as OfRehearsal
from src.reporting.settings import Settings as OfReport
from src.training.learning.settings import Settings as OfTrain
from src.training.settings import Settings as OfPostprocess

from ..conftest import ROOT, Done, dialogue, write_rows
from ..conftest import command as in_this_process
from .kit import standin, to

READ = "in.jsonl"
ROWS = 4  # dialogues, and all that is made of them
NOWHERE = "http://127.0.0.1:9/v1"
AT_ONCE = ("--max-retries", "0", "--patience", "0")  # given up, where an endpoint is none


@dataclasses.dataclass(frozen=True)
class Command:
    """One command, or one way to use it."""

    settings: type[Options]
    words: tuple[str, ...]
    content: str = "records"
    """Which of `contents()` it reads."""
    reads: str = "--input"
    gives: str = "--output"
    writes: str = ""
    """What this option is given; nothing where it takes none."""
    results: tuple[str, ...] = ()
    """The files that it has made when all went well."""
    lines: int = ROWS
    """Of the first of them."""
    asks: bool = False
    """Whether it asks a model."""
    pays: str = ""
    """The file of paid results, which a second run goes on with."""
    status: int = 0
    """How it ends where all is well: a package may be missing that it needs."""

    @property
    def module(self) -> str:
        return self.words[0]

    def line(
        self, url: str = NOWHERE, *more: object, read: str = READ, output: str | None = None
    ) -> tuple[object, ...]:
        """Its whole line, behind `python -m src.`; what is given in `more` wins."""
        place = self.writes if output is None else output
        given = (self.reads, read, *((self.gives, place) if place else ()))
        return (*self.words, *(to(url) if self.asks else ()), *given, *more)

    def made(self, folder: Path) -> bool:
        """Whether all that it makes is there, whole."""
        return all(is_whole(folder / name, self.lines) for name in self.results)


def is_whole(path: Path, lines: int) -> bool:
    if not path.is_file() or not path.stat().st_size:
        return False
    content = path.read_bytes()
    if path.suffix == ".jsonl":
        with contextlib.suppress(ValueError):
            names = {
                (row.get("sample_id", row.get("id")), row.get("item_id"))
                for row in map(json.loads, content.splitlines())
            }
            return content.endswith(b"\n") and len(names) == lines
        return False
    if path.suffix == ".json":
        return bool(json.loads(content))
    return content.rstrip().endswith(b"</html>")


COMMANDS: dict[str, Command] = {
    "synthesis": Command(
        OfSynthesis,
        ("synthesis",),
        "dialogues",
        writes="out.jsonl",
        results=("out.jsonl",),
        asks=True,
        pays="out.jsonl",
    ),
    "synthesis --show": Command(OfSynthesis, ("synthesis", "--show", "2"), "dialogues", writes="out.jsonl"),
    "synthesis --estimate": Command(OfSynthesis, ("synthesis", "--estimate"), "dialogues", writes="out.jsonl"),
    "quality": Command(OfQuality, ("quality",), writes="q.jsonl", results=("q.jsonl",)),
    "quality --judge": Command(
        OfQuality, ("quality", "--judge"), writes="j.jsonl", results=("j.jsonl",), asks=True, pays="j.jsonl"
    ),
    "postprocess": Command(OfPostprocess, ("postprocess",), writes="p.json", results=("p.json",)),
    "report": Command(OfReport, ("report",), writes="r.html", results=("r.html",)),
    "report --text": Command(OfReport, ("report", "--text")),
    "predict": Command(
        OfPredict, ("predict",), "dialogues", writes="out.jsonl", results=("out.jsonl",), asks=True, pays="out.jsonl"
    ),
    "predict --baseline": Command(
        OfPredict, ("predict", "--baseline", "repeat-last"), "dialogues", writes="b.jsonl", results=("b.jsonl",)
    ),
    "evaluate": Command(
        OfEvaluate,
        ("evaluate", "--resamples", "100"),
        "predictions",
        reads="--predictions",
        writes="e",
        results=("e/evaluation.json", "e/evaluation.html"),
    ),
    "evaluate --judge": Command(
        OfEvaluate,
        ("evaluate", "--resamples", "100", "--judge"),
        "predictions",
        reads="--predictions",
        writes="e",
        results=("e/evaluation.json", "e/evaluation.html"),
        asks=True,
        pays="e/judged.jsonl",
    ),
    "train": Command(OfTrain, ("train", "--base", "none"), "rows", writes="t", status=1),
    "train --control plain": Command(
        OfTrain, ("train", "--base", "none", "--control", "plain"), "dialogues", writes="t", status=1
    ),
    "converse": Command(
        OfConverse,
        ("converse", "--count", str(ROWS), "--near-duplicates", "0"),
        "topics",
        reads="--seeds",
        writes="out.jsonl",
        results=("out.jsonl",),
        asks=True,
        pays="out.jsonl",
    ),
    "strategies": Command(
        OfStrategies,
        ("strategies",),
        "dialogues",
        gives="--library",
        writes="library.jsonl",
        results=("library.jsonl",),
        lines=6,
        asks=True,
        pays="library.extracted.jsonl",
    ),
    "resemblance": Command(
        OfResemblance,
        ("resemblance", "--real", str(ROOT / "data/raw/demo.jsonl")),
        "dialogues",
        reads="--made",
        writes="r.json",
        results=("r.json",),
    ),
    "rehearsal": Command(
        OfRehearsal,
        ("rehearsal",),
        "dialogues",
        results=("data/rehearsal/records.jsonl", "data/rehearsal/pref.json"),
    ),
}
ASKING = {name: command for name, command in COMMANDS.items() if command.asks}
WRITING = {name: command for name, command in COMMANDS.items() if command.results}


@functools.cache
def contents() -> Mapping[str, bytes]:
    """What commands read, made by the commands themselves on the stand-in: by the name of its kind."""
    with tempfile.TemporaryDirectory() as place, contextlib.redirect_stdout(io.StringIO()), standin() as url:
        folder = Path(place)
        write_rows(folder / READ, [dialogue(f"garden {number}") for number in range(ROWS)])
        for name, output in (("synthesis", "records"), ("predict", "predictions")):
            done = in_this_process(*COMMANDS[name].line(url, output=output), folder=folder)  # type: ignore[arg-type]
            assert done.returncode == 0, done.stderr
        made = ("--input", "records", "--output", "rows.jsonl", "--mode", "sft")
        assert in_this_process("postprocess", *made, folder=folder).returncode == 0
        files = {"dialogues": READ, "records": "records", "predictions": "predictions", "rows": "rows.jsonl"}
        topics = {"topics": b"".join(b'{"topic": "garden %d"}\n' % number for number in range(ROWS))}
        return topics | {kind: (folder / name).read_bytes() for kind, name in files.items()}


def prepared(folder: Path, command: Command, rows: int = ROWS) -> None:
    """What the command reads lies in the folder."""
    (folder / READ).write_bytes(b"".join(contents()[command.content].splitlines(keepends=True)[:rows]))


def called(folder: Path, command: Command, url: str = NOWHERE, *more: object, **variables: str) -> Done:
    """The command, in this process: what it says has no traceback, and its status is one that is promised."""
    module, *arguments = command.line(url, *more)
    done = in_this_process(str(module), *arguments, folder=folder, **variables)
    assert done.returncode in {0, 1, 3, 4}, (done.returncode, done.stderr[-800:])
    assert "Traceback" not in done.stderr, done.stderr[-1500:]
    assert "internal" not in done.stderr, done.stderr[-800:]
    return done


def sentence(done: Done) -> str:
    """The one sentence by which a command says why it does not go on."""
    assert done.returncode == 1, (done.returncode, done.stdout[-300:], done.stderr[-500:])
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    assert lines, "it says nothing"
    assert len(lines[-1]) < 1500, lines[-1]
    return lines[-1]
