"""A door: dialogues in, records out, and whole files, under the published name. See docs/python.md."""

from .basics.files import replaced
from .dialogues.job import over_dialogues, samples_in
from .dialogues.samples import Sample
from .running.output import Output, made_before

__all__ = ["Output", "Sample", "made_before", "over_dialogues", "replaced", "samples_in"]
