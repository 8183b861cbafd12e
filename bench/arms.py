"""Does a library help to foresee? Five arms on dialogues that it does not come from, each with four predictions.

    python -m bench arms --input held_out.jsonl --strategies library.jsonl --output data/made/arms.jsonl

plain: the insight stage as it is; own: the same with one more call, in which the model thinks of three strategies by
itself; chosen: with the three that it chooses from the library; random: with three drawn from it, a placebo; true: with
the one that the real turn follows, a ceiling. All options are those of synthesis. Tree and category are shared. The
same command goes on after a stop. Writes a file of predictions for each arm, for

    python -m src.evaluate --judge --predictions data/made/arms.plain.jsonl data/made/arms.chosen.jsonl …

which grades them together, and prints how often the true strategy was among the chosen ones.
"""

import dataclasses
import functools
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import orjson

from src.basics.command import Stop
from src.basics.files import replaced
from src.basics.options import options_from
from src.basics.text import loads
from src.basics.together import together
from src.calling.completion import Usage
from src.calling.session import Session
from src.calling.settings import api_key_of
from src.calling.stage import AskText, Reply, Stage, digest
from src.dialogues.job import over_dialogues, without
from src.dialogues.samples import Sample
from src.methods.proutt.replies import Insight
from src.methods.proutt.settings import Config, settings_of
from src.methods.proutt.stages import CATEGORY_TRUTH, INSIGHT, INTENT_TREE
from src.methods.proutt.steering import MATERIAL, STEERED, STEERED_INSIGHT, choose
from src.methods.strategies.lettered import Lettered
from src.methods.strategies.library import LibraryEntry, Offered, offered_by
from src.methods.strategies.replies import Extraction
from src.methods.strategies.sources import dialogues_of
from src.methods.strategies.stages import ASSIGNING, EXTRACTION
from src.pairs.seen import dialogue_mark
from src.running.job import Job, Words
from src.running.runner import run

ARMS = ("plain", "own", "chosen", "random", "true")
GIVEN = 3


class OwnStrategies(Reply):
    """Strategies that the model has thought of by itself."""

    reasoning: str
    strategies: tuple[str, ...]


OWN = Stage(
    frame=STEERED,
    name="strategies of one's own",
    task="""\
The user speaks next; the category of the utterance stands below. Say in one or two sentences what the assistant's \
last turn leaves open for this user. Then give three strategies, ways in which users go on at such a moment, the \
likeliest first: each in at most twenty words that hold nothing of this dialogue, and when a user does so.""",
    material=MATERIAL.partition("\n")[0],
    example=OwnStrategies(
        reasoning="what is left open for this user",
        strategies=("the likeliest way, and when", "another way, and when", "a third way, and when"),
    ),
    opens_with=("history", "tree"),
    reply_tokens=110,
)


@dataclasses.dataclass(frozen=True)
class Arm:
    """What was predicted in one arm, and what that took beyond tree and category."""

    predictions: tuple[str, ...]
    usage: Usage


@dataclasses.dataclass(frozen=True)
class Compared:
    """All arms of a sample."""

    sample: Sample
    category: str
    arms: Mapping[str, Arm]
    chosen: tuple[str, ...]
    true: str | None
    """The id of the entry that the real turn follows, where the library has one."""
    outcome = "compared"

    def row(self, usage: Usage) -> dict[str, Any]:
        sample = self.sample
        arms = {name: {"predictions": arm.predictions, "usage": arm.usage.counts} for name, arm in self.arms.items()}
        return {
            "sample_id": sample.sample_id,
            "item_id": sample.item_id,
            "context": [turn.model_dump() for turn in sample.context],
            "label": sample.utterance,
            "category": self.category,
            "arms": arms,
            "chosen": self.chosen,
            "true": self.true,
            "position": sample.position,
            "usage": usage.counts,
        }


async def compare(ask: AskText, sample: Sample, offered: Offered) -> Compared:
    """Predict the sample's utterance in all five arms, one after the other, so that each one's tokens are told."""
    tree, truth, real = await together(
        ask(INTENT_TREE, history=sample.history),
        ask(CATEGORY_TRUTH, assistant_turn=sample.assistant_turn, utterance=sample.utterance),
        ask(EXTRACTION, history=sample.history, utterance=sample.utterance),
    )
    true = await entry_of(ask, real, offered)
    seen = {"history": sample.history, "tree": tree.topics, "category": truth.category}
    chosen: list[LibraryEntry] = []

    async def own() -> Insight:
        ways = await ask(OWN, **seen)
        return await under(ask, seen, ways.strategies[:GIVEN])

    async def from_library() -> Insight:
        chosen.extend(await choose(ask, seen, offered))
        return await under(ask, seen, chosen)

    drawn = sample.dice("random strategies").sample(list(offered.things), min(GIVEN, len(offered)))
    ways = {
        "plain": lambda: under(ask, seen, ()),
        "own": own,
        "chosen": from_library,
        "random": lambda: under(ask, seen, drawn),
        "true": lambda: under(ask, seen, [true or real.strategy] if real.any else ()),
    }
    arms = {name: await measured(ask, ways[name]) for name in ARMS}
    return Compared(sample, truth.category, arms, tuple(entry.id for entry in chosen), true.id if true else None)


async def under(ask: AskText, seen: Mapping[str, Any], strategies: Sequence[LibraryEntry | str]) -> Insight:
    """The draft under these strategies; without any, as synthesis makes it."""
    if not strategies:
        return await ask(INSIGHT, **seen)
    return await ask(STEERED_INSIGHT, **seen, strategies=Lettered(strategies))


async def entry_of(ask: AskText, real: Extraction, offered: Offered) -> LibraryEntry | None:
    """The entry that a real turn follows, if the library has it; nothing is founded."""
    entries = Lettered([entry for entry in offered.things if entry.move == real.move])
    if not (real.any and entries):
        return None
    told = await ask(ASSIGNING, entries=entries, move=real.move, phrases=(real.strategy,))
    return entries.get(told.places[0].entry)


async def measured(ask: AskText, predict: Callable[[], Awaitable[Insight]]) -> Arm:
    session = cast("Session", ask)
    before = session.usage
    insight = await predict()
    after = session.usage
    prompt, completion = after.prompt - before.prompt, after.completion - before.completion
    return Arm(insight.predictions, Usage(prompt=prompt, completion=completion, total=prompt + completion))


def job_of(config: Config, library: Path) -> Job[Sample]:
    offered, sources = offered_by(library), dialogues_of(library)
    settings = settings_of(config, offered) | {"arms_prompts": digest((OWN, STEERED_INSIGHT, EXTRACTION, ASSIGNING))}
    words = Words(command="bench arms", done="compared")
    job = over_dialogues(config, functools.partial(compare, offered=offered), settings, words)
    return without(job, lambda sample: dialogue_mark(sample.sample_id) in sources, "dialogue of the library")


def rows_of(output: Path) -> list[dict[str, Any]]:
    return [loads(line) for line in output.read_bytes().splitlines()]


def write_predictions(output: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """A file of predictions for each arm, as `src.predict` writes them."""
    shared = ("sample_id", "item_id", "context", "label", "category", "position")
    for name in ARMS:
        with replaced(output.with_name(f"{output.stem}.{name}.jsonl")) as file:
            for row in rows:
                told = {"malformed": False, "model": name} | dict(row["arms"][name])
                file.write(orjson.dumps({key: row[key] for key in shared} | told) + b"\n")


def figures(rows: Sequence[Mapping[str, Any]], offered: Offered) -> Iterator[str]:
    """How often the true strategy was met, and what an arm takes."""
    true = {(str(row["sample_id"]), row["item_id"]): row["true"] for row in rows}
    known = [row for row in rows if row["true"]]
    frequent = {entry.id for entry in offered.things[:GIVEN]}
    met = {
        f"among the {GIVEN} chosen": [row["true"] in row["chosen"] for row in known],
        f"among the {GIVEN} most frequent": [row["true"] in frequent for row in known],
        "the user's previous one (with --turns all)": [
            row["true"] == true[place]
            for row in known
            if (place := (str(row["sample_id"]), row["item_id"] - 1)) in true
        ],
    }
    yield f"true strategy in the library   {len(known):,} of {len(rows):,}"
    for name, hits in met.items():
        yield f"{name:<45}" + (f"{sum(hits) / len(hits):.2f} of {len(hits):,}" if hits else "not told")
    for name in ARMS:
        total = sum(row["arms"][name]["usage"]["total_tokens"] for row in rows)
        yield f"{name:<45}{total / max(1, len(rows)):,.0f} tokens a sample"


def main(arguments: Sequence[str]) -> int:
    """Compare the arms as the options of synthesis say; returns the exit status."""
    config = options_from(Config, arguments, "synthesis", __doc__)
    if config.strategies is None:
        raise Stop("bench arms compares drafts with a library and without: give one with --strategies.")
    status = run(config, api_key_of(config), job_of(config, config.strategies))
    rows = rows_of(config.output)
    write_predictions(config.output, rows)
    print("\n".join(figures(rows, offered_by(config.strategies))))
    names = " ".join(str(config.output.with_name(f"{config.output.stem}.{name}.jsonl")) for name in ARMS)
    print(f"next  python -m src.evaluate --judge --predictions {names}")
    return status
