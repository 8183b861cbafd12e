"""What is evaluated: cases, each with what was really said, and what predictors have foreseen of them."""

import dataclasses
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Literal

from ...basics.dice import dice
from ...calling.completion import Usage
from ...dialogues.samples import chat_history
from ...dialogues.turns import Turn
from ...pairs.words import Category, Region
from ...running.output import SampleId
from .texts import near

COPIED, SHUFFLED = "(copied truth)", "(shuffled)"
"""The ends of each scale: what was really said, and what was really said in other dialogues."""
FEW = 32  # cases that are drawn at first; one of another dialogue is mostly among them


@dataclasses.dataclass(frozen=True)
class Case:
    """A moment of a dialogue at which it is known what the user said next."""

    name: str
    sample_id: SampleId
    item_id: int
    context: tuple[Turn, ...]
    utterance: str
    category: Category | None = None
    """Of the real utterance, where records tell it."""
    region: Region | None = None
    """How near synthesis came to it, where records tell that."""
    seen: bool = False
    """Its dialogue is in the training files that were named."""

    @cached_property
    def history(self) -> str:
        """The context as text."""
        return chat_history(self.context)

    @property
    def user_turns(self) -> list[str]:
        return [turn.content for turn in self.context if turn.role == "user"]


@dataclasses.dataclass(frozen=True)
class Attempt:
    """What a predictor has foreseen of one case, and what it took; what is not told is None."""

    texts: tuple[str, ...]
    category: Category | None = None
    malformed: bool = False
    latency: float | None = None
    """Seconds."""
    usage: Usage | None = None
    logprobs: tuple[float, ...] = ()
    """How likely the predictor itself found each of its texts; empty where it does not say."""

    @property
    def scored(self) -> tuple[str, ...]:
        """The texts to be scored: where there is none, an empty one, which is like nothing."""
        return self.texts or ("",)


@dataclasses.dataclass(frozen=True)
class Predictor:
    """All attempts of one predictor, by the case's name."""

    name: str
    attempts: Mapping[str, Attempt]
    models: frozenset[str] = frozenset()
    """The models that its lines name."""
    rehearsed: bool = False
    """Whether no model was asked for some of them."""

    @property
    def most(self) -> int:
        """Predictions of a case, at most."""
        return max((len(attempt.texts) for attempt in self.attempts.values()), default=0)


Decision = Literal["shuffled", "elsewhere", "others"]


def of_other_dialogues(case: Case, cases: Sequence[Case], seed: int, decision: Decision) -> Iterator[Case]:
    """The cases of other dialogues, in an order drawn by seed. Of very many only as many are drawn as are taken."""
    draw = dice(seed, case.sample_id, f"{case.item_id} {decision}")
    places = range(len(cases))
    few = draw.sample(places, min(len(cases), FEW))
    yield from (other for place in few if (other := cases[place]).sample_id != case.sample_id)
    early = {*few}
    for place in draw.sample(places, len(cases)):
        if place not in early and cases[place].sample_id != case.sample_id:
            yield cases[place]


def differing(case: Case, others: Iterable[Case]) -> Iterator[Case]:
    """Those in which something else was said than in this case, and than in those before."""
    said = [case.utterance]
    for other in others:
        if not any(near(other.utterance, text) for text in said):
            said.append(other.utterance)
            yield other


def copied(cases: Sequence[Case]) -> Predictor:
    """The top of each scale: the real utterance itself."""
    return Predictor(COPIED, {case.name: Attempt((case.utterance,), case.category) for case in cases})


def shuffled(cases: Sequence[Case], most: int, seed: int) -> Predictor:
    """The bottom of each scale: real utterances of other dialogues, as many as any predictor has predictions.

    With one alone the best of a predictor's four would seem better than chance for their number alone. What many users
    say is drawn as often as they say it, since to say that is chance too.
    """
    attempts = {}
    for case in cases:
        drawn = [*itertools.islice(of_other_dialogues(case, cases, seed, "shuffled"), max(1, most))]
        if drawn:
            attempts[case.name] = Attempt(tuple(other.utterance for other in drawn), drawn[0].category)
    return Predictor(SHUFFLED, attempts)
