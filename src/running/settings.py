"""What a run over many items can be told: where they are, where the results go, what is kept."""

import dataclasses
from pathlib import Path
from typing import get_args

from ..basics.dice import Draws
from ..basics.log import LogFormat
from ..basics.options import flag, number, one_of, option, word
from ..basics.seen import HALF
from ..calling.batches.settings import Batching
from ..calling.settings import Calling


@dataclasses.dataclass(frozen=True)
class Running(Calling, Batching, Draws):
    """Items in, results out, and all calls between them. Each command says what its items are and where they lie."""

    output: Path = option(Path(), Path, "what is written", group="output", variable=False, metavar="FILE")
    limit: int | None = option(
        None,
        number(1, HALF - 1, int),
        "stop after this many new samples; for a first look at cost",
        group="input",
        metavar="N",
    )
    no_cache: bool = flag(
        "keep no replies beside the output: a stopped run pays again for its unfinished samples", group="output"
    )
    prune: bool = flag("drop the stored replies of finished samples, when disk space is short", group="output")
    log_format: LogFormat = option(
        "text",
        one_of(*get_args(LogFormat)),
        "how the log on standard error looks; json is a line for machines, with a run's progress in numbers",
        group="output",
    )
    workers: int | None = option(
        None,
        number(1, 10_000, int),
        "make samples in so many processes, by Ray (pip install -r requirements-cluster.txt); limits hold for all"
        " together",
        group="workers",
        metavar="N",
    )
    ray_address: str = option(
        "",
        word,
        "a Ray cluster that this machine is one of, e.g. auto or HOST:6379 [this machine alone]",
        group="workers",
    )
    upload: str = option(
        "",
        word,
        "a folder to copy the finished output to, each file whole or not at all: s3://, gs://, az://, hdfs:// or file://"
        " (pip install -r requirements-input.txt)",
        group="output",
        variable=False,
        metavar="URI",
    )
    accept_changes: bool = flag("go on although the output was made with other settings", group="output")
