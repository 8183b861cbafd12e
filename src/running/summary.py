"""What a run says at its end: to whoever started it, and to whoever looks at its output later."""

from collections import Counter
from collections.abc import Iterator, Mapping

from tqdm import tqdm

from ..basics.files import Beside
from ..calling.budget import Budget
from ..calling.endpoint import Endpoint
from ..calling.store import Store
from .account import RunAccount, StageReplies
from .job import Words
from .settings import Running
from .tally import Tally

MINUTE = 60.0  # seconds; a shorter time is told in them


def summary(
    config: Running, words: Words, tally: Tally, endpoint: Endpoint, store: Store | None, *, seconds: float
) -> str:
    """What was made, what it took and cost, where it lies, and what to type next."""
    lines = [outcomes(tally, words), *tally.in_words(words.done), *took(endpoint, seconds)]
    if endpoint.common.budget.priced:
        lines.append(f"cost           {in_all(endpoint.common.budget)}")
    if store:
        lines.append(f"call store     {store.path}, {store.size() / 1e6:,.1f} MB, {store.hits:,} replies from it")
    lines.append(f"records        {config.output}")
    if tally.failed:
        lines.append(f"failures       {Beside(config.output).failures} (the same command tries them again)")
    if tally.interrupted:
        lines.append("interrupted    the same command goes on from here")
    elif words.next_step and (tally.made or tally.already):
        lines.append(f"next           {words.next_step.format(output=config.output)}")
    return "\n".join(lines)


def took(endpoint: Endpoint, seconds: float) -> Iterator[str]:
    """Time, calls, tries again, tokens, and the replies that were not usable at once."""
    common, usage = endpoint.common, endpoint.common.budget.used
    cached = f", of them {usage.cached:,} cached" if usage.cached is not None else ""
    yield f"took           {tqdm.format_interval(seconds) if seconds >= MINUTE else f'{seconds:.1f} s'}"
    yield f"calls          {common.calls:,}"
    if common.retries:
        yield f"retries        {common.retries.total():,}: {by_kind(common.retries)}"
    yield f"tokens         {usage.total:,} (prompt {usage.prompt:,}{cached}; completion {usage.completion:,})"
    yield from repairs(replies(endpoint))


def by_kind(counts: Mapping[str, int]) -> str:
    """Counts with their kinds, the most frequent first."""
    return ", ".join(f"{kind.replace('_', ' ')} {count:,}" for kind, count in Counter(counts).most_common())


def in_all(budget: Budget) -> str:
    """What this run has cost, and all runs on its output."""
    whole = budget.cost_before + budget.cost
    return f"{budget.cost:,.4f}" + (f" in this run, {whole:,.4f} on this output" if budget.before.total else "")


def outcomes(tally: Tally, words: Words) -> str:
    """How many items ended well, and how."""
    each = ", ".join(f"{outcome} {tally.made[outcome]:,}" for outcome in words.outcomes)
    shown = f" ({each})" if tally.made and each else ""
    return f"{f'{words.thing}s {words.done}':<14} {tally.made.total():,}{shown}"


def account(tally: Tally, endpoint: Endpoint, others: Mapping[str, Endpoint], seconds: float) -> RunAccount:
    """The same for whoever reads it later."""
    became = ("rows", "failed", "already", "elsewhere", "unreadable", "interrupted", "passed_over")
    return RunAccount(
        **{name: getattr(tally, name) for name in became},
        made=tally.made.total(),
        seconds=seconds,
        calls=endpoint.common.calls,
        tokens=endpoint.meter.used,
        seats={name: other.meter.used for name, other in others.items()},
        replies=replies(endpoint),
        prices=endpoint.prices,
    )


def replies(endpoint: Endpoint) -> dict[str, StageReplies]:
    """How the questions of each stage ended."""
    return {name: StageReplies(**vars(stage)) for name, stage in endpoint.common.outcomes.stages.items()}


def repairs(stages: Mapping[str, StageReplies]) -> Iterator[str]:
    """A line for each stage whose replies were not all usable at once."""
    for name, stage in stages.items():
        if stage.at_once < stage.asked or stage.kept:
            parts = [f"{stage.at_once:,} of {stage.asked:,} at once", f"{stage.repaired:,} repaired"]
            parts += [f"{stage.kept:,} kept with a fault"] if stage.kept else []
            parts += [f"{stage.never:,} never"] if stage.never else []
            yield f"replies        {name}: {', '.join(parts)} (mostly {stage.commonest_fault})"
