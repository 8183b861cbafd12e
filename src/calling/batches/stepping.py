"""A session whose questions go in batches: where a reply is not there yet, its sample steps aside."""

import dataclasses

from ...basics.together import Aside
from ..answer import RequestFailed
from ..completion import Completion
from ..outcomes import Noted, Outcomes
from ..question import Question
from ..session import Session
from .desk import MOST_TRIES, Desk


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
