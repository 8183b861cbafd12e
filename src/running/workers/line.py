"""The way between a worker and the keeper: a connection of their own, since a call through Ray is dear.

Messages are pickles, each behind its length. Nothing is read as one before the other side has shown the run's token,
which only Ray has handed to it.
"""

import asyncio
import dataclasses
import hmac
import logging
import pickle
import secrets
import struct
from collections.abc import Awaitable, Callable
from typing import Any, Self

log = logging.getLogger(__name__)

LENGTH = struct.Struct("!Q")
TOKEN = 32  # bytes
LOST = (OSError, EOFError)
"""What a connection raises that is no more."""


@dataclasses.dataclass(frozen=True)
class Address:
    """Where the keeper listens, and what opens it."""

    host: str
    port: int
    token: bytes = dataclasses.field(repr=False)


class Line:
    """One connection, from either side."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._open = False

    @classmethod
    async def to(cls, address: Address) -> Self:
        """Raises OSError where nobody listens."""
        line = cls(*await asyncio.open_connection(address.host, address.port))
        line._writer.write(address.token)
        return line

    async def ask(self, message: Any) -> Any:
        """What the other side says to this. Raises one of LOST."""
        await self.say(message)
        return await self.hear()

    async def say(self, message: Any) -> None:
        packed = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
        self._writer.writelines((LENGTH.pack(len(packed)), packed))
        await self._writer.drain()

    async def hear(self) -> Any:
        (length,) = LENGTH.unpack(await self._reader.readexactly(LENGTH.size))
        return pickle.loads(await self._reader.readexactly(length))  # only from who has shown the token

    async def opened(self, token: bytes) -> bool:
        """The other side has shown this, at the beginning."""
        if not self._open:
            self._open = hmac.compare_digest(await self._reader.readexactly(len(token)), token)
        return self._open

    def close(self) -> None:
        self._writer.close()


class Listener:
    """Answers whoever has its token, several at a time, and each in order."""

    def __init__(self, answer: Callable[[Any], Awaitable[Any]]) -> None:
        self._answer, self._token = answer, secrets.token_bytes(TOKEN)
        self._server: asyncio.Server | None = None
        self._lines: set[Line] = set()

    async def open(self, host: str) -> Address:
        """Listen there, at any port that is free."""
        self._server = await asyncio.start_server(self.attend, host)
        return Address(host, self._server.sockets[0].getsockname()[1], self._token)

    async def attend(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = Line(reader, writer)
        self._lines.add(line)
        try:
            while await line.opened(self._token):
                await line.say(await self._answer(await line.hear()))
        except LOST:
            log.debug("a worker has hung up")
        finally:
            self._lines.discard(line)
            line.close()

    async def close(self) -> None:
        """Hang up."""
        for line in self._lines:
            line.close()
        if self._server:
            self._server.close()
            await self._server.wait_closed()
