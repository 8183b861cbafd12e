"""Which questions lie in which batch, on disk before anything is sent: two tables beside the replies."""

import contextlib
import dataclasses
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Self

import orjson

from ...basics.command import Stop
from ...basics.seen import HALF
from ..completion import Usage

TABLES = """
CREATE TABLE IF NOT EXISTS batches (tag TEXT PRIMARY KEY, id TEXT, about TEXT, questions INTEGER, prompt INTEGER);
CREATE TABLE IF NOT EXISTS queued (
    question BLOB PRIMARY KEY, sample INTEGER, stage TEXT, prompt INTEGER, completion INTEGER,
    tag TEXT, tries INTEGER DEFAULT 0, kind TEXT, error TEXT
);
CREATE INDEX IF NOT EXISTS queued_tag ON queued (tag)
"""
COLUMNS = "question, sample, stage, prompt, completion"


@dataclasses.dataclass(frozen=True)
class Batch:
    """One batch: `id` is the provider's name for it, "" until it is known."""

    tag: str
    id: str
    about: dict[str, Any]
    """Which model was to be asked, where, and with which key."""
    questions: int
    prompt: int
    """Tokens of all its prompts, estimated."""


@dataclasses.dataclass(frozen=True)
class Queued:
    """One question that is to be asked in a batch, or lies in one."""

    question: bytes
    sample: int
    stage: str
    wanted: Usage
    """What is set aside for it."""


def queued(question: bytes, sample: int, stage: str, prompt: int, completion: int) -> Queued:
    """A row as it is kept."""
    return Queued(question, sample + HALF, stage, Usage(prompt, completion, prompt + completion))


@dataclasses.dataclass(frozen=True)
class Refused:
    """A question whose line in a batch ended for good."""

    kind: str
    error: str


class Ledger:
    """The batches of one output. Each change is on disk when its method returns."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with self.refusals_in_words():
            self._db = sqlite3.connect(path, isolation_level=None)
            self._db.executescript(TABLES)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    def open_batches(self) -> list[Batch]:
        """Those that were not collected yet, the oldest first."""
        rows = self._all("SELECT tag, id, about, questions, prompt FROM batches ORDER BY rowid")
        return [Batch(tag, name or "", orjson.loads(about), count, prompt) for tag, name, about, count, prompt in rows]

    def wait(self, queued: Queued) -> None:
        """A question waits for its batch."""
        wanted = queued.wanted
        self._all(
            "INSERT INTO queued (question, sample, stage, prompt, completion) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (question) DO UPDATE SET prompt = excluded.prompt, completion = excluded.completion",
            *(queued.question, queued.sample - HALF, queued.stage, wanted.prompt, wanted.completion),
        )

    def begin(self, batch: Batch, questions: Iterable[bytes]) -> None:
        """Note which questions a batch is to have, before anybody is told of it."""
        told = (batch.tag, batch.id, orjson.dumps(batch.about).decode(), batch.questions, batch.prompt)
        with self.refusals_in_words():
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany(
                "UPDATE queued SET tag = ? WHERE question = ?", [(batch.tag, name) for name in questions]
            )
            self._db.execute("INSERT INTO batches VALUES (?, ?, ?, ?, ?)", told)
            self._db.execute("COMMIT")

    def created(self, tag: str, name: str) -> None:
        """The provider has it, under this name."""
        self._all("UPDATE batches SET id = ? WHERE tag = ?", name, tag)

    def questions(self, tag: str) -> list[Queued]:
        """What still lies in a batch."""
        return [queued(*row) for row in self._all(f"SELECT {COLUMNS} FROM queued WHERE tag = ? AND kind IS NULL", tag)]

    def find(self, question: bytes, tag: str) -> Queued | None:
        """A question of this batch by its name; None where it has none such, or its reply has come already."""
        rows = self._all(f"SELECT {COLUMNS} FROM queued WHERE tag = ? AND question = ?", tag, question)
        return next((queued(*row) for row in rows), None)

    def lies_in_a_batch(self, question: bytes) -> bool:
        return bool(self._all("SELECT 1 FROM queued WHERE question = ? AND tag IS NOT NULL AND kind IS NULL", question))

    def tries(self, question: bytes) -> int:
        """How often it came back from a batch without an answer."""
        return next((tries for (tries,) in self._all("SELECT tries FROM queued WHERE question = ?", question)), 0)

    def refused(self, question: bytes) -> Refused | None:
        """How it ended for good, where it did."""
        rows = self._all("SELECT kind, error FROM queued WHERE question = ? AND kind IS NOT NULL", question)
        return next((Refused(kind, error) for kind, error in rows), None)

    def answered(self, question: bytes) -> None:
        """Its reply is in the call store."""
        self._all("DELETE FROM queued WHERE question = ?", question)

    def refuse(self, question: bytes, kind: str, error: str) -> None:
        """It ended for good."""
        self._all("UPDATE queued SET kind = ?, error = ? WHERE question = ?", kind, error, question)

    def close(self, tag: str, *, counts: bool = True) -> None:
        """A batch is over: what it did not answer is free to be asked again, and has had a try if that `counts`."""
        with self.refusals_in_words():
            self._db.execute("BEGIN IMMEDIATE")
            self._db.execute(
                "UPDATE queued SET tag = NULL, tries = tries + ? WHERE tag = ? AND kind IS NULL", (int(counts), tag)
            )
            self._db.execute("DELETE FROM batches WHERE tag = ?", (tag,))
            self._db.execute("COMMIT")

    def forget_refusals(self) -> None:
        """A new run asks once more what had ended for good in an earlier one."""
        self._all("DELETE FROM queued WHERE kind IS NOT NULL")

    def _all(self, sql: str, *values: object) -> list[Any]:
        with self.refusals_in_words():
            return self._db.execute(sql, values).fetchall()

    @contextlib.contextmanager
    def refusals_in_words(self) -> Iterator[None]:
        """Turn what SQLite refuses into a sentence."""
        try:
            yield
        except (sqlite3.Error, OSError, ValueError) as error:
            raise Stop(
                f"The batches of {self.path} cannot be looked up ({error}): make room or fix its permissions, and run"
                " the same command again; what was stored is safe."
            ) from error


def open_at(path: Path) -> list[Batch]:
    """The batches of an output that are open; none where it never had any."""
    if not path.is_file():
        return []
    try:
        with contextlib.closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as db:
            known = db.execute("SELECT 1 FROM sqlite_master WHERE name = 'batches'").fetchone()
    except sqlite3.Error:  # whoever opens it as a call store says what is wrong with it
        return []
    if not known:
        return []
    with Ledger(path) as ledger:
        return ledger.open_batches()
