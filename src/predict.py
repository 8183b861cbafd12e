"""Have a trained model foresee what users say next: one line of the output for each sample of the dialogues.

Dialogues are cut as src.synthesis cuts them. The model is asked in the form that it was trained on, and its reply is
read in that form: a malformed one is counted and not mended. Any OpenAI-compatible endpoint will do. Run the same
command again to go on after a stop; nothing is asked twice. A baseline needs no model.

examples:
  a model trained on python -m src.postprocess --mode sft, served by vLLM, on dialogues that it has not seen
    python -m src.predict --input test.jsonl --output data/made/mine.jsonl --turns random \\
        --base-url http://127.0.0.1:8000/v1 --model mine --api-key-env '' --trained-on data/processed/LMSYS_sft.json
  any chat model that was trained to write the user's turn, four draws
    python -m src.predict --input test.jsonl --output data/made/plain.jsonl --template plain --draws 4 \\
        --temperature 0.8 --base-url http://127.0.0.1:8000/v1 --model mine --api-key-env ''
  the first samples as they would be asked, without a request
    python -m src.predict --input test.jsonl --show 2
  what a model has to beat
    python -m src.predict --input test.jsonl --output data/made/nearest.jsonl --baseline nearest --train train.jsonl

exit status: 0 all done, 1 could not run, 3 some samples failed (see OUTPUT.failed.jsonl),
  4 the budget is spent, 130 interrupted
"""

import functools
import sys
from collections.abc import Sequence

from .basics.command import as_command
from .basics.options import options_from
from .predicting.settings import Settings


def main(arguments: Sequence[str] | None = None) -> int:
    """Predict as the command line says; returns the exit status."""
    settings = options_from(Settings, arguments, "predict", __doc__)
    from .predicting.job import job_of, predict_all  # noqa: PLC0415 (brings the SDK, whose import takes longer than --help)

    if settings.show:
        from .dialogues.preview import preview  # noqa: PLC0415 (needed by this option alone)
        from .predicting.baselines import baseline_of  # noqa: PLC0415 (the same)
        from .predicting.estimate import parts  # noqa: PLC0415 (the same)

        baseline = baseline_of(settings) if settings.baseline else None
        told = functools.partial(parts, settings=settings, baseline=baseline)
        return preview(settings, job_of(settings, baseline), told)
    if settings.estimate:
        from .predicting.estimate import estimate  # noqa: PLC0415 (needed by this option alone)

        return estimate(settings, job_of(settings))
    return predict_all(settings)


if __name__ == "__main__":
    sys.exit(as_command(main))
