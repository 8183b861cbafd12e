"""One HTTP request to an OpenAI-compatible endpoint."""

import asyncio
import re
import socket
from collections.abc import Iterator

import httpx2
import openai

from ..basics.command import Stop
from ..basics.text import shortened
from .answer import RequestFailed, completion_of, judged, message_in, retry_after
from .completion import Completion
from .settings import Calling, is_this_machine

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

OTHER_FILES = 64  # that a run has open, or may have
SHORTEST_KEY = 8  # characters; what is shorter is no secret, and is not looked for in what endpoints say


class Wire:
    """The way to one OpenAI-compatible endpoint. Neither retries nor counts.

    The SDK knows the address and the headers and owns the connections. A request goes straight to its HTTP client:
    the models that the SDK's `post` makes for each request would cost half as much CPU again.
    """

    def __init__(self, config: Calling, key: str) -> None:
        self._config = config
        self._key = key if len(key) >= SHORTEST_KEY else ""  # shorter ones are words of their own
        self._place = re.sub(r"//[^/@]*@", "//", config.base_url)  # without a password that stands in the address
        allow_connections(config.max_concurrency)
        # The SDK's own pool would keep 100 connections alive, whatever the limit of requests in flight.
        limits = httpx2.Limits(max_connections=config.max_concurrency, max_keepalive_connections=config.max_concurrency)
        # A proxy of the environment is for the world outside: nothing for this machine leaves it.
        outside = not is_this_machine(config.base_url)
        self._http = openai.DefaultAioHttpClient(limits=limits, timeout=config.timeout, trust_env=outside)
        self._sdk = openai.AsyncOpenAI(
            api_key=key or "none",  # the SDK insists on one
            base_url=config.base_url,
            http_client=self._http,
        )
        self._address = self._sdk.base_url.join("chat/completions")
        headers = {**self._sdk.default_headers, **self._sdk.auth_headers}
        # No endpoint needs to know this machine's system and versions.
        self._headers = {
            name: value
            for name, value in headers.items()
            if isinstance(value, str) and not name.startswith("X-Stainless-")
        }

    async def close(self) -> None:
        await self._sdk.close()

    async def send(self, raw: bytes) -> Completion:
        """One request, one completion; anything else is a RequestFailed, or a Stop where no request can succeed."""
        try:
            async with asyncio.timeout(self._config.timeout):
                response = await self._http.post(self._address, content=raw, headers=self._headers)
        except httpx2.ConnectTimeout as error:  # also what a refused or a broken connection looks like
            raise self.unreachable(error) from error
        except (TimeoutError, httpx2.TimeoutException) as error:
            message = f"no answer within {self._config.timeout:g} s (--timeout)"
            raise RequestFailed("timeout", message, again=True) from error
        except (httpx2.HTTPError, OSError) as error:
            raise self.unreachable(error) from error
        if not response.is_success:
            said = shortened(self.without_key(message_in(response.text)))
            raise judged(response.status_code, said, retry_after(response.headers))
        raw = response.content
        return completion_of(raw.replace(self._key.encode(), b"***") if self._key else raw)

    def unreachable(self, error: Exception) -> RequestFailed:
        cause = self.without_key(str(error))
        failed = RequestFailed("connection", f"no connection to {self._place}: {cause}", again=True)
        failed.unresolved = any(isinstance(each, socket.gaierror) for each in causes(error))
        return failed

    def without_key(self, text: str) -> str:
        """The text as it may be shown: some endpoints repeat the key that they refuse."""
        return text.replace(self._key, "***") if self._key else text


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error, and what it came of."""
    while error:
        yield error
        error = error.__cause__ or error.__context__


def allow_connections(count: int) -> None:
    """Raise this process's limit of open files so that each connection has one; raises Stop where that is not allowed.

    The usual limit is 1,024. Windows has none that could be asked for.
    """
    if resource is None:
        return
    allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = count + OTHER_FILES
    if most != resource.RLIM_INFINITY and needed > most:
        raise Stop(
            f"--max-concurrency {count} needs {needed} open files and this system allows {most}: give at most"
            f" {most - OTHER_FILES}, or raise the limit (ulimit -Hn)."
        )
    if allowed != resource.RLIM_INFINITY and needed > allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, most))
