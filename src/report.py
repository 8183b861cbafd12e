"""Show what a run has made on one HTML page: totals, charts, and every pair, to be read and marked.

The page needs no network. Marks that are made on it are downloaded as JSONL, which `postprocess --marks` obeys.

examples:
  python -m src.report --input data/synthesized_raw/LMSYS.quality.jsonl
  the totals alone, on the terminal
    python -m src.report --input data/synthesized_raw/LMSYS.jsonl --text --price-in 0.6 --price-out 2.2

exit status: 0 all done, 1 could not run, 3 some lines were left out (each is named)
"""

import sys
from collections.abc import Sequence

from .basics.command import as_command
from .basics.options import options_from
from .reporting.page import report
from .reporting.settings import Settings


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the page, or print its totals; returns the exit status."""
    return report(options_from(Settings, arguments, "report", __doc__))


if __name__ == "__main__":
    sys.exit(as_command(main))
