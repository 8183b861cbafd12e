"""What a run takes and ends, item by item, in order."""

import itertools
from collections import deque
from collections.abc import Callable, Generator, Iterator
from typing import Any


class Upcoming(Iterator[Any]):
    """Samples in their order, read a little ahead, so that it is known when the last ones have come."""

    def __init__(self, source: Generator[Any], limit: int | None, ahead: int) -> None:
        self._source, self._limited, self._ahead = source, itertools.islice(source, limit), ahead
        self._read: deque[Any] = deque()
        self.ending = False
        """No more are left than were read ahead."""

    def __next__(self) -> Any:
        # Two at a time until enough are there: samples may lie far apart, and the first must not wait for many.
        missing = min(2, self._ahead + 1 - len(self._read))
        came = list(itertools.islice(self._limited, missing))
        self._read.extend(came)
        self.ending = len(came) < missing
        if not self._read:
            raise StopIteration
        return self._read.popleft()

    def __len__(self) -> int:
        """How many were read and wait."""
        return len(self._read)

    def close(self) -> None:
        """Close the files that are still open."""
        self._source.close()


class InOrder:
    """Ends items in the order in which they began: one that is done waits for those before it."""

    def __init__(self) -> None:
        self._next = 0
        self._waiting: dict[int, Callable[[], None]] = {}

    def end(self, place: int, finish: Callable[[], None]) -> None:
        """The item that began as this one, from 0, is done; `finish` is called when its turn has come."""
        self._waiting[place] = finish
        while finish_next := self._waiting.pop(self._next, None):
            self._next += 1
            finish_next()
