"""A door: what a program or a recipe of your own may use to ask a model. See docs/python.md and converse.md."""

from .calling.endpoint import Endpoint
from .calling.session import Failed, Session
from .calling.stage import Ask, Frame, Reply, Stage, digest
from .calling.store import Store
from .methods.recipes.kit.draws import Draw
from .methods.recipes.kit.people import traits
from .methods.recipes.kit.recipe import Recipe, Seats, Seed, Talk, Voice
from .methods.recipes.kit.talk import Scene, talk
from .running.job import Job, Words
from .running.runner import run

__all__ = [
    "Ask",
    "Draw",
    "Endpoint",
    "Failed",
    "Frame",
    "Job",
    "Recipe",
    "Reply",
    "Scene",
    "Seats",
    "Seed",
    "Session",
    "Stage",
    "Store",
    "Talk",
    "Voice",
    "Words",
    "digest",
    "run",
    "talk",
    "traits",
]
