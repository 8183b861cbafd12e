"""One HTML page that shows what a run has made: totals, charts, and every pair, to be read and marked.

    python -m src.report --input data/synthesized_raw/LMSYS.quality.jsonl

The page needs no network. Marks that are made on it are downloaded as JSONL, which `postprocess --marks` obeys.
`--text` prints the totals on a terminal instead.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from .basics.command import Parser, as_command
from .basics.options import number
from .calling.budget import Prices
from .pairs.ordered import inputs
from .reporting.accounts import beside
from .reporting.page import print_text, write_page

EXAMPLES = """\
examples:
  python -m src.report --input data/synthesized_raw/LMSYS.quality.jsonl
  python -m src.report --input data/synthesized_raw/LMSYS.jsonl --text --price-in 0.6 --price-out 2.2
"""


def options_of(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = Parser(
        prog="python -m src.report",
        description="One standalone HTML page: totals, charts, and every pair, to be read and marked.",
        epilog=EXAMPLES,
    )
    add, price = parser.add_argument, number(0, 10**6)
    default = "data/synthesized_raw/LMSYS.jsonl"
    add("--input", nargs="+", default=[default], help=f"records, with or without marks: files, globs [{default}]")
    add("--output", type=Path, help="the page [the first INPUT with .html]")
    add("--max-pairs", type=number(1, 10**6, int), default=10_000, help="of more, a part at equal distances [10000]")
    add("--text", action="store_true", help="print the totals instead, and write no page")
    add("--price-in", type=price, default=0.0, help="of a million prompt tokens [as the run was told, if it was]")
    add("--price-cached", type=price, help="the same for cached prompt tokens [as --price-in]")
    add("--price-out", type=price, default=0.0, help="the same for completion tokens")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the page, or print its totals; returns the exit status."""
    options = options_of(arguments)
    sources = inputs(options.input)
    told = options.price_in or options.price_out
    prices = Prices(options.price_in, options.price_cached, options.price_out) if told else None
    near = beside(sources, prices)
    totals = print_text(sources, near) if options.text else write_page(sources, options, near)
    return 3 if totals.left_out else 0


if __name__ == "__main__":
    sys.exit(as_command(main))
