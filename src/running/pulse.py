"""How a run goes at a moment: what is done, what is to go, how fast, how long still, at what cost."""

import dataclasses
import time
from collections import Counter, deque
from collections.abc import Callable
from typing import Any

from ..calling.common import Common
from ..calling.completion import Usage
from .tally import Tally

RATE_OVER = 60.0  # seconds that the rate is taken over: what a run did in its first hour says little of the next minute
FEWEST_SECONDS = 1.0  # below, a rate is a guess


@dataclasses.dataclass(frozen=True)
class Moment:
    """A look at a run. What cannot be known yet is None."""

    made: int
    failed: int
    in_flight: int
    to_go: int | None
    """Samples that are still to end, those in flight among them."""
    share: float | None
    """Of this run's samples that have ended, from 0 to 1; never less than at an earlier look."""
    rate: float | None
    """Samples a second over the last minute."""
    seconds_left: float | None
    calls: int
    retries: dict[str, int]
    """Tries beyond a request's first, by what went wrong before."""
    waiting: dict[str, int]
    """Requests that wait now, by what for."""
    unusable: int
    """Replies that were sent back or given up."""
    tokens: Usage
    cost: float | None
    """Of all runs on this output; None where nothing has a price."""
    cost_in_all: float | None
    """The same when all is done, if it goes on like this."""

    def as_row(self) -> dict[str, Any]:
        """The same for machines, without what is not known."""
        row = {name: value for name, value in dataclasses.asdict(self).items() if value is not None}
        tokens = {"prompt": self.tokens.prompt, "cached": self.tokens.cached, "completion": self.tokens.completion}
        return row | {"tokens": {name: count for name, count in tokens.items() if count is not None}}


class Pulse:
    """Looks at a run again and again."""

    def __init__(
        self, tally: Tally, common: Common, limit: int | None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.rows: int | None = None
        """Rows of the input, as soon as they are counted."""
        self._tally, self._common, self._limit, self._clock = tally, common, limit, clock
        self._ended = deque([(clock(), 0)])
        self._share = 0.0

    def look(self) -> Moment:
        """The run as it is now."""
        tally, common, budget = self._tally, self._common, self._common.budget
        ended, to_go, rate = tally.ended, self.to_go(), self.rate() if not tally.aside else None
        if to_go is not None and ended + to_go:
            self._share = max(self._share, ended / (ended + to_go))
        cost = budget.cost_before + budget.cost if budget.priced else None
        each = budget.cost / ended if ended and not tally.aside else None  # what stepped aside has cost as well
        return Moment(
            made=tally.made.total(),
            failed=tally.failed,
            in_flight=tally.in_flight,
            to_go=to_go,
            share=None if to_go is None else self._share,
            rate=rate,
            seconds_left=to_go / rate if rate and to_go is not None else None,
            calls=common.calls,
            retries=dict(common.retries),
            waiting=dict(+Counter(common.waiting)),
            unusable=sum(sum(stage.faults.values()) for stage in common.outcomes.stages.values()),
            tokens=budget.used,
            cost=cost,
            cost_in_all=None if cost is None or each is None or to_go is None else cost + each * to_go,
        )

    def to_go(self) -> int | None:
        """Samples that are still to end: those that were taken, and as many in the rest as earlier rows have had."""
        tally = self._tally
        allowed = None if self._limit is None else max(0, self._limit - tally.ended)
        if self.rows is None:
            return allowed
        taken = tally.in_flight + tally.aside + tally.ahead
        found = tally.ended + taken + tally.already
        unread = max(0, self.rows - tally.rows) * (found / tally.rows if found else 1.0)
        fresh = max(0, round(unread) - max(0, tally.known - tally.already))
        return taken + fresh if allowed is None else min(taken + fresh, allowed)

    def rate(self) -> float | None:
        """Samples that have ended a second, over the last minute or since the start."""
        now, ended = self._clock(), self._tally.ended
        self._ended.append((now, ended))
        while now - self._ended[1][0] > RATE_OVER:
            self._ended.popleft()
        then, before = self._ended[0]
        return (ended - before) / (now - then) if ended > before and now - then >= FEWEST_SECONDS else None
