"""What a run of ProUtt can be told, and what of it shapes a record."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, get_args

from ...basics.command import Stop
from ...basics.options import flag, number, one_of, option
from ...calling.stage import Stage, digest
from ...dialogues.settings import OverDialogues
from ..strategies.library import Offered, digest_of
from .stages import STAGES
from .steering import STEERING_STAGES
from .wording import MISREADING, REWORDED, REWORDED_STAGES

Misled = Literal["published", "consistent", "none"]

STAGES_OF: Mapping[Misled, tuple[Stage[Any], ...]] = {
    "published": STAGES,
    "consistent": (*REWORDED_STAGES, *MISREADING),
    "none": REWORDED_STAGES,
}


@dataclasses.dataclass(frozen=True)
class Config(OverDialogues):
    """Everything one run of synthesis was told."""

    input: tuple[str, ...] = option(
        ("data/raw/LMSYS.jsonl",),
        str,
        "files, folders or globs of dialogues; - is standard input",
        group="input",
        nargs="+",
        metavar="FILE",
    )
    output: Path = option(
        Path("data/synthesized_raw/LMSYS.jsonl"),
        Path,
        "records; a second run goes on where it ends",
        group="output",
        metavar="FILE",
    )
    high_confidence_threshold: float = option(
        0.8,
        number(0, 1),
        "a draft whose best prediction is at least this similar is preferred as it is",
        group="method",
    )
    low_confidence_threshold: float = option(
        0.3,
        number(0, 1),
        "a draft whose best prediction is less similar than this is the rejected side",
        group="method",
    )
    misled: Misled = option(
        "published",
        one_of(*get_args(Misled)),
        "how a rejected side is misled: published rewrites one view, which can leave it at odds with its category;"
        " consistent writes all of it, from the dialogue misread; none leaves the draft, for one or two calls less, for"
        " src.postprocess --rejected moment or --mode sft",
        group="method",
    )
    strategies: Path | None = option(
        None,
        Path,
        "a library of src.strategies: what of it fits is chosen for each sample, and predictions may follow it",
        group="method",
        variable=False,
        metavar="FILE",
    )
    estimate: bool = flag(
        "count samples, calls, tokens and cost without a single request, and stop", group="limits and money"
    )

    @property
    def stages(self) -> tuple[Stage[Any], ...]:
        """What may be asked of a sample."""
        stages = STAGES_OF[self.misled]
        steering = STEERING_STAGES if self.strategies else ()
        return *stages, *(self.words.get(stage, stage) for stage in steering)

    @property
    def words(self) -> Mapping[Stage[Any], Stage[Any]]:
        """The stages that are worded otherwise, each with what is asked in its place."""
        return {} if self.misled == "published" else REWORDED

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.low_confidence_threshold > self.high_confidence_threshold:
            raise Stop(
                f"--low-confidence-threshold {self.low_confidence_threshold} is above"
                f" --high-confidence-threshold {self.high_confidence_threshold}: lower it."
            )


def settings_of(config: Config, offered: Offered | None = None) -> dict[str, object]:
    """What decides how a record comes out; each record carries it, and a run refuses to mix two kinds."""
    library = {"library": digest_of(offered)} if offered else {}
    return {
        "model": config.model,
        "seed": config.seed,
        "turns": config.turns,
        "max_context_chars": config.max_context_chars,
        "system_turns": config.system_turns,
        "tool_turns": config.tool_turns,
        "high_confidence_threshold": config.high_confidence_threshold,
        "low_confidence_threshold": config.low_confidence_threshold,
        "temperature": config.temperature,
        "extra_body": config.extra_body,
        "misled": config.misled,
        "prompts": digest(config.stages),
        **library,
    }
