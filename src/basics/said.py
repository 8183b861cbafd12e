"""Saying something of many things: the first few by name, the rest by their number."""

import logging

MOST = 20  # of one kind; who has seen twenty knows, and the summary has the count


class FirstFew:
    """Warns of the first few things of a kind, and counts all."""

    def __init__(self, log: logging.Logger) -> None:
        self.count = 0
        self._log = log

    def warn(self, message: str, *parts: object) -> None:
        self.count += 1
        if self.count <= MOST:
            self._log.warning(message, *parts)
