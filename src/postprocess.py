"""Turn records into training files: preference pairs for DPO, or the chosen sides alone for SFT.

Takes records made here or by the published implementation. The rows stand in the order of the dialogues' input, so
that equal records give equal bytes however they were written. Beside the files stand a dataset card and their entries
for LLaMA-Factory, and the marks of its dialogues, by which predict and evaluate refuse to test on them.

examples:
  python -m src.postprocess --input data/synthesized_raw/LMSYS.jsonl --mode pref
  several files of records, such as shards
    python -m src.postprocess --input runs/shard-[0-9].jsonl --mode sft --output data/processed/all_sft.jsonl
  for TRL, with a part of the dialogues held back, without drafts that were far off
    python -m src.postprocess --mode pref --format trl --split test=0.1 --regions close,middle
  how many rows a trainer would cut off at 2,048 tokens of this model
    python -m src.postprocess --mode sft --format trl --max-tokens-of Qwen/Qwen3-0.6B --max-tokens 2048

exit status: 0 all done, 1 could not run, 3 some records were left out (each is named)
"""

import gc
import sys
from collections.abc import Sequence

from .basics.command import as_command
from .basics.options import options_from
from .marking.marks import TAGS
from .training.settings import Settings
from .training.writing import write


def main(arguments: Sequence[str] | None = None) -> int:
    """Write training files as the command line says; returns the exit status."""
    return write(options_from(Settings, arguments, "postprocess", __doc__), TAGS)


if __name__ == "__main__":
    gc.set_threshold(20_000)  # a record's parts form no cycles, and to look for some takes a tenth of the time
    sys.exit(as_command(main))
