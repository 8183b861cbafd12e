"""Texts as vectors of an endpoint, each paid for once: a SQLite file beside the output keeps them."""

import hashlib
import os
import sqlite3
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import openai
from numpy.typing import NDArray
from tqdm import tqdm

from ..basics.command import Stop
from ..basics.text import shortened
from .settings import Embedding

Vector = NDArray[np.float32]
VERSION = 1
AT_ONCE = 500  # that are looked for together
FOUND = "SELECT text, vector FROM vectors WHERE text IN"
LONGEST_TEXT = 8000  # characters; endpoints refuse more than some 8,000 tokens, and what a text is about shows before
TABLES = "CREATE TABLE IF NOT EXISTS vectors (text BLOB PRIMARY KEY, vector BLOB)"


class Vectors:
    """The vectors of one model, by text. Raises Stop where the file is of another kind."""

    def __init__(self, path: Path, model: str) -> None:
        self._model, self.path = model, path
        try:
            self._db = sqlite3.connect(path)
            (version,) = self._db.execute("PRAGMA user_version").fetchone()
            (tables,) = self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()
            if version != VERSION and (version or tables):
                raise Stop(f"{path} does not hold vectors of this version: move it away, or give another --output.")
            self._db.execute(TABLES)
            self._db.execute(f"PRAGMA user_version = {VERSION}")
        except sqlite3.Error as error:
            raise Stop(f"{path} cannot be used ({error}): move it away, or give another --output.") from error

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
            held: dict[bytes, bytes] = dict(self._db.execute(f"{FOUND} ({', '.join('?' * len(names))})", names))
            yield from (np.frombuffer(held[name], dtype=np.float32) if name in held else None for name in names)

    def put(self, vectors: Mapping[str, Vector]) -> None:
        """Keep vectors. When this returns, no kill of the process can lose them."""
        rows = [(self.name(text), vector.tobytes()) for text, vector in vectors.items()]
        with self._db:
            self._db.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", rows)


def cut(text: str) -> str:
    return text.strip()[:LONGEST_TEXT]


def fetch(vectors: Vectors, settings: Embedding, texts: Iterable[str]) -> int:
    """Have a vector for each text; the number of tokens that were paid for. Raises Stop where one cannot be had."""
    different = [*dict.fromkeys(cut(text) for text in texts if text.strip())]
    missing = [text for text, vector in zip(different, vectors.of(different), strict=True) if vector is None]
    tokens, size = 0, settings.embeddings_batch
    with client_of(settings) as client:
        for start in tqdm(range(0, len(missing), size), unit=" requests", disable=not sys.stderr.isatty()):
            part = missing[start : start + size]
            reply = asked(client, settings.embeddings_model, part)
            vectors.put(dict(zip(part, in_order(reply, part, settings.embeddings_model), strict=True)))
            tokens += reply.usage.total_tokens if reply.usage else 0
    return tokens


def client_of(settings: Embedding) -> openai.OpenAI:
    """The way to the endpoint. Raises Stop where the variable that is named holds no key."""
    name = settings.embeddings_key_env
    key = os.environ.get(name, "").strip() if name else "none"  # the SDK insists on one
    if not key:
        raise Stop(
            f"No key for embeddings: set {name}, which --embeddings-key-env names, in the environment or in .env."
        )
    return openai.OpenAI(
        api_key=key, base_url=settings.embeddings_url, max_retries=settings.max_retries, timeout=settings.timeout
    )


def asked(client: openai.OpenAI, model: str, texts: list[str]) -> "openai.types.CreateEmbeddingResponse":
    """One reply. Raises Stop where there is none."""
    try:
        return client.embeddings.create(model=model, input=texts, encoding_format="float")
    except openai.OpenAIError as error:
        said = shortened(str(error).replace(client.api_key, "***"))  # some endpoints repeat the key
        raise Stop(
            f"Embeddings of {model} cannot be had from {client.base_url}: {said}. Run the same"
            " command again when they can; what was paid for is kept."
        ) from error


def in_order(reply: "openai.types.CreateEmbeddingResponse", texts: Sequence[str], model: str) -> list[Vector]:
    """The vectors of a reply in the order of the texts. Raises Stop where they do not belong together."""
    data = sorted(reply.data or (), key=lambda each: each.index or 0)
    vectors = [np.array(each.embedding, dtype=np.float32) for each in data]
    sizes = {vector.shape for vector in vectors}
    if len(vectors) != len(texts) or len(sizes) != 1 or not all(np.isfinite(vector).all() for vector in vectors):
        raise Stop(
            f"{model} has answered {len(texts)} texts with {len(vectors)} vectors of"
            f" {len(sizes)} sizes: give another --embeddings-model, or a smaller --embeddings-batch."
        )
    return vectors
