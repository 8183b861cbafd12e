"""Entries as vectors that never move: each new one goes to the nearest that is near enough, or begins an entry.

k-means and its like shuffle everything when something is added; here the vector of the founding phrase stays the entry,
so that a million phrases can be placed and the next thousand change nothing. Takes memory for the entries alone.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float32]
FIRST_ROOM = 1024
AT_ONCE = 8192  # leaders that a block is compared with in one product


def unit(vectors: Matrix) -> Matrix:
    """The vectors with length 1; one without a length stays."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(lengths == 0, 1, lengths)).astype(np.float32)


@dataclasses.dataclass(frozen=True)
class Placed:
    """Where the vectors of a block belong."""

    places: Sequence[int]
    """The place of each one's entry."""
    founders: Sequence[int]
    """Which of the vectors have begun an entry, in order."""


class Leaders:
    """The entries of one move, in the order in which they began."""

    def __init__(self, similarity: float) -> None:
        self._similarity, self._count = similarity, 0
        self._held: Matrix = np.empty((0, 0), np.float32)

    def __len__(self) -> int:
        return self._count

    def found(self, vector: Matrix) -> int:
        """Begin an entry; its place."""
        if self._count == len(self._held):
            room = np.empty((max(FIRST_ROOM, 2 * self._count), len(vector)), np.float32)
            room[: self._count] = self._held if self._count else room[:0]
            self._held = room
        self._held[self._count] = vector
        self._count += 1
        return self._count - 1

    def places(self, block: Matrix) -> Placed:
        """The entry of each vector of length 1, taken one after the other.

        The same whatever the blocks are: an entry that begins in a block is there for what follows in it.
        """
        place, best = self.nearest(block)
        far, founders = np.flatnonzero(best < self._similarity), list[int]()
        for number, cosines in zip(far.tolist(), block[far] @ block.T, strict=True):
            if best[number] < self._similarity:
                place[number], best[number] = self.found(block[number]), 1.0
                founders.append(number)
                nearer = cosines > best
                nearer[: number + 1] = False
                best[nearer], place[nearer] = cosines[nearer], place[number]
        return Placed(place.tolist(), founders)

    def nearest(self, block: Matrix) -> tuple[NDArray[np.int64], Matrix]:
        """The nearest entry of each vector, and its cosine; -1 and -2 where there is none."""
        place, best = np.full(len(block), -1, np.int64), np.full(len(block), -2.0, np.float32)
        for start in range(0, self._count, AT_ONCE):
            cosines = block @ self._held[start : min(start + AT_ONCE, self._count)].T
            near = cosines.argmax(axis=1)
            found = cosines[np.arange(len(block)), near]
            nearer = found > best
            place[nearer], best[nearer] = near[nearer] + start, found[nearer]
        return place, best
