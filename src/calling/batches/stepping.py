"""A session whose questions go in batches: where a reply is not there yet, its sample steps aside."""

import dataclasses
from collections.abc import Callable

from ...basics.together import Aside
from ..answer import RequestFailed
from ..completion import Completion
from ..outcomes import Outcomes
from ..question import Question
from ..session import Session
from .desk import MOST_TRIES, Desk


class Noted(Outcomes):
    """How a sample's questions ended, told only when the sample has: until then they are replayed again and again."""

    def __init__(self) -> None:
        super().__init__()
        self._noted: list[Callable[[Outcomes], None]] = []

    def fault(self, stage: str, kind: str) -> None:
        self._noted.append(lambda outcomes: outcomes.fault(stage, kind))

    def answered(self, stage: str, attempts: int, *, kept: bool) -> None:
        self._noted.append(lambda outcomes: outcomes.answered(stage, attempts, kept=kept))
        self.any_usable.set()

    def unanswered(self, stage: str, reason: str, reply: str) -> None:
        self._noted.append(lambda outcomes: outcomes.unanswered(stage, reason, reply))

    def tell(self, outcomes: Outcomes) -> None:
        """Raises Hopeless where nearly no question of a stage was answered."""
        if self.any_usable.is_set():
            outcomes.any_usable.set()
        for each in self._noted:
            each(outcomes)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Stepping(Session):
    """Asks from the store; what is not there waits for a batch."""

    desk: Desk
    noted: Noted = dataclasses.field(default_factory=Noted)

    @property
    def outcomes(self) -> Outcomes:
        return self.noted

    async def fresh(self, name: bytes, question: Question) -> Completion:
        """Raises Aside where the reply comes later."""
        ledger = self.desk.ledger
        if refused := ledger.refused(name):
            raise RequestFailed(refused.kind, refused.error, again=False)
        if ledger.lies_in_a_batch(name):
            raise Aside
        if ledger.tries(name) >= MOST_TRIES:
            return await super().fresh(name, question)
        async with self.desk.locks[question.stage]:
            if (mode := self.endpoint.mode_of(question)) is None:  # what one learns spares all others a refusal
                return await super().fresh(name, question)
        self.desk.add(name, self.sample, self.label(question.stage), self.endpoint.body(question, mode))
        raise Aside
