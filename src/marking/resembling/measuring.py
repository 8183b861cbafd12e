"""The figures of a comparison: each view, and the controls that show what it finds where that is known.

Needs scikit-learn.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

import numpy as np
from tqdm import tqdm

from ...pairs.shortcut import Figure
from ..apart import findings
from ..guessing import Differences, unit
from ..ngrams import ngrams_of
from .chats import Chat
from .controls import CONTROLS
from .copies import Copies
from .drawing import Drawn
from .matching import ByLanguage, TurnPair, enough, matched
from .result import FEWEST, FEWEST_OF_HALVES, LENGTH, MADE, Compared, Copied, GivesAway, Resemblance, Side, Worst
from .views import BY_LENGTH, VIEWS


def measured(made: Drawn, real: Drawn, copies: Copies, seed: int) -> Resemblance:
    """The figures of these dialogues, as far as there are enough of them."""
    pairs = matched(without(copies.mostly, made.chats), real.chats)
    halves, usual = real_halves(made.chats, real.chats)
    base = Resemblance(
        copied=Copied(
            dialogues=len(copies.shares),
            left_out=len(copies.mostly),
            of=made.profile.dialogues,
            usual=usual,
            examples=tuple(copies.examples),
        ),
        compared=compared(pairs),
        made=side_of(made),
        real=side_of(real),
        seed=seed,
    )
    if not enough(pairs, FEWEST):
        return base
    sides = {MADE: pairs} | {name: turn(halves, seed) for name, turn in CONTROLS.items()}
    told = {
        name: figures(some, seed, name, FEWEST if name == MADE else FEWEST_OF_HALVES)
        for name, some in tqdm(sides.items(), desc="compared", unit=" sides", disable=None)
    }
    auc, found = told.pop(MADE), [*telling(pairs)]
    update = {
        "auc": auc,
        "worst": worst_of(auc),
        "controls": told,
        "length": BY_LENGTH.figure(pairs, seed, LENGTH, FEWEST),
        "tells_made": tuple(each for each in found if each.made > each.real),
        "tells_real": tuple(each for each in found if each.made < each.real),
    }
    return base.model_copy(update=update)


def without(copied: set[int], chats: ByLanguage) -> ByLanguage:
    return {name: [chat for chat in some if chat.place not in copied] for name, some in chats.items()}


def real_halves(made: ByLanguage, real: ByLanguage) -> tuple[list[TurnPair], float | None]:
    """Two halves of the real dialogues as if one were made, and which share of it holds a run of the other's words.

    As many as are compared with made ones, where there are so many twice.
    """
    copies = Copies()
    one, other = dict[str, Sequence[Chat]](), dict[str, Sequence[Chat]]()
    for language, chats in real.items():
        count = min(len(made.get(language, ())), len(chats) // 2)
        one[language], other[language] = chats[:count], chats[count : 2 * count]
        for chat in one[language]:
            copies.add_made(chat)
    for chat in (chat for chats in other.values() for chat in chats):
        copies.add_real(chat)
    total = sum(map(len, one.values()))
    return matched(without(copies.mostly, one), other), len(copies.shares) / total if total else None


def figures(pairs: Sequence[TurnPair], seed: int, name: str, fewest: int) -> dict[str, Figure]:
    """How well each view tells the sides apart, but for a view that sees too few dialogues."""
    found = {view: look.figure(pairs, seed, f"{name} {view}", fewest) for view, look in VIEWS.items()}
    return {view: figure for view, figure in found.items() if figure}


def worst_of(auc: Mapping[str, Figure]) -> Worst:
    view = max(auc, key=lambda name: auc[name].auc)
    return Worst(view=view, **auc[view].model_dump())


def telling(pairs: Sequence[TurnPair]) -> Iterator[GivesAway]:
    """The n-grams by which made and real dialogues are known, far more often than by chance."""
    made, real = list[str](), list[str]()
    for _, group in groupby(pairs, lambda pair: pair.dialogues):
        turns = [*group]
        made.append("\n".join(pair.made.text for pair in turns))
        real.append("\n".join(pair.real.text for pair in turns))
    ngrams = ngrams_of(made, real)
    for found in findings({"": ngrams}, Differences(unit(ngrams.matrix), np.zeros((len(made), 0)))):
        yield GivesAway(text=found.text, made=found.chosen, real=found.rejected)


def compared(pairs: Sequence[TurnPair]) -> Compared:
    languages = Counter({pair.dialogues: pair.language for pair in pairs}.values())
    return Compared(
        dialogues=languages.total(),
        turns=len(pairs),
        groups=len({pair.group for pair in pairs}),
        languages=dict(languages.most_common()),
    )


def side_of(drawn: Drawn) -> Side:
    profile = drawn.profile
    return Side(
        files=tuple(drawn.files),
        dialogues=profile.dialogues,
        turns=profile.turns,
        languages=dict(profile.languages.most_common()),
        profile=dict(profile.figures),
    )
