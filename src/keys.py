"""A set of a million samples in little memory: what is done, what was seen."""

from array import array

DONE, SEEN = 1, 2
MARKS = DONE | SEEN  # a slot holds a key whose lowest bits are replaced by its marks; an empty slot is 0


class Keys:
    """Maps 64-bit keys to marks, in 10 to 15 bytes a key, without a Python object for each (a set takes about 90)."""

    def __init__(self) -> None:
        self._slots = array("Q", bytes(8 * 1024))
        self._count = 0

    def _slot(self, key: int) -> int:
        """Where the key is, or where it would go."""
        slots, size = self._slots, len(self._slots)
        place = key % size
        while (held := slots[place]) and (held ^ key) > MARKS:
            place = place + 1 if place + 1 < size else 0
        return place

    def get(self, key: int) -> int:
        """The marks of the key; 0 when it has none."""
        return self._slots[self._slot(key)] & MARKS

    def mark(self, key: int, mark: int) -> None:
        """Add a mark to those that the key has."""
        place = self._slot(key)
        if held := self._slots[place]:
            self._slots[place] = held | mark
            return
        self._slots[place] = key & ~MARKS | mark
        self._count += 1
        if self._count * 5 > len(self._slots) * 4:
            self._grow()

    def _grow(self) -> None:
        held, self._slots = self._slots, array("Q", bytes(8 * (len(self._slots) * 3 // 2 | 1)))
        for value in held:
            if value:
                self._slots[self._slot(value & ~MARKS)] = value
