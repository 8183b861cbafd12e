"""What batches can be told."""

import dataclasses
import functools
from typing import Literal, get_args

from ...basics.options import Options, flag, number, one_of, option

Wait = Literal["yes", "no"]

batches = functools.partial(option, group="batches")


@dataclasses.dataclass(frozen=True)
class Batching(Options):
    """Whether questions go in batches, how large these are, and what is waited for."""

    batch: bool = flag(
        "ask by the provider's batches, in the OpenAI form: about half the price, and each step of all samples takes up"
        " to a day",
        group="batches",
    )
    batch_size: int = batches(50_000, number(1, 10**6, int), "questions in one batch at most", metavar="N")
    batch_megabytes: float = batches(100.0, number(0.001, 10**4), "megabytes of one batch's file at most", metavar="MB")
    batch_queue: int | None = batches(
        None,
        number(1, 10**12, int),
        "prompt tokens in all open batches at most, as the account allows",
        metavar="TOKENS",
    )
    batch_wait: Wait = batches(
        "yes", one_of(*get_args(Wait)), "no: send what is to be asked, and end; the same command collects it later"
    )
    batch_poll: float = batches(60.0, number(0.01, 86_400), "seconds between looks at open batches", metavar="SECONDS")
    batch_fewest: int = batches(
        20, number(0, 10**6, int), "fewer questions than this are asked directly, and what follows them", metavar="N"
    )
    price_batch: float = batches(
        0.5, number(0, 1), "price of a question in a batch, as a share of the direct one", metavar="SHARE"
    )
