"""Mark each pair with what may be wrong about it, so that somebody looks before it is trained on.

Writes the records again with one more key, `quality`. Without --judge no model is asked, the options about the
endpoint do not matter, and the file is made anew. With it a model also grades both sides and scores their reasoning,
three calls a pair, under the same limits, budget and call store as synthesis; the same command goes on after a stop.

With --shortcut it also measures how well the text alone, without the dialogue, tells chosen from rejected: what a
trained model could learn instead of foreseeing. Figures and the words that give it away stand beside the output.

examples:
  python -m src.quality --input data/synthesized_raw/LMSYS.jsonl
  python -m src.postprocess --input data/synthesized_raw/LMSYS.quality.jsonl --drop artifact,refusal
  a model's opinion as well, of the first 100 pairs
    python -m src.quality --input data/synthesized_raw/LMSYS.jsonl --judge --judge-model glm-4.6 --limit 100
  can the sides be told apart without the dialogue?
    python -m src.quality --input data/synthesized_raw/LMSYS.jsonl --shortcut

exit status: 0 all done, 1 could not run, 3 some lines were left out or some pairs could not be judged,
  4 the budget is spent, 130 interrupted

marks:
"""

import sys
from collections.abc import Sequence

from .basics.command import as_command
from .basics.options import options_from
from .marking.marking import mark_all
from .marking.marks import in_help
from .marking.settings import Settings


def main(arguments: Sequence[str] | None = None) -> int:
    """Mark the records as the command line says; returns the exit status."""
    return mark_all(options_from(Settings, arguments, "quality", f"{__doc__}{in_help()}"))


if __name__ == "__main__":
    sys.exit(as_command(main))
