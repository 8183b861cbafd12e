"""A door: what a program of your own may use to ask a model, under the published name. See docs/python.md."""

from .calling.endpoint import Endpoint
from .calling.session import Failed, Session
from .calling.stage import Ask, Frame, Reply, Stage, digest
from .calling.store import Store
from .running.job import Job, Words
from .running.runner import run

__all__ = ["Ask", "Endpoint", "Failed", "Frame", "Job", "Reply", "Session", "Stage", "Store", "Words", "digest", "run"]
