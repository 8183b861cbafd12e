"""Every figure by name: what it means, which way is better, and the cheat that games it."""

import dataclasses
from collections.abc import Mapping
from typing import Literal


@dataclasses.dataclass(frozen=True)
class Figure:
    """How a figure is to be read."""

    name: str
    kind: str
    """The heading that it stands below."""
    meaning: str
    cheat: str = ""
    """How to make it better without predicting better."""
    better: Literal["high", "low", ""] = ""
    digits: int = 3

    def shown(self, value: float | None) -> str:
        """A value as tables have it."""
        return "–" if value is None else f"{value:,.{self.digits}f}"


LIKENESS, FORM, EFFORT, SHOWING, WEIGHTS = "like what was really said", "form", "effort", "when to show", "weights"

LIKENESSES = (
    Figure(
        "chrf",
        LIKENESS,
        "groups of characters in common, 0 to 100 (chrF2 of sacrebleu)",
        "to repeat words of the dialogue, and to write much",
        "high",
        1,
    ),
    Figure("rouge_l", LIKENESS, "words in common in their order, as F1", "to repeat what every user says", "high"),
    Figure("exact", LIKENESS, "the same text", "to say only what is often said, such as thanks", "high"),
    Figure("near", LIKENESS, "the same but for case, punctuation and spaces", "the same as for exact", "high"),
    Figure(
        "tfidf",
        LIKENESS,
        "cosine of groups of characters, rare ones counting more",
        "to repeat rare words of the dialogue",
        "high",
    ),
    Figure(
        "cosine",
        LIKENESS,
        "cosine of embeddings",
        "to name the topic and ask nothing: sentences on one topic lie near each other",
        "high",
    ),
    Figure(
        "similarity",
        LIKENESS,
        "as the judge grades it by meaning and purpose",
        "to please this judge: look how it grades what was planted",
        "high",
    ),
    Figure("hit", LIKENESS, "share of samples that the judge grades at --hit or above", "a lower --hit", "high"),
)
"""Of one prediction; of a sample they are taken of the first prediction, and of the best."""

PLACES = {
    "first": Figure("first", "", "of the first prediction"),
    "best": Figure("best", "", "of the best prediction", "more predictions: look at (shuffled), which has as many"),
}

OTHERS = (
    Figure("malformed", FORM, "share of replies without a readable prediction", "a server that repairs", "low"),
    Figure("predictions", FORM, "predictions a sample", digits=2),
    Figure("distinct", FORM, "share of a sample's predictions that differ", "to differ by a word without a meaning"),
    Figure("length_ratio", FORM, "length against the real utterance's, as a geometric mean; 1 is as long", digits=2),
    Figure(
        "category_accuracy",
        FORM,
        "share of samples whose predicted category is the real utterance's, as records tell it",
        "to name the commonest category always: look at the slices by category",
        "high",
    ),
    Figure("latency_p50", EFFORT, "seconds that half of the samples took at most", "short thoughts", "low", 2),
    Figure("latency_p95", EFFORT, "seconds that 95 of 100 samples took at most", "a timeout", "low", 2),
    Figure(
        "words_per_second",
        EFFORT,
        "words of predictions a second of waiting, thoughts included in the time",
        "long predictions",
        "high",
        1,
    ),
    Figure(
        "cost_per_1000",
        EFFORT,
        "of a thousand predictions, at the --prices given",
        "more predictions a reply",
        "low",
        2,
    ),
    Figure(
        "auroc",
        SHOWING,
        "how often a right first prediction has a higher log probability than a wrong one",
        "short predictions, which are both likelier and oftener right",
        "high",
    ),
    Figure("precision_25", SHOWING, "share of right ones where the surest quarter is shown", "few samples", "high"),
    Figure("precision_50", SHOWING, "the same where half are shown", "few samples", "high"),
    Figure("precision_all", SHOWING, "the same where all are shown: what sureness has to beat", better="high"),
    Figure(
        "perplexity",
        WEIGHTS,
        "of the real utterance, a token",
        "style alone: a model that has learnt how users write, of other dialogues",
        "low",
        2,
    ),
    Figure(
        "nats",
        WEIGHTS,
        "nats a token of the real utterance, each utterance counting alike; a tenth is a tenth of perplexity",
        "style alone",
        "low",
    ),
    Figure("perplexity_elsewhere", WEIGHTS, "the same under another dialogue's history: style alone", digits=2),
    Figure(
        "context_nats",
        WEIGHTS,
        "what the right history is worth, in nats a token: the difference of both in log",
        "to repeat words of the history",
        "high",
    ),
    Figure(
        "first_of_10",
        WEIGHTS,
        "share of samples whose real utterance is likelier than nine of other dialogues",
        "short utterances are likelier",
        "high",
    ),
    Figure(
        "first_of_10_gain",
        WEIGHTS,
        "the same by what the history adds to the log probability",
        "words of the history",
        "high",
    ),
    Figure("rank_of_10", WEIGHTS, "the mean rank among the ten; 5.5 by chance", "as for first_of_10", "low", 2),
    Figure("rank_of_10_gain", WEIGHTS, "the same by what the history adds", "as for first_of_10_gain", "low", 2),
)


def of_a_place(likeness: Figure, place: Figure) -> Figure:
    """A likeness as it is told of a sample."""
    return dataclasses.replace(
        likeness,
        name=f"{likeness.name}_{place.name}",
        meaning=f"{likeness.meaning}; {place.meaning}",
        cheat="; ".join(filter(None, (likeness.cheat, place.cheat))),
    )


ALL: Mapping[str, Figure] = {
    figure.name: figure
    for figure in (*(of_a_place(one, place) for one in LIKENESSES for place in PLACES.values()), *OTHERS)
}
"""All figures of a predictor, in the order in which they are shown."""

NEARER = Figure("nearer", "judge", "share of samples in which the judge finds a nearer, less those of b", digits=3)
JUDGE = (
    Figure("orders_agree", "judge", "share of comparisons that come out alike whichever stands first", better="high"),
    Figure("first_preferred", "judge", "share of preferences for what stands first; 0.5 without an order effect"),
    Figure("ties", "judge", "share of answers that prefer neither"),
    Figure(
        "truth_wins", "judge", "planted: the real utterance is nearer than predictions, in both orders", better="high"
    ),
    Figure("unrelated_loses", "judge", "planted: an unrelated utterance is further than the real one", better="high"),
    Figure("truth_similarity", "judge", "planted: how the real utterance is graded", better="high"),
    Figure("unrelated_similarity", "judge", "planted: how an unrelated utterance is graded", better="low"),
)
OF_THE_JUDGE: Mapping[str, Figure] = {figure.name: figure for figure in JUDGE}
