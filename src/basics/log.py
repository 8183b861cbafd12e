"""The log on standard error: sentences where somebody looks, with time and level elsewhere, or JSON for machines."""

import datetime
import logging
import sys
from typing import Any, Literal

import orjson

from .text import visible

LogFormat = Literal["text", "json"]
PROGRESS = "progress"
"""The name of what a line of progress has for machines beside its words; see `logging`'s `extra`."""
BARE, DATED = "%(message)s", "%(asctime)s %(levelname)s %(message)s"


class OneLine(logging.Formatter):
    """A line of the log for each message, whatever stands in it; of what Python adds to it, each line."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (logging's own word)
        return visible(super().formatMessage(record)).replace("\n", "\\n")

    def formatException(self, ei: Any) -> str:  # noqa: N802
        return visible(super().formatException(ei))


class JsonLine(logging.Formatter):
    """A JSON object for each message: `time` in UTC, `level`, `message`, and `progress` where it tells of a run's."""

    def format(self, record: logging.LogRecord) -> str:
        time = datetime.datetime.fromtimestamp(record.created, datetime.UTC).isoformat(timespec="milliseconds")
        row = {"time": time, "level": record.levelname, "message": record.getMessage()}
        if told := getattr(record, PROGRESS, None):
            row[PROGRESS] = told
        if record.exc_info:
            row["error"] = self.formatException(record.exc_info)
        return orjson.dumps(row, default=str).decode()


def open_log() -> None:
    """The log goes to standard error, as sentences."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, force=True)
    shaped(OneLine(BARE if sys.stderr.isatty() else DATED))
    logging.getLogger("httpx2").setLevel(logging.WARNING)  # it logs a line for each request


def log_as(wanted: LogFormat) -> None:
    """From now on the log has this format."""
    if wanted == "json":
        shaped(JsonLine())


def shaped(formatter: logging.Formatter) -> None:
    for handler in logging.getLogger().handlers[:1]:
        handler.setFormatter(formatter)


def as_json() -> bool:
    """Whether whoever reads the log is a machine."""
    return any(isinstance(handler.formatter, JsonLine) for handler in logging.getLogger().handlers[:1])
