"""How sure a model is of each prediction: the log probability of what it wrote there, where the endpoint tells it."""

import itertools
import re
from collections.abc import Iterator, Sequence

from ..calling.completion import Token
from .replies import CLOSES, PREDICTION

TAGGED = re.compile(PREDICTION.pattern.encode(), re.DOTALL)
LIST = re.compile(rb'"predictions"\s*:\s*\[')
ITEM = re.compile(rb'\s*"((?:[^"\\]|\\.)*)"\s*,?', re.DOTALL)


def logprobs(template: str, tokens: Sequence[Token], count: int) -> tuple[float, ...]:
    """The log probability of each of so many predictions, in nats; none where the tokens are not those of the reply."""
    written = b"".join(token.text for token in tokens)
    places = [*places_in(template, written)]
    if len(places) != count:
        return ()
    ends = [*itertools.accumulate(len(token.text) for token in tokens)]
    return tuple(
        sum(
            token.nats
            for token, end in zip(tokens, ends, strict=True)
            if place.start < end and end - len(token.text) < place.stop
        )
        for place in places
    )


def places_in(template: str, written: bytes) -> Iterator[range]:
    """Where predictions stand in what was written, behind any thoughts."""
    _, closing, _ = written.rpartition(CLOSES.encode())
    start = written.rfind(closing) + len(closing) if closing else 0
    if template == "plain":
        if written:
            yield range(start, len(written))
    elif template == "json":
        yield from items(written, start)
    else:
        yield from (range(*found.span(1)) for found in TAGGED.finditer(written, start))


def items(written: bytes, start: int) -> Iterator[range]:
    """The strings of the list of predictions."""
    at = LIST.search(written, start)
    while at and (at := ITEM.match(written, at.end())):
        yield range(*at.span(1))
