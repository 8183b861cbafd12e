"""A model's opinion of predictions, kept line by line: all graded together, predictors compared in both orders.

The judge never learns whose a prediction is. On some samples it is tried as well: with the real utterance itself,
which must win, and with one of another dialogue, which must lose.
"""

import dataclasses
import functools
import hashlib
from collections.abc import Generator, Mapping, Sequence
from typing import Any

import orjson

from ...basics.dice import dice
from ...basics.seen import DONE, Seen
from ...basics.together import together
from ...calling.budget import most_tokens_in
from ...calling.completion import Usage
from ...calling.stage import Ask, digest
from ...marking.grading import graded_together, key_of
from ...methods.proutt.stages import EVALUATION
from ...running.job import Job, Words
from ...running.output import SampleId, sample_number
from ...running.settings import Running
from ...running.tally import Tally
from .cases import Case, Predictor
from .opinions import TRUTH, UNRELATED, Comparison, Opinion, Planted
from .stages import NEARER
from .texts import near

JUDGE = (EVALUATION, NEARER)
AGREED, SPLIT, GRADED = "orders agree", "orders disagree", "graded"


@dataclasses.dataclass(frozen=True)
class Candidate:
    """A predictor's texts for one case."""

    predictor: str
    texts: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Docket:
    """A case with all that the judge is asked about it."""

    case: Case
    candidates: tuple[Candidate, ...]
    first: str
    """The predictor that each other one is compared with."""
    unrelated: str | None
    """An utterance of another dialogue, where the judge is tried on this case."""

    @property
    def sample_id(self) -> SampleId:
        return self.case.sample_id

    @property
    def item_id(self) -> int:
        return self.case.item_id

    @property
    def pairs(self) -> list[tuple[Candidate, Candidate]]:
        """Who is compared with whom; nobody, where the first has not foreseen this case."""
        firsts = [each for each in self.candidates if each.predictor == self.first]
        return [(first, other) for first in firsts for other in self.candidates if other is not first]

    @property
    def digest(self) -> str:
        """A short name of all that is asked: an opinion on other predictions is none on these."""
        asked = [self.case.utterance, [[each.predictor, each.texts] for each in self.candidates], self.unrelated]
        return hashlib.blake2b(orjson.dumps(asked), digest_size=8).hexdigest()


@dataclasses.dataclass(frozen=True)
class Judged:
    """An opinion, as a line of the judge's file."""

    docket: Docket
    opinion: Opinion

    @property
    def outcome(self) -> str:
        asked = [each for each in self.opinion.comparisons if each.asked]
        return GRADED if not asked else AGREED if all(each.agrees for each in asked) else SPLIT

    def row(self, usage: Usage) -> dict[str, Any]:
        tokens = {"prompt_tokens": usage.prompt, "completion_tokens": usage.completion, "total_tokens": usage.total}
        return {**self.opinion.model_dump(exclude_none=True), "usage": tokens}


def dockets(
    cases: Sequence[Case], predictors: Sequence[Predictor], unrelated: Predictor, tried: int, seed: int
) -> list[Docket]:
    """What the judge is asked of each case. It is tried on so many, drawn by seed."""
    drawn = sorted(cases, key=lambda case: dice(seed, case.sample_id, f"{case.item_id} planted").random())[:tried]
    tried_on = {case.name for case in drawn}
    return [docket(case, predictors, unrelated if case.name in tried_on else None) for case in cases]


def docket(case: Case, predictors: Sequence[Predictor], unrelated: Predictor | None) -> Docket:
    attempts = {each.name: attempt for each in predictors if (attempt := each.attempts.get(case.name))}
    drawn = unrelated.attempts[case.name].texts if unrelated and case.name in unrelated.attempts else ()
    planted = next((text for text in drawn if not near(text, case.utterance)), None)
    candidates = tuple(Candidate(name, attempt.texts) for name, attempt in attempts.items())
    return Docket(case, candidates, predictors[0].name, planted)


async def judge(ask: Ask, docket: Docket, seed: int) -> Judged:
    """Grade all predictions of the case together, and compare the first predictor with each other."""
    case = docket.case
    texts = [text for candidate in docket.candidates for text in candidate.texts]
    graded, comparisons, planted = await together(
        graded_of(ask, case, texts, seed, "graded order"),
        together(*(compared(ask, case, first, other) for first, other in docket.pairs)),
        tried(ask, docket, seed),
    )
    return Judged(
        docket,
        Opinion(
            sample_id=case.sample_id,
            item_id=case.item_id,
            asked=docket.digest,
            similarities=graded,
            comparisons=comparisons,
            planted=planted,
        ),
    )


async def graded_of(ask: Ask, case: Case, texts: Sequence[str], seed: int, decision: str) -> Mapping[str, float]:
    """The similarity of each text, in one question; none where there is no text."""
    draw = dice(seed, case.sample_id, f"{case.item_id} {decision}")
    asked = graded_together(ask, history=case.history, utterance=case.utterance, texts=texts, draw=draw)
    return await asked if texts else {}


async def compared(ask: Ask, case: Case, a: Candidate, b: Candidate) -> Comparison:
    """Which of two is nearer, asked in both orders, of as many predictions each.

    Where both say the same, or one says nothing, that is known without asking.
    """
    most = min(len(a.texts), len(b.texts))
    ours, theirs = a.texts[:most], b.texts[:most]
    if {*map(key_of, ours)} == {*map(key_of, theirs)}:
        known = bool(a.texts) - bool(b.texts) if not most else 0
        return Comparison(a=a.predictor, b=b.predictor, a_first=known, b_first=known, asked=False)
    one, other = await together(
        ask(NEARER, history=case.history, utterance=case.utterance, first=ours, second=theirs),
        ask(NEARER, history=case.history, utterance=case.utterance, first=theirs, second=ours),
    )
    return Comparison(a=a.predictor, b=b.predictor, a_first=one.preference, b_first=-other.preference)


async def tried(ask: Ask, docket: Docket, seed: int) -> Planted | None:
    """How the judge takes the real utterance beside a prediction, and an unrelated one beside the real one."""
    case, unrelated = docket.case, docket.unrelated
    if unrelated is None:
        return None
    truth, other = Candidate(TRUTH, (case.utterance,)), Candidate(UNRELATED, (unrelated,))
    rivals = [each for each in docket.candidates if each.texts and not said_by(case.utterance, each)]
    pairs = [(other, truth), *((truth, rival) for rival in rivals[:1])]
    graded, comparisons = await together(
        graded_of(ask, case, [case.utterance, unrelated], seed, "planted order"),
        together(*(compared(ask, case, one, two) for one, two in pairs)),
    )
    return Planted(similarities=graded, comparisons=comparisons)


def said_by(utterance: str, candidate: Candidate) -> bool:
    """Whether a prediction is the real utterance: then neither of both can win."""
    return key_of(utterance) in map(key_of, candidate.texts)


# ---------------------------------------------------------------------------------------------- the run


def pending(all_dockets: Sequence[Docket], seen: Seen, tally: Tally) -> Generator[Docket]:
    """Those that there is no opinion on yet."""
    for each in all_dockets:
        tally.rows += 1
        if seen.get(sample_number(each.sample_id, each.item_id)) & DONE:
            tally.already += 1
        else:
            yield each


def longest_question(docket: Docket) -> int:
    """Tokens of the longest text that the judge is shown of a case."""
    texts = (text for candidate in docket.candidates for text in candidate.texts)
    return most_tokens_in("\n".join((docket.case.history, docket.case.utterance, docket.unrelated or "", *texts)))


def job_of(config: Running, files: Sequence[str], all_dockets: Sequence[Docket]) -> Job[Docket]:
    """What a judge's run over these cases does."""
    return Job(
        files=files,
        items=functools.partial(pending, all_dockets),
        total=lambda: len(all_dockets),
        longest=lambda: max(map(longest_question, all_dockets)),
        make=functools.partial(judge, seed=config.seed),
        settings={"judge": config.model, "judge_prompts": digest(JUDGE)},
        words=Words(command="evaluate", done="judged", rows="samples", outcomes=(AGREED, SPLIT, GRADED)),
    )
