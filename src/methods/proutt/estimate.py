"""What a run will cost, counted before a single request: samples, calls, tokens per stage, money.

Prompts are built from the real dialogues, with inputs of typical length where a model's reply would stand. Tokens are
counted by the rule of `calling.budget.tokens_in`. The thoughts of a reasoning model are not in it.
"""

from collections.abc import Iterator
from typing import Any

from tqdm import tqdm

from ...basics.command import Stop
from ...calling.budget import Prices, tokens_in
from ...calling.completion import Usage
from ...calling.stage import Stage, messages
from ...dialogues.samples import Sample
from ...running.duration import duration
from ...running.job import Job
from ...running.output import made_before
from ...running.tally import Tally
from ..strategies.lettered import Lettered
from ..strategies.library import Offered, offered_by
from .frame import SYSTEM
from .misleading import MISLED_INSIGHT, WRONG_PATH, WRONG_TURN
from .replies import TreePath
from .settings import Config, Misled
from .stages import INSIGHT, REVISION
from .steering import CHOICE, MOST_CHOSEN

FILLER = "so many words as a reply has. "
EXCHANGE = FILLER * 2, FILLER * 5
"""A user's turn and its reply, as they are imagined where the dialogue is misread."""
PATHS = (TreePath(source="a topic of it", target="what is asked for next"),) * 2
TYPICAL: dict[str, Any] = {  # inputs that are replies of other stages, as long as hand-written ones
    "tree": {"topic": {"attribute": FILLER * 13}},
    "reasoning": FILLER * 13,
    "predictions": (FILLER * 3,) * 4,
    "paths": PATHS,
    "true_paths": PATHS,
    "category": "Question",
    "view": "Mining",
}
REVISIONS = {stage.name for stage in REVISION.values()}
REGIONS = ("far", "close", "middle")


def inputs(stage: Stage[Any], sample: Sample, offered: Offered | None = None) -> dict[str, Any]:
    """What a stage would be asked about this sample, with a library or without one."""
    known = {
        "history": (sample.ending_in(*EXCHANGE) if stage is MISLED_INSIGHT else sample).history,
        "utterance": sample.utterance,
        "assistant_turn": sample.assistant_turn,
        "distractors": sample.distractors,
        "strategies": Lettered(offered.things[: None if stage is CHOICE else MOST_CHOSEN]) if offered else None,
    }
    return {name: known.get(name, TYPICAL.get(name)) for name in stage.inputs}


def calls_of(stage: Stage[Any], region: str, misled: Misled) -> int:
    """How often a sample whose draft is of this region asks a stage."""
    if stage.name in REVISIONS:
        return (region != "close") + (region != "far" and misled == "published")
    return int(region != "far") if stage in (WRONG_PATH, WRONG_TURN, MISLED_INSIGHT) else 1


def stages(config: Config) -> list[Stage[Any]]:
    """The stages of one sample; of the two revisions, which are alike in length, one stands for both.

    Where there is a library, all samples are taken to find strategies in it.
    """
    unasked = {REVISION["Exploration"].name, *((INSIGHT.name,) if config.strategies else ())}
    return [stage for stage in config.stages if stage.name not in unasked]


def estimate(config: Config, job: Job[Sample]) -> int:
    """Print a table of the samples still to be made, by stage, with totals if all drafts fell into one region."""
    done = made_before(config.output)
    offered = offered_by(config.strategies) if config.strategies else None
    tally, prompts, samples, cacheable = Tally(), dict.fromkeys((stage.name for stage in stages(config)), 0), 0, 0
    for sample in tqdm(job.items(done, tally), unit=" samples", disable=None, leave=False):
        samples += 1
        for stage in stages(config):
            asked = messages(stage, inputs(stage, sample, offered))
            prompts[stage.name] += sum(tokens_in(message["content"]) for message in asked)
        cacheable += tokens_in(sample.history) + tokens_in(SYSTEM)
        if config.limit and samples == config.limit:
            break
    if not samples and (nothing := tally.nothing_usable("dialogues", job.files)):
        raise Stop(nothing)
    print("\n".join(table(config, tally, samples, prompts, cacheable)))
    return 0


def table(config: Config, tally: Tally, samples: int, prompts: dict[str, int], cacheable: int) -> Iterator[str]:
    yield f"samples        {samples:,} to be made, {tally.already:,} made before"
    for reason, count in tally.passed_over.most_common():
        yield f"passed over    {count:,}: {reason}"
    yield f"\n{'stage':<26}{'calls':>12}{'prompt tokens':>16}{'reply tokens':>16}   (tokens at most)"
    for stage in stages(config):
        calls = [samples * calls_of(stage, region, config.misled) for region in ("far", "middle")]
        shown = f"{calls[0]:,}" if calls[0] == calls[1] else f"{calls[0]:,} to {calls[1]:,}"
        name = stage.name.replace("of the mining view", "of a view")
        most = prompts[stage.name] * calls_of(stage, "middle", config.misled)
        yield f"{name:<26}{shown:>12}{most:>16,}{stage.reply_tokens * calls[1]:>16,}"
    heads = f"{'calls':>12}{'prompt tokens':>16}{'reply tokens':>16}{'cost':>12}{'in batches':>12}"
    yield f"\n{'if all drafts are':<26}{heads}"
    for region in REGIONS:
        yield total(config, region, samples, prompts, cacheable)
    if samples:
        counts = {stage: calls_of(stage, "middle", config.misled) for stage in stages(config)}
        tokens = sum(count * (prompts[stage.name] + samples * stage.reply_tokens) for stage, count in counts.items())
        yield ""
        yield from duration(config, samples * sum(counts.values()), tokens, config.latency)
    yield "\nTokens are estimated: 4 characters each, 1.5 in Chinese; without retries and a reasoning model's thoughts."
    if config.price_cached is not None:
        yield "The cost takes the repeated beginnings of prompts to be cached; that in batches does not."


def total(config: Config, region: str, samples: int, prompts: dict[str, int], cacheable: int) -> str:
    """A line of the table: everything, if all samples were of this region."""
    counts = {stage.name: calls_of(stage, region, config.misled) for stage in stages(config)}
    prompt = sum(prompts[name] * count for name, count in counts.items())
    reply = samples * sum(stage.reply_tokens * counts[stage.name] for stage in stages(config))
    seeing = sum(counts[stage.name] for stage in stages(config) if "history" in stage.opens_with)
    cached = cacheable * (seeing - 1) if config.price_cached is not None else 0
    usage = Usage(prompt=prompt, completion=reply, total=prompt + reply, cached=cached)
    cost = Prices(config.price_in, config.price_cached, config.price_out).of(usage)
    in_batches = config.price_batch * Prices(config.price_in, None, config.price_out).of(usage)
    shown = f"{cost:>12,.2f}{in_batches:>12,.2f}" if cost else f"{'-':>12}{'-':>12}"
    return f"{region:<26}{samples * sum(counts.values()):>12,}{prompt:>16,}{reply:>16,}{shown}"
