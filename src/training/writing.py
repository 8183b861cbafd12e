"""Records into training files, with all that stands beside them."""

import contextlib
import functools
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from ..basics.command import Stop, did_you_mean
from ..basics.text import loads
from ..pairs.ordered import Records, inputs
from ..pairs.sides import ChosenSide, Pair, Unfit
from .card import INFO, Facts, TrainingSet, describe
from .files import KINDS, TrainingFiles
from .formats import PREF, SFT, Mode, Row
from .selection import WHOLE, Filters
from .settings import Settings
from .templates import TEMPLATES
from .tokens import Lengths, tokenizer_of, tokens_in

log = logging.getLogger(__name__)

WITH_ROOM = {"sharegpt", "trl"}  # formats whose readers leave further columns alone

# ---------------------------------------------------------------------------------------------- records into rows


def pref_maker(format: str, template: str) -> Callable[[Any], Row]:
    made, words = PREF[format], TEMPLATES[template]

    def row(record: Pair) -> Row:
        chosen, rejected = words.answer(record.chosen), words.answer(record.rejected)
        if chosen == rejected:
            raise Unfit("its chosen and rejected sides are the same")
        row = made(words.asked(record.history), chosen, rejected)
        return row | record.ratings if format in WITH_ROOM else row

    return row


def sft_maker(format: str, template: str) -> Callable[[Any], Row]:
    made, words = SFT[format], TEMPLATES[template]

    def row(record: ChosenSide) -> Row:
        return made(words.asked(record.history), words.answer(record.chosen))

    return row


MAKERS: Mapping[Mode, tuple[type[ChosenSide], Callable[[str, str], Callable[[Any], Row]]]] = {
    "pref": (Pair, pref_maker),
    "sft": (ChosenSide, sft_maker),
}


def training_rows(
    records: Records, shape: type[ChosenSide], row_of: Callable[[Any], Row], filters: Filters
) -> Iterator[tuple[ChosenSide, Row]]:
    """Every record that fits and passes the filters, with its training row."""
    for file_index, line_number, line in records:
        try:
            record = shape.model_validate(loads(line))
            row = row_of(record)
            kept = filters.keep(record)
        except (ValueError, orjson.JSONEncodeError, Unfit) as error:
            records.leave_out(file_index, line_number, error)
        else:
            if kept:
                yield record, row


# ---------------------------------------------------------------------------------------------- rows into files


def write(settings: Settings, known_marks: Sequence[str]) -> int:
    """Write training files as the settings say; returns the exit status. Raises Stop where none can be written."""
    if unknown := [mark for mark in settings.drop if mark not in known_marks]:
        meant = did_you_mean(unknown[0], known_marks)
        raise Stop(f"--drop {unknown[0]}: there is no such mark{meant or '; they are ' + ', '.join(known_marks)}.")
    paths = inputs(settings.input)
    output = settings.output if settings.output.name else output_for(paths, settings.mode)
    if output.suffix not in KINDS or output.name == INFO:
        raise Stop(f"--output {output} ends in none of {', '.join(KINDS)}: the ending says what kind of file it is.")
    if any(output.exists() and output.samefile(path) for path in paths):
        raise Stop(f"{output} is among the inputs: give another --output.")
    with contextlib.closing(Records(paths)) as records:
        return write_from(records, settings, output)


def output_for(paths: Sequence[Path], mode: str) -> Path:
    """The published place: data/processed/NAME_pref.json for data/synthesized_raw/NAME.jsonl."""
    if len(paths) > 1:
        raise Stop(f"{len(paths)} inputs make one file: give its name with --output.")
    return Path("data/processed") / f"{paths[0].stem}_{mode}.json"


def write_from(records: Records, settings: Settings, output: Path) -> int:
    """Write the files and what stands beside them, and tell how many rows there are."""
    shape, maker = MAKERS[settings.mode]
    wishes = ("min_top_sim", "regions", "dedupe", "drop", "min_margin", "min_score", "marks")
    filters, facts = Filters(**{name: getattr(settings, name) for name in wishes}), Facts()
    split_of, lengths = settings.split.of if settings.split else lambda _: WHOLE, lengths_by(settings)
    with TrainingFiles(output, splits=bool(settings.split)) as files:
        for record, row in training_rows(records, shape, maker(settings.form, settings.template), filters):
            if lengths.exceeded_by(row) and settings.drop_long:
                filters.dropped[f"--drop-long (more than {settings.max_tokens:,} tokens)"] += 1
                continue
            files.add(split_of(record), row, record.sample_id)
            facts.note(record)
        if not files.counts:
            raise Stop(f"There is no record that gives a training row, so {output} is not written.")
    made = TrainingSet(
        files={split: files.path(split).name for split in files.counts},
        mode=settings.mode,
        format=settings.form,
        template=settings.template,
        facts=facts.in_numbers(),
        rehearsed=facts.rehearsed,
        rows=files.counts,
        read=records.count,
        dropped=+filters.dropped,
    )
    describe(output, made)
    print("\n".join([*summary(settings, files, filters, records), *lengths_in_words(settings, lengths)]))
    if facts.rehearsed:
        log.warning("%d of the records were rehearsed: good for checking a set-up, not for training.", facts.rehearsed)
    return 3 if records.left_out.count else 0


def lengths_by(settings: Settings) -> Lengths:
    """What measures rows, if that was asked for. Raises Stop where the model's tokens cannot be counted."""
    name = settings.max_tokens_of
    return Lengths(settings.max_tokens, functools.partial(tokens_in, tokenizer_of(name)) if name else None)


def lengths_in_words(settings: Settings, lengths: Lengths) -> Iterator[str]:
    if lengths.count:
        hint = "" if settings.drop_long or not lengths.over else "; raise the trainer's limit, or --drop-long"
        most, longest = f"{lengths.most:,} tokens", f"{lengths.longest:,}"
        yield f"too long       {lengths.over:,} of more than {most} (longest {longest}){hint}"


def summary(settings: Settings, files: TrainingFiles, filters: Filters, records: Records) -> Iterator[str]:
    for name, count in files.counts.items():
        yield f"{settings.mode + ' rows':<14} {count:,} in {files.path(name)}"
    for name, _ in settings.split.shares if settings.split else ():
        if not files.counts[name]:
            yield f"{settings.mode + ' rows':<14} 0 for {name}: no dialogue fell into it, and there is no file"
    if filters.marks:
        yield f"marks          {filters.met:,} of {len(filters.marks):,} name a pair here"
    for reason, count in filters.dropped.most_common():
        if count:
            yield f"dropped        {count:,}: {reason}"
    if records.left_out.count:
        yield f"left out       {records.left_out.count:,}"
