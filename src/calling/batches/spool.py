"""What waits to be sent in a batch, in a file: it may be more than memory holds."""

from collections.abc import Iterator
from io import BufferedRandom, FileIO
from pathlib import Path
from typing import Any

import orjson

from ...basics.files import owner_only
from ..budget import tokens_in


class Spool:
    """Questions as lines of a batch's file, in the order in which they came."""

    def __init__(self, path: Path, url: str) -> None:
        self.path, self._url = path, url
        self.count = 0
        self._file = BufferedRandom(FileIO(path, "w+", opener=owner_only))

    def add(self, question: bytes, body: dict[str, Any]) -> None:
        line = {"custom_id": question.hex(), "method": "POST", "url": self._url, "body": body}
        self._file.write(orjson.dumps(line) + b"\n")
        self.count += 1

    def cut(
        self, most: int, most_bytes: int, most_tokens: int | None
    ) -> Iterator[tuple[list[bytes], list[bytes], int]]:
        """The questions in parts that a batch can have: their names, their lines, and the tokens of their prompts."""
        self._file.seek(0)
        names, lines, size, tokens = list[bytes](), list[bytes](), 0, 0
        for line in self._file:
            prompt = tokens_in(line.decode())
            too_many = most_tokens is not None and tokens + prompt > most_tokens
            if names and (len(names) >= most or size + len(line) > most_bytes or too_many):
                yield names, lines, tokens
                names, lines, size, tokens = [], [], 0, 0
            names.append(bytes.fromhex(orjson.loads(line)["custom_id"]))
            lines.append(line)
            size, tokens = size + len(line), tokens + prompt
        if names:
            yield names, lines, tokens

    def clear(self) -> None:
        self._file.seek(0)
        self._file.truncate()
        self.count = 0

    def close(self) -> None:
        """Nothing of it is needed any more: what was not sent is asked again."""
        self._file.close()
        self.path.unlink(missing_ok=True)
