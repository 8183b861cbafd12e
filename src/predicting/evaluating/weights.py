"""How likely a model finds what was really said, what the history is worth to it, and whether it knows it among ten.

What stands here knows of a model only that it can tell log probabilities; `transformers` models stand in `models`.
"""

import dataclasses
import itertools
import math
import sys
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from tqdm import tqdm

from ...basics.dice import dice
from ...dialogues.turns import Turn
from .cases import Case, differing, of_other_dialogues
from .resampling import Numbers, divided, mean, ratio
from .scoring import Board

OTHERS = 9


@dataclasses.dataclass(frozen=True)
class Likelihood:
    """How likely a text is: its log probability in nats, over so many tokens."""

    nats: float
    tokens: int


class LogProbs(Protocol):
    """A model that tells how likely utterances are."""

    def of(self, history: Sequence[Turn], utterances: Sequence[str]) -> Sequence[Likelihood]:
        """The likelihood of each utterance as the user's next turn after this history, which may be empty."""
        ...


@dataclasses.dataclass(frozen=True)
class Weighed:
    """What a model finds of one case; NaN where it could not be asked."""

    nats: float
    tokens: float
    elsewhere: float = math.nan
    """The log probability under another dialogue's history."""
    rank: float = math.nan
    """The real utterance's place among ten by log probability, 1 for the likeliest; of equal ones in their middle."""
    gain_rank: float = math.nan
    """The same by how much more likely the history makes it."""


def weigh(cases: Sequence[Case], model: LogProbs, seed: int, most_ranked: int | None = None) -> Board:
    """The figures of a model's weights, as statistics of the cases; of so many at most, drawn ones, the ranks too."""
    found = all_weighed(cases, model, seed, most_ranked)
    nats, tokens, elsewhere = (column(found, name) for name in ("nats", "tokens", "elsewhere"))
    rank, gain_rank = column(found, "rank"), column(found, "gain_rank")
    board: Board = {
        "perplexity": ratio(-nats, tokens, np.exp),
        "nats": mean(divided(-nats, tokens)),
        "perplexity_elsewhere": ratio(-elsewhere, tokens, np.exp),
        "context_nats": ratio(nats - elsewhere, tokens),
        "first_of_10": mean(firsts(rank)),
        "first_of_10_gain": mean(firsts(gain_rank)),
        "rank_of_10": mean(rank),
        "rank_of_10_gain": mean(gain_rank),
    }
    return {name: figure for name, figure in board.items() if figure.present.any()}


def all_weighed(cases: Sequence[Case], model: LogProbs, seed: int, most_ranked: int | None) -> list[Weighed]:
    """What the model finds of each case. Each history is read once, for all utterances that are asked of under it."""
    tens = tens_of(cases, seed, most_ranked)
    texts = [*dict.fromkeys(text for ten in tens.values() if len(ten) > 1 for text in ten)]
    alone = dict(zip(texts, (each.nats for each in model.of((), texts)), strict=True))
    guests: dict[str, list[Case]] = {case.name: [] for case in cases}
    for case in cases:
        for host in itertools.islice(of_other_dialogues(case, cases, seed, "elsewhere"), 1):
            guests[host.name].append(case)
    at_home: dict[str, Weighed] = {}
    elsewhere: dict[str, float] = {}
    for case in tqdm(cases, unit=" samples weighed", disable=not sys.stderr.isatty()):
        ten = tens[case.name]
        asked = model.of(case.context, [*ten, *(guest.utterance for guest in guests[case.name])])
        at_home[case.name] = weighed(asked[: len(ten)], [alone.get(text, math.nan) for text in ten])
        elsewhere |= {guest.name: each.nats for guest, each in zip(guests[case.name], asked[len(ten) :], strict=True)}
    return [dataclasses.replace(at_home[case.name], elsewhere=elsewhere.get(case.name, math.nan)) for case in cases]


def tens_of(cases: Sequence[Case], seed: int, most: int | None) -> dict[str, list[str]]:
    """What is asked of under each history: ten utterances in so many cases at most, drawn ones, else the real one."""
    names = [case.name for case in cases]
    ranked = {*dice(seed, "all", "ranked").sample(names, len(names) if most is None else min(most, len(names)))}
    return {case.name: ten_of(case, cases, seed) if case.name in ranked else [case.utterance] for case in cases}


def weighed(ten: Sequence[Likelihood], alone: Sequence[float]) -> Weighed:
    """What is found under the right history: of the real utterance, and of the nine beside what each is alone."""
    return Weighed(
        nats=ten[0].nats,
        tokens=ten[0].tokens,
        rank=rank_of_first([each.nats for each in ten]),
        gain_rank=rank_of_first([each.nats - nats for each, nats in zip(ten, alone, strict=True)]),
    )


def ten_of(case: Case, cases: Sequence[Case], seed: int) -> list[str]:
    """The real utterance first, and nine of other dialogues; where there are fewer, the real one alone."""
    drawn = differing(case, of_other_dialogues(case, cases, seed, "others"))
    rivals = [other.utterance for other in itertools.islice(drawn, OTHERS)]
    return [case.utterance, *(rivals if len(rivals) == OTHERS else ())]


def rank_of_first(values: Sequence[float]) -> float:
    """The place of the first value among all, the highest being 1; NaN where it is alone."""
    first, *others = values
    if not others:
        return math.nan
    return 1 + sum(other > first for other in others) + sum(other == first for other in others) / 2


def firsts(ranks: Numbers) -> Numbers:
    """1 where the rank is the first."""
    return np.where(np.isnan(ranks), np.nan, ranks == 1)


def column(found: Sequence[Weighed], name: str) -> Numbers:
    return np.array([getattr(each, name) for each in found], dtype=np.float64)
