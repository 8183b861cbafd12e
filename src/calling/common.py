"""What the models that one run asks have in common: budget, outcomes, what may be in flight at each account."""

import contextlib
import dataclasses
from collections import Counter
from collections.abc import Callable, Iterator

from ..basics.command import Stop
from .budget import Budget
from .concurrency import Slots
from .outage import Outage
from .outcomes import Outcomes
from .rate import Pace
from .settings import Calling


@dataclasses.dataclass(frozen=True)
class Account:
    """An address under one key, whichever of its models is asked: its limits, and whether it is down."""

    slots: Slots
    pace: Pace
    outage: Outage


class Common:
    """The state of one run that all its endpoints share. Counts its calls; the budget, the tokens."""

    def __init__(self, config: Calling) -> None:
        self.budget = Budget(config.max_cost, config.max_total_tokens)
        self.outcomes = Outcomes()
        self.calls = 0
        self.retries: Counter[str] = Counter()
        """Tries after a request's first, by what went wrong before."""
        self.waiting: Counter[str] = Counter()
        """Requests that wait at this moment, by what for."""
        self.stopped: Stop | None = None
        self.on_wait: Callable[[], None] = lambda: None
        """Called when a request begins to wait for its next try, with no slot of its own."""
        self._accounts: dict[tuple[str, str], Account] = {}

    def account(self, config: Calling, key: str) -> Account:
        """The account that this model is asked at."""
        if (place := (config.base_url.rstrip("/"), key)) not in self._accounts:
            slots, pace = Slots(config.max_concurrency), Pace(config.rpm, config.tpm)
            self._accounts[place] = Account(slots, pace, Outage(config.patience))
        return self._accounts[place]

    @contextlib.contextmanager
    def waits(self, what_for: str) -> Iterator[None]:
        """Count a request as waiting while the block runs."""
        self.waiting[what_for] += 1
        try:
            yield
        finally:
            self.waiting[what_for] -= 1

    def stop(self, reason: Stop) -> None:
        """Send nothing more: whoever asks from now on gets this reason."""
        self.stopped = self.stopped or reason

    @property
    def down(self) -> bool:
        """Whether any account is."""
        return any(account.outage.down for account in self._accounts.values())
