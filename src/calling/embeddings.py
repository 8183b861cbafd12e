"""Texts as vectors of an endpoint, each paid for once: a SQLite file beside the output keeps them."""

import asyncio
import contextlib
import dataclasses
import hashlib
import itertools
import os
import sqlite3
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray
from tqdm import tqdm

from ..basics.command import Stop
from ..basics.files import owner_only
from ..basics.shape import Shape
from .answer import RequestFailed, body_of, usage_of
from .http import Answer, Way, Wire
from .masking import shown_address
from .settings import Embedding, api_key_of

Vector = NDArray[np.float32]
VERSION = 1
AT_ONCE = 500  # that are looked for together
FOUND = "SELECT text, vector FROM vectors WHERE text IN"
LONGEST_VECTOR = 1 << 18  # bytes of a reply for each text; one of 8,192 numbers has less
FIRST_WAIT, LONGEST_WAIT = 0.5, 60.0  # seconds between tries; each wait doubles the one before
OPTIONS = {
    "--base-url": "--embeddings-url",
    "--api-key-env": "--embeddings-key-env",
    "--model ": "--embeddings-model ",
    "the dialogues would": "the texts would",
}
LONGEST_TEXT = 8000  # characters; endpoints refuse more than some 8,000 tokens, and what a text is about shows before
TABLES = "CREATE TABLE IF NOT EXISTS vectors (text BLOB PRIMARY KEY, vector BLOB)"


class Vectors:
    """The vectors of one model, by text. Raises Stop where the file is of another kind."""

    def __init__(self, path: Path, model: str) -> None:
        self._model, self.path = model, path
        with self.refusals_in_words():
            os.close(owner_only(str(path), os.O_RDWR | os.O_CREAT | os.O_NONBLOCK))
            self._db = sqlite3.connect(path)
            (version,) = self._db.execute("PRAGMA user_version").fetchone()
            (tables,) = self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()
            if version != VERSION and (version or tables):
                raise Stop(f"{path} does not hold vectors of this version: move it away, or give another --output.")
            self._db.execute(TABLES)
            self._db.execute(f"PRAGMA user_version = {VERSION}")

    def close(self) -> None:
        self._db.close()

    def name(self, text: str) -> bytes:
        return hashlib.blake2b(f"{self._model}\0{text}".encode(), digest_size=16).digest()

    def get(self, text: str) -> Vector | None:
        (found,) = self.of([text])
        return found

    def of(self, texts: Sequence[str]) -> Iterator[Vector | None]:
        """The vector of each text that has one, in order."""
        for start in range(0, len(texts), AT_ONCE):
            names = [self.name(text) for text in texts[start : start + AT_ONCE]]
            with self.refusals_in_words():
                held: dict[bytes, Any] = dict(self._db.execute(f"{FOUND} ({', '.join('?' * len(names))})", names))
            yield from (vector_in(held.get(name)) for name in names)

    def put(self, vectors: Mapping[str, Vector]) -> None:
        """Keep vectors. When this returns, no kill of the process can lose them."""
        rows = [(self.name(text), vector.tobytes()) for text, vector in vectors.items()]
        with self.refusals_in_words(), self._db:
            self._db.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", rows)

    @contextlib.contextmanager
    def refusals_in_words(self) -> Iterator[None]:
        """Turn what SQLite or the system refuses into a sentence."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise Stop(
                f"{self.path} cannot be used ({error}): make room, move it away, or give another --output; what was"
                " paid for is kept."
            ) from error


def vector_in(held: Any) -> Vector | None:
    """A vector as the file holds it; None where there is none, or what is there is damaged."""
    whole = isinstance(held, bytes) and held and len(held) % np.dtype(np.float32).itemsize == 0
    return np.frombuffer(held, dtype=np.float32) if whole else None


def cut(text: str) -> str:
    return text.strip()[:LONGEST_TEXT]


# ---------------------------------------------------------------------------------------------- the endpoint


class Embedded(Shape):
    """One vector of a reply."""

    index: int = 0
    embedding: list[float]


class Reply(Shape):
    """What an endpoint gives for some texts."""

    data: list[Embedded]
    usage: Any = None


def fetch(vectors: Vectors, settings: Embedding, texts: Iterable[str]) -> int:
    """Have a vector for each text; the number of tokens that were paid for. Raises Stop where one cannot be had."""
    different = [*dict.fromkeys(cut(text) for text in texts if text.strip())]
    missing = [text for text, vector in zip(different, vectors.of(different), strict=True) if vector is None]
    return asyncio.run(fetched(vectors, settings, missing)) if missing else 0


async def fetched(vectors: Vectors, settings: Embedding, texts: Sequence[str]) -> int:
    """The same for texts that have none yet."""
    wire, tokens, size = wire_of(settings), 0, settings.embeddings_batch
    try:
        for start in tqdm(range(0, len(texts), size), unit=" requests", disable=not sys.stderr.isatty()):
            part = texts[start : start + size]
            reply = await asked(wire, settings, part)
            vectors.put(dict(zip(part, in_order(reply, part, settings.embeddings_model), strict=True)))
            tokens += usage_of(reply.usage).total
    finally:
        await wire.close()
    return tokens


def wire_of(settings: Embedding) -> Wire:
    """The way to the endpoint. Raises Stop where the variable that is named holds no key."""
    config = dataclasses.replace(
        settings,
        base_url=settings.embeddings_url,
        api_key_env=settings.embeddings_key_env,
        model_file=None,
        max_concurrency=1,
    )
    try:
        key = api_key_of(config)
    except Stop as stop:
        raise Stop(in_our_words(str(stop))) from stop
    return Wire(config, key, Way("embeddings", settings.embeddings_batch * LONGEST_VECTOR))


async def asked(wire: Wire, settings: Embedding, texts: Sequence[str]) -> Reply:
    """One reply, after as many tries as any request has. Raises Stop where there is none."""
    raw = orjson.dumps({"model": settings.embeddings_model, "input": texts, "encoding_format": "float"})
    for tries in itertools.count():
        try:
            return reply_in(await wire.received(raw))
        except (RequestFailed, Stop) as failed:
            if isinstance(failed, Stop) or not failed.again or tries >= settings.max_retries:
                raise Stop(
                    f"Embeddings of {settings.embeddings_model} cannot be had from"
                    f" {shown_address(settings.embeddings_url)}: {in_our_words(str(failed))} Run the same command again"
                    " when they can; what was paid for is kept."
                ) from failed
            await asyncio.sleep(min(LONGEST_WAIT, FIRST_WAIT * 2.0**tries) if failed.wait is None else failed.wait)
    raise AssertionError  # which counts for ever


def in_our_words(said: str) -> str:
    """What was said of an endpoint for chats, as a sentence about this one."""
    for theirs, ours in OPTIONS.items():
        said = said.replace(theirs, ours)
    return said if said.endswith(".") else f"{said}."


def reply_in(answer: Answer) -> Reply:
    """What an answer holds. Raises RequestFailed where it is no reply, which asking again may mend."""
    try:
        return Reply.model_validate(body_of(answer.body, answer.headers))
    except ValueError as error:
        raise RequestFailed("bad_response", "a 200 whose body holds no vectors", again=True) from error


def in_order(reply: Reply, texts: Sequence[str], model: str) -> list[Vector]:
    """The vectors of a reply in the order of the texts. Raises Stop where they do not belong together."""
    vectors = [np.array(each.embedding, dtype=np.float32) for each in sorted(reply.data, key=lambda each: each.index)]
    sizes = {vector.shape for vector in vectors if vector.size}
    if len(vectors) != len(texts) or len(sizes) != 1 or not all(np.isfinite(vector).all() for vector in vectors):
        raise Stop(
            f"{model} has answered {len(texts)} texts with {len(vectors)} vectors of"
            f" {len(sizes)} sizes: give another --embeddings-model, or a smaller --embeddings-batch."
        )
    return vectors
