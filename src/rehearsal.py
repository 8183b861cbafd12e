"""The whole pipeline without a model or a key: dialogues, records, training files, from a stand-in endpoint.

What comes out is good for checking a set-up and for seeing the shape of the data, not for training.

examples:
  the pipeline on the example dialogues, up to training files
    python -m src.rehearsal
  only the endpoint, for trying synthesis or for tests, with one answer in twenty refused
    python -m src.rehearsal --serve --port 8099 --fault 429=0.05

faults:
"""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from . import postprocess, synthesis
from .basics.command import Stop, as_command
from .basics.files import beginning, refuse_others
from .basics.options import options_from
from .rehearsing.serving import serve, serving
from .rehearsing.settings import Settings, faults_in_help
from .rehearsing.standin import StandIn
from .training.formats import MODES

RECORDS = Path("data/synthesized_raw/rehearsal.jsonl")
TRAINING = {mode: Path(f"data/processed/rehearsal_{mode}.json") for mode in MODES}


def rehearse(settings: Settings) -> int:
    """Synthesis and both kinds of training file, from these dialogues, on the stand-in."""
    refuse_others(RECORDS, "rehearsal", lambda path: b'"rehearsal":true' in beginning(path))
    RECORDS.unlink(missing_ok=True)
    with serving(settings.manner) as url:
        arguments = ["--base-url", url, "--model", "rehearsal", "--api-key-env", "", "--no-cache"]
        outcome = synthesis.main([*arguments, "--input", str(settings.input), "--output", str(RECORDS)])
    for mode, path in TRAINING.items():
        outcome = outcome or postprocess.main(["--input", str(RECORDS), "--mode", mode, "--output", str(path)])
    return outcome


def main(arguments: Sequence[str] | None = None) -> int:
    """Rehearse, or serve until interrupted; returns the exit status."""
    settings = options_from(Settings, arguments, "rehearsal", f"{__doc__}{faults_in_help()}")
    if not settings.serve:
        return rehearse(settings)
    try:
        asyncio.run(
            serve(
                StandIn(settings.manner).app(),
                settings.port,
                lambda url: print(f"ready {url}", flush=True),
                asyncio.Event(),
            )
        )
    except OSError as error:
        raise Stop(f"Port {settings.port} cannot be used ({error.strerror}): give another --port.") from error
    return 0


if __name__ == "__main__":
    sys.exit(as_command(main))
