"""What pages of one file have in common: a head with our look, data that cannot end its element, a template."""

import base64
import hashlib
import html
import re
from collections.abc import Mapping
from pathlib import Path

HERE = Path(__file__).parent


def head(title: str, style: str, script: str) -> str:
    """The head of a page: our look and its own style, and leave for this one script and for nothing from elsewhere."""
    look = (HERE / "pages.css").read_text(encoding="utf-8")
    parts = {"title": html.escape(title), "style": look + style, "script_hash": hash_of(script)}
    return filled((HERE / "pages.html").read_text(encoding="utf-8"), parts)


def in_script(text: bytes) -> str:
    """JSON as it may stand in a script element: nothing in it can end the element."""
    return text.decode().replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def hash_of(script: str) -> str:
    """The name by which a Content-Security-Policy lets this script run and no other."""
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def filled(template: str, parts: Mapping[str, str]) -> str:
    """The template with its `{name}` replaced in one pass; other braces are the style sheet's own."""
    return re.sub(rf"\{{({'|'.join(parts)})\}}", lambda match: parts[match[1]], template)
