"""What `python -m src.predict` can be told, and what of it decides how a prediction comes out."""

import dataclasses
from pathlib import Path
from typing import Literal, get_args

from ..basics.command import Stop
from ..basics.files import STANDARD_INPUT
from ..basics.options import flag, number, one_of, option
from ..calling.settings import JsonMode
from ..dialogues.settings import OverDialogues
from ..training.templates import TEMPLATES

Baseline = Literal["repeat-last", "frequent", "nearest"]
PLAIN = "plain"


@dataclasses.dataclass(frozen=True)
class Settings(OverDialogues):
    """Which model or baseline predicts, in which form, and of which dialogues."""

    input: tuple[str, ...] = option(
        ("data/raw/LMSYS.jsonl",),
        str,
        "files, folders or globs of dialogues that the model was not trained on; - is standard input",
        group="input",
        variable=False,
        nargs="+",
        metavar="FILE",
    )
    output: Path = option(
        Path("data/made/predictions.jsonl"),
        Path,
        "predictions, a line for each sample; a second run goes on where it ends",
        group="output",
        variable=False,
        metavar="FILE",
    )
    template: str = option(
        "full",
        one_of(*TEMPLATES, PLAIN),
        "the form that the model was trained on, as src.postprocess names it; plain: the dialogue as a chat, to which"
        " the model adds the user's turn",
        group="method",
        variable=False,
    )
    user_form: bool = flag(
        "with --template plain, for a model that speaks as the user: the two sides of the chat change places",
        group="method",
        variable=False,
    )
    draws: int = option(
        1,
        number(1, 1000, int),
        "with --template plain: so many predictions a sample, each asked for by itself; give --temperature too",
        group="method",
        variable=False,
        metavar="N",
    )
    repair: bool = flag(
        "show a malformed reply to the model, with the reason, up to three times; without it a model is measured as"
        " it is",
        group="method",
        variable=False,
    )
    logprobs: bool = flag(
        "ask the endpoint for log probabilities too, and keep that of each prediction: python -m src.evaluate then"
        " tells when to show one at all",
        group="method",
        variable=False,
    )
    baseline: str = option(
        "",
        one_of("", *get_args(Baseline)),
        "predict without a model: the user's own last turns again, what users say most often in --train, or what"
        " followed the most similar histories there",
        group="method",
        variable=False,
        metavar="{" + ",".join(get_args(Baseline)) + "}",
    )
    train: tuple[str, ...] = option(
        (), str, "dialogues that a baseline learns from", group="input", variable=False, nargs="+", metavar="FILE"
    )
    trained_on: tuple[str, ...] = option(
        (),
        str,
        "training files of src.postprocess that the model has learnt from; samples of their dialogues are refused",
        group="input",
        variable=False,
        nargs="+",
        metavar="FILE",
    )
    allow_seen: bool = flag(
        "predict them all the same, such as to see how well they were learnt", group="input", variable=False
    )
    skip_seen: bool = flag("leave them out, and predict the others", group="input", variable=False)
    estimate: bool = flag(
        "count samples, calls, tokens and cost without a single request, and stop",
        group="limits and money",
        variable=False,
    )
    json_mode: JsonMode = option(
        "text",
        one_of(*get_args(JsonMode)),
        "with --template json, how the endpoint holds replies to JSON; text: not at all",
        group="endpoint",
        variable=False,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.template != PLAIN and not self.baseline and (self.draws > 1 or self.user_form):
            word = "--user-form" if self.user_form else f"--draws {self.draws}"
            raise Stop(f"{word} is for --template plain; --template {self.template} asks once for four predictions.")
        if self.repair and self.template == PLAIN:
            raise Stop("--repair is for forms that can be wrong; with --template plain any text is an utterance.")
        if self.draws > 1 and self.temperature == 0:
            raise Stop(f"--draws {self.draws} at --temperature 0 would be the same text {self.draws} times: raise it.")
        if self.allow_seen and self.skip_seen:
            raise Stop("--allow-seen predicts what --skip-seen leaves out: give one of them.")
        if self.baseline in {"frequent", "nearest"} and not self.train:
            raise Stop(f"--baseline {self.baseline} learns from dialogues: name some with --train.")
        if self.train and self.baseline not in {"frequent", "nearest"}:
            raise Stop("--train is for --baseline frequent or nearest; a model's training files go to --trained-on.")
        if STANDARD_INPUT in self.input and (self.train or self.trained_on) and not self.allow_seen:
            raise Stop(
                "--input - is read only once, and so its dialogues cannot be looked for in training data first: give a"
                " file's name, or --allow-seen."
            )
