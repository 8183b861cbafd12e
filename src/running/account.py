"""What a run says of itself at its end, for whoever looks at its output later. Kept in the call store."""

import contextlib
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from ..basics.shape import Shape
from ..calling.budget import Prices
from ..calling.completion import Usage
from ..calling.store import Store


def billed_before(store: Store) -> Usage:
    """What earlier runs on this output were billed: by its replies, or by what the runs said, if that is more.

    A killed run has said nothing; a question that was asked anew has lost its older reply.
    """
    runs = Usage()
    for run in store.runs():
        with contextlib.suppress(ValueError):  # an account that another program has left there
            runs += RunAccount.model_validate_json(run).tokens
    return max(store.billed(), runs, key=lambda usage: usage.total)


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
    replies: dict[str, StageReplies] = Field(default_factory=dict)
    prices: Annotated[Prices, BeforeValidator(named_prices)] = Prices()
