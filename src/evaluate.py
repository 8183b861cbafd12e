"""Tell how good predictions are: figures with intervals, differences of predictors, a page to read.

Reads files of src.predict, one a predictor. Without more no model is asked. With --embeddings-url meanings are compared
too; with --judge a model grades all predictions of a sample together and compares predictors in both orders, never
knowing whose they are, under the same limits, budget and call store as synthesis. The same command goes on after a
stop, and nothing is paid for twice. Needs requirements-evaluate.txt.

examples:
  python -m src.evaluate --predictions data/made/predictions.jsonl --output data/made/evaluated
  two predictors against each other, with a judge, the first 50 samples
    python -m src.evaluate --predictions before.jsonl after.jsonl --judge --judge-model glm-4.6 --limit 50

exit status: 0 all done, 1 could not run, 3 some samples could not be judged,
  4 the budget is spent, 130 interrupted
"""

import sys
from collections.abc import Sequence

from .basics.command import as_command
from .basics.options import options_from
from .predicting.evaluating.settings import Settings
from .predicting.evaluating.start import start


def main(arguments: Sequence[str] | None = None) -> int:
    """Evaluate predictions as the command line says; returns the exit status."""
    return start(options_from(Settings, arguments, "evaluate", __doc__))


if __name__ == "__main__":
    sys.exit(as_command(main))
