"""What is said of `--workers` where they cannot be had; the workers themselves are tried with the consumers."""

from pathlib import Path

import pytest

from .conftest import command, without
from .test_synthesis import many


def test_without_ray_the_line_that_installs_it_is_said(tmp_path: Path) -> None:
    many(tmp_path, 2)
    given = ("--input", "in.jsonl", "--output", "out.jsonl", "--api-key-env=", "--workers", "2")
    done = without("ray", "synthesis", *given, folder=tmp_path)
    assert done.returncode == 1
    assert done.stderr.endswith("ray is missing, for --workers: pip install -r requirements-cluster.txt\n")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--workers", 0), "0 is not between 1 and 10000"),
        (("--workers", 2, "--batch"), "give one of them"),
        (("--ray-address", "auto"), "--ray-address is for --workers"),
    ],
)
def test_workers_that_make_no_sense_are_refused(tmp_path: Path, options: tuple[object, ...], said: str) -> None:
    many(tmp_path, 2)
    given = ("--input", "in.jsonl", "--output", "out.jsonl", "--api-key-env=")
    done = command("synthesis", *given, *options, folder=tmp_path)
    assert (done.returncode, said in done.stderr) == (1, True), done.stderr
