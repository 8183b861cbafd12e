"""A door: what a program of your own may use to ask a model, under the published name. See docs/python.md."""

from .calling.endpoint import Endpoint
from .calling.session import Failed, Session
from .calling.stage import Ask, Stage

__all__ = ["Ask", "Endpoint", "Failed", "Session", "Stage"]
