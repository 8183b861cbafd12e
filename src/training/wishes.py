"""Records into rows: which of them count, what each becomes, and how many were left out for which reason."""

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any, TypeVar, cast

import orjson

from ..basics.dice import dice
from ..basics.split import WHOLE
from ..basics.text import loads
from ..pairs.moments import Moments, by_dialogue, exchanged
from ..pairs.ordered import Records
from ..pairs.sides import ChosenSide, Pair, Trainable, Unfit
from ..pairs.together import Together
from .evening import Balance, Ready, Shared, without_shared
from .examples import example_of
from .formats import PREF, SFT, Mode, Row
from .selection import Filters, split_of
from .settings import MOMENT, Settings
from .templates import TEMPLATES
from .tokens import Lengths
from .user_turns import USER, UserTurn

T = TypeVar("T")
WITH_ROOM = {"sharegpt", "trl"}  # formats whose readers leave further columns alone
ALONE = "--rejected moment (no other moment of its dialogue foresees something else)"
AS_DRAFTED = "--misled none (the draft was close, and is both sides)"
NOTHING_LEFT = "--drop-shared (no prediction is left on a side)"


def pref_maker(format: str, template: str) -> Callable[[Any], Row]:
    made, words = PREF[format], TEMPLATES[template]

    def row(record: Pair) -> Row:
        chosen, rejected = words.answer(record.chosen), words.answer(record.rejected)
        if chosen == rejected:
            raise Unfit("its chosen and rejected sides are the same")
        row = made(words.asked(record.history), chosen, rejected)
        return row | record.ratings if format in WITH_ROOM else row

    return row


def user_maker(format: str, _: str) -> Callable[[Any], Row]:
    made = SFT[format]
    return lambda turn: made(turn.question, turn.answer)


def sft_maker(format: str, template: str) -> Callable[[Any], Row]:
    made, words = SFT[format], TEMPLATES[template]

    def row(record: ChosenSide) -> Row:
        return made(words.asked(record.history), words.answer(record.chosen))

    return row


Maker = Callable[[str, str], Callable[[Any], Row]]
MAKERS: Mapping[Mode, tuple[type[Trainable], Maker]] = {"pref": (Pair, pref_maker), "sft": (ChosenSide, sft_maker)}
OF_USERS: tuple[type[Trainable], Maker] = (UserTurn, user_maker)


@dataclasses.dataclass(frozen=True)
class Wishes:
    """What makes rows of records as the settings say, and what it has counted."""

    settings: Settings
    filters: Filters
    lengths: Lengths
    shared: Shared = dataclasses.field(default_factory=Shared)
    balance: Balance = dataclasses.field(default_factory=Balance)
    moments: Moments = dataclasses.field(default_factory=Moments)
    together: Together = dataclasses.field(default_factory=Together)

    @cached_property
    def kind(self) -> tuple[type[Trainable], Maker]:
        """What is read of a record, and what gives a maker of rows."""
        return OF_USERS if self.settings.template == USER else MAKERS[self.settings.mode]

    @cached_property
    def row_of(self) -> Callable[[Any], Row]:
        """What makes a row of a record."""
        return self.kind[1](self.settings.form, self.settings.template)

    def rows(self, records: Records) -> Iterator[Ready]:
        """The row of every record that fits, passes the filters, and is not one too many of its length."""
        ready = self.of_moments(records) if self.settings.rejected == MOMENT else self.of_records(records)
        if not self.settings.balance:
            yield from ready
            return
        yield from self.balance.balanced(ready, self.settings.seed)
        self.filters.dropped[f"--balance {self.settings.balance}"] = self.balance.of - self.balance.left

    def of_records(self, records: Records) -> Iterator[Ready]:
        """A row of each record, with the sides that it has."""
        for record, ready in self.passing(records, self.ready):
            if isinstance(ready, str):
                self.filters.dropped[ready] += 1
            elif self.short_enough(ready.row):
                self.shared.note(record, ready.record)
                yield ready

    def of_moments(self, records: Records) -> Iterator[Ready]:
        """A row of each record that rejects what is right at another moment of the same dialogue."""
        for moments in by_dialogue(record for record, _ in self.passing(records, lambda record: record)):
            drawn, dropped = dice(self.settings.seed, moments[0].sample_id, "moments"), self.filters.dropped.total()
            pairs = exchanged(moments, drawn, self.short_one_of)
            too_long = self.filters.dropped.total() - dropped
            self.filters.dropped[ALONE] += len(moments) - len(pairs) - too_long
            self.moments.note(len(pairs))
            for ready in pairs:
                chosen, rejected = (answer.content for answer in example_of(ready.row).answers)
                self.moments.compare(ready.record.history, chosen, rejected)
                yield ready

    def passing(self, records: Records, made_of: Callable[[Any], T]) -> Iterator[tuple[Any, T]]:
        """Each line that is a record and passes the filters, with what is made of it; others are named and left out."""
        shape, _ = self.kind
        for file_index, line_number, line in records:
            try:
                record = shape.model_validate(loads(line))
                if not self.settings.mixed:
                    self.together.admit(record, records.paths[file_index])
                made = made_of(record)
                kept = self.filters.keep(record)
            except (ValueError, orjson.JSONEncodeError, Unfit) as error:
                records.leave_out(file_index, line_number, error)
            else:
                if kept:
                    yield record, made

    def ready(self, record: Trainable) -> Ready | str:
        """The record with its row, or why none is wanted of it. Raises Unfit for sides that are one by mistake."""
        if isinstance(record, Pair) and record.misled == "none" and record.chosen == record.rejected:
            return AS_DRAFTED
        trained = without_shared(cast("Pair", record)) if self.settings.drop_shared else record
        if trained is None:
            return NOTHING_LEFT
        shares = self.settings.split
        return Ready(trained, self.row_of(trained), split_of(record, shares) if shares else WHOLE)

    def short_one_of(self, pair: Pair) -> Ready | None:
        """The pair with its row, where that is short enough."""
        ready = self.ready(pair)
        return ready if isinstance(ready, Ready) and self.short_enough(ready.row) else None

    def short_enough(self, row: Row) -> bool:
        """Whether the row is no longer than it may be; one that is too long is counted."""
        if not (self.lengths.exceeded_by(row) and self.settings.drop_long):
            return True
        self.filters.dropped[f"--drop-long (more than {self.settings.max_tokens:,} tokens)"] += 1
        return False
