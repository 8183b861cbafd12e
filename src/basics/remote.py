"""Files in object stores and on other machines, by pyarrow, which is optional and knows how to sign in."""

import io
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .command import Stop
from .text import shortened

SCHEMES = ("s3", "gs", "gcs", "az", "abfs", "abfss", "hdfs", "file")
ADDRESS = re.compile(rf"({'|'.join(SCHEMES)})://", re.IGNORECASE)
WILD = re.compile(r"\*\*/|\*|\[[^]]*\]")
BUFFER = 1 << 20
PART = ".part"
FAILURES = (OSError, ValueError, NotImplementedError)
"""What pyarrow raises for what it cannot reach, read or do."""


def is_remote(name: str) -> bool:
    """Whether a name is the address of such a file."""
    return ADDRESS.match(name) is not None


def listed(pattern: str, endings: Sequence[str]) -> list[str]:
    """The files that an address names: itself, all below it with one of these endings, or what a glob finds."""
    address, mark, query = pattern.partition("?")
    wild = WILD.search(address)
    base = address[: address.rindex("/", 0, wild.start())] if wild else address.rstrip("/")
    system, path = place_of(base + mark + query)
    try:
        from pyarrow import fs  # noqa: PLC0415 (optional)

        if not wild and (info := system.get_file_info(path)).type != fs.FileType.Directory:
            return [pattern] if info.is_file else []
        found = system.get_file_info(fs.FileSelector(path, recursive=True))
    except FAILURES as error:
        raise unreachable(pattern, error) from error
    names = sorted(info.path[len(path) :] for info in found if info.is_file)
    wanted = re.compile(as_regex(address[len(base) :])) if wild else None
    fits = wanted.fullmatch if wanted else lambda name: name.lower().endswith(tuple(endings))
    return [base + name + mark + query for name in names if fits(name)]


def as_regex(glob: str) -> str:
    """A glob as a regular expression; a star stays within a folder, and two go through all of them."""
    meaning = {"**/": "(?:.*/)?", "*": "[^/]*"}
    parts, place = [], 0
    for found in WILD.finditer(glob):
        parts += [re.escape(glob[place : found.start()]), meaning.get(found[0], found[0])]
        place = found.end()
    return "".join(parts) + re.escape(glob[place:])


def opened(address: str) -> "io.BufferedReader[Any]":
    """A file as a stream. Raises Stop where it cannot be read."""
    system, path = place_of(address)
    try:
        return io.BufferedReader(system.open_input_file(path), BUFFER)
    except FAILURES as error:
        raise unreachable(address, error) from error


def upload(files: Sequence[Path], folder: str) -> list[str]:
    """Copy files into a folder, each whole or not at all; gives their addresses."""
    address, mark, query = folder.partition("?")
    system, path = place_of(address.rstrip("/") + mark + query)
    try:
        system.create_dir(path)
        for file in files:
            with file.open("rb") as source, system.open_output_stream(f"{path}/{file.name}{PART}") as target:
                shutil.copyfileobj(source, target, BUFFER)
            rename(system, f"{path}/{file.name}{PART}", f"{path}/{file.name}")
    except FAILURES as error:
        raise Stop(
            f"{files[0]} is made, and could not be copied to {shortened(folder)} ({why(error)}): run the same command"
            " again, which makes nothing anew."
        ) from error
    return [f"{address.rstrip('/')}/{file.name}" for file in files]


def rename(system: Any, before: str, now: str) -> None:
    """Give a file another name, which appears when all of the file is there."""
    try:
        system.move(before, now)
    except NotImplementedError:  # Azure without a hierarchical namespace, where a copy appears as a whole too
        system.copy_file(before, now)
        system.delete_file(before)


def place_of(address: str) -> tuple[Any, str]:
    """The file system of an address, and the path there. Raises Stop where there is none."""
    try:
        from pyarrow import ArrowException, fs  # noqa: PLC0415 (optional)
    except ImportError as error:
        raise Stop(f"{shortened(address)} is read by pyarrow: pip install -r requirements-input.txt") from error
    named = re.sub("^az://", "abfs://", address, flags=re.IGNORECASE)
    try:
        system, path = fs.FileSystem.from_uri(named)
    except (OSError, ArrowException) as error:
        raise unreachable(address, error) from error
    return system, path


def unreachable(address: str, error: Exception) -> Stop:
    return Stop(f"{shortened(address)} cannot be read ({why(error)}): check the address, and how you are signed in.")


def why(error: Exception) -> str:
    return shortened(str(error).splitlines()[0] if str(error) else type(error).__name__)
