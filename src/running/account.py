"""What a run says of itself at its end, for whoever looks at its output later. Kept in the call store."""

import contextlib
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from ..basics.shape import Shape
from ..calling.batches.desk import SEAT
from ..calling.budget import Prices
from ..calling.completion import Usage
from ..calling.endpoint import Endpoint
from ..calling.session import SEAT_ENDS
from ..calling.store import Store


def set_billed_before(store: Store, main: Endpoint, others: Mapping[str, Endpoint], batch: Prices | None) -> None:
    """Put on each model's meter what earlier runs on this output were billed for it; batches have a price of their own.

    That is told by the output's replies, or by what the runs said, if that is more: a killed run has said nothing; a
    question that was asked anew has lost its older reply.
    """
    replies, runs = dict[str, Usage](), dict[str, Usage]()
    for stage, usage in store.billed_by_stage().items():
        add(replies, stage.partition(SEAT_ENDS)[0] if SEAT_ENDS in stage else "", usage)
    for told in store.runs():
        with contextlib.suppress(ValueError):  # an account that another program has left there
            run = RunAccount.model_validate_json(told)
            add(runs, "", run.tokens)
            for seat, usage in run.seats.items():
                add(runs, seat, usage)
    meters = {name: endpoint.meter for name, endpoint in others.items()}
    for seat, usage in max(replies, runs, key=lambda seats: sum(each.total for each in seats.values())).items():
        if seat == SEAT and batch and seat not in meters:  # this run sends none
            meters[seat] = main.common.budget.meter(batch, None)
        meters.get(seat, main.meter).before += usage


def add(seats: dict[str, Usage], seat: str, usage: Usage) -> None:
    seats[seat] = seats.get(seat, Usage()) + usage


def named_prices(prices: Any) -> Any:
    """Prices as older stores have them, a list of three, by their names."""
    return dict(zip(("prompt", "cached", "completion"), prices, strict=False)) if isinstance(prices, list) else prices


class StageReplies(Shape):
    """How the questions of one stage ended, and what was wrong with replies, by kind; see `calling.outcomes`."""

    at_once: int = 0
    repaired: int = 0
    kept: int = 0
    never: int = 0
    faults: dict[str, int] = Field(default_factory=dict)

    @property
    def asked(self) -> int:
        return self.at_once + self.repaired + self.never

    @property
    def commonest_fault(self) -> str:
        return max(self.faults, key=lambda kind: self.faults[kind], default="")


class RunAccount(Shape):
    """What became of the input, and what it took. What a store does not tell is none."""

    rows: int = 0
    made: int = 0
    failed: int = 0
    already: int = 0
    elsewhere: int = 0
    unreadable: int = 0
    passed_over: dict[str, int] = Field(default_factory=dict)
    interrupted: bool = False
    seconds: float = 0.0
    calls: int = 0
    tokens: Usage = Usage()
    """Of the run's own model."""
    seats: dict[str, Usage] = Field(default_factory=dict)
    """Of those who sit at seats of their own."""
    replies: dict[str, StageReplies] = Field(default_factory=dict)
    prices: Annotated[Prices, BeforeValidator(named_prices)] = Prices()
