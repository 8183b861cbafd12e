"""Marks on each pair that say why it may be bad, so that somebody looks before it is trained on.

    python -m src.quality --input data/synthesized_raw/LMSYS.jsonl
    python -m src.postprocess --input data/synthesized_raw/LMSYS.quality.jsonl --drop artifact,refusal

Writes the records again with one more key, `quality`. Without `--judge` no model is asked, and the file is made anew.
With it a model grades and scores each pair as well (see `marking.judge`), under the same limits, budget and call store
as synthesis, and the same command goes on after a stop.
"""

import sys
from collections.abc import Sequence

from .basics.command import as_command
from .basics.files import found
from .basics.options import from_command_line
from .marking.marking import ask_judge, mark
from .marking.marks import HEURISTICS
from .marking.settings import Settings

DESCRIPTION = """\
Mark each pair with what may be wrong about it, without a model; with --judge, let a model grade both sides and score
their reasoning, three calls a pair. The options about the endpoint matter only then.
"""
EXAMPLES = """\
examples:
  python -m src.quality --input data/synthesized_raw/LMSYS.jsonl
  python -m src.postprocess --input data/synthesized_raw/LMSYS.quality.jsonl --drop artifact,refusal
  a model's opinion as well, of the first 100 pairs
    python -m src.quality --input data/synthesized_raw/LMSYS.jsonl --judge --judge-model glm-4.6 --limit 100

exit status: 0 all done, 1 could not run, 3 some lines were left out or some pairs could not be judged, 130 interrupted

marks:
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Mark the records as the command line says; returns the exit status."""
    width = max(len(heuristic.__name__) for heuristic in HEURISTICS)
    about = [f"  {each.__name__:<{width}}  {(each.__doc__ or '').strip()}".rstrip() for each in HEURISTICS]
    examples = EXAMPLES + "\n".join([*about, f"  {'inverted':<{width}}  the judge finds the rejected side nearer"])
    settings = from_command_line(Settings, arguments, "python -m src.quality", DESCRIPTION, examples)
    files = found(settings.input)
    return ask_judge(settings, files) if settings.judge else mark(settings, files)


if __name__ == "__main__":
    sys.exit(as_command(main))
