"""The figures of a shortcut: how far the text as a whole, each part of it, and each control tell the sides apart.

Needs scikit-learn.
"""

import dataclasses
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import Any, get_args

import numpy as np
import orjson
from scipy import sparse

from ..basics.wording import words
from ..calling.stage import as_text
from ..pairs.shortcut import CATEGORY, LENGTHS, SHUFFLED, Shortcut, Telling
from ..pairs.sides import Side, TwoSides
from ..pairs.words import Category
from .guessing import Differences, coins, consistency, figure, folds_of, right, unit
from .ngrams import FOR_READERS, Ngrams, ngrams_of

MOST_TELLING, MOST_LOOKED_AT = 30, 500  # n-grams, and columns, of which most tell the same again
BEYOND_CHANCE = 4.5  # standard deviations; of a million n-grams that stand at random three go so far
THE_SAME = 0.7  # of the pairs that either n-gram tells; "mayb" and "aybe" are one finding
WORDS_FIRST = 1.3  # a word says more to a reader than a piece of it that tells as much

TREE = "tree"
PARTS: Mapping[str, Callable[[Side], str]] = {
    "category": lambda side: f"{side.category}: {side.category_reasoning}",
    "reasoning": lambda side: f"{side.mining}\n{side.exploration}",
    "predictions": lambda side: "\n".join(side.predictions),
    TREE: lambda side: as_text(side.tree),
}


@dataclasses.dataclass(frozen=True)
class Texts:
    """A text of each pair's chosen side, and of its rejected one."""

    chosen: list[str]
    rejected: list[str]


def measured(base: Shortcut, pairs: Sequence[TwoSides]) -> Shortcut:
    """The figures of these pairs, of which there have to be some."""
    names = [name_of_dialogue(pair, place) for place, pair in enumerate(pairs)]
    folds, texts = folds_of(names, base.seed), {part: texts_of(pairs, PARTS[part]) for part in parts_of(pairs)}
    ngrams = {part: ngrams_of(both.chosen, both.rejected) for part, both in texts.items()}
    parts = {part: Differences(unit(ngrams[part].matrix), longer(texts[part])) for part in texts}
    whole = together([*parts.values()])
    controls = {
        LENGTHS: Differences(whole.ngrams[:, []], whole.others),
        CATEGORY: Differences(whole.ngrams[:, []], categories(pairs)),
        SHUFFLED: whole.turned(coins(len(pairs), base.seed)),
    }
    figures = {
        name: figure(right(each, folds), names, base.seed, name)
        for name, each in ({"": whole} | parts | controls).items()
    }
    found = [*findings(ngrams, whole)]
    return base.model_copy(
        update={
            "all": figures[""],
            "parts": {name: figures[name] for name in parts},
            "controls": {name: figures[name] for name in controls},
            "tells_chosen": tuple(each for each in found if each.chosen > each.rejected),
            "tells_rejected": tuple(each for each in found if each.chosen < each.rejected),
        }
    )


def parts_of(pairs: Sequence[TwoSides]) -> list[str]:
    """The parts that may tell something: the tree does where sides have trees of their own."""
    return [part for part in PARTS if part != TREE or any(pair.chosen.tree != pair.rejected.tree for pair in pairs)]


def name_of_dialogue(pair: TwoSides, place: int) -> Hashable:
    """The dialogue's id as bytes; of a pair without one its place."""
    return place if pair.sample_id is None else orjson.dumps(pair.sample_id, default=str)


def texts_of(pairs: Sequence[TwoSides], read: Callable[[Side], str]) -> Texts:
    return Texts([read(pair.chosen) for pair in pairs], [read(pair.rejected) for pair in pairs])


def longer(texts: Texts) -> Any:
    """For each pair by how much the chosen text is longer, in characters and in words; on a scale of ratios."""
    return sizes(texts.chosen) - sizes(texts.rejected)


def sizes(texts: Sequence[str]) -> Any:
    return np.log1p([[len(text), len(words(text))] for text in texts])


def categories(pairs: Sequence[TwoSides]) -> Any:
    """For each pair and category 1 where it is the chosen side's alone, -1 where it is the rejected side's alone."""
    names = get_args(Category)
    rows = [[(pair.chosen.category == name) - (pair.rejected.category == name) for name in names] for pair in pairs]
    return np.array(rows, dtype=float)


def together(parts: Sequence[Differences]) -> Differences:
    """The parts as one text."""
    return Differences(
        sparse.hstack([part.ngrams for part in parts], format="csr"), np.hstack([part.others for part in parts])
    )


def findings(ngrams: Mapping[str, Ngrams], whole: Differences) -> Iterator[Telling]:
    """The n-grams by which either side is known, the most telling first; each finding once, and none that is chance."""
    origin = [(part, each, column) for part, each in ngrams.items() for column in range(len(each.readers))]
    readable = np.concatenate([each.readers == FOR_READERS for each in ngrams.values()])
    worth = consistency(whole.ngrams)
    order = np.argsort(-worth * np.where(readable, WORDS_FIRST, 1), kind="stable")
    by_column, seen = whole.ngrams.tocsc(), list[tuple[str, set[int]]]()
    for place in [place for place in order if worth[place] >= BEYOND_CHANCE][:MOST_LOOKED_AT]:
        between = by_column[:, [place]].tocoo()
        pairs = {int(row) for row in between.row}
        if len(seen) == MOST_TELLING or any(len(pairs & other) > THE_SAME * len(pairs | other) for _, other in seen):
            continue
        part, each, column = origin[place]
        text = each.name(column)
        if any(len(pairs & other) > THE_SAME * len(pairs) and overlap(text, known) for known, other in seen):
            continue
        seen.append((text, pairs))
        more = int((between.data > 0).sum())
        yield Telling(text=text, part=part, chosen=more, rejected=len(pairs) - more)


def overlap(one: str, other: str) -> bool:
    """Whether two n-grams have three characters in a row in common, and so may be pieces of one text."""
    return any(one[place : place + 3] in f" {other} " for place in range(max(1, len(one) - 2)))
