"""What a run of ProUtt does, as the runner takes it."""

import functools
from typing import get_args

from ...dialogues.job import over_dialogues
from ...dialogues.samples import Sample
from ...pairs.words import Region
from ...running.job import Job, Words
from .method import synthesize
from .settings import Config, settings_of


def job_of(config: Config) -> Job[Sample]:
    """What a run of the method does. Raises Stop where there is no input."""
    words = Words(outcomes=get_args(Region), next_step="python -m src.postprocess --input {output} --mode pref")
    return over_dialogues(config, functools.partial(synthesize, config=config), settings_of(config), words)
