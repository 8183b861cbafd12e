"""What `python -m src.quality` can be told."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from ..basics.command import Stop
from ..basics.options import flag, option, word
from ..pairs.together import EachOnce
from ..running.settings import Running


@dataclasses.dataclass(frozen=True)
class Settings(Running):
    """What this command can be told."""

    input: tuple[str, ...] = option(
        ("data/synthesized_raw/LMSYS.jsonl",),
        str,
        "files or globs of records",
        group="input",
        variable=False,
        nargs="+",
        metavar="FILE",
    )
    output: Path = option(
        Path(),
        Path,
        "the records with their marks; with one input its name with .quality.jsonl, or .judged.jsonl",
        group="output",
        metavar="FILE",
        variable=False,
    )
    mixed: bool = flag(
        "take records of different models or prompts, rehearsed ones among real ones, and repeated ones",
        group="input",
        variable=False,
    )
    judge: bool = flag("ask a model too, for similarities of both sides and scores of their reasoning", group="marks")
    judge_model: str | None = option(None, word, "the judge's name at the endpoint, if not --model", group="marks")

    shortcut: bool = flag(
        "measure too how well the text alone tells chosen from rejected; needs scikit-learn", group="marks"
    )

    def place(self, files: Sequence[str]) -> Path:
        """Where the records of these files go."""
        if self.output.name:
            return self.output
        if len(files) > 1:
            raise Stop(f"{len(files)} inputs make one file: give its name with --output.")
        return Path(files[0]).with_suffix(".judged.jsonl" if self.judge else ".quality.jsonl")

    @property
    def together(self) -> EachOnce | None:
        """What refuses records that do not belong together, unless they may be mixed."""
        return None if self.mixed else EachOnce()
