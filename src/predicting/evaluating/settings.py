"""What `python -m src.evaluate` can be told."""

import argparse
import dataclasses
import functools
from pathlib import Path
from typing import Any

from ...basics.command import Stop
from ...basics.options import flag, number, option, word
from ...basics.seen import HALF
from ...calling.budget import Prices
from ...calling.settings import Embedding
from ...pairs.words import HIGH
from ...running.settings import Running

own = functools.partial(option, variable=False)
FILES: dict[str, Any] = {"nargs": "+", "metavar": "FILE"}


def prices(text: str) -> Prices:
    """IN/OUT: money for a million prompt tokens, and for a million completion tokens."""
    into, _, out = text.partition("/")
    try:
        amount = number(0, 10**6)
        return Prices(prompt=amount(into), completion=amount(out))
    except argparse.ArgumentTypeError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not IN/OUT, such as 0.6/2.2") from error


@dataclasses.dataclass(frozen=True)
class Settings(Running, Embedding):
    """Which predictions are evaluated, against what, and with whose help."""

    predictions: tuple[str, ...] = own((), str, "files of src.predict, one a predictor", group="input", **FILES)
    records: tuple[str, ...] = own(
        (),
        str,
        "records of src.synthesis for the same samples: they tell the real utterance's category, and the region",
        group="input",
        **FILES,
    )
    trained_on: tuple[str, ...] = own(
        (),
        str,
        "training files of src.postprocess that a predictor has learnt from; samples of their dialogues are refused",
        group="input",
        **FILES,
    )
    allow_seen: bool = flag("evaluate them all the same; they are a slice of their own", group="input", variable=False)
    skip_seen: bool = flag("leave them out, and evaluate the others", group="input", variable=False)
    output: Path = own(
        Path("data/made/evaluated"),
        Path,
        "a folder for evaluation.json, evaluation.html and what was paid for",
        group="output",
        metavar="FOLDER",
    )
    resamples: int = own(1000, number(100, 100_000, int), "draws of dialogues, for the intervals", group="method")
    shown: int = own(
        400, number(1, 100_000, int), "samples on the page; of more, the best and the worst", group="output"
    )
    prices: tuple[Prices, ...] = own(
        (),
        prices,
        "what a million prompt and completion tokens of the predictors cost, for all or for each; then cost is shown",
        group="input",
        nargs="+",
        metavar="IN/OUT",
    )
    judge: bool = flag("have a model grade and compare the predictions", group="judge", variable=False)
    judge_model: str | None = option(None, word, "its name at the endpoint, if not --model", group="judge")
    hit: float = own(
        HIGH, number(0, 1), "a judged similarity from which on a prediction counts as a hit", group="judge"
    )
    planted: int = own(
        20,
        number(0, 10**6, int),
        "samples on which the judge is tried with the real utterance and an unrelated one; more tell more of the judge",
        group="judge",
    )
    limit: int | None = option(
        None,
        number(1, HALF - 1, int),
        "judge at most this many more samples; for a first look at cost",
        group="judge",
        metavar="N",
    )
    weights: tuple[str, ...] = own(
        (),
        str,
        "models of transformers (folders, .gguf files, names on the hub) whose own log probabilities are told; needs"
        " requirements-train.txt",
        group="weights",
        nargs="+",
        metavar="MODEL",
    )
    weights_context: int = own(
        1024, number(16, 10**7, int), "newest tokens of a history that they see; fewer are faster", group="weights"
    )
    weights_ranked: int | None = own(
        None,
        number(0, 10**9, int),
        "samples, drawn ones, in which the real utterance is ranked among ten; that is half of the work [all]",
        group="weights",
    )
    user_form: bool = flag(
        "for models that speak as the user: the two sides of the chat change places", group="weights", variable=False
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.allow_seen and self.skip_seen:
            raise Stop("--allow-seen evaluates what --skip-seen leaves out: give one of them.")
        self.refuse_odd_embeddings()

    @property
    def judged(self) -> Path:
        """Where the judge's opinions are kept."""
        return self.output / "judged.jsonl"
