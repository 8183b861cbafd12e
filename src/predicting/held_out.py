"""Samples that were trained on: refused, left out, or predicted all the same, as the user wishes."""

import logging
from collections.abc import Collection, Sequence

from ..basics.command import Stop
from ..basics.said import FirstFew
from ..basics.seen import Fingerprints, Seen
from ..dialogues.intake import Intake
from ..pairs.seen import dialogue_mark
from ..running.tally import Tally
from .settings import Settings

quiet = logging.getLogger(f"{__name__}.quiet")
quiet.disabled = True  # the run itself warns of what it cannot read

LEFT_OUT = "dialogue that was trained on (--skip-seen)"


def refuse_seen(settings: Settings, files: Sequence[str], seen: Collection[str]) -> None:
    """Raise Stop where the input has a sample of a dialogue with one of these marks."""
    if not seen or settings.allow_seen or settings.skip_seen:
        return
    intake = Intake(settings, Seen(), Tally(), Fingerprints(), FirstFew(quiet))
    known = [sample.sample_id for sample in intake.samples(files) if dialogue_mark(sample.sample_id) in seen]
    if known:
        are, of = ("are", "s") if len(known) > 1 else ("is", "")
        raise Stop(
            f"{len(known):,} sample{of} of the input {are} of dialogues that were trained on, such as the one with the"
            f" id {known[0]!r}: --skip-seen leaves them out, and --allow-seen predicts them all the same."
        )
