"""What a run of predictions does, as the runner takes it."""

import dataclasses
import functools
import hashlib
import logging
from pathlib import Path

from ..basics.said import FirstFew
from ..calling.settings import api_key_of
from ..calling.stage import AskText
from ..dialogues.job import over_dialogues, without
from ..dialogues.samples import Sample
from ..pairs.seen import dialogue_mark, trained_dialogues
from ..running.job import Job, Words
from ..running.runner import run
from ..training.templates import TEMPLATES
from .baselines import Baseline, baseline_of
from .held_out import LEFT_OUT, refuse_seen
from .method import MALFORMED, PARTLY, WELL_FORMED, Prediction, predict
from .replies import Foreseen
from .settings import PLAIN, Settings

log = logging.getLogger(__name__)

NOTHING_SAID = "the user has said nothing yet"


def predict_all(settings: Settings) -> int:
    """Predict every sample of the input; the exit status. Raises Stop where it cannot run."""
    if settings.logprobs:
        settings = dataclasses.replace(settings, extra_body={"logprobs": True} | settings.extra_body)
    baseline = baseline_of(settings) if settings.baseline else None
    if baseline:  # which pays for nothing that would have to be kept
        return run(dataclasses.replace(settings, no_cache=True), "", job_of(settings, baseline))
    return run(settings, api_key_of(settings), job_of(settings))


def job_of(settings: Settings, baseline: Baseline | None = None) -> Job[Sample]:
    """What a run does, with a model or with a baseline. Raises Stop where there is no input, or one trained on."""
    seen = trained_dialogues(map(Path, settings.trained_on)) | (baseline.learnt_from if baseline else frozenset())
    make = (
        functools.partial(foresee, baseline)
        if baseline
        else functools.partial(predict, settings=settings, untold=FirstFew(log))
    )
    outcomes = (WELL_FORMED, PARTLY, MALFORMED) if settings.draws > 1 else (WELL_FORMED, MALFORMED)
    words = Words(
        command="predict",
        done="predicted",
        outcomes=outcomes,
        next_step="python -m src.evaluate --predictions {output} --output report/",
    )
    job = over_dialogues(settings, make, settings_of(settings, baseline), words)
    refuse_seen(settings, job.files, seen)
    return without(job, lambda sample: dialogue_mark(sample.sample_id) in seen, LEFT_OUT) if settings.skip_seen else job


async def foresee(baseline: Baseline, _: AskText, sample: Sample) -> Prediction:
    """What a baseline predicts."""
    predictions = tuple(baseline.predict(sample))
    return Prediction(sample, Foreseen(predictions, fault=None if predictions else NOTHING_SAID))


def settings_of(settings: Settings, baseline: Baseline | None) -> dict[str, object]:
    """What decides how a prediction comes out; each line carries it, and a run refuses to mix two kinds."""
    reading = {
        name: getattr(settings, name) for name in ("seed", "turns", "max_context_chars", "system_turns", "tool_turns")
    }
    if baseline:
        return {"model": f"baseline {settings.baseline}", **reading, "learnt": baseline.digest}
    own = ("template", "user_form", "draws", "repair", "temperature", "max_tokens", "json_mode", "extra_body")
    return {
        "model": settings.model,
        **reading,
        **{name: getattr(settings, name) for name in own},
        "prompts": None if settings.template == PLAIN else digest(TEMPLATES[settings.template].question),
    }


def digest(text: str) -> str:
    """A short name of a text."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]
