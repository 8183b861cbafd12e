"""The compact set holds exactly what a plain dictionary would."""

import random

import pytest

from src.basics.seen import DONE, SEEN, Fingerprints, Seen


@pytest.mark.parametrize("room", [0, 9_000, 100_000])
def test_marks_are_kept_through_growth_and_collisions(room: int) -> None:
    dice, seen, plain = random.Random(0), Seen(room), dict[int, int]()
    for _ in range(40_000):
        number = dice.choice((dice.getrandbits(64), dice.randrange(3000) * 4, 2**64 - 1 - dice.randrange(50))) & ~3
        mark = dice.choice((DONE, SEEN))
        seen.mark(number, mark)
        plain[number] = plain.get(number, 0) | mark
    assert len(seen) == len(plain)
    assert all(seen.get(number) == marks for number, marks in plain.items())
    assert not any(
        seen.get(number) for number in (dice.getrandbits(64) & ~3 for _ in range(5000)) if number not in plain
    )


@pytest.mark.parametrize("room", [0, 100_000])
def test_a_number_is_new_once(room: int) -> None:
    dice, numbers, plain = random.Random(0), Fingerprints(room), set[int]()
    for _ in range(40_000):
        number = dice.choice((dice.randrange(1, 1 << 48), dice.randrange(1, 3000)))
        assert numbers.add(number) == (number not in plain)
        plain.add(number)
