"""What can be told about dialogues: which turns count, and what is done with odd ones."""

import argparse
import dataclasses
import functools
from typing import Literal, get_args

from ..basics.dice import Draws
from ..basics.options import number, one_of, option, share
from ..running.settings import Running

Turns = Literal["last", "random", "all"]
OasstPaths = Literal["best", "all"]
Keep = Literal["keep", "drop"]

reading = functools.partial(option, group="input")
NAMED = ("messages", "id", "role", "content")


def own_names(text: str) -> list[str]:
    """OURS=YOURS, or several with commas between: fields that have other names in the user's data."""
    for each in (pairs := text.split(",")):
        ours, _, yours = each.partition("=")
        if ours not in NAMED or not yours:
            known = ", ".join(NAMED)
            raise argparse.ArgumentTypeError(f"{each!r} is not OURS=YOURS, such as messages=turns; ours are {known}")
    return pairs


@dataclasses.dataclass(frozen=True)
class OfDialogues(Draws):
    """How rows of files become dialogues."""

    field: tuple[str, ...] = reading(
        (),
        own_names,
        "your own name of messages, id, role or content, such as messages=turns; several with commas between",
        action="extend",
        metavar="OURS=YOURS",
    )
    user_role: str | None = reading(None, str, "another name for the user's role, where your data has its own")
    assistant_role: str | None = reading(None, str, "the same for the assistant's role")
    system_turns: Keep = reading(
        "keep", one_of(*get_args(Keep)), "drop them where they are secret or the same everywhere"
    )
    tool_turns: Keep = reading(
        "keep", one_of(*get_args(Keep)), "tool calls and results; drop them where they are long and tell little"
    )
    repeats: Keep = reading(
        "drop", one_of(*get_args(Keep)), "of dialogues that others repeat exactly; keep them where frequency counts"
    )
    oasst_paths: OasstPaths = reading(
        "best", one_of(*get_args(OasstPaths)), "of an OASST message tree: the best-ranked path, or all paths"
    )

    @property
    def names(self) -> dict[str, str]:
        """The user's own names of fields, by ours."""
        return dict(text.split("=", 1) for text in self.field)


@dataclasses.dataclass(frozen=True)
class Reading(OfDialogues):
    """How dialogues become samples."""

    turns: Turns = reading(
        "last", one_of(*get_args(Turns)), "which user turns to predict: last, random (one a dialogue) or all"
    )
    max_context_chars: int | None = reading(
        None, number(1, 10**9, int), "keep of a longer context its system turn and its newest whole rounds"
    )


@dataclasses.dataclass(frozen=True)
class OverDialogues(Running, Reading):
    """A run whose items are samples of dialogues. The input is files, folders, globs, or `-` for standard input."""

    input: tuple[str, ...] = option((), str, "what is read", group="input", variable=False, nargs="+", metavar="FILE")
    shard: tuple[int, int] | None = reading(
        None, share, "make only the I-th of N shares of the samples, for several processes or machines", metavar="I/N"
    )
    latency: float | None = option(
        None,
        number(0.001, 86_400),
        "seconds of a call, for --estimate [as earlier runs on the output measured]",
        group="limits and money",
        variable=False,
        metavar="SECONDS",
    )
    show: int | None = reading(
        None,
        number(1, 10**6, int),
        "print so many samples as they would be asked, without a request, and stop",
        metavar="N",
    )
