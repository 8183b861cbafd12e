"""Find out from dialogues what moves users: a library of strategies, each with the turns that follow it.

Three steps, each of which goes on where it ended: extract (a strategy from each user turn), cluster (those of one
meaning together), abstract (a name for each cluster). The library is a file to be edited by hand: rename, ban, merge,
split. The same command with more dialogues adds to it; what was assigned stays, and nothing is paid for twice.

examples:
  a library of the dialogues that are not held back for a test
    python -m src.strategies --input dialogues.jsonl --library data/made/library.jsonl --split test=0.1
  what it will cost, without a request
    python -m src.strategies --input dialogues.jsonl --estimate --price-in 0.6 --price-out 2.2
  the first turns as they would be asked, without a request
    python -m src.strategies --input dialogues.jsonl --show 3
  pairs whose predictions are made under strategies of the library
    python -m src.synthesis --input others.jsonl --strategies data/made/library.jsonl

exit status: 0 all done, 1 could not run, 3 some turns failed (see LIBRARY.extracted.jsonl.failed.jsonl),
  4 the budget is spent, 130 interrupted
"""

import sys
from collections.abc import Sequence

from .basics.command import as_command
from .basics.options import options_from
from .methods.strategies.settings import Settings


def main(arguments: Sequence[str] | None = None) -> int:
    """Make or extend a library as the command line says; returns the exit status."""
    settings = options_from(Settings, arguments, "strategies", __doc__)
    if settings.show:
        from .methods.strategies.estimate import show  # noqa: PLC0415 (needed by this option alone)

        return show(settings)
    if settings.estimate:
        from .methods.strategies.estimate import estimate  # noqa: PLC0415 (needed by this option alone)

        return estimate(settings)
    from .methods.strategies.start import induce  # noqa: PLC0415 (brings the SDK, whose import takes longer than --help)

    return induce(settings)


if __name__ == "__main__":
    sys.exit(as_command(main))
