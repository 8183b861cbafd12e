"""How many turns of held-back dialogues follow an entry of the library, with what that would be for lesser reasons."""

import hashlib
import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from ...basics.files import replaced
from ...basics.shape import Shape
from .gathering import Gathering
from .held_out import Against, Results
from .library import Library
from .phrases import ExtractedTurn, Phrases
from .place import Place

log = logging.getLogger(__name__)


class Coverage(Shape):
    """What was measured; each count but the first is of turns."""

    library: str
    """The state of the library then."""
    dialogues: int = 0
    turns: int = 0
    without: int = 0
    faulty: int = 0
    strategies: int = 0
    """Turns whose strategy was held against the library."""
    named: int = 0
    """Those that follow an entry with a name, which is offered."""
    unnamed: int = 0
    """Those that follow another: rare, or banned."""
    frequent: int = 0
    """Those that follow the entry of their move that has the most support; of every move one is counted."""
    controlled: int = 0
    """Those that were also held against entries of other moves, where there are any."""
    others: int = 0
    """Those that were found to follow one of these."""
    untold: int = 0
    """Turns with a strategy that could not be held against the library."""


def state_of(library: Library) -> str:
    """A short name of what a turn can follow: counts are no part of it, hands' changes are."""
    fields = {"id", "move", "name", "banned", "into", "takes"}
    told = "\n".join(entry.model_dump_json(include=fields) for entry in library.entries)
    return hashlib.blake2b(told.encode(), digest_size=6).hexdigest()


def measured(
    found: Gathering, turns: Iterable[ExtractedTurn], to_try: Mapping[str, Against], results: Results
) -> Coverage:
    """How far the library covers these turns."""
    counts, dialogues, phrases, frequent = Counter[str](), set[str](), Phrases(), most_frequent(found.library)
    for turn in turns:
        dialogues.add(str(turn.sample_id))
        phrases.add(turn)
        if turn.usable:
            counts.update(place_of(turn, found, to_try[turn.move], results, frequent))
    return Coverage(
        library=state_of(found.library),
        dialogues=len(dialogues),
        turns=phrases.turns,
        without=phrases.without,
        faulty=phrases.faulty,
        **counts,
    )


def place_of(
    turn: ExtractedTurn, found: Gathering, tried: Against, results: Results, frequent: Mapping[str, str]
) -> Iterator[str]:
    """What a turn with a strategy counts for."""
    phrase, learnt = turn.phrase, found.place_of(turn)
    if not (learnt or results.know(phrase, tried.own)) or not results.know(phrase, tried.others):
        yield "untold"
        return
    yield "strategies"
    assigned = learnt or results.place_of(phrase, tried.own)
    if assigned:
        place = found.library.place_of(phrase, assigned)
        entry = found.library.by_id.get(place)
        yield "named" if entry and entry.offered else "unnamed"
        if place == frequent.get(turn.move):
            yield "frequent"
    if tried.others.options:
        yield "controlled"
    if results.place_of(phrase, tried.others):
        yield "others"


def most_frequent(library: Library) -> Mapping[str, str]:
    """The id of the offered entry that most turns follow, by move."""
    offered = (entry for entry in library.entries if entry.offered)
    least_first = sorted(offered, key=lambda each: (-each.support, each.id), reverse=True)
    return {entry.move: entry.id for entry in least_first}


def write_coverage(place: Place, coverage: Coverage) -> None:
    with replaced(place.coverage) as file:
        file.write(coverage.model_dump_json().encode() + b"\n")


def coverage_beside(library: Path) -> Coverage | None:
    """What was measured of a library; None where nothing was, or where it cannot be read."""
    path = Place(library).coverage
    try:
        return Coverage.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        log.warning("%s cannot be read (%s): nothing is said of held-out turns.", path, error)
        return None
