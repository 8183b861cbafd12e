"""The quick ones of the attacks; all of them: `python -m tests.attacks`."""

from pathlib import Path

import pytest

from .attacks.__main__ import all_attacks
from .attacks.kit import Attack

QUICK = [attack for attack in all_attacks() if attack.quick]


@pytest.mark.parametrize("attack", QUICK, ids=[attack.name for attack in QUICK])
def test_it_is_survived(tmp_path: Path, attack: Attack) -> None:
    attack.run(tmp_path)


def test_there_are_attacks_on_everything_that_was_ever_broken() -> None:
    groups = {attack.name.split(":")[0].split()[0] for attack in all_attacks()}
    assert {"secrets", "terminal", "modes", "endpoint", "prompts"} <= groups
