"""What a sample costs in prompt tokens: all of them, and those that an endless prefix cache would not have.

    python -m bench tokens

For three lengths of history and each way to mislead, if a third of the drafts fell into each region.
"""

import os
from collections.abc import Iterator, Sequence
from typing import get_args

from src.calling.budget import tokens_in
from src.calling.stage import messages
from src.config import Config
from src.dialogues.samples import Sample
from src.io_utils import samples_in
from src.methods.proutt.estimate import REGIONS, calls_of, inputs, stages
from src.methods.proutt.settings import Misled

from .contender import dialogues

HISTORIES = (1_000, 3_700, 15_000)  # characters


def texts(sample: Sample, config: Config) -> Iterator[tuple[str, float]]:
    """Every prompt of a sample, with how often it is asked on average."""
    for stage in stages(config):
        times = sum(calls_of(stage, region, config.misled) for region in REGIONS) / len(REGIONS)
        system, user = messages(stage, inputs(stage, sample))
        yield system["content"] + user["content"], times


def table() -> Iterator[str]:
    yield "| history (characters) | --misled | prompt tokens a sample | of them fresh |"
    yield "| --- | --- | --- | --- |"
    for characters in HISTORIES:
        for misled in get_args(Misled):
            config = Config(misled=misled)
            (sample,) = samples_in(next(dialogues(1, 4, characters)), config)
            asked = [*texts(sample, config)]
            whole = sum(tokens_in(text) * times for text, times in asked)
            yield f"| {characters:,} | {misled} | {whole:,.0f} | {fresh(asked):,.0f} |"
    yield "\nTokens are estimated: 4 characters each. Fresh is what does not repeat the beginning of an earlier prompt."


def fresh(asked: Sequence[tuple[str, float]]) -> float:
    """Tokens that no earlier prompt begins with. A stage that is asked more than once repeats up to its own inputs."""
    total = 0.0
    earlier: list[str] = [asked[0][0].partition("<dialogue>")[0]]  # the system message, known from the sample before
    for text, times in asked:
        shared = max(len(common(text, other)) for other in earlier)
        total += tokens_in(text[shared:]) * times
        earlier.append(text)
    return total


def common(one: str, other: str) -> str:
    """What two texts have in common at their beginning."""
    return os.path.commonprefix([one, other])  # noqa: RUF071 (texts, and no paths)


def main(_: Sequence[str]) -> int:
    """Print the table; returns the exit status."""
    print("\n".join(table()))
    return 0
