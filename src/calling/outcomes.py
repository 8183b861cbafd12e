"""What became of a run's questions, stage by stage; and when it is plain that no answer of the model will ever do."""

import asyncio
import dataclasses
from collections import Counter
from typing import Any

from ..basics.command import Stop
from ..basics.text import shortened

HOPELESS = 28  # questions in a row; a model that answers every other one gets there once in 10^8 times
NEARLY_ALL = 0.95  # of a stage's questions; without it a stretch of odd dialogues in a long run could stop it
LONGEST_SHOWN = 160  # characters of a reply, and of a reason


class Hopeless(Stop):
    """The replies to one stage are never usable: to go on would only cost."""


@dataclasses.dataclass
class StageOutcomes:
    """How the questions of one stage ended."""

    at_once: int = 0
    """Answered by the first reply."""
    repaired: int = 0
    """Answered by a later one."""
    kept: int = 0
    """Of both, those with a fault that stayed."""
    never: int = 0
    never_in_a_row: int = 0
    faults: Counter[str] = dataclasses.field(default_factory=Counter)
    """What was wrong with replies, by kind, however the question ended."""

    @property
    def asked(self) -> int:
        return self.at_once + self.repaired + self.never


class Outcomes:
    """How the questions of a run ended, by stage."""

    def __init__(self) -> None:
        self.stages: dict[str, StageOutcomes] = {}
        self.any_usable = asyncio.Event()
        """Set by the first reply of all that could be used."""

    def of(self, stage: str) -> StageOutcomes:
        return self.stages.setdefault(stage, StageOutcomes())

    def fault(self, stage: str, kind: str) -> None:
        """A reply could not be used, or not as it is."""
        self.of(stage).faults[kind] += 1

    def answered(self, stage: str, attempts: int, *, kept: bool) -> None:
        """A question has its reply, after so many attempts; `kept` where a fault of it stayed."""
        outcomes = self.of(stage)
        outcomes.at_once += attempts == 1
        outcomes.repaired += attempts > 1
        outcomes.kept += kept
        outcomes.never_in_a_row = 0
        self.any_usable.set()

    def unanswered(self, stage: str, reason: str, reply: str) -> None:
        """A question had no usable reply. Raises Hopeless where that goes for nearly all of this stage."""
        outcomes = self.of(stage)
        outcomes.never += 1
        outcomes.never_in_a_row += 1
        if outcomes.never_in_a_row >= HOPELESS and outcomes.never >= NEARLY_ALL * outcomes.asked:
            last, such = shortened(reason, LONGEST_SHOWN), shortened(reply, LONGEST_SHOWN) or "(an empty one)"
            raise Hopeless(
                f"No reply at the stage {stage!r} can be used ({outcomes.never} questions; the last: {last}), such as"
                f" {such!r}: try another --json-mode or another model. Nothing is marked as failed, and the same"
                " command goes on."
            )


class Noted(Outcomes):
    """How one sample's questions ended, to be told when the sample has: it may yet be made anew, or lie elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.notes: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []

    def fault(self, stage: str, kind: str) -> None:
        self.notes.append(("fault", (stage, kind), {}))

    def answered(self, stage: str, attempts: int, *, kept: bool) -> None:
        self.notes.append(("answered", (stage, attempts), {"kept": kept}))
        self.any_usable.set()

    def unanswered(self, stage: str, reason: str, reply: str) -> None:
        self.notes.append(("unanswered", (stage, reason, reply), {}))

    def tell(self, outcomes: Outcomes) -> None:
        """Raises Hopeless where nearly no question of a stage was answered."""
        if self.any_usable.is_set():
            outcomes.any_usable.set()
        told(self.notes, outcomes)


def told(notes: list[tuple[str, tuple[Any, ...], dict[str, Any]]], outcomes: Outcomes) -> None:
    """Tell what was noted. Raises Hopeless as `unanswered` does."""
    for name, parts, named in notes:
        getattr(outcomes, name)(*parts, **named)
