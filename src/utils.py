"""A door: small helpers for a method of your own, under the published name. See docs/python.md."""

from .basics.text import json_in, loads, shortened, without_tags
from .basics.together import together

__all__ = ["json_in", "loads", "shortened", "together", "without_tags"]
