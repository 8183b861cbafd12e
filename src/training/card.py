"""What stands beside training files: an entry in LLaMA-Factory's `dataset_info.json`, and the hub's dataset card."""

import contextlib
import dataclasses
import logging
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
from pydantic import Field

from ..basics.files import replaced
from ..basics.shape import Shape
from ..basics.text import loads
from ..pairs.sides import Trainable
from .formats import Mode, llama_factory
from .settings import MOMENT, OWN

log = logging.getLogger(__name__)

INFO, CARD = "dataset_info.json", "README.md"
KEPT = re.compile(rb"<!-- what this page is made from, for the next run: (.*) -->\n\Z")
LICENCE = re.compile(r"^license: .*$", re.MULTILINE)
UNKNOWN_LICENCE = "license: unknown # yours to fill in: it follows from the dialogues' licence and the model's terms"
SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
MADE_WITH = ("model", "seed", "prompts")
MOST_KINDS = 100  # of records that are told apart
OTHERS = ("others",) * 4
REJECTED = {
    OWN: "one that was misled, or the draft where it was far from what was really said",
    MOMENT: "what is right at another moment of the same dialogue",
}
TOLD_APART = "chosen told from rejected by the text alone, in the records read (0.5 is chance)"


@dataclasses.dataclass
class Facts:
    """What a card tells of the records behind one set of training files."""

    rehearsed: int = 0
    _kinds: Counter[tuple[str, ...]] = dataclasses.field(default_factory=Counter)

    def note(self, record: Trainable) -> None:
        self.rehearsed += record.rehearsal
        kind = (str(record.region), str(record.model), str(record.seed), str(record.prompts))
        self._kinds[kind if kind in self._kinds or len(self._kinds) < MOST_KINDS else OTHERS] += 1

    def in_numbers(self) -> dict[str, dict[str, int]]:
        """How many records have which region, model, seed and prompt digest."""
        counts: dict[str, Counter[str]] = {name: Counter() for name in ("regions of the drafts", *MADE_WITH)}
        for kind, count in self._kinds.items():
            for values, value in zip(counts.values(), kind, strict=True):
                values["not told" if value == "None" else value] += count
        return {name: dict(values) for name, values in counts.items()}


class TrainingSet(Shape):
    """What a card tells of one set of training files: the file and the rows of each split, and how they were made."""

    files: dict[str, str]
    mode: Mode
    format: str
    template: str
    facts: dict[str, dict[str, int]]
    rehearsed: int
    rows: dict[str, int]
    read: int
    dropped: dict[str, int]
    rejected: str = OWN
    """Where the rejected side of pairs is from."""
    evened: list[str] = Field(default_factory=list)
    """What was done so that no side is known by what teaches nothing."""
    shortcuts: list[str] = Field(default_factory=list)
    """How well the text alone tells the sides of the records apart, of each file that was measured."""

    @property
    def total(self) -> int:
        return sum(self.rows.values())


def describe(output: Path, made: TrainingSet) -> None:
    """Write or renew both files beside one set of training files. Others' entries stay."""
    entries = {Path(name).stem: llama_factory(made.mode, made.format, name) for name in made.files.values()}
    register(output.parent / INFO, entries)
    write_card(output.parent / CARD, output.stem, made)


def register(path: Path, entries: Mapping[str, Any]) -> None:
    """Put these entries among those that are there; one that is None is taken out."""
    known: Any = {}
    if path.exists():
        try:
            known = loads(path.read_bytes())
        except ValueError:
            known = None
        if not isinstance(known, dict):
            log.warning("%s is not a JSON object and is left as it is; add these entries: %s", path, dict(entries))
            return
    now = {key: entry for key, entry in {**known, **entries}.items() if entry}  # None: no longer of such a format
    if now != known:
        with replaced(path) as file:
            file.write(orjson.dumps(now, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))


def write_card(path: Path, name: str, made: TrainingSet) -> None:
    before = path.read_bytes() if path.exists() else b""
    found = KEPT.search(before)
    if before and not found:
        log.warning("%s was not written by this program and is left as it is.", path)
        return
    others = sets_in(found[1]) if found else {}
    sets = {other: each for other, each in others.items() if still_there(path.parent, each)} | {name: made}
    licence = LICENCE.search(before.decode("utf-8", "replace"))
    page = "\n".join([*front_matter(sets, licence[0] if licence else UNKNOWN_LICENCE), *body(sets)])
    with replaced(path) as file:
        kept = orjson.dumps(sets, default=Shape.model_dump)
        file.write(page.encode() + b"\n<!-- what this page is made from, for the next run: " + kept + b" -->\n")


def sets_in(kept: bytes) -> dict[str, TrainingSet]:
    """The sets that an earlier run has described; what stands there in another form is left out."""
    sets = {}
    with contextlib.suppress(ValueError, AttributeError):
        for name, given in loads(kept).items():
            with contextlib.suppress(ValueError):
                sets[name] = TrainingSet.model_validate(given)
    return sets


def still_there(folder: Path, made: TrainingSet) -> bool:
    return all((folder / name).exists() for name in made.files.values())


def front_matter(sets: Mapping[str, TrainingSet], licence: str) -> list[str]:
    """The hub's YAML. Every text in it is written as JSON, which YAML reads."""
    most = max(made.total for made in sets.values())
    size = next((words for limit, words in SIZES if most < limit), "n>1M")
    lines = ["---", licence, "task_categories:", "- text-generation", "tags:", "- next-utterance-prediction"]
    lines += ["- preference", "- synthetic", "size_categories:", f"- {size}", "configs:"]
    for name, made in sets.items():
        lines += [f"- config_name: {quoted(name)}", "  data_files:"]
        for split, file in made.files.items():
            lines += [f"  - split: {quoted(split)}", f"    path: {quoted(file)}"]
    return [*lines, "---"]


def body(sets: Mapping[str, TrainingSet]) -> list[str]:
    lines = ["", "# Next-utterance prediction: training data", ""]
    if any(made.rehearsed for made in sets.values()):
        lines += ["**Some of this was rehearsed, without a model. It is for checking a set-up, not for training.**", ""]
    lines += [
        "Each row has a dialogue between a person and an assistant, and what a model that foresees the person's next",
        "utterance should think and predict. The rows were synthesised with ProUtt's method (arXiv 2601.09713): an",
        "intent tree, a sentence category, a mining and an exploration view with two predictions each.",
        "",
    ]
    for name, made in sets.items():
        lines += [f"## {name}", "", "| | |", "| --- | --- |"]
        lines += [f"| {key} | {cell(value)} |" for key, value in facts_in_words(made)]
        lines.append("")
    lines += ["This page is written anew by each run, but for the licence in its head.", ""]
    return lines


def facts_in_words(made: TrainingSet) -> Sequence[tuple[str, str]]:
    facts = [
        ("mode, format, template", f"{made.mode}, {made.format}, {made.template}"),
        *((f"rows: {split}", f"{count:,} in {made.files[split]}") for split, count in made.rows.items()),
        *((name, counted(values)) for name, values in made.facts.items()),
        ("records read", f"{made.read:,}"),
    ]
    facts += [("rejected side", REJECTED[made.rejected])] if made.mode == "pref" else []
    facts += [("dropped", counted(made.dropped))] if made.dropped else []
    facts += [("evened", line) for line in made.evened]
    return facts + [(TOLD_APART, line) for line in made.shortcuts]


def counted(values: Mapping[str, int]) -> str:
    return ", ".join(f"{value} ({count:,})" for value, count in values.items())


def cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")


def quoted(text: str) -> str:
    return orjson.dumps(text).decode()
