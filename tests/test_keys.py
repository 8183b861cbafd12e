"""The compact set holds exactly what a plain dictionary would."""

import random

from src.keys import DONE, SEEN, Keys


def test_marks_are_kept_through_growth_and_collisions() -> None:
    dice, keys, plain = random.Random(0), Keys(), dict[int, int]()
    for _ in range(40_000):
        key = dice.choice((dice.getrandbits(64), dice.randrange(3000) * 4, 2**64 - 1 - dice.randrange(50))) & ~3
        mark = dice.choice((DONE, SEEN))
        keys.mark(key, mark)
        plain[key] = plain.get(key, 0) | mark
    assert all(keys.get(key) == marks for key, marks in plain.items())
    assert not any(keys.get(key) for key in (dice.getrandbits(64) & ~3 for _ in range(5000)) if key not in plain)
