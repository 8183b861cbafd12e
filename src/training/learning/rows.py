"""What a model is to learn: the rows of training files, whichever format they have, and the training they ask for."""

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from ...basics.command import Stop
from ...dialogues.files import rows
from ...dialogues.json_rows import Unreadable
from ...pairs.sides import Unfit
from ..card import CARD, KEPT, sets_in
from ..examples import Example, example_of
from ..templates import TEMPLATES

Kind = Literal["SFT", "DPO"]
PLACE = "{history}"
RECORD = {"chat_history", "chosen"}


@dataclasses.dataclass(frozen=True)
class Lesson:
    """Rows of one kind, and what is known of them."""

    kind: Kind
    examples: tuple[Example, ...]
    template: str
    """Which question they ask, as `src.predict --template` names it."""
    rehearsed: bool = False
    """Whether some were made without a model."""
    sample_ids: tuple[Any, ...] = ()
    """The dialogues of the rows, where they are in no file that tells them."""

    @property
    def user_form(self) -> bool:
        """Whether the two sides of the chat have changed places, so that the model speaks as the user."""
        return self.template == "plain" and self.examples[0].prompt[-1].role == "user"

    def of(self, places: Sequence[int]) -> "Lesson":
        """The rows at these places alone."""
        ids = tuple(self.sample_ids[place] for place in places) if self.sample_ids else ()
        return dataclasses.replace(self, examples=tuple(self.examples[place] for place in places), sample_ids=ids)


def lesson_from(files: Sequence[str]) -> Lesson:
    """All rows of the files. Raises Stop where there are none, or where one is no training row."""
    examples: list[Example] = []
    for file in files:
        if not Path(file).is_file():
            raise Stop(f"There is no training file {file}: make one with python -m src.postprocess.")
        examples += examples_in(file)
    if not examples:
        raise Stop(f"{files[0]} has no rows to learn from: make it again with python -m src.postprocess.")
    return Lesson(kind_of(examples, files), tuple(examples), template_of(examples[0]), any(map(is_rehearsed, files)))


def examples_in(file: str) -> Iterator[Example]:
    for number, (_, row) in enumerate(rows([file], columns=()), 1):
        if isinstance(row, Unreadable):
            raise Stop(
                f"{file}: row {number} is not JSON ({row.reason}); make it again with python -m src.postprocess."
            )
        try:
            yield example_of(row.value)
        except Unfit as reason:
            if isinstance(row.value, dict) and row.value.keys() >= RECORD:
                raise Stop(
                    f"{file} holds records, which are no training rows yet: python -m src.postprocess --input {file}"
                ) from reason
            raise Stop(
                f"{file}: row {number} is no training row: {reason}; python -m src.postprocess makes such files."
            ) from reason


def kind_of(examples: Sequence[Example], files: Sequence[str]) -> Kind:
    """DPO for pairs, SFT for answers alone. Raises Stop for a mixture."""
    pairs = sum(example.rejected is not None for example in examples)
    if 0 < pairs < len(examples):
        raise Stop(
            f"{', '.join(files)}: {pairs:,} of {len(examples):,} rows are preference pairs, and the others are not:"
            " train on one kind at a time."
        )
    return "DPO" if pairs else "SFT"


def template_of(example: Example) -> str:
    """The template whose question the row asks; `plain` where it asks none of ours."""
    asked = example.prompt[-1].content
    beginnings = {name: template.question.partition(PLACE)[0] for name, template in TEMPLATES.items()}
    return next((name for name, beginning in beginnings.items() if asked.startswith(beginning)), "plain")


def is_rehearsed(file: str) -> bool:
    """Whether the card beside a training file tells that some of it was made without a model."""
    card = Path(file).parent / CARD
    found = KEPT.search(card.read_bytes()) if card.is_file() else None
    sets = sets_in(found[1]).values() if found else ()
    return any(made.rehearsed and Path(file).name in made.files.values() for made in sets)
