"""One HTTP request to an OpenAI-compatible endpoint."""

import asyncio
import dataclasses
import socket
from collections.abc import Iterator
from typing import Any

import aiohttp
import httpx2
import openai

from ..basics.command import Stop
from ..basics.text import shortened
from .answer import RequestFailed, completion_of, decoded, judged, message_in, retry_after
from .completion import Completion
from .masking import Mask, secrets_in, secrets_in_address, shown_address
from .settings import Calling, is_this_machine

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

OTHER_FILES = 64  # that a run has open, or may have
MOST_BYTES = 8 << 20  # of a reply, unpacked; a hundred times what a long one has
FIRST_STATUS = 100
REDIRECTED = range(300, 400)
SENT = ("authorization", "accept", "content-type", "user-agent")  # no endpoint needs to know more of whoever asks


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whatever it means."""

    status: int
    headers: httpx2.Headers
    body: bytes


@dataclasses.dataclass(frozen=True)
class Way:
    """Where at an endpoint requests go, and how much may come back."""

    path: str = "chat/completions"
    most_bytes: int = MOST_BYTES


CHAT = Way()


class Wire:
    """The way to one OpenAI-compatible endpoint. Neither retries nor counts.

    The SDK knows the address and the headers and owns the connections. A request goes straight to its HTTP client:
    the models that the SDK's `post` makes for each request would cost half as much CPU again.
    """

    def __init__(self, config: Calling, key: str, way: Way = CHAT) -> None:
        self._config, self._way = config, way
        self._place = shown_address(config.base_url)
        self.mask = Mask(key, *secrets_in_address(config.base_url), *secrets_in(config.extra_body))
        allow_connections(config.max_concurrency)
        # The SDK's own pool would keep 100 connections alive, whatever the limit of requests in flight.
        limits = httpx2.Limits(max_connections=config.max_concurrency, max_keepalive_connections=config.max_concurrency)
        # A proxy of the environment is for the world outside: nothing for this machine leaves it.
        outside = not is_this_machine(config.base_url)
        try:
            self._http = openai.DefaultAioHttpClient(limits=limits, timeout=config.timeout, trust_env=outside)
        except OSError as error:
            raise Stop(
                f"The certificates that SSL_CERT_FILE or SSL_CERT_DIR names cannot be read ({error.strerror or error}):"
                " fix or unset it."
            ) from error
        except (ValueError, httpx2.InvalidURL) as error:
            raise Stop("HTTP_PROXY, HTTPS_PROXY or ALL_PROXY holds no address of a proxy: fix or unset it.") from error
        try:
            self.sdk = openai.AsyncOpenAI(
                api_key=key or "none",  # the SDK insists on one
                base_url=config.base_url,
                http_client=self._http,
            )
        except httpx2.InvalidURL as error:
            raise Stop(f"{self._place} is not an address ({error}): write it as http://HOST:PORT/v1.") from error
        base = self.sdk.base_url
        self._address = base.join(way.path).copy_with(query=base.query or None)
        headers: dict[str, Any] = {**self.sdk.default_headers, **self.sdk.auth_headers}
        self._headers = {name: value for name, value in headers.items() if name.lower() in SENT}

    async def close(self) -> None:
        await self.sdk.close()

    async def send(self, raw: bytes) -> Completion:
        """One request, one completion; anything else is a RequestFailed, or a Stop where no request can succeed."""
        answer = await self.received(raw)
        return completion_of(answer.body, answer.headers, self.mask)

    async def received(self, raw: bytes) -> Answer:
        """The answer to one request, if it is a good one; else raises as `send` does."""
        try:
            async with asyncio.timeout(self._config.timeout):
                answer = await self.answer(raw)
        except httpx2.ConnectTimeout as error:  # also what a refused or a broken connection looks like
            raise self.unreachable(error) from error
        except (TimeoutError, httpx2.TimeoutException) as error:
            message = f"no answer within {self._config.timeout:g} s (--timeout)"
            raise RequestFailed("timeout", message, again=True) from error
        except aiohttp.ClientResponseError as error:  # a status line, header or length that is none
            raise self.no_http(error.message) from error
        except (httpx2.HTTPError, aiohttp.ClientError, OSError) as error:
            raise self.unreachable(error) from error
        except (ValueError, httpx2.InvalidURL) as error:  # headers that cannot be read as text
            raise self.no_http(str(error)) from error
        if answer.status in REDIRECTED:
            raise self.redirected(answer)
        if answer.status < FIRST_STATUS:
            raise self.no_http(f"there is no status {answer.status}")
        if not httpx2.codes.is_success(answer.status):
            said = shortened(self.mask(message_in(decoded(answer.body, answer.headers))))
            raise judged(answer.status, said, retry_after(answer.headers))
        return answer

    async def answer(self, raw: bytes) -> Answer:
        """What the endpoint answers, up to a limit of size."""
        request = self._http.build_request("POST", self._address, content=raw, headers=self._headers)
        response = await self._http.send(request, stream=True, follow_redirects=False)
        try:
            parts, size = list[bytes](), 0
            async for part in response.aiter_bytes():
                parts.append(part)
                if (size := size + len(part)) > self._way.most_bytes:
                    most = self._way.most_bytes >> 20
                    message = f"{response.status_code}: a reply of more than {most} MB was given up"
                    raise RequestFailed("bad_response", message, again=True)
        finally:
            await response.aclose()
        return Answer(response.status_code, response.headers, b"".join(parts))

    def unreachable(self, error: Exception) -> RequestFailed:
        cause = shortened(self.mask(str(error)))
        failed = RequestFailed("connection", f"no connection to {self._place}: {cause}", again=True)
        failed.unresolved = any(isinstance(each, socket.gaierror) for each in causes(error))
        return failed

    def no_http(self, why: str) -> RequestFailed:
        """What answers and does not speak HTTP as it should is as good as no connection."""
        said = shortened(self.mask(why))
        return RequestFailed("connection", f"no proper HTTP from {self._place}: {said}", again=True)

    def redirected(self, answer: Answer) -> Exception:
        """A redirection is never followed: the dialogues, and maybe the key, would go where the user never said."""
        if not (location := answer.headers.get("location", "")):
            return RequestFailed("bad_response", f"{answer.status}: a redirection to nowhere", again=True)
        try:
            where = shown_address(str(self._address.join(location).copy_with(query=None)))
        except httpx2.InvalidURL:
            where = location
        where = shortened(self.mask(where)).removesuffix(f"/{self._way.path}")
        return Stop(
            f"The endpoint at {self._place} answered {answer.status} and wants requests to go to {where}, which is not"
            " followed, since the dialogues would go there too: if that is the right place, give it as --base-url."
        )


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
