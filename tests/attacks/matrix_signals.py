"""Every command with its streams full or closed, and interrupted at any moment of its start."""

import signal
import time
from pathlib import Path

from .commands import COMMANDS, Command, prepared
from .kit import attacks, ended, run, standin, started

STREAMS = {
    "standard output is full": ("> /dev/full", 1),
    "standard error is full": ("2> /dev/full", 0),
    "both are full": ("> /dev/full 2>&1", 1),
    "standard output is closed": (">&-", 0),
    "standard error is closed": ("2>&-", 0),
    "standard input is closed": ("<&-", 0),
    "all are closed": ("<&- >&- 2>&-", 0),
    "nobody reads": ("> >(true)", 0),
}
WITHOUT_FILES = {"synthesis --help": Command(COMMANDS["synthesis"].settings, ("synthesis", "--help"), "dialogues")}
SEVERAL_STAGES = (
    COMMANDS["evaluate --judge"],
    COMMANDS["rehearsal"],
    COMMANDS["strategies"],
)  # which print before they are through
QUICK = ("standard error is closed: synthesis", "standard output is full: quality")


@attacks(
    "start where",
    {f"{stream}: {name}": (*STREAMS[stream], command) for stream in STREAMS
     for name, command in (COMMANDS | WITHOUT_FILES).items()},
    quick=QUICK,
)  # fmt: skip
def odd_streams(folder: Path, case: tuple[str, int, Command]) -> None:
    before, status, command = case
    prepared(folder, command)
    with standin() as url:
        done = run(folder, *command.line(url), before=before)
    wished = {max(status, command.status)} | ({0, 1} if ">(true)" in before else set())
    if "--help" in command.words:
        wished |= {0}  # argparse passes over what it cannot print
    assert done.status in wished, (done.status, done.said[-400:])
    assert command.made(folder) or (done.status == 1 and case[2] in SEVERAL_STAGES)
    if status == 1 and done.status == 1 and "2>&1" not in before and not command.status:
        assert "No space left" in done.err


MOMENTS = [number * 0.04 for number in range(30)]  # seconds behind the start; an idle machine is through by then


@attacks(
    "interrupted at",
    {f"{moment:.2f} s: {name}": (moment, command) for name, command in COMMANDS.items() for moment in MOMENTS},
    quick=("0.40 s: evaluate",),
)
def interrupted(folder: Path, case: tuple[float, Command]) -> None:
    moment, command = case
    prepared(folder, command)
    with standin() as url:
        process = started(folder, *command.line(url))
        time.sleep(moment)
        process.send_signal(signal.SIGINT)
        done = ended(process)
    # Python itself had not begun, or was through.
    outside = done.status == -signal.SIGINT and "Traceback" not in done.said
    assert outside or done.status in {130, command.status}, (done.status, done.said[-400:])
    nothing_half_done(folder, command)


@attacks(
    "terminated at",
    {f"{moment:.2f} s: {name}": (moment, command) for name, command in COMMANDS.items() for moment in MOMENTS[5::5]},
)
def terminated(folder: Path, case: tuple[float, Command]) -> None:
    moment, command = case
    prepared(folder, command)
    with standin() as url:
        process = started(folder, *command.line(url))
        time.sleep(moment)
        process.send_signal(signal.SIGTERM)
        done = ended(process)
    assert done.status in {130, command.status, -signal.SIGTERM}, (done.status, done.said[-400:])
    nothing_half_done(folder, command)


def nothing_half_done(folder: Path, command: Command) -> None:
    """No temporary file is left, and what is written in one piece is whole or not there."""
    left = [path.name for path in folder.rglob("*") if path.name.endswith(".tmp")]
    assert not left, left
    for name in command.results:
        if name != command.pays and command.module != "rehearsal" and (folder / name).exists():
            assert command.made(folder) or "e/" in name, name
