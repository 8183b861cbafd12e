"""Recipes by name, or out of a file of the user's own."""

import hashlib
import importlib
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path

from ....basics.command import Stop, did_you_mean
from ....calling.stage import digest
from .recipe import Recipe
from .settings import NAMES

ROOM = __package__.rpartition(".")[0]
OWN = ".py"


def recipe_of(word: str) -> Recipe:
    """The recipe of this name, or in this file. Raises Stop where there is none."""
    if word.endswith(OWN):
        return recipe_in(Path(word))
    if word not in NAMES:
        raise Stop(
            f"There is no recipe {word}{did_you_mean(word, NAMES)} Give one of {', '.join(NAMES)}, or a file of your"
            " own whose name ends in .py."
        )
    recipe: Recipe = importlib.import_module(f"{ROOM}.{word}").RECIPE
    return recipe


def recipe_in(path: Path) -> Recipe:
    """The `RECIPE` of a Python file."""
    if not path.is_file():
        raise Stop(f"--recipe {path} does not exist: give a Python file that holds a RECIPE; see docs/converse.md.")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None or not path.stem.isidentifier():
        raise Stop(f"--recipe {path} cannot be imported: give it a name of letters, such as my_recipe.py.")
    module = importlib.util.module_from_spec(spec)
    sys.modules.setdefault(path.stem, module)  # where dataclasses and pydantic look for what annotations name
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise Stop(f"--recipe {path} ends in {type(error).__name__} when it is read: {error}") from error
    recipe = getattr(module, "RECIPE", None)
    if not isinstance(recipe, Recipe):
        raise Stop(f"--recipe {path} holds no RECIPE = Recipe(…): see docs/converse.md for an example.")
    return recipe


def prompts_of(recipe: Recipe, word: str) -> str:
    """A short name of all that a recipe says to models; of a file of one's own, of all that stands in it."""
    told = [digest(tuple(recipe.stages)), *(text for voice in recipe.voices for text in (voice.system, voice.task))]
    told += [Path(word).read_text(encoding="utf-8")] if word.endswith(OWN) else []
    return hashlib.sha256("\0".join(told).encode()).hexdigest()[:12]


def listed() -> Iterator[str]:
    """What each recipe needs, costs and stands for."""
    for name in NAMES:
        recipe = recipe_of(name)
        yield f"{name:<10} --seeds {recipe.seeds}; calls: {recipe.calls}"
        yield f"{'':<10} {recipe.about}"
        yield f"{'':<10} stands for: {recipe.stands_for}"
