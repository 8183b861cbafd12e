"""What a run of ProUtt does, as the runner takes it."""

import functools
from typing import get_args

from ...basics.files import found
from ...dialogues.files import count
from ...dialogues.intake import pending
from ...dialogues.samples import Sample
from ...pairs.words import Region
from ...running.job import Job, Words
from .method import synthesize
from .settings import Config, settings_of


def job_of(config: Config) -> Job[Sample]:
    """What a run of the method does. Raises Stop where there is no input."""
    files = found(config.input, config.output)
    return Job(
        files=files,
        items=functools.partial(pending, config, files),
        total=functools.partial(count, files),
        make=functools.partial(synthesize, config=config),
        settings=settings_of(config),
        words=Words(outcomes=get_args(Region), next_step="python -m src.postprocess --input {output} --mode pref"),
    )
