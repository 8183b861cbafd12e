"""Make dialogues where there are none, one line of the output for each, in the shape that src.synthesis reads.

A recipe says how, from topics, documents, tools or real dialogues; --list tells what recipes there are and what each
needs. People, languages, lengths and friction are drawn by dice, so that a set is as varied as was wished and the same
whenever it is made. Run the same command again to go on after a stop, with a larger --count to add to what is there.

examples:
  what recipes there are
    python -m src.converse --list
  thirty dialogues, two models talking
    python -m src.converse --recipe selfplay --seeds topics.txt --count 30 --languages en,zh \\
        --user-model deepseek-chat --user-base-url https://api.deepseek.com --user-api-key-env DEEPSEEK_API_KEY
  what a thousand would cost, and what would be asked, without a request
    python -m src.converse --recipe selfplay --seeds topics.txt --count 1000 --estimate --price-in 0.6 --price-out 2.2
    python -m src.converse --recipe selfplay --seeds topics.txt --show 2
  from there on as with real dialogues
    python -m src.synthesis --input data/made/chat.jsonl

exit status: 0 all done, 1 could not run, 3 some dialogues were left out (see OUTPUT.failed.jsonl),
  4 the budget is spent, 130 interrupted
"""

import sys
from collections.abc import Sequence

from .basics.command import as_command
from .basics.options import options_from
from .calling.settings import api_key_of
from .methods.recipes.kit.settings import Settings


def main(arguments: Sequence[str] | None = None) -> int:
    """Make dialogues as the command line says; returns the exit status."""
    settings = options_from(Settings, arguments, "converse", __doc__)
    if settings.list:
        from .methods.recipes.kit.known import listed  # noqa: PLC0415 (needed by this option alone)

        print("\n".join(listed()))
        return 0
    if settings.show or settings.estimate:
        from .methods.recipes.kit.dry import estimate, show  # noqa: PLC0415 (needed by these options alone)

        return show(settings) if settings.show else estimate(settings)
    key = api_key_of(settings)
    from .methods.recipes.kit.job import job_of  # noqa: PLC0415 (brings the SDK, whose import takes longer than --help)
    from .running.runner import run  # noqa: PLC0415 (the same)

    return run(settings, key, job_of(settings))


if __name__ == "__main__":
    sys.exit(as_command(main))
