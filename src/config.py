"""A door: what a program of your own may use of the settings, under the published name. See docs/python.md."""

from .basics.command import Stop
from .methods.proutt.settings import Config

__all__ = ["Config", "Stop"]
