"""Every paid reply, durable before it is used: a SQLite file beside the output, found again by what was asked.

A reply survives any kill of the process once `put` has returned. A run that goes on asks only what is not here. Replies
of a question that failed for good are kept as billed and are not served again.
"""

import contextlib
import hashlib
import logging
import os
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Self

import orjson

from ..basics.command import Stop
from ..basics.files import owner_only
from ..basics.seen import DONE, HALF, Seen
from ..basics.shape import MOST_COUNTED, counted
from .completion import Completion, Token, Usage

log = logging.getLogger(__name__)

VERSION, WITHOUT_TIME = 2, 1
TABLES = """
CREATE TABLE IF NOT EXISTS calls (
    question BLOB PRIMARY KEY, sample INTEGER, stage TEXT, served INTEGER DEFAULT 1, reply BLOB, finish TEXT,
    prompt INTEGER, completion INTEGER, total INTEGER, cached INTEGER, rehearsal INTEGER, seconds REAL
);
CREATE TABLE IF NOT EXISTS runs (told TEXT);
CREATE TABLE IF NOT EXISTS tokens (question BLOB PRIMARY KEY, told BLOB)
"""
# An older version has kept whatever counts an endpoint told, and SQLite refuses to add up some of them.
SUMS = ", ".join(
    f"sum(CASE WHEN typeof({name}) = 'integer' AND {name} BETWEEN 0 AND {MOST_COUNTED} THEN {name} END)"
    for name in ("prompt", "completion", "total", "cached")
)
"""Tokens of all calls: prompt, completion, total, cached."""
COLUMNS = "reply, finish, prompt, completion, total, cached, rehearsal, seconds"


def question_name(sample: int, asked: Any) -> bytes:
    """A short name for one question of one sample: model, messages and sampling options, as they are sent."""
    return hashlib.blake2b(orjson.dumps([sample, asked]), digest_size=16).digest()


def packed(tokens: Iterable[Token]) -> bytes:
    """Tokens as they are kept; JSON has no bytes, so each byte is a sign."""
    return zlib.compress(orjson.dumps([[token.text.decode("latin-1"), token.nats] for token in tokens]), 1)


def unpacked(kept: bytes) -> tuple[Token, ...]:
    """The tokens that were packed. Raises ValueError, TypeError or zlib.error for what is damaged."""
    return tuple(Token(text.encode("latin-1"), float(nats)) for text, nats in orjson.loads(zlib.decompress(kept)))


class Store:
    """The replies of one output. Writes nothing but whole replies; a reader never sees half of one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.hits = 0
        self._by_sample = False
        with self.refusals_in_words():
            os.close(owner_only(str(path), os.O_RDWR | os.O_CREAT))  # SQLite would make it for everybody to read
            self._db = sqlite3.connect(path, isolation_level=None)
            try:
                (version,) = self._db.execute("PRAGMA user_version").fetchone()
                self.accept(version)
                self._db.execute("PRAGMA journal_mode = WAL")
                self._db.execute("PRAGMA synchronous = NORMAL")  # safe from a kill; a power cut may cost the newest
                older = "ALTER TABLE calls ADD COLUMN seconds REAL;" if version == WITHOUT_TIME else ""
                self._db.executescript(f"BEGIN IMMEDIATE; {older} {TABLES}; PRAGMA user_version = {VERSION}; COMMIT")
            except BaseException:
                self._db.close()
                raise

    def accept(self, version: int) -> None:
        """Raise Stop for a file that another version of this program made."""
        (tables,) = self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if version not in {VERSION, WITHOUT_TIME} and (version or tables):
            raise Stop(
                f"Call store {self.path} was made by another version (format {version}, here {VERSION}): finish the run"
                " with that version, move the file away, or give --no-cache; it is left as it is."
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self.refusals_in_words():
            if not self.path.exists():
                self.restore()
            self._db.close()

    def restore(self) -> None:
        """Write a store that somebody has deleted meanwhile anew, from what is still open of it."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        os.close(owner_only(str(self.path), os.O_RDWR | os.O_CREAT))
        self._db.execute("VACUUM INTO ?", (str(self.path),))
        log.warning("%s was deleted by somebody while this run writes to it, and is there again", self.path)

    def get(self, question: bytes) -> Completion | None:
        """The stored reply to a question, if there is one to be served."""
        found = f"SELECT {COLUMNS}, told FROM calls LEFT JOIN tokens USING (question) WHERE question = ? AND served"
        with self.refusals_in_words():
            row = self._db.execute(found, (question,)).fetchone()
        completion = None if row is None else completion_in(row)
        self.hits += completion is not None
        return completion

    def of_sample(self, sample: int) -> dict[bytes, Completion]:
        """All replies of a sample that are to be served, by their questions."""
        found = (
            f"SELECT question, {COLUMNS}, told FROM calls LEFT JOIN tokens USING (question) WHERE sample = ? AND served"
        )
        with self.refusals_in_words():
            if not self._by_sample:
                self._db.execute("CREATE INDEX IF NOT EXISTS calls_sample ON calls (sample)")
                self._by_sample = True
            rows = self._db.execute(found, (sample - HALF,)).fetchall()
        read = {question: completion_in(row) for question, *row in rows}
        return {question: completion for question, completion in read.items() if completion}

    def put(self, question: bytes, sample: int, stage: str, completion: Completion) -> None:
        """Keep a reply. When this returns, no kill of the process can lose it."""
        usage = completion.usage
        reply = zlib.compress(completion.text.encode("utf-8", "replace"), 1)
        counts = (usage.prompt, usage.completion, usage.total, usage.cached, completion.rehearsal, completion.seconds)
        row = (question, sample - HALF, stage, reply, completion.finish, *counts)
        marks = "?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?"
        with self.refusals_in_words():
            if completion.tokens:
                self._db.execute("INSERT OR REPLACE INTO tokens VALUES (?, ?)", (question, packed(completion.tokens)))
            self._db.execute(f"INSERT OR REPLACE INTO calls VALUES ({marks})", row)

    def note_run(self, account: str) -> None:
        """Keep what a run says of itself at its end, for `reporting.accounts`. No reason to fail where it cannot be."""
        try:
            self._db.execute("INSERT INTO runs VALUES (?)", (account,))
        except sqlite3.Error as error:
            log.warning("%s has no account of this run (%s).", self.path, error)

    def billed(self) -> Usage:
        """The tokens of all replies that are here."""
        with self.refusals_in_words():
            prompt, completion, total, cached = self._db.execute(f"SELECT {SUMS} FROM calls").fetchone()
        return Usage(prompt=prompt or 0, completion=completion or 0, total=total or 0, cached=cached)

    def billed_by_stage(self) -> dict[str, Usage]:
        """The same for each stage."""
        with self.refusals_in_words():
            rows = self._db.execute(f"SELECT stage, {SUMS} FROM calls GROUP BY stage").fetchall()
        return {
            str(stage): Usage(prompt=prompt or 0, completion=completion or 0, total=total or 0, cached=cached)
            for stage, prompt, completion, total, cached in rows
        }

    def runs(self) -> list[str]:
        """What the runs said of themselves, the oldest first."""
        with self.refusals_in_words():
            return [told for (told,) in self._db.execute("SELECT told FROM runs ORDER BY rowid")]

    def bury(self, questions: Iterable[bytes]) -> None:
        """Serve these replies no more; they stay as billed."""
        with self.refusals_in_words():
            self._db.executemany("UPDATE calls SET served = 0 WHERE question = ?", [(name,) for name in questions])

    def prune(self, done: Seen) -> int:
        """Drop the replies of the samples that have a record, shrink the file, and give their number."""
        with self.refusals_in_words():
            self._db.create_function("done", 1, lambda sample: done.get(sample + HALF) & DONE)
            dropped = self._db.execute("DELETE FROM calls WHERE done(sample)").rowcount
            self._db.execute("DELETE FROM tokens WHERE question NOT IN (SELECT question FROM calls)")
            self._db.execute("VACUUM")
        return dropped

    def size(self) -> int:
        """Bytes on disk."""
        files = (self.path, self.path.with_name(self.path.name + "-wal"))
        return sum(file.stat().st_size for file in files if file.exists())

    @contextlib.contextmanager
    def refusals_in_words(self) -> Iterator[None]:
        """Turn what SQLite refuses into a sentence."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise Stop(
                f"Call store {self.path} cannot be used ({error}): make room, fix its permissions or move it away, and"
                " run the same command again; what was stored is safe."
            ) from error


def completion_in(row: Sequence[Any]) -> Completion | None:
    """A reply as it is kept; None where it is damaged: what is asked again takes its place."""
    reply, finish, prompt, completion, total, cached, rehearsal, seconds, tokens = row
    # An older version has kept whatever counts an endpoint told.
    prompt, completion, total = counted(prompt), counted(completion), counted(total)
    cached = None if cached is None else counted(cached)
    try:
        text, told = zlib.decompress(reply).decode(), unpacked(tokens) if tokens else ()
    except (zlib.error, ValueError, TypeError):
        return None
    usage = Usage(prompt=prompt, completion=completion, total=total, cached=cached)
    took = seconds if isinstance(seconds, int | float) else 0.0
    return Completion(text, str(finish), usage, bool(rehearsal), took, told)
