"""What a run that makes dialogues does, as the runner takes it."""

import dataclasses
import functools
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ....basics.command import Stop
from ....basics.files import beginning, found
from ....basics.seen import DONE, Seen
from ....basics.text import loads
from ....calling.budget import most_tokens_in
from ....calling.completion import Usage
from ....calling.masking import shown_address
from ....calling.session import Misfit
from ....calling.settings import api_key_of, is_own
from ....calling.stage import AskSeats, digest
from ....running.job import Job, Seat, Words
from ....running.output import Lines, sample_number
from ....running.tally import Tally
from ...strategies.library import digest_of, offered_by
from .checks import faults_in, said_by
from .critic import chosen
from .draws import Draw, Wishes
from .habits import Habits, habits_of
from .known import prompts_of, recipe_of
from .lengths import Lengths, lengths_of
from .near import Neighbours, refused
from .recipe import ENDINGS, Recipe, Seats, Seed, Talk
from .seeds import dialogues, name_of, seeds_of
from .settings import Settings
from .steered import STEERING

MADE = "made-"
BEGINS = b'{"id":"' + MADE.encode()
SEATS = ("user", "critic")
OWN = ("model", "base_url", "temperature", "extra_body", "price_in", "price_cached", "price_out")
"""What a seat may have of its own, beside its key."""
TALK = 6000  # tokens of a long dialogue with its person, for a model file


@dataclasses.dataclass(frozen=True)
class Item:
    """One dialogue that is to be made."""

    sample_id: str
    seed: Seed
    draw: Draw
    original: bool = False
    """Whether it is the seed's own dialogue, which is written beside what is made of it."""
    item_id: int = 0


@dataclasses.dataclass(frozen=True)
class MadeDialogue:
    """One line of the output."""

    item: Item
    recipe: str
    talk: Talk

    @property
    def outcome(self) -> str:
        return self.talk.ending

    def row(self, usage: Usage) -> dict[str, Any]:
        seed, talk = self.item.seed, self.talk
        tokens = {"prompt_tokens": usage.prompt, "completion_tokens": usage.completion, "total_tokens": usage.total}
        made = {
            "recipe": self.recipe,
            "seed_id": seed.seed_id,
            "group": seed.group or str(seed.seed_id),
            "card": talk.card,
            "ending": talk.ending,
            **({"real": talk.real} if talk.real else {}),
            "usage": tokens,
        }
        said = [{"role": turn.role, "content": turn.content} for turn in talk.turns]
        return {"id": self.item.sample_id, "conversation": said, "made": made}


class MadeLines(Lines):
    """Lines of made dialogues: how one came about stands under `made`."""

    def number(self, line: bytes) -> int:
        row = loads(line)
        try:
            return sample_number(row["id"] if row["made"] else "", 0)
        except (KeyError, TypeError) as error:
            raise ValueError("it has no id and made") from error

    def begin(self, path: Path) -> bool:
        line, ended, _ = beginning(path).partition(b"\n")
        try:
            return self.number(line) >= 0
        except ValueError:
            return line.startswith(BEGINS) or (not ended and BEGINS.startswith(line))

    def settings(self, row: Mapping[str, Any]) -> Mapping[str, Any]:
        made: Mapping[str, Any] = row["made"]
        return made

    def whole(
        self, row: dict[str, Any], settings: Mapping[str, object], faults: Sequence[Any], *, rehearsal: bool
    ) -> dict[str, Any]:
        made = dict(row["made"])
        usage = made.pop("usage")
        whole = {**made, "checks": [*faults], **settings, "usage": usage, **({"rehearsal": True} if rehearsal else {})}
        return {**row, "made": whole}


def job_of(settings: Settings) -> Job[Item]:
    """What the run does. Raises Stop where there is nothing to make dialogues from."""
    recipe = recipe_of(settings.recipe)
    items = items_of(settings, recipe)
    neighbours = Neighbours(settings.output, settings.near_duplicates, own_openings=recipe.own_openings)
    words = Words(
        command="converse",
        thing="dialogue",
        outcomes=ENDINGS if recipe.keeps_original else ENDINGS[:-1],
        next_step="python -m src.synthesis --input {output}",
    )
    return Job(
        files=found(settings.seeds),
        items=functools.partial(pending, items),
        total=lambda: len(items),
        make=functools.partial(made_of, recipe=recipe, candidates=settings.candidates),
        settings=settings_of(settings, recipe),
        words=words,
        seats={name: seat for name in SEATS if (seat := seat_of(settings, name))},
        lines=MadeLines(),
        fits=functools.partial(misfit, neighbours),
        longest=lambda: TALK + max(most_tokens_in(seed.text) for seed in items.seeds),
    )


@dataclasses.dataclass(frozen=True)
class Items:
    """The dialogues that an output has at its end: seed by seed, and again from the first seed on."""

    settings: Settings
    recipe: Recipe
    seeds: Sequence[Seed]
    wishes: Wishes

    def __len__(self) -> int:
        originals = min(len(self.seeds), self.settings.count) if self.recipe.keeps_original else 0
        return self.settings.count + originals

    def __iter__(self) -> Iterator[Item]:
        for number in range(self.settings.count):
            again, place = divmod(number, len(self.seeds))
            seed = self.seeds[place]
            name = f"{MADE}{self.recipe.name}-{self.settings.seed}-{seed.seed_id}"
            if self.recipe.keeps_original and not again:
                yield Item(f"{name}-original", seed, Draw(self.wishes, name), original=True)
            yield Item(f"{name}-{again}", seed, Draw(self.wishes, f"{name}-{again}"))


def items_of(settings: Settings, recipe: Recipe) -> Items:
    """What is to be made. Raises Stop where there is nothing to make it from."""
    return Items(settings, recipe, seeds_of(recipe.seeds, settings.seeds, settings.count), wishes_of(settings))


def pending(items: Iterable[Item], done: Seen, tally: Tally) -> Generator[Item]:
    for item in items:
        tally.rows += 1
        if done.get(sample_number(item.sample_id, item.item_id)) & DONE:
            tally.already += 1
        else:
            yield item


async def made_of(ask: AskSeats, item: Item, recipe: Recipe, candidates: int) -> MadeDialogue:
    """One dialogue, or the best of several."""
    if item.original:
        return MadeDialogue(item, recipe.name, Talk(item.seed.turns, {}, "original", real=len(item.seed.turns)))
    if candidates == 1:
        return MadeDialogue(item, recipe.name, await recipe.make(Seats.of(ask), item.seed, item.draw))
    talk = await chosen(ask, candidates, lambda seats: recipe.make(seats, item.seed, item.draw))
    return MadeDialogue(item, recipe.name, talk)


def misfit(neighbours: Neighbours, made: MadeDialogue) -> Misfit | None:
    """Why a dialogue is left out: a fault of its own, or its likeness to another."""
    if made.item.original:
        return None
    for fault in faults_in(made.talk):
        return refused(fault.check, fault.reason)
    return neighbours.refusal([turn.content for turn in made.talk.turns[made.talk.real :]])


# ---------------------------------------------------------------------------------------------- settings


def wishes_of(settings: Settings) -> Wishes:
    return Wishes(
        seed=settings.seed,
        languages=settings.languages,
        friction=settings.friction,
        **(dataclasses.asdict(lengths_in(settings.lengths_of)) if settings.lengths_of else {}),
        **(dataclasses.asdict(habits_in(settings.typing_of)) if settings.typing_of else {}),
        thinking=settings.thinking,
        strategies=offered_by(settings.strategies) if settings.strategies else None,
        turned=settings.user_form == "chat",
    )


@functools.cache
def lengths_in(files: tuple[str, ...]) -> Lengths:
    """How long real dialogues are. Raises Stop where there are none."""
    if lengths := lengths_of(said_by_users(files)):
        return lengths
    raise Stop(f"--lengths-of {', '.join(files)} holds no dialogue: give a file that src.synthesis would read.")


@functools.cache
def habits_in(files: tuple[str, ...]) -> Habits:
    """How the users of real dialogues type and begin. Raises Stop where there are none."""
    if habits := habits_of(said_by_users(files)):
        return habits
    raise Stop(f"--typing-of {', '.join(files)} holds no dialogue: give a file that src.synthesis would read.")


def drawn_as_in(settings: Settings) -> str | None:
    """A short name of the lengths and habits that are drawn from. One for both, as older outputs know no habits."""
    lengths = [name_of(repr(lengths_in(settings.lengths_of)))] if settings.lengths_of else []
    habits = [f"typing {name_of(repr(habits_in(settings.typing_of)))}"] if settings.typing_of else []
    return ", ".join(lengths + habits) or None


def said_by_users(files: Sequence[str]) -> list[list[str]]:
    """The user turns of each dialogue."""
    return [said_by(seed.turns, "user") for file in found(files) for seed in dialogues(file)]


def settings_of(settings: Settings, recipe: Recipe) -> dict[str, object]:
    """What decides how a dialogue comes out; each line carries it, and a run refuses to mix two kinds."""
    names = ("friction", "thinking", "candidates", "near_duplicates", "user_form", "temperature", "user_temperature")
    return {
        "recipe": recipe.name,
        "models": models_of(settings),
        "seed": settings.seed,
        "prompts": prompts_of(recipe, settings.recipe),
        "languages": [*settings.languages],
        **{name: getattr(settings, name) for name in names},
        "lengths": drawn_as_in(settings),
        "extra_body": settings.extra_body,
        "user_extra_body": settings.user_extra_body,
        **steering_of(settings),
    }


def steering_of(settings: Settings) -> dict[str, object]:
    """The same of strategies, where the user's seat follows any."""
    if settings.strategies is None:
        return {}
    return {"library": digest_of(offered_by(settings.strategies)), "steering": digest(STEERING)}


def models_of(settings: Settings) -> dict[str, str]:
    """Who sat where."""
    others = {"user": settings.user_model or settings.model}
    others |= {"critic": settings.critic_model or settings.model} if settings.candidates > 1 else {}
    return {"assistant": settings.model, **others}


def seat_of(settings: Settings, name: str) -> Seat | None:
    """Who sits there, where anything is said of that seat."""
    given = {each: getattr(settings, f"{name}_{each}") for each in OWN}
    changes = {each: value for each, value in given.items() if value is not None}
    variable = getattr(settings, f"{name}_api_key_env")
    if not changes and variable is None:
        return None
    if changes.keys() & {"model", "base_url"}:
        changes["model_file"] = None
    address = changes.get("base_url", settings.base_url)
    elsewhere = address != settings.base_url and settings.api_key_env and not is_own(address)
    if variable is None and elsewhere:
        raise Stop(
            f"--{name}-base-url {shown_address(address)} is another service: name the variable with its key by"
            f" --{name}-api-key-env ('' where it needs none); the one in {settings.api_key_env} is not sent there."
        )
    changes["api_key_env"] = settings.api_key_env if variable is None else variable
    return Seat(changes, api_key_of(dataclasses.replace(settings, **changes)))
