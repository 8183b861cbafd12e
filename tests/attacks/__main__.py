"""Run every attack, or those whose names hold a word: `python -m tests.attacks [--sample N] [WORD ...]`.

Prints each that succeeds, with why, and at the end how many were tried and how many survived; the exit status is 1
where one was not survived.
"""

import argparse
import concurrent.futures
import contextlib
import importlib
import io
import pkgutil
import random
import sys
import tempfile
import time
from pathlib import Path

from . import kit

SAID_EVERY = 50  # attacks


def all_attacks() -> list[kit.Attack]:
    """Those of every module beside this one."""
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        if module.name not in {"__main__", "kit"}:
            importlib.import_module(f"{__package__}.{module.name}")
    return kit.ATTACKS


def outcome(name: str) -> str:
    """How an attack succeeded; nothing where it was survived. In a process of its own: commands share one folder."""
    attack = next(each for each in all_attacks() if each.name == name)
    with tempfile.TemporaryDirectory(prefix="attack-") as folder:
        start = time.monotonic()
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                attack.run(Path(folder))
        except Exception as error:  # noqa: BLE001 (whatever it is, the next attack is tried)
            took = time.monotonic() - start
            return f"NOT SURVIVED  {attack.name} ({took:.1f} s)\n    {type(error).__name__}: {str(error)[:800]}"
        return ""


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.attacks", description=__doc__)
    parser.add_argument("words", nargs="*", metavar="WORD", help="only attacks whose names hold one of these")
    parser.add_argument("--sample", type=int, metavar="N", help="so many of them, drawn always alike [all]")
    told = parser.parse_args(arguments)
    chosen = [each for each in all_attacks() if not told.words or any(word in each.name for word in told.words)]
    if told.sample is not None:
        chosen = random.Random(0).sample(chosen, min(told.sample, len(chosen)))
    survived, start = 0, time.monotonic()
    with concurrent.futures.ProcessPoolExecutor(2) as pool:
        for tried, failure in enumerate(pool.map(outcome, [each.name for each in chosen]), 1):
            survived += not failure
            if failure:
                print(failure, flush=True)
            if tried % SAID_EVERY == 0:
                sys.stderr.write(f"{tried:,} of {len(chosen):,} in {time.monotonic() - start:,.0f} s\n")
    print(f"tried          {len(chosen):,}\nsurvived       {survived:,}")
    return int(survived < len(chosen))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
