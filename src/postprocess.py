"""Records into training files: preference pairs for DPO, or the chosen sides alone for SFT.

Takes records made here or by the published implementation. The rows stand in the order of the dialogues' input, so
that equal records give equal bytes however they were written.

    python -m src.postprocess --input data/synthesized_raw/demo.jsonl --mode pref
"""

import contextlib
import gc
import sys
from collections.abc import Sequence

from .basics.command import Stop, as_command
from .marking.marks import TAGS
from .pairs.ordered import Records, inputs
from .training.card import INFO
from .training.files import KINDS
from .training.options import options_of
from .training.writing import output_for, write


def main(arguments: Sequence[str] | None = None) -> int:
    """Write training files as the command line says; returns the exit status."""
    options = options_of(arguments, TAGS)
    paths = inputs(options.input)
    output = options.output or output_for(paths, options.mode)
    if output.suffix not in KINDS or output.name == INFO:
        raise Stop(f"--output {output} ends in none of {', '.join(KINDS)}: the ending says what kind of file it is.")
    if any(output.exists() and output.samefile(path) for path in paths):
        raise Stop(f"{output} is among the inputs: give another --output.")
    with contextlib.closing(Records(paths)) as records:
        return write(records, options, output)


if __name__ == "__main__":
    gc.set_threshold(20_000)  # a record's parts form no cycles, and to look for some takes a tenth of the time
    sys.exit(as_command(main))
