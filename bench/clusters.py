"""How long a million strategies take to be put together by vectors that are stored, and how much memory.

    python -m bench.clusters --strategies 1000000 --size 256 --meanings 5000

The vectors are drawn around so many centres, in a file as a run would leave it; the step is that of `src.strategies`,
in a process of its own, and pays for nothing.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import orjson

from src.calling.embeddings import Vectors
from src.methods.strategies.moves import MEANINGS
from src.methods.strategies.place import Place

AT_ONCE = 10_000
SPREAD = 0.75  # of the noise around a centre of length 1; two of one centre then have a cosine of about .64
MODEL = "drawn"


def phrases(count: int, meanings: int) -> Iterator[tuple[str, str, int]]:
    """A move, a text and the number of its meaning."""
    moves = [*MEANINGS]
    for number in range(count):
        meaning = number * 7919 % meanings
        yield moves[meaning % len(moves)], f"does thing {number:07} in the way that users of this kind do it", meaning


def prepare(folder: Path, count: int, size: int, meanings: int) -> None:
    """Write what the steps before would have left: a line for each turn, a vector for each strategy."""
    place, draw = Place(folder / "library.jsonl"), np.random.default_rng(0)
    centres = draw.standard_normal((meanings, size)).astype(np.float32)
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    vectors, held = Vectors(place.vectors, MODEL), dict[str, np.ndarray]()
    with place.extracted.open("wb") as file:
        for number, (move, text, meaning) in enumerate(phrases(count, meanings)):
            row = {"sample_id": number, "item_id": 0, "label": "x", "move": move, "strategy": text, "language": "en"}
            file.write(orjson.dumps(row) + b"\n")
            noise = draw.standard_normal(size).astype(np.float32)
            held[text] = centres[meaning] + SPREAD * noise / np.linalg.norm(noise)
            if len(held) == AT_ONCE or number == count - 1:
                vectors.put(held)
                held.clear()
    vectors.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--strategies", type=int, default=1_000_000)
    parser.add_argument("--size", type=int, default=256, help="numbers in a vector")
    parser.add_argument("--meanings", type=int, default=5000)
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        prepare(Path(folder), told.strategies, told.size, told.meanings)
        options = ["--library", f"{folder}/library.jsonl", "--step", "cluster", "--api-key-env", ""]
        options += ["--embeddings-url", "http://127.0.0.1:9/v1", "--embeddings-model", MODEL, "--similarity", "0.45"]
        start = time.monotonic()
        subprocess.run([sys.executable, "-m", "src.strategies", *options], check=True)
        seconds = time.monotonic() - start
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    took = f"{seconds:.0f} s, of them {used.ru_utime + used.ru_stime:.0f} s of computing"
    print(f"{told.strategies:,} strategies of {told.size} numbers: {took}, {used.ru_maxrss / 1024:,.0f} MB")


if __name__ == "__main__":
    main()
