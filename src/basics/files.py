"""Which files a user means, and whole files that appear only when finished."""

import contextlib
import dataclasses
import errno
import glob
import logging
import os
import re
import stat
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from .command import Stop
from .remote import is_remote, listed
from .text import shortened

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

log = logging.getLogger(__name__)

STANDARD_INPUT = "-"
BEGINNING = 1 << 20  # bytes of a file that tell what it is
READ_IN_FOLDERS = (".jsonl", ".json", ".ndjson", ".csv", ".tsv", ".parquet", ".arrow", ".gz", ".zst")
OF_A_DATASET = {"dataset_info.json", "dataset_dict.json", "state.json"}  # what `datasets` writes beside its Arrow files


FAILED, CALLS, SHORTCUT = ".failed.jsonl", ".calls.sqlite", ".shortcut.json"
NO_RECORDS = (FAILED, SHORTCUT)  # endings of what lies beside records, may be taken for some, and is none


@dataclasses.dataclass(frozen=True)
class Beside:
    """The files that commands write beside records, named after them."""

    output: Path

    @property
    def failures(self) -> Path:
        """Samples that could not be made, a line each."""
        return self.output.with_name(self.output.name + FAILED)

    @property
    def calls(self) -> Path:
        """Every paid reply."""
        return self.output.with_name(self.output.name + CALLS)

    def batch(self, tag: str) -> Path:
        """The questions of a batch that is open at the provider."""
        return self.output.with_name(f"{self.output.name}.batch-{tag}")

    @property
    def shortcut(self) -> Path:
        """How well the two sides of its pairs can be told apart by their text alone."""
        return self.output.with_name(self.output.name + SHORTCUT)


def found(patterns: Sequence[str], output: Path | None = None, option: str = "--input") -> list[str]:
    """The files that the patterns name, each once: paths, globs, folders with all below them, `-` for standard input.

    What a folder or glob has of our own making (the output, a sidecar) is left out. Raises Stop where a pattern names
    nothing.
    """
    files: dict[str, None] = {}
    for pattern in patterns:
        try:
            matches = matching(pattern, output)
        except OSError as error:
            raise Stop(
                f"Input {shortened(pattern)} cannot be read ({error.strerror}): give another {option}."
            ) from error
        if not matches:
            missing = "holds no file of dialogues" if pattern and Path(pattern).is_dir() else "does not exist"
            raise Stop(
                f"Input {pattern or '(an empty name)'} {missing}: give {option} a file of dialogues, or try"
                " data/raw/demo.jsonl; to see the pipeline without a key: python -m src.rehearsal"
            )
        files |= dict.fromkeys(matches)
    return list(files)


def matching(pattern: str, output: Path | None) -> list[str]:
    if not pattern or pattern == STANDARD_INPUT:
        return [pattern] if pattern else []
    if is_remote(pattern):
        return listed(pattern, READ_IN_FOLDERS)
    if Path(pattern).is_dir():
        below = sorted(path for path in below_folder(pattern) if path.is_file())
        wanted = (path for path in below if path.suffix.lower() in READ_IN_FOLDERS)
        paths = [path for path in wanted if path.name not in OF_A_DATASET]
        if passed := len(below) - len(paths):
            log.info("%s: %d files of other kinds are left out", pattern, passed)
    elif Path(pattern).exists():
        return [pattern]
    else:
        paths = [path for path in sorted(globbed(pattern)) if path.is_file()]
    ours = output.resolve() if output else None
    return [str(path) for path in paths if not path.name.endswith(FAILED) and path.resolve() != ours]


def below_folder(folder: str) -> Iterator[Path]:
    """All that lies in a folder and below it. A link to a folder is not followed; a closed one is named."""

    def closed(error: OSError) -> None:
        log.warning("%s cannot be read (%s) and is left out", error.filename, error.strerror)

    for place, _, names in os.walk(folder, onerror=closed):
        yield from (Path(place, name) for name in names)


def globbed(pattern: str) -> Iterator[Path]:
    """What a glob finds. Where it looks in all folders below one, it follows no links, which may run in a circle."""
    steps = [step if step == "**" else re.sub(r"\*+", "*", step) for step in pattern.split("/")]
    if "**" not in steps:
        return map(Path, glob.glob(pattern))  # noqa: PTH207 (Path.glob refuses absolute patterns)
    steps += ["*"] * (steps[-1] == "**")
    base = Path(Path(pattern).anchor or ".")
    found = base.glob("/".join(steps).lstrip("/"))
    shown = {step for step in steps if step.startswith(".")}
    return (path for path in found if not any(step[:1] == "." and step not in shown for step in path.parts))


def refuse_others(path: Path, command: str, is_ours: Callable[[Path], bool]) -> None:
    """Raise Stop where the file is there and was not made by this command, or is being written by another run."""
    if not path.exists():
        return
    if path.is_dir():
        raise Stop(f"Output {path} is a folder: give --output a file in it.")
    if not path.is_file():
        raise Stop(f"Output {path} is a device or a pipe: give --output a file that can be read again.")
    refuse_busy(path)
    if path.stat().st_size and not is_ours(path):
        raise Stop(
            f"{path} was not made by src.{command} and is left as it is: give another --output, or move it away."
        )


def refuse_busy(path: Path) -> None:
    """Raise Stop where another process holds the file's lock, as every run does that writes to it."""
    if fcntl is None:
        return
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Stop(f"Another run is writing to {path}: wait for it, or give another --output.") from error


def beginning(path: Path) -> bytes:
    """As much of a file as is needed to tell what it is."""
    with path.open("rb") as file:
        return file.read(BEGINNING)


def owner_only(path: str, flags: int) -> int:
    """Opens a file; one that is made by it is for its owner alone. What is there keeps the permissions it has."""
    return os.open(path, flags, 0o600)


@contextlib.contextmanager
def replaced(path: Path) -> Iterator[BinaryIO]:
    """A file under a temporary name that takes the place of `path` when all went well, and vanishes otherwise.

    It has the permissions of the one before it, or is for its owner alone. A link stays one, and what it leads to is
    replaced.
    """
    path = Path(os.path.realpath(path))  # Path.resolve raises for links in a circle
    if path.is_symlink():
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
    before = path.stat().st_mode if path.exists() else None
    if before is not None and not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
    handle, name = tempfile.mkstemp(prefix=".proutt-", suffix=".tmp", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb", 1 << 20) as file:
            if before is not None:
                os.fchmod(handle, stat.S_IMODE(before))
            yield file
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
