"""One training from its files to a folder with model, settings and card; what cannot be is refused before it begins."""

import dataclasses
import logging
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from ...basics.command import Stop
from ...basics.dice import dice
from ...basics.files import replaced
from ...pairs.seen import Dialogues
from ..examples import Example
from ..files import json_lines
from ..tokens import INSTALL, Lengths
from .card import LEARNT_FROM, came_of_it, served, warnings, write_card
from .controls import plain, shuffled
from .recipe import CONFIG, MOST_TOKENS, Recipe, differences, in_words, keep, kept, recipe_of
from .rows import Lesson, lesson_from
from .settings import Settings
from .workshop import Base, Learnt, Task, Workshop

log = logging.getLogger(__name__)

TRIED = 20  # rows that show what a chat template does to answers


def train(settings: Settings, workshop: Workshop | None = None) -> int:
    """Train as the settings say; returns the exit status. Raises Stop where that cannot be."""
    before = refuse_what_is_there(settings.output, resume=settings.resume)
    lesson = lesson_for(settings)
    validation = lesson_from(settings.validation) if settings.validation else None
    if validation and validation.kind != lesson.kind:
        raise Stop(f"--validation is for {validation.kind} and --input for {lesson.kind}: give rows of one kind.")
    workshop = workshop or on_this_machine()
    base = workshop.base(settings.base)
    most = settings.max_length or min(base.most_tokens or MOST_TOKENS, MOST_TOKENS)
    checked = validation.examples if validation else ()
    refuse_what_is_lost(lesson, base, settings.base)
    longest = longest_of([*lesson.examples, *checked], base, most, settings)
    if settings.control == "shuffled":  # only now: which rows are too long is told by their own answers
        lesson = dataclasses.replace(lesson, examples=shuffled(lesson.examples, settings.seed))
    recipe = recipe_of(settings, lesson, workshop.device, Lengths(most, longest=longest))
    begin(recipe, before, lesson, settings.output)
    learnt = workshop.learn(
        Task(recipe, lesson.examples, checked, settings.output, resume=settings.resume, merge=settings.merge)
    )
    write_card(settings.output, recipe, learnt)
    print("\n".join(summary(settings.output, recipe, learnt)))
    return 0


def on_this_machine() -> Workshop:
    """TRL, or a sentence about what is to be installed."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # threads that wait would take the cores from others' work
    try:
        from .trainer import WithTrl  # noqa: PLC0415 (optional)
    except ImportError as error:
        raise Stop(f"To train, torch, transformers, trl and peft are needed ({error}): {INSTALL}") from error
    return WithTrl()


def refuse_what_is_there(folder: Path, *, resume: bool) -> Recipe | None:
    """The recipe of the training that the folder holds, which is to go on; None for a new folder.

    Raises Stop where the folder holds anything else.
    """
    if folder.exists() and not folder.is_dir():
        raise Stop(f"Output {folder} is a file: give --output a folder.")
    before = kept(folder)
    if before and not resume:
        raise Stop(f"{folder} holds a training already: --resume goes on with it; for a new one give another --output.")
    if not before and folder.is_dir() and any(folder.iterdir()):
        raise Stop(
            f"{folder} holds something else, and no {CONFIG} of src.train: give --output an empty or new folder."
        )
    return before


def lesson_for(settings: Settings) -> Lesson:
    """What is to be learnt: the rows, as many as are wished."""
    lesson = plain(settings) if settings.control == "plain" else lesson_from(settings.input)
    if settings.limit and settings.limit < len(lesson.examples):
        drawn = dice(settings.seed, "rows", "limit").sample(range(len(lesson.examples)), settings.limit)
        lesson = lesson.of(sorted(drawn))
    return lesson


def refuse_what_is_lost(lesson: Lesson, base: Base, name: str) -> None:
    """Raise Stop where the base's template leaves out some of an answer, which then nobody would learn."""
    if not all(base.keeps(example) for example in lesson.examples[:TRIED]):
        raise Stop(
            f"The chat template of {name} does not write answers as they are (some leave out thoughts), which it"
            " could then not learn: give another --base, or rows of python -m src.postprocess --template predictions."
        )


def longest_of(examples: Sequence[Example], base: Base, most: int, settings: Settings) -> int:
    """The tokens of the longest row. Raises Stop where one has more than a row may have: it would be cut short."""
    lengths = [base.tokens_in(example) for example in examples]
    over = sum(length > most for length in lengths)
    if not over:
        return max(lengths)
    if settings.control == "plain":
        cure = "shorten dialogues with --max-context-chars"
    else:
        told = f"--max-tokens-of {settings.base} --max-tokens {most} --drop-long"
        cure = f"leave them out with python -m src.postprocess {told}"
    raise Stop(
        f"{over:,} of {len(lengths):,} rows have more than {most:,} tokens (the longest {max(lengths):,}), and what is"
        f" cut off is what the model should learn to say: {cure}, or raise --max-length."
    )


def begin(recipe: Recipe, before: Recipe | None, lesson: Lesson, folder: Path) -> None:
    """Say how it is done and keep that in the folder. Raises Stop where it went on otherwise than it began."""
    if before and (changed := differences(before, recipe)):
        raise Stop(
            f"{folder} was begun otherwise ({'; '.join(changed)}): go on with what it was, or give a new --output."
        )
    for line in (f"{recipe.kind} on {recipe.rows:,} rows, {recipe.steps:,} steps", *in_words(recipe)):
        log.info("%s", line)
    for warning in warnings(recipe):
        log.warning(warning)
    keep(recipe, folder)
    if recipe.control == "plain":
        keep_rows(lesson, folder / LEARNT_FROM)


def keep_rows(lesson: Lesson, path: Path) -> None:
    """Write rows that were in no file, with the marks of their dialogues, for trainings and predictions to come."""
    with replaced(path) as file, json_lines(file) as add:
        for example in lesson.examples:
            add({"messages": [message.model_dump() for message in (*example.prompt, example.answer)]})
    Dialogues(lesson.sample_ids).write_beside(path)


def summary(folder: Path, recipe: Recipe, learnt: Learnt) -> Iterator[str]:
    yield f"trained        {'; '.join(came_of_it(learnt))}"
    yield f"in {folder}"
    yield from ("", *served(folder, recipe, learnt))
