"""The folder of an evaluation, and the files in it."""

import dataclasses
from pathlib import Path

import orjson

from ...basics.command import Stop
from ...basics.files import beginning, refuse_others, replaced
from .results import Results

TITLE = "<title>ProUtt evaluation: "
"""By which a page of ours is known."""


@dataclasses.dataclass(frozen=True)
class Place:
    """The files of an evaluation in its folder."""

    folder: Path

    @property
    def figures(self) -> Path:
        return self.folder / "evaluation.json"

    @property
    def page(self) -> Path:
        return self.folder / "evaluation.html"

    @property
    def vectors(self) -> Path:
        return self.folder / "embeddings.sqlite"

    def prepare(self) -> None:
        """Make the folder. Raises Stop where that cannot be, or it holds files of others under our names."""
        if self.folder.exists() and not self.folder.is_dir():
            raise Stop(f"Output {self.folder} is a file: give --output a folder.")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Stop(f"Output {self.folder} cannot be made ({error.strerror}): give another --output.") from error
        refuse_others(self.figures, "evaluate", lambda path: beginning(path).startswith(b'{"predictors":'))
        refuse_others(self.page, "evaluate", lambda path: TITLE.encode() in beginning(path))

    def write(self, results: Results, page: str) -> None:
        """Both files, each whole or not at all. Raises Stop where one cannot be written."""
        try:
            for path, content in (
                (self.figures, orjson.dumps(results.as_json(), option=orjson.OPT_APPEND_NEWLINE)),
                (self.page, page.encode("utf-8", "replace")),
            ):
                with replaced(path) as file:
                    file.write(content)
        except OSError as error:
            raise Stop(
                f"{self.folder} cannot be written to ({error.strerror}): make room or give another --output, then run"
                " the same command again; what was paid for is kept."
            ) from error
