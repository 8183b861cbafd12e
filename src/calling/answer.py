"""What an endpoint's answer means: a completion, a fault that may pass, a final one, the end of the run."""

import email.utils
import math
import re
import time
from collections.abc import Callable
from typing import Any

import httpx2
import orjson

from ..basics.command import Stop
from ..basics.shape import counted
from ..basics.text import loads, shortened
from .completion import Completion, Token, Usage

LONGEST_RETRY_AFTER = 600.0  # seconds; an endpoint that asks for more is not waited for

BAD_REQUEST, NO_CREDIT_LEFT, FORBIDDEN, NOT_FOUND, TOO_MANY_REQUESTS, SERVER_ERROR = 400, 402, 403, 404, 429, 500
ENDS_THE_RUN = {
    401: "the key was not accepted; check the variable that --api-key-env names",
    402: "the account has no credit left",
    403: "the key may not use this model or endpoint",
    404: "no such model or path; check --model and --base-url",
}
MAY_PASS = {408: "timeout", 409: "server_error", 425: "server_error", TOO_MANY_REQUESTS: "rate_limit"}
NO_CREDIT = re.compile(r"insufficient.?(quota|balance)|exceeded your current quota|余额不足|欠费", re.IGNORECASE)
UNKNOWN_MODEL = re.compile(
    r"model_not_found|模型不存在|\b(invalid|unknown|no such) model\b|not a valid model"
    r"|\bmodel\b[^.]{0,60}\b(does not exist|not exist|not found|is unknown|is invalid)",
    re.IGNORECASE,
)
TOO_LONG = re.compile(
    r"context.?(length|window|size)|maximum.{0,20}(context|length|tokens)|too (long|many tokens)|max_model_len"
    r"|token limit|(input|prompt).{0,40}(exceed|longer)|reduce the length|上下文|超长",
    re.IGNORECASE,
)
FILTERED = re.compile(
    r"content.?filter|content management|content exists risk|inappropriate|moderation|safety|sensitive"
    r"|usage polic|policy violation|敏感|不安全",
    re.IGNORECASE,
)
CHARSET = re.compile(  # those in which texts are written; Python knows others, that take for ever
    r"charset=[\"']?(utf-?(?:8|16|32)(?:-?[bl]e)?|iso-8859-\d+|latin-?1|windows-125\d|gb\w+|big5|shift_jis|euc-\w+)",
    re.IGNORECASE,
)
FINISH = re.compile(r"\w{1,40}")


class RequestFailed(Exception):
    """A request that brought no completion. `again` tells whether the same request may yet succeed.

    `usage` is what was billed all the same.
    """

    def __init__(self, kind: str, message: str, *, again: bool, status: int = 0, wait: float | None = None) -> None:
        super().__init__(message)
        self.kind, self.again, self.status, self.wait = kind, again, status, wait
        self.usage = Usage()
        self.unresolved = False
        """Whether the host's name leads nowhere."""


def judged(status: int, said: str, wait: float | None) -> Exception:
    """What an error status means: the end of the run, the end of this sample, or another try."""
    kinds = ((TOO_LONG, "context_length"), (FILTERED, "content_filter"))
    final = next((kind for pattern, kind in kinds if pattern.search(said)), "bad_request")
    if status == TOO_MANY_REQUESTS and NO_CREDIT.search(said):
        return Stop(f"The endpoint answered {status}: {ENDS_THE_RUN[NO_CREDIT_LEFT]}. It said: {said}")
    if status == BAD_REQUEST and final == "bad_request" and UNKNOWN_MODEL.search(said):
        return Stop(f"The endpoint answered {status}: {ENDS_THE_RUN[NOT_FOUND]}. It said: {said}")
    if status in ENDS_THE_RUN and not (status == FORBIDDEN and final == "content_filter"):
        return Stop(f"The endpoint answered {status}: {ENDS_THE_RUN[status]}. It said: {said}")
    if status in MAY_PASS or status >= SERVER_ERROR:
        if wait and wait > LONGEST_RETRY_AFTER:
            return Stop(f"The endpoint asks to wait for {wait:.0f} s: run the same command again then. It said: {said}")
        kind = MAY_PASS.get(status, "server_error")
        return RequestFailed(kind, f"{status}: {said}", again=True, status=status, wait=wait)
    return RequestFailed(final, f"{status}: {said}", again=False)


def message_in(text: str) -> str:
    """What an error's body says: its message and code, or all of it where it has another form."""
    try:
        body = orjson.loads(text)
        error = body.get("error", body)
        parts = [error.get("code"), error.get("message")] if isinstance(error, dict) else [error]
    except (ValueError, AttributeError):
        return text
    return " ".join(str(part) for part in parts if part) or text


def decoded(raw: bytes, headers: httpx2.Headers) -> str:
    """A body as text, in the encoding that it says it has; what is none of it is shown as such."""
    charset = CHARSET.search(headers.get("content-type", ""))
    try:
        return raw.decode(charset[1] if charset else "utf-8", "replace")
    except LookupError:
        return raw.decode("utf-8", "replace")


def retry_after(headers: httpx2.Headers) -> float | None:
    """Seconds that the endpoint asks to wait: `retry-after-ms`, or `retry-after` as seconds or as a date."""
    try:
        if milliseconds := headers.get("retry-after-ms"):
            wait = float(milliseconds) / 1000
        elif not (given := headers.get("retry-after")):
            return None
        elif given.replace(".", "", 1).isdigit():
            wait = float(given)
        else:
            wait = email.utils.parsedate_to_datetime(given).timestamp() - time.time()
    except (ValueError, OverflowError):
        return None
    return max(0.0, wait) if math.isfinite(wait) else None


def completion_of(raw: bytes, headers: httpx2.Headers, mask: Callable[[str], str] = str) -> Completion:
    """Read the body of a 200; raises RequestFailed where it holds no completion, which asking again may mend.

    `mask` takes out of its texts what must not be kept.
    """
    usage = Usage()
    try:
        body = body_of(raw, headers)
        usage = usage_of(body.get("usage"))
        choice = body["choices"][0]
        message = choice["message"]
        content = message.get("content") or message.get("refusal") or ""
        said = content if isinstance(content, str) else "".join(part.get("text", "") for part in content)
        return Completion(
            text=mask(said),
            finish=finish_of(choice.get("finish_reason")),
            usage=usage,
            rehearsal=body.get("rehearsal") is True,
            tokens=tokens_of(choice.get("logprobs")) if mask(said) == said else (),
        )
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        message = f"a 200 whose body is no completion: {shortened(mask(decoded(raw, headers)))}"
        failed = RequestFailed("bad_response", message, again=True)
        failed.usage = usage
        raise failed from error


def body_of(raw: bytes, headers: httpx2.Headers) -> Any:
    """A body as JSON, in whatever encoding it is and with what strict readers refuse. Raises ValueError."""
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        return loads(decoded(raw, headers).encode())


def finish_of(given: Any) -> str:
    """Why the text ended, as one word."""
    word = str(given)
    return "content_filter" if word == "sensitive" else word if FINISH.fullmatch(word) else "other"


def tokens_of(given: Any) -> tuple[Token, ...]:
    """The reply's tokens as `logprobs` tells them; none where it is not there, or odd."""
    try:
        return tuple(token_of(each) for each in given["content"])
    except (AttributeError, KeyError, TypeError, ValueError):
        return ()


def token_of(given: Any) -> Token:
    """Raises what Python does for what is none."""
    text, nats = given.get("bytes"), float(given["logprob"])
    if not math.isfinite(nats):
        raise ValueError(nats)
    return Token(given["token"].encode() if text is None else bytes(text), nats)


def usage_of(given: Any) -> Usage:
    """Tokens as the endpoint tells them; what it does not tell, or tells in another form, counts as none."""
    counts = given if isinstance(given, dict) else {}
    details = counts.get("prompt_tokens_details")
    cached = details.get("cached_tokens") if isinstance(details, dict) else counts.get("prompt_cache_hit_tokens")
    prompt, completion = counted(counts.get("prompt_tokens")), counted(counts.get("completion_tokens"))
    return Usage(
        prompt=prompt,
        completion=completion,
        total=counted(counts.get("total_tokens")) or prompt + completion,
        cached=None if cached is None else counted(cached),
    )
