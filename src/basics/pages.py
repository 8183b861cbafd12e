"""What pages of one file have in common: data that cannot end its element, a script known by its hash, a template."""

import base64
import hashlib
import re
from collections.abc import Mapping


def in_script(text: bytes) -> str:
    """JSON as it may stand in a script element: nothing in it can end the element."""
    return text.decode().replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def hash_of(script: str) -> str:
    """The name by which a Content-Security-Policy lets this script run and no other."""
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def filled(template: str, parts: Mapping[str, str]) -> str:
    """The template with its `{name}` replaced in one pass; other braces are the style sheet's own."""
    return re.sub(rf"\{{({'|'.join(parts)})\}}", lambda match: parts[match[1]], template)
