"""What the loop has found, as Markdown."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean
from typing import Any

WEIGHED = {
    "perplexity": ("perplexity of the real utterance", "{:.1f}"),
    "nats": ("nats a token, each utterance counting alike", "{:.2f}"),
    "perplexity_elsewhere": ("perplexity under another dialogue's history", "{:.1f}"),
    "context_nats": ("what the history is worth, nats a token", "{:.2f}"),
    "first_of_10": ("real utterance likeliest of 10", "{:.2f}"),
    "first_of_10_gain": ("the same by what the history adds", "{:.2f}"),
}
SURFACE = {
    "chrf_first": ("chrF", "{:.1f}"),
    "rouge_l_first": ("ROUGE-L", "{:.2f}"),
    "exact_first": ("exactly right", "{:.2f}"),
    "latency_p50": ("seconds", "{:.1f}"),
}
MODELS = ("untrained", "trained", "control")
PREDICTORS = ("untrained", "trained", "repeat-last", "frequent", "nearest")
AGAINST = (("trained", "untrained"), ("trained", "control"), ("control", "untrained"))
PASSES = 2  # over the pairs: a loss that falls tells that they are learnt
Found = Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class Step:
    """What DPO told of one step; the margin is of the chosen side, by how much its likelihood has grown more."""

    epoch: float
    loss: float
    margin: float


@dataclasses.dataclass(frozen=True)
class Pairs:
    """What came of the preference pairs."""

    figures: Found
    steps: Sequence[Step]

    def of_pass(self, number: int) -> list[Step]:
        """The steps of one pass over the pairs, from 0."""
        return [step for step in self.steps if number < step.epoch <= number + 1]


def table(found: Found, by_pairs: Pairs, told: Mapping[str, Any]) -> str:
    """Weights, differences, predictions, and the check of pairs."""
    counts = f"{told['examples']} dialogues learnt from, {told['held_out']} held out"
    lines = [
        f"{counts}, at most {told['max_length']} tokens each; in brackets 95 % intervals by drawing dialogues.",
        "",
        *rows(found, WEIGHED, MODELS),
        "",
        *differences(found),
        "",
        *rows(found, SURFACE, PREDICTORS),
        "",
        *pairs(by_pairs),
    ]
    return "\n".join(lines) + "\n"


def rows(found: Found, figures: Mapping[str, tuple[str, str]], names: Sequence[str]) -> Iterator[str]:
    """A row for each figure that was found, a column for each predictor."""
    yield f"| | {' | '.join(names)} |"
    yield f"| --- |{' --- |' * len(names)}"
    for metric, (title, form) in figures.items():
        held = [found["predictors"].get(name, {}).get(metric) for name in names]
        if any(held):
            yield f"| {title} | {' | '.join(interval(each, form) for each in held)} |"


def differences(found: Found) -> Iterator[str]:
    """The models against one another."""
    yield "| | perplexity | nats, each utterance alike | what the history is worth | likeliest of 10 by what it adds |"
    yield "| --- | --- | --- | --- | --- |"
    for a, b in AGAINST:
        cells = (
            difference(found, a, b, metric) for metric in ("perplexity", "nats", "context_nats", "first_of_10_gain")
        )
        yield f"| {a} less {b} | {' | '.join(cells)} |"


def difference(found: Found, a: str, b: str, metric: str) -> str:
    for each in found["differences"]:
        if each["metric"] == metric and {each["a"], each["b"]} == {a, b}:
            sign = 1 if each["a"] == a else -1
            low, high = sorted(sign * each[end] for end in ("low", "high"))
            return interval({"value": sign * each["value"], "low": low, "high": high}, "{:+.2f}")
    return ""


def interval(found: Mapping[str, float] | None, form: str) -> str:
    if not found:
        return ""
    value, low, high = (form.format(found[name]) for name in ("value", "low", "high"))
    return f"{value} ({low} to {high})"


def pairs(by_pairs: Pairs) -> Iterator[str]:
    """What came of the pairs: no quality, only that the parts fit."""
    malformed = by_pairs.figures.get("malformed", {"value": float("nan"), "n": 0})
    yield "| pairs | loss | margin of rewards |"
    yield "| --- | --- | --- |"
    for number in range(PASSES):
        if steps := by_pairs.of_pass(number):
            loss, margin = fmean(step.loss for step in steps), fmean(step.margin for step in steps)
            yield f"| pass {number + 1} | {loss:.3f} | {margin:+.2f} |"
    yield ""
    yield f"The model of pairs was served, and of its {malformed['n']} replies {malformed['value']:.0%} were malformed."
