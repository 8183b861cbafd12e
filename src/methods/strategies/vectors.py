"""Strategies put together by their vectors, which an endpoint for embeddings gives and a file keeps."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from ...basics.command import Stop
from ...calling.completion import Usage
from ...calling.embeddings import Vectors, fetch
from ...running.output import Output
from .assignments import AssignedBatch, Founded, batch_of, founded
from .held_out import Trial, Tried
from .leaders import Leaders, Matrix, unit
from .lettered import Lettered
from .method import Option, Shelves
from .phrases import Phrase
from .settings import Settings, assigning_settings

AT_ONCE = 2048  # phrases whose vectors are in memory


def put_by_vectors(settings: Settings, phrases: Sequence[Phrase], shelves: Shelves) -> int:
    """Assign every phrase by its vector; the exit status. What was paid for is kept, and what is assigned stays."""
    with Output(settings.place.assigned, "strategies") as output:
        if not settings.accept_changes:
            output.refuse_to_mix(assigning_settings(settings), "--library")
        vectors = Vectors(settings.place.vectors, settings.embeddings_model)
        begun = [each.phrase for each in shelves.assignments.entries.values()]
        by_hand = [entry.name for entry in shelves.library.entries if entry.name]
        tokens = fetch(vectors, settings, (*begun, *by_hand, *(phrase.text for phrase in phrases)))
        for batch in assigned(settings, phrases, shelves, vectors):
            output.add(batch.row(Usage()) | assigning_settings(settings))
            shelves.assignments.add(batch)
        vectors.close()
    print(f"strategies assigned {len(phrases):,}")
    print(f"embeddings     {tokens:,} tokens paid for now, {settings.place.vectors}")
    return 0


def assigned(
    settings: Settings, phrases: Sequence[Phrase], shelves: Shelves, vectors: Vectors
) -> Iterator[AssignedBatch]:
    """The phrases with their entries, some of one move at a time."""
    by_move: dict[str, list[Phrase]] = defaultdict(list)
    for phrase in phrases:
        by_move[phrase.move].append(phrase)
    for move, of_move in by_move.items():
        shelf = Shelf(shelves.options(move), shelves.assignments.entries, vectors, settings.similarity)
        for start in range(0, len(of_move), AT_ONCE):
            yield shelf.placed(of_move[start : start + AT_ONCE])


def follow_by_vectors(settings: Settings, trials: Sequence[Trial], begun: Mapping[str, Founded]) -> None:
    """Each strategy to the nearest of the entries that it is held against, or to none."""
    with Output(settings.place.followed, "strategies") as output:
        if not settings.accept_changes:
            output.refuse_to_mix(assigning_settings(settings), "--library")
        vectors = Vectors(settings.place.vectors, settings.embeddings_model)
        shown = {trial.shown.name: trial.shown.options for trial in trials}
        phrases = (phrase.text for trial in trials for phrase in trial.phrases)
        by_hand = (option.text for options in shown.values() for option in options.things if option.id not in begun)
        fetch(vectors, settings, (*(entry.phrase for entry in begun.values()), *by_hand, *phrases))
        shelves = {name: Shelf(options, begun, vectors, settings.similarity) for name, options in shown.items()}
        for trial in trials:
            tried = Tried(trial, shelves[trial.shown.name].nearest(trial.phrases))
            output.add(tried.row(Usage()) | assigning_settings(settings))
        vectors.close()


class Shelf:
    """Some entries: their ids, and their vectors at the same places."""

    def __init__(
        self, options: Lettered[Option], begun: Mapping[str, Founded], vectors: Vectors, similarity: float
    ) -> None:
        """With the entries that are there: each by the phrase that it began with, or the name that a hand gave it."""
        self._vectors, self._ids = vectors, [option.id for option in options.things]
        self._leaders, self._similarity = Leaders(similarity), similarity
        texts = [begun[option.id].phrase if option.id in begun else option.text for option in options.things]
        for vector in matrix_of(texts, vectors):
            self._leaders.found(vector)

    def placed(self, phrases: Sequence[Phrase]) -> AssignedBatch:
        """The phrases with their entries; those that begin among them are there for the next."""
        told = self._leaders.places(matrix_of([phrase.text for phrase in phrases], self._vectors))
        new = [founded(phrases[number]) for number in told.founders]
        self._ids += [entry.id for entry in new]
        return batch_of(phrases, [self._ids[place] for place in told.places], new)

    def nearest(self, phrases: Sequence[Phrase]) -> list[str | None]:
        """The entry of each phrase that is near enough to one; nothing begins."""
        place, best = self._leaders.nearest(matrix_of([phrase.text for phrase in phrases], self._vectors))
        near = zip(place.tolist(), best >= self._similarity, strict=True)
        return [self._ids[number] if enough else None for number, enough in near]


def matrix_of(texts: Sequence[str], vectors: Vectors) -> Matrix:
    """The vectors of the texts, each of length 1. Raises Stop where they are of different sizes."""
    found = [vector for vector in vectors.of(texts) if vector is not None]
    if len(found) < len(texts) or len({vector.shape for vector in found}) > 1:
        raise Stop(f"{vectors.path} has vectors of several sizes, or lacks some: move it away, to ask for them anew.")
    return unit(np.stack(found)) if found else np.empty((0, 0), np.float32)


def cosines(settings: Settings, texts: Sequence[str]) -> list[list[float]]:
    """How alike texts are, each with each."""
    vectors = Vectors(settings.place.vectors, settings.embeddings_model)
    fetch(vectors, settings, texts)
    matrix = matrix_of(texts, vectors)
    vectors.close()
    alike: list[list[float]] = (matrix @ matrix.T).tolist()
    return alike
