"""A door: records out and whole files, under the published name. See docs/python.md."""

from .basics.files import replaced
from .running.output import Output, made_before

__all__ = ["Output", "made_before", "replaced"]
