"""Files and batches of an endpoint in the OpenAI form, over the SDK. Neither retries nor keeps anything."""

import contextlib
import dataclasses
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import openai

from ...basics.command import Stop
from ...basics.text import shortened
from ..answer import NOT_FOUND, RequestFailed, judged, message_in, retry_after
from ..http import MOST_BYTES, Wire
from ..masking import shown_address
from ..settings import Calling

METHOD_NOT_ALLOWED = 405
ENDED = {"completed", "failed", "expired", "cancelled"}
TAG = "proutt"  # under which a batch's metadata has our own name for it
MOST_LISTED = 1000  # batches of an account that are looked through for one of ours
FULL = "token_limit_exceeded"  # the account's queue has no room now


@dataclasses.dataclass(frozen=True)
class State:
    """How a batch stands at the provider."""

    id: str
    status: str
    input: str
    output: str
    """The file of its replies, "" where there is none yet; `errors` is that of the lines without one."""
    errors: str
    done: int
    total: int
    codes: tuple[str, ...]
    """What was wrong with all of it, for programs; and in words."""
    why: str

    @property
    def ended(self) -> bool:
        return self.status in ENDED

    @property
    def full(self) -> bool:
        """It failed since the account's queue is full; later there will be room."""
        return self.status == "failed" and FULL in self.codes


class Provider:
    """One account's files and batches. Raises RequestFailed for what may pass, and Stop for what will not."""

    def __init__(self, config: Calling, key: str) -> None:
        self._wire = Wire(config, key)
        self._sdk = self._wire.sdk.with_options(max_retries=0)  # to repeat `create` would make a second batch
        self._place = shown_address(config.base_url)
        self.mask = self._wire.mask
        # OpenAI and others want the path of the address's last part: /v1/…, and at Zhipu /v4/….
        self.path = f"/{config.base_url.rstrip('/').rpartition('/')[2]}/chat/completions"

    async def close(self) -> None:
        await self._wire.close()

    async def upload(self, path: Path) -> str:
        """Send a file of questions; its name there."""
        with path.open("rb") as file, self.errors_in_words():
            return str((await self._sdk.files.create(file=(f"{path.name}.jsonl", file), purpose="batch")).id)

    async def create(self, file: str, tag: str) -> State:
        """Have a file of questions answered."""
        with self.errors_in_words():
            return state_of(
                await self._sdk.batches.create(
                    input_file_id=file,
                    endpoint=self.path,  # type: ignore[arg-type]  # the SDK knows OpenAI's own paths only
                    completion_window="24h",
                    metadata={TAG: tag},
                )
            )

    async def find(self, tag: str) -> State | None:
        """The batch that was created under our name for it, whether or not we were told."""
        with self.errors_in_words():
            seen = 0
            async for each in self._sdk.batches.list(limit=100):
                if (each.metadata or {}).get(TAG) == tag:
                    return state_of(each)
                if (seen := seen + 1) >= MOST_LISTED:
                    break
        return None

    async def look(self, name: str) -> State:
        """How a batch stands now."""
        with self.errors_in_words():
            return state_of(await self._sdk.batches.retrieve(name))

    async def lines(self, file: str) -> AsyncIterator[bytes]:
        """The lines of a file; one that is too long is left out."""
        with self.errors_in_words():
            async with self._sdk.files.with_streaming_response.content(file) as response:
                rest = b""
                async for part in response.iter_bytes(1 << 16):
                    *whole, rest = (rest + part).split(b"\n")
                    for line in whole:
                        yield line
                    rest = rest if len(rest) <= MOST_BYTES else b""
                yield rest

    async def delete(self, file: str) -> None:
        """Have a file forgotten, since dialogues stand in it; not every provider can."""
        with contextlib.suppress(openai.OpenAIError, ValueError):
            await self._sdk.files.delete(file)

    @contextlib.contextmanager
    def errors_in_words(self) -> Iterator[None]:
        try:
            yield
        except openai.APIStatusError as error:
            said = shortened(self.mask(message_in(error.response.text)))
            if error.status_code in {NOT_FOUND, METHOD_NOT_ALLOWED}:
                raise Stop(
                    f"{self._place} has no batches in the OpenAI form (it answered {error.status_code}: {said}): leave"
                    " --batch away, or see docs/batches.md for the addresses that have."
                ) from error
            raise judged(error.status_code, said, retry_after(error.response.headers)) from error
        except openai.APIConnectionError as error:
            cause = shortened(self.mask(str(error.__cause__ or error)))
            raise RequestFailed("connection", f"no connection to {self._place}: {cause}", again=True) from error
        except (openai.OpenAIError, ValueError, AttributeError) as error:
            said = shortened(self.mask(str(error)))
            raise RequestFailed("bad_response", f"an answer that is none: {said}", again=True) from error


def state_of(given: Any) -> State:
    """A batch as the SDK has it; providers leave out or add what they like."""
    counts, errors = getattr(given, "request_counts", None), getattr(given, "errors", None)
    each = list(getattr(errors, "data", None) or [])
    said = "; ".join(
        str(getattr(error, "message", None) or getattr(error, "code", None) or error) for error in each[:3]
    )
    return State(
        id=str(given.id),
        status=str(given.status),
        input=str(getattr(given, "input_file_id", None) or ""),
        output=str(getattr(given, "output_file_id", None) or ""),
        errors=str(getattr(given, "error_file_id", None) or ""),
        done=int(getattr(counts, "completed", None) or 0),
        total=int(getattr(counts, "total", None) or 0),
        codes=tuple(str(getattr(error, "code", "")) for error in each),
        why=shortened(said) or "no reason was given",
    )
