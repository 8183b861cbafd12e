"""Tell how near made dialogues come to real ones: whether a classifier can tell their user turns apart.

Three views are tried, and the worst counts: characters (words and their endings, case, punctuation), words (their
order), context (whether a turn fits what was said before). Each gives an AUC: of a made and a real turn, how often the
made one is known, by what other dialogues teach. 0.5 is chance, 1.0 means always. Beside it stands what the same view
makes of real dialogues, of real ones with their words shuffled, and of real turns in the wrong dialogue.

A copied turn looks perfectly real, so it is told how many made dialogues hold eight words in a row of a real one; those
of which half is copied are left out. Both sides are read as src.synthesis reads its input. No model is asked. It needs
pip install -r requirements-quality.txt.

examples:
  python -m src.resemblance --made data/made/chat.jsonl --real data/raw/LMSYS.jsonl
  all figures as JSON too
    python -m src.resemblance --made data/made/chat.jsonl --real data/raw/LMSYS.jsonl \\
        --output data/made/chat.resemblance.json
  what the figure is where both sides are real: two files of the same kind
    python -m src.resemblance --made june.jsonl --real july.jsonl

exit status: 0 all done, 1 could not run, 3 some lines were left out (each is named), 130 interrupted
"""

import sys
from collections.abc import Sequence

from .basics.command import as_command
from .basics.options import options_from
from .marking.resembling.settings import Settings
from .marking.resembling.start import compare


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare as the command line says; returns the exit status."""
    return compare(options_from(Settings, arguments, "resemblance", __doc__))


if __name__ == "__main__":
    sys.exit(as_command(main))
