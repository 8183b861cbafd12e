"""Records into training files, with all that stands beside them."""

import contextlib
import functools
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..basics.command import Stop, did_you_mean
from ..pairs.ordered import Records, inputs
from ..pairs.shortcut import shortcut_beside
from .card import INFO, Facts, TrainingSet, describe
from .files import KINDS, TrainingFiles
from .selection import Filters
from .settings import MOMENT, OWN, Settings
from .tokens import Lengths, tokenizer_of, tokens_in
from .user_turns import USER
from .wishes import Wishes

log = logging.getLogger(__name__)


def write(settings: Settings, known_marks: Sequence[str]) -> int:
    """Write training files as the settings say; returns the exit status. Raises Stop where none can be written."""
    if unknown := [mark for mark in settings.drop if mark not in known_marks]:
        meant = did_you_mean(unknown[0], known_marks)
        raise Stop(f"--drop {unknown[0]}: there is no such mark{meant or '; they are ' + ', '.join(known_marks)}.")
    paths = inputs(settings.input, *(("turns", "strategies") if settings.template == USER else ()))
    output = settings.output if settings.output.name else output_for(paths, settings.mode)
    if output.suffix not in KINDS or output.name == INFO:
        raise Stop(f"--output {output} ends in none of {', '.join(KINDS)}: the ending says what kind of file it is.")
    if any(output.exists() and output.samefile(path) for path in paths):
        raise Stop(f"{output} is among the inputs: give another --output.")
    with contextlib.closing(Records(paths, repeats=settings.mixed)) as records:
        return write_from(records, settings, output)


def output_for(paths: Sequence[Path], mode: str) -> Path:
    """The published place: data/processed/NAME_pref.json for data/synthesized_raw/NAME.jsonl."""
    if len(paths) > 1:
        raise Stop(f"{len(paths)} inputs make one file: give its name with --output.")
    return Path("data/processed") / f"{paths[0].stem}_{mode}.json"


def write_from(records: Records, settings: Settings, output: Path) -> int:
    """Write the files and what stands beside them, and tell how many rows there are."""
    names = ("min_top_sim", "regions", "dedupe", "drop", "min_margin", "min_score", "marks")
    filters, facts = Filters(**{name: getattr(settings, name) for name in names}), Facts()
    wishes = Wishes(settings, filters, lengths_by(settings))
    with TrainingFiles(output, splits=bool(settings.split)) as files:
        for ready in wishes.rows(records):
            files.add(ready.split, ready.row, ready.record.sample_id)
            facts.note(ready.record)
        if not files.counts:
            reasons = "; ".join(["There is no record that gives a training row", *why_none(wishes)])
            raise Stop(f"{reasons}. {output} is not written.")
    measured = records.paths if settings.rejected == OWN else ()  # of the sides that the records have
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
        rejected=settings.rejected,
        evened=[*evened(wishes)],
        shortcuts=[found.in_words for path in measured if (found := shortcut_beside(path))],
    )
    describe(output, made)
    print("\n".join([*summary(settings, files, filters, records), *lengths_in_words(settings, wishes.lengths)]))
    print("".join(f"{'evened':<15}{line}\n" for line in made.evened), end="")
    if facts.rehearsed:
        log.warning("%d of the records were rehearsed: good for checking a set-up, not for training.", facts.rehearsed)
    return 3 if records.left_out.count else 0


def why_none(wishes: Wishes) -> Iterator[str]:
    """What may have left no row."""
    for reason, count in wishes.filters.dropped.most_common():
        if count:
            yield f"{count:,} dropped: {reason}"
    if wishes.balance.of:
        yield str(wishes.balance)
    if wishes.settings.rejected == MOMENT:
        yield "two moments of a dialogue are needed, so synthesise with --turns all"
    if wishes.settings.template == USER:
        yield "--template user takes the turns of python -m src.strategies"


def evened(wishes: Wishes) -> Iterator[str]:
    """What was done so that no side is known by what teaches nothing."""
    if wishes.settings.drop_shared:
        yield str(wishes.shared)
    if wishes.settings.balance:
        yield str(wishes.balance)
    if wishes.settings.rejected == MOMENT:
        yield str(wishes.moments)


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
