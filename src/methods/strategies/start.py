"""The steps one after another: what is there already is not asked again, and the library is written anew each time."""

import dataclasses
import functools
from pathlib import Path

from ...basics.command import Stop
from ...basics.files import Beside, beginning, refuse_others
from ...basics.text import loads
from ...calling.budget import Prices
from ...calling.completion import Usage
from ...calling.settings import api_key_of
from ...calling.store import Store
from ...running.runner import run
from . import job
from .assignments import assignments_in
from .coverage import coverage_beside, measured, write_coverage
from .figures import figures
from .gathering import Gathering, gathered, names_in, updated
from .held_out import against, following, results_in, trials
from .library import Library, is_library, read_library, write_library
from .members import Alike, shared_words
from .method import Shelves
from .phrases import Phrases, phrases_in, turns_in
from .settings import ASSIGNED_BY, COVERAGE, Settings, assigning_settings
from .turns import write_turns

ENDED = {4, 130}  # no step follows a spent budget or an interruption


def induce(settings: Settings) -> int:
    """Take the steps that were asked for, and write the library; the exit status. Raises Stop where it cannot go on."""
    refuse_others(settings.library, "strategies", is_library)
    steps = [settings.step] if settings.step else [*BY_ITSELF]
    status = 0
    for step in steps:
        status = max(status, STEPS[step](settings, as_it_stands(settings)))
        if status in ENDED:
            return status
    if steps == ["extract"]:
        return status
    library = as_it_stands(settings)  # somebody may have edited it meanwhile
    found = state(settings, library)
    entries = [*updated(found, names_in(settings.place.abstracted), settings.smallest)]
    write_library(settings.library, entries, library.lines)
    found.dialogues.write_beside(settings.library)
    now = read_library(settings.library)
    write_turns(settings, dataclasses.replace(found, library=now))
    print("\n".join(figures(now, found, settings.library, coverage_beside(settings.library))))
    return status


def as_it_stands(settings: Settings) -> Library:
    """The library's file as it is now; nothing where there is none."""
    return read_library(settings.library) if settings.library.exists() else Library()


def take_turns(settings: Settings, _: Library) -> int:
    """The strategy of each turn."""
    status = run(spending(settings, settings.read_into), api_key_of(settings), job.extraction(settings))
    if not status and not settings.read_into.stat().st_size:
        raise Stop(
            f"There is no user turn after an assistant turn in {' '.join(settings.input)} to learn from: give other"
            " dialogues, or another --split."
        )
    return status


def put_together(settings: Settings, library: Library) -> int:
    """Phrases of one meaning to one entry."""
    phrases, assignments = phrases_in(turns_in(settings.place.extracted)), assignments_in(settings.place.assigned)
    refuse_few(settings, phrases)
    refuse_other_way(settings)
    new, shelves = [*phrases.in_order(assignments.by_phrase)], Shelves(assignments, library)
    if settings.embeddings_url:
        refuse_without_numpy()
        from .vectors import put_by_vectors  # noqa: PLC0415 (optional)

        return put_by_vectors(settings, new, shelves)
    work = job.assigning(settings, new, shelves)
    return run(spending(settings, settings.place.assigned), api_key_of(settings), work)


def refuse_without_numpy() -> None:
    """Raise Stop where what vectors need is not installed."""
    try:
        import numpy  # noqa: F401, PLC0415 (optional)
    except ImportError as error:
        raise Stop(
            f"{error.name} is missing, for --embeddings-url: pip install -r requirements-evaluate.txt"
        ) from error


def alike_by(settings: Settings) -> Alike:
    """How alike the members of a cluster are: by their vectors, where an endpoint for these is named."""
    if not settings.embeddings_url:
        return shared_words
    refuse_without_numpy()
    from .vectors import cosines  # noqa: PLC0415 (optional)

    return functools.partial(cosines, settings)


def refuse_other_way(settings: Settings) -> None:
    """Raise Stop where strategies were put together by another model or its vectors before."""
    path, way = settings.place.assigned, assigning_settings(settings)[ASSIGNED_BY]
    first, ended, _ = beginning(path).partition(b"\n") if path.exists() else (b"", b"", b"")
    before = loads(first).get(ASSIGNED_BY) if ended else way
    if before != way and not settings.accept_changes:
        raise Stop(
            f"The strategies of {settings.library} were assigned by {before}, and {way} would judge by another measure:"
            " go on as before, give another --library, or --accept-changes to mix both."
        )


def name_clusters(settings: Settings, library: Library) -> int:
    """A name for each cluster that is large enough."""
    found = state(settings, library)
    if not found.by_entry:
        raise Stop(
            f"{settings.place.assigned} has no cluster yet: run the same command again, or --step cluster first."
        )
    work = job.abstracting(settings, found, names_in(settings.place.abstracted), alike_by(settings))
    return run(spending(settings, settings.place.abstracted), api_key_of(settings), work)


def cover(settings: Settings, library: Library) -> int:
    """How many turns of the dialogues that are held back follow an entry."""
    if not library.entries:
        raise Stop(f"Library {settings.library} has no entry yet: make it first, by the same command without --step.")
    refuse_other_way(settings)
    place = settings.place
    if (status := take_turns(settings, library)) in ENDED:
        return status
    found = state(settings, library)
    to_try = against(Shelves(found.assignments, library), settings.seed)
    new = trials(
        phrases_in(turns_in(place.held_out)).in_order({}),
        to_try,
        results_in(place.followed),
        found.assignments.by_phrase,
    )
    if settings.embeddings_url:
        refuse_without_numpy()
        from .vectors import follow_by_vectors  # noqa: PLC0415 (optional)

        follow_by_vectors(settings, [*new], found.assignments.entries)
    else:
        work = following(settings, new)
        status = max(status, run(spending(settings, place.followed), api_key_of(settings), work))
    turns = (entry.record for entry in turns_in(place.held_out))
    write_coverage(place, measured(found, turns, to_try, results_in(place.followed)))
    return status


BY_ITSELF = {"extract": take_turns, "cluster": put_together, "abstract": name_clusters}
STEPS = BY_ITSELF | {COVERAGE: cover}


def refuse_few(settings: Settings, phrases: Phrases) -> None:
    """Raise Stop where there is nothing to put together."""
    if len(phrases.texts) > 1:
        return
    found = "only one strategy" if phrases.texts else "no strategy"
    raise Stop(
        f"{settings.place.extracted} has {found} from {phrases.turns:,} turns, and a library needs several: give more"
        " dialogues with the same --library; what was paid for is kept."
    )


def state(settings: Settings, library: Library) -> Gathering:
    """Every turn by its entry."""
    return gathered(library, assignments_in(settings.place.assigned), turns_in(settings.place.extracted))


def spending(settings: Settings, output: Path) -> Settings:
    """The settings of one step: its own output, and of the budget what the others have left of it."""
    place = settings.place
    spent = Usage()
    for other in {*place.paid} - {output}:
        if (path := Beside(other).calls).exists():
            with Store(path) as store:
                spent += store.billed()
    cost = Prices(settings.price_in, settings.price_cached, settings.price_out).of(spent)
    most = None if settings.max_cost is None else max(0.0, settings.max_cost - cost)
    tokens = None if settings.max_total_tokens is None else max(1, settings.max_total_tokens - spent.total)
    limit = settings.limit if output == settings.read_into else None
    return dataclasses.replace(settings, output=output, max_cost=most, max_total_tokens=tokens, limit=limit)
