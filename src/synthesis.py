"""Dialogues into preference pairs: the command that runs the method of ProUtt over a file of them.

python -m src.synthesis --input data/raw/demo.jsonl --output data/synthesized_raw/demo.jsonl
"""

import sys
from collections.abc import Sequence

from .basics.command import as_command
from .basics.options import from_command_line
from .calling.settings import key_of
from .methods.proutt.job import job_of
from .methods.proutt.method import synthesize
from .methods.proutt.settings import Config
from .running.output import made_before

__all__ = ["main", "synthesize"]

DESCRIPTION = """\
Turn dialogues into preference pairs: for each sample 7 to 9 calls, and one line of the output with everything
about its pair. Run the same command again to go on after a stop and to try failed samples again.
Every option can also be set as an environment variable or in .env: PROUTT_MODEL for --model, and so on.
"""
EXAMPLES = """\
examples:
  a first look at ten samples, with the default endpoint and the key in ZAI_API_KEY or .env
    python -m src.synthesis --input dialogues.jsonl --output data/synthesized_raw/first.jsonl --limit 10
  DeepSeek
    python -m src.synthesis --base-url https://api.deepseek.com --model deepseek-chat --api-key-env DEEPSEEK_API_KEY
  what a run would cost, without a request
    python -m src.synthesis --input dialogues.jsonl --estimate --price-in 0.6 --price-out 2.2
  the first samples as they would be asked, without a request
    python -m src.synthesis --input chats.jsonl.gz exports/ 'more/*.parquet' --show 3
  a vLLM server of your own, without a key
    python -m src.synthesis --base-url http://127.0.0.1:8000/v1 --model Qwen/Qwen3-8B --api-key-env '' \\
        --max-concurrency 200
  without any model, to see what happens
    python -m src.rehearsal

exit status: 0 all done, 1 could not run, 3 some samples failed (see OUTPUT.failed.jsonl), 130 interrupted
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run synthesis as the command line says; returns the exit status."""
    config = from_command_line(Config, arguments, "python -m src.synthesis", DESCRIPTION, EXAMPLES)
    if config.estimate:
        from .methods.proutt.estimate import estimate  # noqa: PLC0415 (needed by this option alone)

        print(estimate(config, made_before(config.output)))
        return 0
    if config.show:
        from .dialogues.preview import preview  # noqa: PLC0415 (needed by this option alone)

        return preview(config)
    key = key_of(config)
    from .running.runner import run  # noqa: PLC0415 (brings the SDK, whose import takes longer than all that --help does)

    return run(config, key, job_of(config))


if __name__ == "__main__":
    sys.exit(as_command(main))
