"""What each step does, as the runner takes it."""

import dataclasses
import functools
from collections import defaultdict
from collections.abc import Generator, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from ...basics.seen import DONE, Seen
from ...dialogues.job import over_dialogues, without
from ...dialogues.samples import Sample
from ...pairs.seen import dialogue_mark
from ...running.job import Item, Job, Words
from ...running.output import sample_number
from ...running.tally import Tally
from .gathering import Gathering, NamedCluster
from .members import Alike, shared_words, telling
from .method import Batch, Cluster, Shelves, abstract, assign, extract
from .phrases import Phrase
from .settings import COVERAGE, Settings, abstraction_settings, assigning_settings, extraction_settings
from .sources import dialogues_of

IN_A_BATCH = 30  # phrases that are assigned together
LEFT_OUT = "dialogue of another share (--split)"
LEARNT = "dialogue that is not held back (--split)"
OF_THE_LIBRARY = "dialogue that the library comes from"

ItemT = TypeVar("ItemT", bound=Item)


def extraction(settings: Settings) -> Job[Sample]:
    """A strategy from each user turn of the dialogues, or for the coverage of those that are held back.

    Raises Stop where there is no input, or no library to be covered by.
    """
    config = dataclasses.replace(settings, output=settings.read_into)
    words = Words(
        command="strategies", option="--library", thing="turn", done="read", outcomes=("with a strategy", "without")
    )
    job = over_dialogues(config, extract, extraction_settings(settings), words)
    if settings.step != COVERAGE:
        return without(job, lambda sample: settings.holds_back(sample.sample_id), LEFT_OUT)
    sources = dialogues_of(settings.library)
    held_back = without(job, lambda sample: not settings.holds_back(sample.sample_id), LEARNT)
    return without(held_back, lambda sample: dialogue_mark(sample.sample_id) in sources, OF_THE_LIBRARY)


def assigning(settings: Settings, phrases: Sequence[Phrase], shelves: Shelves) -> Job[Batch]:
    """Each phrase to an entry."""
    return listed(
        [*batches(phrases)],
        functools.partial(assign, shelves=shelves),
        assigning_settings(settings),
        Words(command="strategies", option="--library", thing="group", done="assigned", rows="groups"),
    )


def batches(phrases: Sequence[Phrase]) -> Iterator[Batch]:
    """The phrases in batches of one move; the moves take turns, since batches of one move wait for one another."""
    by_move: dict[str, list[Phrase]] = defaultdict(list)
    for phrase in phrases:
        by_move[phrase.move].append(phrase)
    longest = max(map(len, by_move.values()), default=0)
    for start in range(0, longest, IN_A_BATCH):
        yield from (
            Batch(tuple(of_move[start : start + IN_A_BATCH])) for of_move in by_move.values() if of_move[start:]
        )


def abstracting(
    settings: Settings, found: Gathering, names: Mapping[str, NamedCluster], alike: Alike = shared_words
) -> Job[Cluster]:
    """A name for each cluster that is large enough and has none."""
    return listed(
        [*nameless(settings, found, names, alike)],
        abstract,
        abstraction_settings(settings),
        Words(command="strategies", option="--library", thing="cluster", done="named", rows="clusters"),
    )


def nameless(
    settings: Settings, found: Gathering, names: Mapping[str, NamedCluster], alike: Alike
) -> Iterator[Cluster]:
    for name, of in sorted(found.by_entry.items()):
        entry = found.library.by_id.get(name)
        wanted = entry is None or not (entry.name or entry.banned)
        if wanted and name not in names and of.support >= settings.smallest:
            begun = found.assignments.entries.get(name) or entry
            yield Cluster(name, begun.move if begun else "", telling(of.members, alike))


def listed(items: Sequence[ItemT], make: Any, settings: Mapping[str, object], words: Words) -> Job[ItemT]:
    """A job over items that are all known."""

    def pending(seen: Seen, tally: Tally) -> Generator[ItemT]:
        for item in items:
            tally.rows += 1
            if seen.get(sample_number(item.sample_id, item.item_id)) & DONE:
                tally.already += 1
            else:
                yield item

    return Job(files=(), items=pending, total=lambda: len(items), make=make, settings=settings, words=words)
