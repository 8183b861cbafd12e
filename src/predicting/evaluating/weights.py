"""How likely a model finds what was really said, what the history is worth to it, and whether it knows it among ten.

What stands here knows of a model only that it can tell log probabilities; `transformers` models stand in `models`.
"""

import dataclasses
import itertools
import math
import sys
from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
from tqdm import tqdm

from ...dialogues.turns import Turn
from .cases import Case, differing, of_other_dialogues
from .resampling import Numbers, mean, ratio
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


def weigh(cases: Sequence[Case], model: LogProbs, seed: int) -> Board:
    """The figures of a model's weights, as statistics of the cases."""
    texts = [*dict.fromkeys(case.utterance for case in cases)]
    alone = dict(zip(texts, (each.nats for each in model.of((), texts)), strict=True))
    shown = tqdm(cases, unit=" samples weighed", disable=not sys.stderr.isatty())
    found = [weighed(case, cases, model, alone, seed) for case in shown]
    nats, tokens, elsewhere = (column(found, name) for name in ("nats", "tokens", "elsewhere"))
    rank, gain_rank = column(found, "rank"), column(found, "gain_rank")
    board: Board = {
        "perplexity": ratio(-nats, tokens, np.exp),
        "perplexity_elsewhere": ratio(-elsewhere, tokens, np.exp),
        "context_nats": ratio(nats - elsewhere, tokens),
        "first_of_10": mean(firsts(rank)),
        "first_of_10_gain": mean(firsts(gain_rank)),
        "rank_of_10": mean(rank),
        "rank_of_10_gain": mean(gain_rank),
    }
    return {name: figure for name, figure in board.items() if figure.present.any()}


def weighed(case: Case, cases: Sequence[Case], model: LogProbs, alone: Mapping[str, float], seed: int) -> Weighed:
    """Ask the model of one case: under its own history all ten, under another one the real utterance."""
    drawn = differing(case, of_other_dialogues(case, cases, seed, "others"))
    rivals = [other.utterance for other in itertools.islice(drawn, OTHERS)]
    ten = [case.utterance, *(rivals if len(rivals) == OTHERS else ())]
    here = model.of(case.context, ten)
    nats = [each.nats for each in here]
    gains = [each.nats - alone[text] for each, text in zip(here, ten, strict=True)]
    other = next(of_other_dialogues(case, cases, seed, "elsewhere"), None)
    return Weighed(
        nats=nats[0],
        tokens=here[0].tokens,
        elsewhere=model.of(other.context, [case.utterance])[0].nats if other else math.nan,
        rank=rank_of_first(nats),
        gain_rank=rank_of_first(gains),
    )


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
