"""Sets of a million in little memory: which samples are done, which were seen, which dialogues are repeated."""

import hashlib
from array import array

DONE, SEEN = 1, 2
MARKS = DONE | SEEN  # a slot holds a number whose lowest bits are replaced by its marks; an empty slot is 0

HALF = 2**63  # what a signed integer of 64 bits, as SQLite has it, cannot reach
FEWEST_SLOTS = 1024


def slots_for(room: int) -> int:
    """A third stays free, so that few numbers stand in one another's way; an odd number spreads them."""
    return max(FEWEST_SLOTS, room * 3 // 2) | 1


class Seen:
    """Maps 64-bit numbers to marks, in 10 to 13 bytes each, without a Python object for each (a set takes about 90)."""

    def __init__(self, room: int = 0) -> None:
        """With room for so many before it has to grow, which takes as long as to put them all in again."""
        self._slots = array("Q", bytes(8 * slots_for(room)))
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def _slot(self, number: int) -> int:
        """Where the number is, or where it would go."""
        slots, size = self._slots, len(self._slots)
        place = number % size
        while (held := slots[place]) and (held ^ number) > MARKS:
            place = place + 1 if place + 1 < size else 0
        return place

    def get(self, number: int) -> int:
        """The marks of the number; 0 when it has none."""
        return self._slots[self._slot(number)] & MARKS

    def mark(self, number: int, mark: int) -> None:
        """Add a mark to those that the number has."""
        place = self._slot(number)
        if held := self._slots[place]:
            self._slots[place] = held | mark
            return
        self._slots[place] = number & ~MARKS | mark
        self._count += 1
        if self._count * 5 > len(self._slots) * 4:
            self._grow()

    def only(self, mark: int) -> "Seen":
        """The numbers that have this mark, without any other."""
        found = Seen(room=self._count)
        for held in self._slots:
            if held & mark:
                found.mark(held & ~MARKS, mark)
        return found

    def _grow(self) -> None:
        held, size = self._slots, len(self._slots) * 5 // 4 | 1
        slots = self._slots = array("Q", bytes(8 * size))
        for value in held:
            if value:
                place = (value & ~MARKS) % size
                while slots[place]:  # all are different: any free slot will do
                    place = place + 1 if place + 1 < size else 0
                slots[place] = value


class Fingerprints:
    """A set of 48-bit numbers, in 7.5 to 9.5 bytes each. Of a million different dialogues two look alike once in 500.

    So it can say that something is there which is not, but only that rarely.
    """

    def __init__(self, room: int = 0) -> None:
        size = slots_for(room)
        self._high, self._low = array("I", bytes(4 * size)), array("H", bytes(2 * size))
        self._count = 0

    def add(self, number: int) -> bool:
        """Put in the lowest 48 bits of a number; False where they were in before."""
        number = number & (1 << 48) - 1 or 1
        place = self._slot(number)
        if self._high[place] or self._low[place]:
            return False
        self._high[place], self._low[place] = divmod(number, 1 << 16)
        self._count += 1
        if self._count * 5 > len(self._high) * 4:
            self._grow()
        return True

    def _slot(self, number: int) -> int:
        """Where the number is, or where it would go. An empty slot holds 0."""
        high, low, size = self._high, self._low, len(self._high)
        place = number % size
        while (held := high[place] << 16 | low[place]) and held != number:
            place = place + 1 if place + 1 < size else 0
        return place

    def _grow(self) -> None:
        held = zip(self._high, self._low, strict=True)
        size = len(self._high) * 5 // 4 | 1
        highs, lows = self._high, self._low = array("I", bytes(4 * size)), array("H", bytes(2 * size))
        for high, low in held:
            if high or low:
                place = (high << 16 | low) % size
                while highs[place] or lows[place]:
                    place = place + 1 if place + 1 < size else 0
                highs[place], lows[place] = high, low


def hashed(start: bytes) -> int:
    # The lowest bits make room for marks.
    return int.from_bytes(hashlib.blake2b(start, digest_size=8).digest(), "big") & ~MARKS
