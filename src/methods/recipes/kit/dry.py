"""A recipe without a request: what it would ask and what that would cost, and how its first dialogues would begin.

Nobody answers: a question gets the reply format's own texts, a turn so many words as one usually has. Tokens are
counted by the rule of `calling.budget.tokens_in`.
"""

import asyncio
import dataclasses
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from ....calling.budget import Prices, tokens_in
from ....calling.completion import Completion, Usage
from ....calling.question import Messages, Question
from ....calling.stage import Fault, ReplyT, Stage, example_text, messages
from ....running.output import made_before
from ....running.tally import Tally
from .job import Item, MadeLines, items_of, made_of, pending
from .known import recipe_of
from .recipe import Recipe
from .settings import Settings
from .voices import USER

TURN, REPLY = 15, 120  # tokens of a user's turn and of an assistant's reply
FEW = 200  # dialogues that are gone through; more would tell no more


class Place(NamedTuple):
    """A stage at a seat."""

    seat: str
    stage: str


@dataclasses.dataclass(frozen=True)
class Asked:
    """A question as it would be put, and the tokens of its reply."""

    seat: str
    stage: str
    messages: Messages
    reply: int

    @property
    def prompt(self) -> int:
        return sum(tokens_in(message["content"]) for message in self.messages)


@dataclasses.dataclass(frozen=True)
class Dry:
    """Answers without a model, and keeps what was asked. Implements `calling.stage.AskSeats`."""

    asked: list[Asked] = dataclasses.field(default_factory=list)
    seat: str = "writer"

    def at(self, seat: str) -> "Dry":
        return dataclasses.replace(self, seat=seat)

    def drawn(self, draw: int) -> "Dry":
        _ = draw
        return self

    async def __call__(self, stage: Stage[ReplyT], /, **fields: Any) -> ReplyT:
        self.asked.append(Asked(self.seat, stage.name, messages(stage, fields), stage.reply_tokens))
        expected = stage.expected(fields)
        return stage.reply.model_validate_json(example_text(stage, expected), context={"expected": expected})

    async def utterance(self, question: Question, /, fault_of: Callable[[str], Fault | None]) -> str:
        _ = fault_of
        return (await self.text(question)).text

    async def text(self, question: Question, /, attempt: int = 1) -> Completion:
        tokens = TURN if question.stage == USER.stage else REPLY
        self.asked.append(Asked(self.seat, question.stage, question.messages, tokens))
        return Completion(f"{attempt}{len(self.asked):03}" * tokens, "stop", Usage(), rehearsal=False)


def show(settings: Settings) -> int:
    """Print what was drawn for the first dialogues, and their first questions; the exit status."""
    recipe = recipe_of(settings.recipe)
    items = (item for item in items_of(settings, recipe) if not item.original)
    for number, item in enumerate(itertools.islice(items, settings.show), 1):
        dry = Dry()
        talk = asyncio.run(made_of(dry, item, recipe, 1)).talk
        print(f"=== dialogue {number}: id {item.sample_id!r}, {len(dry.asked)} calls, {len(talk.turns)} turns")
        first: dict[str, Asked] = {}
        for asked in dry.asked:
            first.setdefault(f"{asked.seat}'s seat, {asked.stage}", asked)
        for heading, asked in first.items():
            print(f"--- {heading}")
            print("".join(f"[{message['role']}]\n{message['content']}\n" for message in asked.messages))
    return 0


@dataclasses.dataclass
class Toll:
    """What the questions of one stage take together."""

    calls: int = 0
    usage: Usage = Usage()

    def times(self, scale: float) -> "Toll":
        usage = Usage(prompt=round(self.usage.prompt * scale), completion=round(self.usage.completion * scale))
        return Toll(round(self.calls * scale), usage)


def estimate(settings: Settings) -> int:
    """Print how many dialogues are still to be made, and what that takes; the exit status."""
    recipe, tally = recipe_of(settings.recipe), Tally()
    done = made_before(settings.output, MadeLines())
    items = itertools.islice(pending(items_of(settings, recipe), done, tally), settings.limit)
    first = [*itertools.islice(items, FEW)]
    count = len(first) + sum(1 for _ in items)
    tolls = asyncio.run(tolls_of(first, recipe, settings.candidates))
    print(f"dialogues      {count:,} to be made, {tally.already:,} made before")
    print("\n".join(table(settings, {place: toll.times(count / len(first)) for place, toll in tolls.items()})))
    return 0


async def tolls_of(items: Iterable[Item], recipe: Recipe, candidates: int) -> dict[Place, Toll]:
    """What these dialogues take, by seat and stage."""
    tolls: dict[Place, Toll] = {}
    for item in items:
        dry = Dry()
        await made_of(dry, item, recipe, candidates)
        for asked in dry.asked:
            toll = tolls.setdefault(Place(asked.seat, asked.stage), Toll())
            toll.calls += 1
            toll.usage += Usage(prompt=asked.prompt, completion=asked.reply)
    return tolls


def table(settings: Settings, tolls: Mapping[Place, Toll]) -> Iterator[str]:
    """A line for each stage at each seat, and one for all."""
    yield f"\n{'seat and stage':<30}{'calls':>12}{'prompt tokens':>16}{'reply tokens':>16}{'cost':>12}"
    costs = {place: prices_of(settings, place.seat).of(toll.usage) for place, toll in tolls.items()}
    for place, toll in tolls.items():
        yield row(f"{place.seat}: {place.stage}", toll, costs[place])
    usage = sum((toll.usage for toll in tolls.values()), Usage())
    yield row("all", Toll(sum(toll.calls for toll in tolls.values()), usage), sum(costs.values()))
    yield "\nTokens are estimated: 4 characters each, 1.5 in Chinese; turns and replies as long as they usually are,"
    yield "dialogues as long as drawn. Without retries and a reasoning model's thoughts; no prompt is taken as cached."


def row(name: str, toll: Toll, cost: float) -> str:
    shown = f"{cost:>12,.2f}" if cost else f"{'-':>12}"
    return f"{name:<30}{toll.calls:>12,}{toll.usage.prompt:>16,}{toll.usage.completion:>16,}{shown}"


def prices_of(settings: Settings, seat: str) -> Prices:
    """What a seat's tokens cost."""

    def of(name: str) -> float | None:
        own: float | None = getattr(settings, f"{seat}_{name}", None)
        main: float | None = getattr(settings, name)
        return main if own is None else own

    return Prices(of("price_in") or 0.0, of("price_cached"), of("price_out") or 0.0)
