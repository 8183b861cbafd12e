"""Train a small model on a training file: a thin command over TRL and PEFT, with settings that fit one GPU or a CPU.

Preference pairs are trained by DPO and answers alone by SFT, as an adapter (LoRA) unless --full is given. All settings
are printed and kept in DIR/training.json. The same command with --resume goes on after a stop. At the end stand the
commands that serve the model and have it predict. It needs pip install -r requirements-train.txt.

examples:
  python -m src.train --input data/processed/LMSYS_sft.json --base Qwen/Qwen3-0.6B --output models/mine
  pairs, on top of what was learnt before
    python -m src.train --input data/processed/LMSYS_pref.json --base models/mine --output models/mine-dpo
  what it has to beat: answers of other rows, and real utterances of the same dialogues without any synthesis
    python -m src.train --input data/processed/LMSYS_sft.json --base Qwen/Qwen3-0.6B --control shuffled \\
        --output models/shuffled
    python -m src.train --input data/raw/LMSYS.jsonl --base Qwen/Qwen3-0.6B --control plain \\
        --dialogues-of data/processed/LMSYS_sft.json --output models/plain

exit status: 0 all done, 1 could not run, 130 interrupted
"""

import sys
from collections.abc import Sequence

from .basics.command import as_command
from .basics.options import options_from
from .training.learning.job import train
from .training.learning.settings import Settings


def main(arguments: Sequence[str] | None = None) -> int:
    """Train as the command line says; returns the exit status."""
    return train(options_from(Settings, arguments, "train", __doc__))


if __name__ == "__main__":
    sys.exit(as_command(main))
