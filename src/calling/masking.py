"""What must not be shown, stored or sent on: keys, wherever they stand and however they are spelt."""

import functools
import re
import urllib.parse
from collections.abc import Iterator, Mapping
from typing import Any

HIDDEN = "***"
SHORTEST_SECRET = 8  # characters; what is shorter is a word like others, and is not looked for in what endpoints say
SECRET_NAME = re.compile(
    r"(?<![a-z])(key|token|secret|password|passwd|auth|authorization|credentials?|bearer|signature|cookie)(?![a-z])",
    re.IGNORECASE,
)
WORD_BEGINS = re.compile(r"(?<=[a-z])(?=[A-Z])|_")  # where a name in camel case or snake case has its next word
SECRET_VALUE = re.compile(r"(?=.*\d)(?:sk|pk|rk|gsk|xai|hf|ghp)[-_]\S{16,}|Bearer\s+\S{8,}")
ESCAPES = ("\\u00", "\\U00", "\\x", "\\/", "%", "&#")  # what every other spelling of a key has in it
USER_IN_ADDRESS = re.compile(r"//.*@")  # up to the last: a password may hold anything
QUERY_VALUE = re.compile(r"(?<==)[^&#]+")
HOST = re.compile(
    r"(?:localhost|[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:[a-z]{2,}|\d+)|[a-z0-9-]+(?=:\d))(?::\d+)?(?:/[\w./-]*)?"
)


class Mask:
    """Takes some secrets out of texts: as they are, and as JSON, an address or HTML may spell them."""

    def __init__(self, *secrets: str) -> None:
        self._secrets = sorted({each for each in secrets if len(each) >= SHORTEST_SECRET}, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        """The text as it may be shown and kept."""
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        if self._secrets and any(escape in text for escape in ESCAPES):
            for secret in self._secrets:
                text = spellings(secret).sub(HIDDEN, text)
        return text


@functools.cache
def spellings(secret: str) -> re.Pattern[str]:
    """The secret with each character as it is or escaped."""
    return re.compile("".join(map(spelt, secret)))


def spelt(sign: str) -> str:
    code = ord(sign)
    escaped = rf"\\\\*(?i:u{code:04x}|u{code:08x}|x{code:02x}{'|/' if sign == '/' else ''})"
    return rf"(?:{re.escape(sign)}|{escaped}|(?i:%{code:02x}|&#0*{code};|&#x0*{code:x};))"


def shown_address(address: str) -> str:
    """An address without the passwords and keys that may stand in it; "" where it looks like no address at all."""
    if "//" not in address:
        return address if HOST.fullmatch(address) else ""
    place, mark, query = USER_IN_ADDRESS.sub("//", address).partition("?")
    return f"{place.partition('#')[0]}{mark}{QUERY_VALUE.sub(HIDDEN, query) if '=' in query else HIDDEN * bool(mark)}"


def secrets_in_address(address: str) -> Iterator[str]:
    """The password and the values of a query."""
    try:
        parts = urllib.parse.urlsplit(address)
    except ValueError:
        return
    yield from (urllib.parse.unquote(part) for part in (parts.username, parts.password) if part)
    yield from (value for _, value in urllib.parse.parse_qsl(parts.query))


def is_secret(name: str, value: str) -> bool:
    """Whether a field's name, or its text itself, says that it is a key."""
    return bool(SECRET_NAME.search(WORD_BEGINS.sub(" ", name))) or SECRET_VALUE.fullmatch(value) is not None


def secrets_in(value: Any, name: str = "") -> Iterator[str]:
    """The texts in settings that look like keys."""
    if isinstance(value, str):
        if value and is_secret(name, value):
            yield value
    elif isinstance(value, Mapping):
        for key, part in value.items():
            yield from secrets_in(part, str(key))
    elif isinstance(value, list | tuple):
        for part in value:
            yield from secrets_in(part, name)


def without_secrets(value: Any, key: str = "", name: str = "") -> Any:
    """Settings as a record may hold them. `key` is the endpoint's, which may stand anywhere."""
    if isinstance(value, str):
        return HIDDEN if value and is_secret(name, value) else Mask(key)(value)
    if isinstance(value, Mapping):
        return {each: without_secrets(part, key, str(each)) for each, part in value.items()}
    if isinstance(value, list | tuple):
        return [without_secrets(part, key, name) for part in value]
    return value
