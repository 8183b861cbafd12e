"""What `python -m src.report` can be told."""

import dataclasses
import functools
from pathlib import Path

from ..basics.options import Options, flag, number, option
from ..calling.budget import Prices
from ..pairs.together import EachOnce

own = functools.partial(option, variable=False)
price = number(0, 10**6)


@dataclasses.dataclass(frozen=True)
class Settings(Options):
    """Which records are shown, and how."""

    input: tuple[str, ...] = own(
        ("data/synthesized_raw/LMSYS.jsonl",),
        str,
        "files or globs of records, with or without marks",
        group="input",
        nargs="+",
        metavar="FILE",
    )
    resemblance: Path = own(
        Path(),
        Path,
        "figures that src.resemblance has kept of the dialogues that the pairs come from, to be shown too",
        group="input",
        metavar="FILE.json",
    )
    mixed: bool = flag(
        "take records of different models or prompts, rehearsed ones among real ones, and repeated ones",
        group="input",
        variable=False,
    )
    output: Path = own(Path(), Path, "the page [the first INPUT with .html]", group="output", metavar="FILE")
    max_pairs: int = own(10_000, number(1, 10**6, int), "of more, a part at equal distances", group="output")
    strategies: Path | None = own(
        None, Path, "a library of src.strategies, whose figures the page is to show", group="input", metavar="FILE"
    )
    text: bool = flag("print the totals instead, and write no page", group="output", variable=False)
    price_in: float = own(
        0.0,
        price,
        "of a million prompt tokens; without it as the run was told",
        group="limits and money",
        metavar="PRICE",
    )
    price_cached: float | None = own(
        None, price, "the same for cached prompt tokens [as --price-in]", group="limits and money", metavar="PRICE"
    )
    price_out: float = own(0.0, price, "the same for completion tokens", group="limits and money", metavar="PRICE")

    @property
    def prices(self) -> Prices | None:
        """Those given, if any."""
        given = self.price_in or self.price_out
        return Prices(self.price_in, self.price_cached, self.price_out) if given else None

    @property
    def together(self) -> EachOnce | None:
        """What refuses records that do not belong together, unless they may be mixed."""
        return None if self.mixed else EachOnce()
