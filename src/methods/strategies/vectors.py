"""Strategies put together by their vectors, which an endpoint for embeddings gives and a file keeps."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

from ...basics.command import Stop
from ...calling.completion import Usage
from ...calling.embeddings import Vectors, fetch
from ...running.output import Output
from .assignments import AssignedBatch, batch_of, founded
from .leaders import Leaders, Matrix, unit
from .method import Shelves
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
        shelf = Shelf(shelves, move, vectors, settings.similarity)
        for start in range(0, len(of_move), AT_ONCE):
            yield shelf.placed(of_move[start : start + AT_ONCE])


class Shelf:
    """The entries of one move: their ids, and their vectors at the same places."""

    def __init__(self, shelves: Shelves, move: str, vectors: Vectors, similarity: float) -> None:
        """With the entries that are there: each by the phrase that it began with, or the name that a hand gave it."""
        options, begun = shelves.options(move).things, shelves.assignments.entries
        self._vectors, self._ids = vectors, [option.id for option in options]
        self._leaders = Leaders(similarity)
        texts = [begun[option.id].phrase if option.id in begun else option.text for option in options]
        for vector in matrix_of(texts, vectors):
            self._leaders.found(vector)

    def placed(self, phrases: Sequence[Phrase]) -> AssignedBatch:
        """The phrases with their entries; those that begin among them are there for the next."""
        told = self._leaders.places(matrix_of([phrase.text for phrase in phrases], self._vectors))
        new = [founded(phrases[number]) for number in told.founders]
        self._ids += [entry.id for entry in new]
        return batch_of(phrases, [self._ids[place] for place in told.places], new)


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
