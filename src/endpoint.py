"""One request to the endpoint and its completion: slots, retries, and how replies are held to JSON.

All retrying of what fails on the way is done here (the SDK's own is off). Whether the text of a completion is any
good is not this module's question.
"""

import asyncio
import dataclasses
import email.utils
import itertools
import logging
import random
import re
import time
from types import TracebackType
from typing import Any, Self

import httpx2
import openai
import orjson

from .config import Config, JsonMode, Stop
from .records import Usage

log = logging.getLogger(__name__)

FIRST_WAIT, LONGEST_WAIT = 0.5, 60.0  # seconds between tries; each wait doubles the one before
LONGEST_RETRY_AFTER = 600.0  # seconds; an endpoint that asks for more is not waited for
UNPROVEN_RETRIES = 2  # of a 5xx that may be the endpoint's way of refusing a JSON mode

MODES: tuple[JsonMode, ...] = ("schema", "object", "text")
ENDS_THE_RUN = {
    401: "the key was not accepted; check the variable that --api-key-env names",
    402: "the account has no credit left",
    403: "the key may not use this model or endpoint",
    404: "no such model or path; check --model and --base-url",
}
TOO_MANY_REQUESTS, SERVER_ERROR = 429, 500
MAY_PASS = {408: "timeout", 409: "server_error", 425: "server_error", TOO_MANY_REQUESTS: "rate_limit"}
NO_CREDIT = re.compile(r"insufficient.?(quota|balance)|exceeded your current quota|余额不足|欠费", re.IGNORECASE)
TOO_LONG = re.compile(
    r"context.?(length|window|size)|maximum.{0,20}(context|length|tokens)|too (long|many tokens)|max_model_len"
    r"|(input|prompt).{0,40}(exceed|longer)|reduce the length|上下文|超长",
    re.IGNORECASE,
)
FILTERED = re.compile(r"content.?filter|content management|moderation|safety|sensitive|敏感|不安全", re.IGNORECASE)


class RequestFailed(Exception):
    """A request that brought no completion. `again` tells whether the same request may yet succeed."""

    def __init__(self, kind: str, message: str, *, again: bool, status: int = 0, wait: float | None = None) -> None:
        super().__init__(message)
        self.kind, self.again, self.status, self.wait = kind, again, status, wait


@dataclasses.dataclass(frozen=True)
class Completion:
    """What came back: the text (maybe empty), why it ended, and what it cost."""

    text: str
    finish: str
    usage: Usage
    rehearsal: bool


class Endpoint:
    """An OpenAI-compatible endpoint, open inside `async with`. Counts the calls and tokens of the run."""

    def __init__(self, config: Config, key: str) -> None:
        self.config = config
        self.calls = 0
        self.usage = Usage()
        self._slots = asyncio.Semaphore(config.max_concurrency)
        self._jitter = random.Random()
        self._mode: JsonMode = "schema" if config.json_mode == "auto" else config.json_mode
        self._proven: set[JsonMode] = {"text"} if config.json_mode == "auto" else set(MODES)

        # The SDK's own pool would keep 100 connections alive, whatever the limit of requests in flight.
        limits = httpx2.Limits(max_connections=config.max_concurrency, max_keepalive_connections=config.max_concurrency)
        self._sdk = openai.AsyncOpenAI(
            api_key=key,
            base_url=config.base_url,
            max_retries=0,
            timeout=config.timeout,
            http_client=openai.DefaultAioHttpClient(limits=limits, timeout=config.timeout),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._sdk.close()

    async def complete(
        self, messages: list[dict[str, str]], name: str, schema: dict[str, Any], max_tokens: int | None
    ) -> Completion:
        """Ask until a completion comes. Raises RequestFailed when none can be had, Stop when the run has to end.

        While it is not known that the endpoint takes the present JSON mode, a refusal is answered by asking with the
        next weaker one; the first that works is kept for the run.
        """
        first = self._mode
        refusal: RequestFailed | None = None
        for mode in MODES[MODES.index(first) :]:
            body = self.body(messages, max_tokens) | response_format(mode, name, schema)
            try:
                completion = await self.persist(body, proven=mode in self._proven)
            except RequestFailed as failed:
                if (mode in self._proven and mode == first) or failed.kind not in {"bad_request", "server_error"}:
                    raise
                refusal = refusal or failed
                continue
            self.keep(mode, refusal)
            return completion
        raise refusal or RequestFailed("bad_request", "no JSON mode was left to try", again=False)

    def keep(self, mode: JsonMode, refusal: RequestFailed | None) -> None:
        """From now on ask in this mode; say so when it is weaker than before."""
        self._proven.add(mode)
        if refusal and MODES.index(mode) > MODES.index(self._mode):
            log.warning("JSON mode is now %s: the endpoint refused %s (%s)", mode, self._mode, refusal)
            self._mode = mode

    def body(self, messages: list[dict[str, str]], max_tokens: int | None) -> dict[str, Any]:
        body: dict[str, Any] = {"model": self.config.model, "messages": messages}
        if self.config.temperature is not None:
            body["temperature"] = self.config.temperature
        if max_tokens is not None:
            body["max_tokens"] = max_tokens
        return body | self.config.extra_body

    async def persist(self, body: dict[str, Any], *, proven: bool) -> Completion:
        """Send until it succeeds, with growing, jittered waits; give up after the allowed number of retries."""
        raw = orjson.dumps(body)
        for tries in itertools.count():
            try:
                async with self._slots:
                    return await self.send(raw)
            except RequestFailed as failed:
                doubtful = failed.kind == "server_error" and not proven
                allowed = min(self.config.max_retries, UNPROVEN_RETRIES) if doubtful else self.config.max_retries
                if not failed.again or tries >= allowed:
                    raise
                log.debug("try %d of %d: %s", tries + 1, allowed + 1, failed)
                growing = min(LONGEST_WAIT, FIRST_WAIT * 2**tries) * self._jitter.uniform(0.5, 1.0)
                wait = growing if failed.wait is None else failed.wait
            await asyncio.sleep(wait)
        raise AssertionError("unreachable: the loop above only returns or raises")

    async def send(self, raw: bytes) -> Completion:
        """One request, one completion; anything else is a RequestFailed, or a Stop where no request can succeed."""
        try:
            async with asyncio.timeout(self.config.timeout):
                response = await self._sdk.post(
                    "/chat/completions",
                    cast_to=httpx2.Response,
                    content=raw,
                    options={"headers": {"Content-Type": "application/json"}},
                )
        except (TimeoutError, openai.APITimeoutError) as error:
            message = f"no answer within {self.config.timeout:g} s (--timeout)"
            raise RequestFailed("timeout", message, again=True) from error
        except openai.APIStatusError as error:
            raise judged(error) from error
        except (openai.APIConnectionError, httpx2.HTTPError, OSError) as error:
            message = f"no connection to {self.config.base_url}: {error.__cause__ or error!r}"
            raise RequestFailed("connection", message, again=True) from error
        completion = completion_of(response.content)
        self.calls += 1
        self.usage += completion.usage
        return completion


def response_format(mode: JsonMode, name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """The part of a request that asks for JSON in this mode."""
    if mode == "text":
        return {}
    if mode == "object":
        return {"response_format": {"type": "json_object"}}
    named = {"name": name.replace(" ", "_"), "schema": schema}
    return {"response_format": {"type": "json_schema", "json_schema": named}}


def judged(error: openai.APIStatusError) -> Exception:
    """What an error status means: the end of the run, the end of this sample, or another try."""
    status, said = error.status_code, shortened(error.response.text)
    if status in ENDS_THE_RUN or (status == TOO_MANY_REQUESTS and NO_CREDIT.search(said)):
        return Stop(f"The endpoint answered {status}: {ENDS_THE_RUN.get(status, ENDS_THE_RUN[402])}. It said: {said}")
    if status in MAY_PASS or status >= SERVER_ERROR:
        kind = MAY_PASS.get(status, "server_error")
        return RequestFailed(kind, f"{status}: {said}", again=True, wait=retry_after(error.response.headers))
    kinds = ((TOO_LONG, "context_length"), (FILTERED, "content_filter"))
    kind = next((kind for pattern, kind in kinds if pattern.search(said)), "bad_request")
    return RequestFailed(kind, f"{status}: {said}", again=False)


def retry_after(headers: httpx2.Headers) -> float | None:
    """Seconds that the endpoint asks to wait: `retry-after-ms`, or `retry-after` as seconds or as a date."""
    try:
        if milliseconds := headers.get("retry-after-ms"):
            return max(0.0, float(milliseconds) / 1000)
        if not (given := headers.get("retry-after")):
            return None
        if given.replace(".", "", 1).isdigit():
            return min(float(given), LONGEST_RETRY_AFTER)
        when = email.utils.parsedate_to_datetime(given)
        return min(max(0.0, when.timestamp() - time.time()), LONGEST_RETRY_AFTER)
    except ValueError:
        return None


def completion_of(raw: bytes) -> Completion:
    """Read the body of a 200; raises RequestFailed where it holds no completion, which asking again may mend."""
    try:
        body = orjson.loads(raw)
        choice = body["choices"][0]
        message, usage = choice["message"], body.get("usage") or {}
        content = message.get("content") or message.get("refusal") or ""
        return Completion(
            text=content if isinstance(content, str) else "".join(part.get("text", "") for part in content),
            finish="content_filter" if choice.get("finish_reason") == "sensitive" else str(choice.get("finish_reason")),
            usage=usage_of(usage),
            rehearsal=body.get("rehearsal") is True,
        )
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        message = f"a 200 whose body is no completion: {shortened(raw.decode('utf-8', 'replace'))}"
        raise RequestFailed("bad_response", message, again=True) from error


def usage_of(told: dict[str, Any]) -> Usage:
    """Tokens as the endpoint tells them; what it does not tell counts as none."""
    prompt, completion = int(told.get("prompt_tokens") or 0), int(told.get("completion_tokens") or 0)
    details = told.get("prompt_tokens_details") or {}
    return Usage(
        prompt=prompt,
        completion=completion,
        total=int(told.get("total_tokens") or prompt + completion),
        cached=details.get("cached_tokens", told.get("prompt_cache_hit_tokens")),
    )


def shortened(text: str, most: int = 300) -> str:
    folded = " ".join(text.split())
    return folded if len(folded) <= most else folded[:most] + "…"
