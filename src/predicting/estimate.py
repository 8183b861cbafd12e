"""What predictions will cost, counted before a single request; and what would be asked, shown.

Tokens are counted by the rule of `calling.budget.tokens_in`. A reasoning model's own thoughts are not in it.
"""

import itertools
from collections.abc import Iterator

from ..basics.command import Stop
from ..calling.budget import Prices, tokens_in
from ..calling.completion import Usage
from ..dialogues.preview import Part
from ..dialogues.samples import Sample
from ..running.duration import duration
from ..running.job import Job
from ..running.output import made_before
from ..running.tally import Tally
from .baselines import Baseline
from .method import asked
from .settings import Settings

REPLY_TOKENS = {"full": 540, "json": 540, "predictions": 80, "plain": 20}
"""Of a typical reply, after what hand-written replies of the method's stages have."""


def estimate(settings: Settings, job: Job[Sample]) -> int:
    """Print how many samples are still to be predicted, and what that takes; the exit status."""
    tally, samples, prompt = Tally(), 0, 0
    for sample in itertools.islice(job.items(made_before(settings.output), tally), settings.limit):
        samples += 1
        prompt += settings.draws * sum(tokens_in(message["content"]) for message in asked(sample, settings))
    if not samples and (nothing := tally.nothing_usable("dialogues", job.files)):
        raise Stop(nothing)
    print("\n".join(table(settings, tally, samples, prompt)))
    return 0


def table(settings: Settings, tally: Tally, samples: int, prompt: int) -> Iterator[str]:
    calls = samples * settings.draws
    reply = calls * REPLY_TOKENS[settings.template]
    cost = Prices(settings.price_in, settings.price_cached, settings.price_out).of(
        Usage(prompt=prompt, completion=reply, total=prompt + reply)
    )
    yield f"samples        {samples:,} to be predicted, {tally.already:,} predicted before"
    for reason, count in tally.passed_over.most_common():
        yield f"passed over    {count:,}: {reason}"
    yield f"calls          {calls:,}"
    yield f"tokens         {prompt + reply:,} (prompt {prompt:,}; completion {reply:,})"
    if cost:
        yield f"cost           {cost:,.2f}"
    if samples:
        yield from duration(settings, calls, prompt + reply, settings.latency)
    yield "\nTokens are estimated: 4 characters each, 1.5 in Chinese; replies as long as the form's usually are."


def parts(sample: Sample, settings: Settings, baseline: Baseline | None) -> Iterator[Part]:
    """What `--show` shows of a sample: all messages, or what a baseline predicts; then what was really said."""
    if baseline:
        yield Part("context", sample.history)
        yield Part("predictions of the baseline", "\n".join(baseline.predict(sample)))
    else:
        for message in asked(sample, settings):
            yield Part(f"message of the {message['role']}", message["content"])
    yield Part("utterance (what the user really said next, and no model sees)", sample.utterance)
