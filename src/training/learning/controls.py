"""What a trained model is held against: answers that belong to other rows, and real utterances without any synthesis.

What shuffled answers teach is style: how long utterances are, in which tone, in which form. A model that learns no more
from the true ones has not learnt to foresee. Real utterances cost nothing: pairs that cost money have to beat them.
"""

import dataclasses
import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import Field

from ...basics.command import Stop
from ...basics.dice import dice
from ...basics.files import found
from ...basics.seen import Seen
from ...basics.shape import Shape
from ...basics.text import normalised
from ...dialogues.chats import as_chat
from ...dialogues.files import rows
from ...dialogues.intake import pending
from ...dialogues.json_rows import Row
from ...dialogues.settings import OverDialogues, Reading
from ...dialogues.turns import Turn
from ...pairs.reading import LeftOut, entries
from ...pairs.seen import dialogue_mark, trained_dialogues
from ...running.tally import Tally
from ..examples import Example, Message
from .rows import Lesson
from .settings import Settings

# ---------------------------------------------------------------------------------------------- answers of other rows


def shuffled(examples: Sequence[Example], seed: int) -> tuple[Example, ...]:
    """The examples with the answers of others: each is given away once, and none goes to where it, or its like, was.

    Raises Stop where that cannot be.
    """
    order = shuffled_with_like_together(examples, seed)
    (_, most) = Counter(map(key_of, examples)).most_common(1)[0]
    if 2 * most > len(examples):
        raise Stop(
            f"--control shuffled: {most:,} of {len(examples):,} rows have the same answer, which then cannot go to"
            " others alone: take more rows."
        )
    # Those alike stand side by side, so that a step as wide as most of them leads to others.
    given = {to: examples[order[(place + most) % len(order)]] for place, to in enumerate(order)}
    return tuple(
        dataclasses.replace(example, answer=given[place].answer, rejected=given[place].rejected)
        for place, example in enumerate(examples)
    )


def key_of(example: Example) -> str:
    return normalised(example.answer.content) or example.answer.content


def shuffled_with_like_together(examples: Sequence[Example], seed: int) -> list[int]:
    """The places of the examples in an order drawn by seed, in which those with the same answer are neighbours."""
    drawn = dice(seed, "answers", "shuffled control").sample(range(len(examples)), len(examples))
    first: dict[str, int] = {}
    for turn, place in enumerate(drawn):
        first.setdefault(key_of(examples[place]), turn)
    return sorted(drawn, key=lambda place: first[key_of(examples[place])])


# ---------------------------------------------------------------------------------------------- real utterances


class RealTurn(Shape):
    """What a record tells of the real dialogue."""

    sample_id: Any = None
    context: tuple[Turn, ...] = Field(min_length=1)
    utterance: str = Field(alias="label", min_length=1)


def plain(settings: Settings) -> Lesson:
    """Real utterances, a row for each sample of the dialogues or records. Raises Stop where there is none."""
    files = found(settings.input)
    wanted = trained_dialogues([Path(settings.dialogues_of)]) if settings.dialogues_of else None
    turns = [
        turn
        for turn in (from_records(files) if holds_records(files) else from_dialogues(files, settings))
        if wanted is None or dialogue_mark(turn.sample_id) in wanted
    ]
    if not turns:
        none = f"none of a dialogue in {settings.dialogues_of}" if wanted is not None else "no user turn to learn"
        raise Stop(f"{', '.join(settings.input)}: there is {none}: give --input dialogues, or records of synthesis.")
    examples = tuple(row_of(turn, turned=settings.user_form) for turn in turns)
    return Lesson("SFT", examples, "plain", sample_ids=tuple(turn.sample_id for turn in turns))


def row_of(turn: RealTurn, *, turned: bool) -> Example:
    """The dialogue as a chat that `src.predict --template plain` sends, and the real utterance as its answer."""
    prompt = tuple(Message.model_validate(each) for each in as_chat(turn.context, turned=turned))
    return Example(prompt, Message(role="assistant", content=turn.utterance))


def holds_records(files: Sequence[str]) -> bool:
    """Whether the files are records, of synthesis or of predict, and not dialogues."""
    (first,) = list(itertools.islice(rows(files, columns=()), 1)) or [("", Row(None))]
    value = first[1].value if isinstance(first[1], Row) else None
    return isinstance(value, dict) and {"context", "label"} <= value.keys()


def from_records(files: Sequence[str]) -> Iterator[RealTurn]:
    return (entry.record for entry in entries(files, RealTurn, LeftOut()))


def from_dialogues(files: Sequence[str], reading: Reading) -> Iterator[RealTurn]:
    told = {field.name: getattr(reading, field.name) for field in dataclasses.fields(Reading)}
    for sample in pending(OverDialogues(input=tuple(files), **told), files, Seen(), Tally()):
        yield RealTurn(sample_id=sample.sample_id, context=sample.context, utterance=sample.utterance)
