"""Turn dialogues into preference pairs, one line of the output for each sample, with everything about its pair.

A sample takes 7 to 9 calls. Run the same command again to go on after a stop and to try failed samples again. Every
option can also be set in the environment or in .env: PROUTT_MODEL for --model, and so on; the command line wins.

examples:
  a first look at ten samples, with the default endpoint and the key in ZAI_API_KEY or .env
    python -m src.synthesis --input dialogues.jsonl --output data/synthesized_raw/first.jsonl --limit 10
  DeepSeek
    python -m src.synthesis --base-url https://api.deepseek.com --model deepseek-chat --api-key-env DEEPSEEK_API_KEY
  what a run would cost, without a request
    python -m src.synthesis --input dialogues.jsonl --estimate --price-in 0.6 --price-out 2.2
  at half the price, within days, where the provider has batches
    python -m src.synthesis --base-url https://api.openai.com/v1 --model gpt-5-mini --api-key-env OPENAI_API_KEY --batch
  the first samples as they would be asked, without a request
    python -m src.synthesis --input chats.jsonl.gz exports/ 'more/*.parquet' --show 3
  a vLLM server of your own, without a key
    python -m src.synthesis --base-url http://127.0.0.1:8000/v1 --model Qwen/Qwen3-8B --api-key-env '' \\
        --max-concurrency 200
  without any model, to see what happens
    python -m src.rehearsal

exit status: 0 all done, 1 could not run, 3 some samples failed (see OUTPUT.failed.jsonl),
  4 the budget is spent, 5 batches are open and to be collected, 130 interrupted
"""

import sys
from collections.abc import Sequence

from .basics.command import as_command
from .basics.options import options_from
from .calling.settings import api_key_of
from .methods.proutt.method import synthesize
from .methods.proutt.settings import Config

__all__ = ["main", "synthesize"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run synthesis as the command line says; returns the exit status."""
    config = options_from(Config, arguments, "synthesis", __doc__)
    from .methods.proutt.job import job_of  # noqa: PLC0415 (brings the SDK, whose import takes longer than --help does)

    if config.estimate:
        from .methods.proutt.estimate import estimate  # noqa: PLC0415 (needed by this option alone)

        return estimate(config, job_of(config))
    if config.show:
        from .dialogues.preview import preview  # noqa: PLC0415 (needed by this option alone)

        return preview(config, job_of(config))
    from .running.runner import run  # noqa: PLC0415 (not needed by what is above)

    return run(config, api_key_of(config), job_of(config))


if __name__ == "__main__":
    sys.exit(as_command(main))
