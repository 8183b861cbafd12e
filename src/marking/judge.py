"""A model's opinion of finished pairs: both sides graded against what was really said, and their reasoning scored.

The judge never learns which side a text is from: the predictions of both are graded together, in an order drawn by
seed, and each reasoning is scored by itself.
"""

import dataclasses
import functools
from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any

from ..basics.dice import dice
from ..basics.seen import DONE, SEEN, Seen
from ..basics.together import together
from ..calling.completion import Usage
from ..calling.stage import Ask, digest
from ..dialogues.files import count
from ..methods.proutt.stages import EVALUATION
from ..pairs.reading import LeftOut, entries
from ..pairs.sides import MarkedRecord
from ..pairs.together import EachOnce
from ..pairs.words import INVERTED
from ..running.job import Job, Words
from ..running.output import SampleId, sample_number
from ..running.settings import Running
from ..running.tally import Tally
from ..training.templates import thoughts_and_predictions
from .grading import graded_together
from .marks import findings
from .stages import SCORE

JUDGE = (EVALUATION, SCORE)
CHOSEN_NEARER, EVEN = "chosen nearer", "even"


@dataclasses.dataclass(frozen=True)
class Case:
    """A record that is to be judged."""

    sample_id: SampleId
    item_id: int
    record: MarkedRecord
    line: Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class Judged:
    """The record's line with its quality."""

    outcome: str
    """Which side the judge finds nearer to what was really said."""
    line: Mapping[str, Any]
    quality: Mapping[str, Any]

    def row(self, usage: Usage) -> dict[str, Any]:
        tokens = {"prompt_tokens": usage.prompt, "completion_tokens": usage.completion, "total_tokens": usage.total}
        return {**self.line, "quality": {**self.quality, "usage": tokens}}


Once = Callable[[], EachOnce | None]
"""What refuses records that come twice, for one reading of the files; None where they may."""


class NamedRecord(MarkedRecord):
    """A record that has a name of its own."""

    sample_id: Any
    item_id: Any


def cases(files: Sequence[str], once: Once, seen: Seen, tally: Tally) -> Generator[Case]:
    """The records of the files that are not judged yet."""
    left_out = LeftOut()
    for place, entry in enumerate(entries(files, NamedRecord, left_out, once()), 1):
        tally.rows, tally.unreadable = place + left_out.count, left_out.count
        case = Case(entry.record.sample_id, entry.record.item_id, entry.record, entry.row)
        number = sample_number(case.sample_id, case.item_id)
        marks = seen.get(number)
        seen.mark(number, SEEN)
        if marks & SEEN:
            tally.passed_over["repeated id"] += 1
        elif marks & DONE:
            tally.already += 1
        else:
            yield case
    tally.rows, tally.unreadable = tally.rows + left_out.count - tally.unreadable, left_out.count


async def judge(ask: Ask, case: Case, seed: int) -> Judged:
    """Grade all predictions of the pair together and score each side's reasoning; add both to its marks."""
    record = case.record
    chosen, rejected = record.chosen, record.rejected
    similarity, score, rejected_score = await together(
        graded_together(
            ask,
            history=record.history,
            utterance=record.utterance,
            texts=(*chosen.predictions, *rejected.predictions),
            draw=dice(seed, case.sample_id, f"{case.item_id} judged order"),
        ),
        ask(SCORE, history=record.history, reasoning=thoughts_and_predictions(chosen)),
        ask(SCORE, history=record.history, reasoning=thoughts_and_predictions(rejected)),
    )
    best, rejected_best = (max(similarity[text] for text in side.predictions) for side in (chosen, rejected))
    tags = findings(record)
    if best < rejected_best:
        tags.append({"tag": INVERTED, "side": None, "evidence": f"{best:g} against {rejected_best:g}"})
    quality = {
        "tags": tags,
        "chosen": {"similarity": best, "score": score.mean, **score.model_dump()},
        "rejected": {"similarity": rejected_best, "score": rejected_score.mean, **rejected_score.model_dump()},
        "similarities": similarity,
        "margin": round(best - rejected_best, 4),
    }
    nearer = CHOSEN_NEARER if best > rejected_best else EVEN if best == rejected_best else INVERTED
    return Judged(nearer, case.line, quality)


def job_of(config: Running, files: Sequence[str], once: Once = lambda: None) -> Job[Case]:
    """What a judge's run over these records does."""
    return Job(
        files=files,
        items=functools.partial(cases, files, once),
        total=functools.partial(count, files),
        make=functools.partial(judge, seed=config.seed),
        settings={"judge": config.model, "judge_prompts": digest(JUDGE)},
        words=Words(
            command="quality",
            thing="pair",
            done="judged",
            rows="records",
            outcomes=(CHOSEN_NEARER, EVEN, INVERTED),
            next_step="python -m src.postprocess --input {output} --mode pref --drop inverted",
        ),
    )
