"""What a library will cost, counted before a single request; and what would be asked, shown.

Turns are counted from the dialogues. How many strategies they give and how many clusters these make is not known
before: the shares are those of real chats. Tokens are counted by the rule of `calling.budget.tokens_in`.
"""

import dataclasses
import itertools
from collections.abc import Iterator
from typing import Any

from ...calling.budget import Prices, tokens_in
from ...calling.completion import Usage
from ...calling.stage import Stage, messages
from ...dialogues.preview import Part, preview
from ...dialogues.samples import Sample
from ...running.output import made_before
from ...running.tally import Tally
from . import job
from .lettered import Lettered
from .library import read_library
from .members import MOST_SHOWN
from .method import Option
from .settings import COVERAGE, Settings
from .stages import ABSTRACTION, ASSIGNING, EXTRACTION

WITH_STRATEGY, DIFFERENT, IN_A_CLUSTER = 0.8, 0.95, 8  # of turns; of strategies; turns of a cluster
TYPICAL = "asks for a worked example after a general explanation of how something is done"


@dataclasses.dataclass(frozen=True)
class Line:
    """What one stage takes."""

    stage: str
    calls: int
    prompt: int
    reply: int


def estimate(settings: Settings) -> int:
    """Print how many turns are still to be read, and what all steps take; the exit status."""
    tally, prompt, turns = Tally(), 0, 0
    work = job.extraction(settings)
    for sample in itertools.islice(work.items(made_before(settings.read_into), tally), settings.limit):
        turns += 1
        prompt += asked(EXTRACTION, history=sample.history, utterance=sample.utterance)
    phrases = round(turns * WITH_STRATEGY * DIFFERENT)
    covering = settings.step == COVERAGE  # each strategy is tried twice, and nothing is named
    entries = len(read_library(settings.library).entries) if covering else phrases // IN_A_CLUSTER
    lines = [Line(EXTRACTION.name, turns, prompt, turns * EXTRACTION.reply_tokens)]
    lines += [] if settings.embeddings_url else [assigning(phrases * (1 + covering), entries)]
    lines += [] if covering else [abstracting(entries)]
    print("\n".join(table(settings, tally, turns, lines)))
    return 0


def asked(stage: Stage[Any], **fields: object) -> int:
    return sum(tokens_in(message["content"]) for message in messages(stage, fields))


def assigning(phrases: int, entries: int) -> Line:
    """Batches of a typical size, with half of a move's entries there already."""
    calls = -(-phrases // job.IN_A_BATCH)
    shown = Lettered([Option("", TYPICAL)] * (entries // 24))
    prompt = asked(ASSIGNING, entries=shown, move="deepen", phrases=(TYPICAL,) * job.IN_A_BATCH)
    return Line(ASSIGNING.name, calls, calls * prompt, calls * ASSIGNING.reply_tokens)


def abstracting(entries: int) -> Line:
    prompt = asked(ABSTRACTION, strategies=(TYPICAL,) * min(MOST_SHOWN, IN_A_CLUSTER))
    return Line(ABSTRACTION.name, entries, entries * prompt, entries * ABSTRACTION.reply_tokens)


def table(settings: Settings, tally: Tally, turns: int, lines: list[Line]) -> Iterator[str]:
    prices = Prices(settings.price_in, settings.price_cached, settings.price_out)
    yield f"turns          {turns:,} to be read, {tally.already:,} read before"
    for reason, count in tally.passed_over.most_common():
        yield f"passed over    {count:,}: {reason}"
    yield f"\n{'stage':<26}{'calls':>12}{'prompt tokens':>16}{'reply tokens':>16}{'cost':>12}"
    whole = Line("together", *(sum(getattr(line, name) for line in lines) for name in ("calls", "prompt", "reply")))
    for line in (*lines, whole):
        cost = prices.of(Usage(prompt=line.prompt, completion=line.reply, total=line.prompt + line.reply))
        shown = f"{cost:>12,.2f}" if cost else f"{'-':>12}"
        yield f"{line.stage:<26}{line.calls:>12,}{line.prompt:>16,}{line.reply:>16,}{shown}"
    yield "\nTokens are estimated: 4 characters each, 1.5 in Chinese; without retries and a reasoning model's thoughts."
    yield f"The later steps take {WITH_STRATEGY:.0%} of turns to have a strategy and {IN_A_CLUSTER} to make a cluster."


def show(settings: Settings) -> int:
    """Print the first turns as they would be asked; the exit status."""
    return preview(dataclasses.replace(settings, output=settings.read_into), job.extraction(settings), parts)


def parts(sample: Sample) -> Iterator[Part]:
    for message in messages(EXTRACTION, {"history": sample.history, "utterance": sample.utterance}):
        yield Part(f"message of the {message['role']}", message["content"])
