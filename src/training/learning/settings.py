"""What `python -m src.train` can be told."""

import dataclasses
import functools
from pathlib import Path
from typing import Literal, get_args

from ...basics.command import Stop
from ...basics.options import flag, number, one_of, option
from ...dialogues.settings import Reading

Control = Literal["none", "shuffled", "plain"]

own = functools.partial(option, variable=False)
method = functools.partial(own, group="method")
switch = functools.partial(flag, variable=False)


@dataclasses.dataclass(frozen=True)
class Settings(Reading):
    """What a model learns from, which model, and how."""

    input: tuple[str, ...] = own(
        ("data/processed/LMSYS_sft.json",),
        str,
        "a training file of src.postprocess, in any of its formats: SFT or DPO by its shape",
        group="input",
        nargs="+",
        metavar="FILE",
    )
    base: str = own("", str, "the model that learns: a name on the hub, a folder, or a .gguf file", group="input")
    validation: tuple[str, ...] = own(
        (), str, "a training file to take the loss of, beside that of --input", group="input", nargs="+", metavar="FILE"
    )
    limit: int | None = own(
        None, number(1, 10**9, int), "take so many rows, drawn by --seed; for a first try", group="input", metavar="N"
    )
    dialogues_of: str = own(
        "",
        str,
        "with --control plain: only dialogues that this training file was made from, for a fair comparison",
        group="input",
        metavar="FILE",
    )
    output: Path = own(
        Path("data/made/trained"), Path, "a folder for adapter, checkpoints, settings and card", group="output"
    )
    merge: bool = switch(
        "write the whole model too, adapter merged in, into DIR/merged: for conversion to GGUF", group="output"
    )
    resume: bool = switch("go on from the last checkpoint in --output, with the same settings", group="output")
    control: Control = method(
        "none",
        one_of(*get_args(Control)),
        "what the pairs must beat: shuffled gives each row the answer of another; plain learns real utterances from"
        " dialogues or records in --input, without any synthesis",
    )
    user_form: bool = switch(
        "with --control plain: the two sides of the chat change places, so that the model speaks as the user",
        group="method",
    )
    full: bool = switch("train all weights and not an adapter (LoRA); takes far more memory", group="method")
    rank: int = method(16, number(1, 1024, int), "of the adapter, on all linear layers; more learns more and overfits")
    learning_rate: float | None = method(
        None,
        number(1e-9, 1),
        "of the first full step [SFT 2e-4, DPO 2e-5; with --full a tenth]; a model under 1B takes more",
        metavar="RATE",
    )
    epochs: float = method(1.0, number(0.001, 1000), "how often each row is learnt from")
    batch: int | None = method(
        None,
        number(1, 100_000, int),
        "rows behind each step [16, or fewer where that would leave a small file fewer than 64 steps]",
    )
    rows_at_once: int | None = method(
        None,
        number(1, 10_000, int),
        "of a batch, how many are in memory together [GPU 2, CPU 1]; more is faster, until memory runs out",
        metavar="N",
    )
    beta: float = method(0.1, number(0.001, 100), "of DPO: how closely the model keeps to what it was")
    max_length: int | None = method(
        None, number(8, 10**7, int), "tokens of a row at most; longer rows are refused [the base's own limit, or 4096]"
    )

    def __post_init__(self) -> None:
        if not self.base:
            raise Stop("Which model is to learn? Give a chat model with --base, such as --base Qwen/Qwen3-0.6B.")
        if self.control != "plain" and (self.user_form or self.dialogues_of):
            word = "--user-form" if self.user_form else "--dialogues-of"
            raise Stop(f"{word} is for --control plain: a training file tells its own form and dialogues.")
