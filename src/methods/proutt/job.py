"""What a run of ProUtt does, as the runner takes it."""

import functools
from typing import get_args

from ...dialogues.job import over_dialogues, without
from ...dialogues.samples import Sample
from ...pairs.seen import dialogue_mark
from ...pairs.words import Region
from ...running.job import Job, Words
from ..strategies.library import offered_by
from ..strategies.sources import dialogues_of
from .method import synthesize
from .settings import Config, settings_of

OF_THE_LIBRARY = "dialogue that the strategies come from (--strategies)"


def job_of(config: Config) -> Job[Sample]:
    """What a run of the method does. Raises Stop where there is no input."""
    words = Words(outcomes=get_args(Region), next_step="python -m src.postprocess --input {output} --mode pref")
    if not config.strategies:
        return over_dialogues(config, functools.partial(synthesize, config=config), settings_of(config), words)
    offered, sources = offered_by(config.strategies), dialogues_of(config.strategies)
    make = functools.partial(synthesize, config=config, offered=offered)
    job = over_dialogues(config, make, settings_of(config, offered), words)
    return without(job, lambda sample: dialogue_mark(sample.sample_id) in sources, OF_THE_LIBRARY)
