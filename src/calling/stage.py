"""A stage: one question as data, how it is put to a model, and the check of its reply."""

import dataclasses
import functools
import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import orjson
from pydantic import model_validator

from ..basics.shape import Shape
from ..basics.text import without_tags
from .completion import Completion
from .question import Messages, Question


@dataclasses.dataclass(frozen=True, slots=True)
class Said:
    """A text of a reply, and where in it: the keys on the way, without places in lists."""

    place: str
    text: str


class Reply(Shape):
    """What a stage gives back. Reads the wrappings that models put around a right answer."""

    bare_list: ClassVar[str | None] = None
    """The field that a list without its object is meant for."""

    @model_validator(mode="before")
    @classmethod
    def unwrap(cls, data: Any) -> Any:
        """Take the object out of a key or a list around it; put a bare list where it belongs."""
        known = {name for field, info in cls.model_fields.items() for name in (field, info.alias or field)}
        if isinstance(data, dict) and len(data) == 1 and not known & data.keys():
            (data,) = data.values()
        if isinstance(data, list) and len(data) == 1 and isinstance(data[0], dict) and known & data[0].keys():
            (data,) = data
        return {cls.bare_list: data} if cls.bare_list and isinstance(data, list) else data

    def texts(self) -> Iterator[Said]:
        """The texts of several words, each with its place; single words are names and known words."""
        return texts_in(self.model_dump(), "")


def texts_in(value: Any, place: str) -> Iterator[Said]:
    if isinstance(value, str):
        if " " in value.strip():
            yield Said(place, value)
    elif isinstance(value, dict):
        for name, part in value.items():
            yield from texts_in(part, f"{place}/{name}")
    elif isinstance(value, list | tuple):
        for part in value:
            yield from texts_in(part, place)


@dataclasses.dataclass(frozen=True)
class Fault:
    """A check that a reply does not pass, and why, in words that a model can act on."""

    check: str
    reason: str
    fatal: bool = False
    """Whether nothing can be made of such a reply; another fault is kept, and stands in the record, if it stays."""


class Checker(Protocol):
    """Gives the reason why a reply to these inputs is at fault, or None. Its name is the fault's."""

    __name__: str

    def __call__(self, reply: Any, fields: Mapping[str, Any], /) -> str | None: ...


ReplyT = TypeVar("ReplyT", bound=Reply)


@dataclasses.dataclass(frozen=True, eq=False)
class Frame:
    """What all stages of one method share."""

    system: str
    """The system message."""
    openings: Mapping[str, str]
    """How a prompt begins, by the name of an input that several stages see, with a `{name}` for the input itself."""
    tags: tuple[str, ...]
    """The tags that stand around inputs; in an input's own text nothing can be taken for one of them."""


@dataclasses.dataclass(frozen=True, eq=False)
class Stage(Generic[ReplyT]):
    """One question of a method."""

    frame: Frame
    name: str
    task: str
    """What to do: the same words in every request."""
    example: ReplyT
    """A reply in the right form whose texts say what goes where."""
    reply_tokens: int
    """Tokens of a typical reply, as hand-written ones have shown; for estimates."""
    opens_with: tuple[str, ...] = ("history",)
    """Inputs that other stages share, by their names in the frame's openings; they stand before the task."""
    material: str = ""
    """The inputs of this stage alone, with a `{field}` for each; they stand at the end."""
    one_for_each: str | None = None
    """The input whose length is the number of entries wanted in the reply's marked list."""
    checks: tuple[Checker, ...] = ()
    """What a reply must satisfy beyond its shape, given these inputs; a fault that the model does not mend is kept."""
    demands: tuple[Checker, ...] = ()
    """The same where nothing can be made of a reply that has the fault."""

    @property
    def inputs(self) -> set[str]:
        """The names of all that has to be known to ask."""
        return {*self.opens_with, *placeholders(self.material)}

    @property
    def reply(self) -> type[ReplyT]:
        return type(self.example)

    def expected(self, fields: Mapping[str, Any]) -> int | None:
        """How many entries the marked list must have, if the stage has such a list."""
        return len(fields[self.one_for_each]) if self.one_for_each else None


class Ask(Protocol):
    """The only seam between the method and a model: a stage and its inputs in, a checked reply out."""

    async def __call__(self, stage: Stage[ReplyT], /, **fields: Any) -> ReplyT: ...


class AskText(Ask, Protocol):
    """The same for whoever also wants replies as they are: a question in, whatever was said to it out."""

    async def text(self, question: Question, /, attempt: int = 1) -> Completion: ...


class AskSeats(AskText, Protocol):
    """The same where several may sit, each a model of its own; and where one question has several answers."""

    async def utterance(self, question: Question, /, fault_of: Callable[[str], Fault | None]) -> str:
        """A text without a fault: one that has some is sent back with the reason."""

    def at(self, seat: str) -> "AskSeats":
        """Whoever sits there."""

    def drawn(self, draw: int) -> "AskSeats":
        """The same, for answers other than those of another draw."""


TASK = """\
# Task: {title}

{task}

Reply format:
{example}

{material}"""

REPEATED_FORMAT = "repeated_format"  # the fault of a reply that holds texts of the example

PLACEHOLDER = re.compile(r"\{(\w+)\}")


def fill(template: str, fields: Mapping[str, str]) -> str:
    """Put the fields into the template's placeholders, in one pass: braces inside a field are text.

    Raises KeyError for a placeholder without a field and for a field without a placeholder.
    """
    if fields.keys() != placeholders(template):
        odd = fields.keys() ^ placeholders(template)
        raise KeyError(f"missing or unused prompt fields: {', '.join(sorted(odd))}")
    parts = [*pieces(template)]
    parts[1::2] = [fields[name] for name in parts[1::2]]
    return "".join(parts)


@functools.cache
def pieces(template: str) -> tuple[str, ...]:
    """The template's texts, and between two of them the name of a placeholder."""
    return tuple(PLACEHOLDER.split(template))


@functools.cache
def placeholders(template: str) -> frozenset[str]:
    return frozenset(PLACEHOLDER.findall(template))


def as_text(value: Any) -> str:
    """An input as a prompt shows it: a tree as JSON, several texts or paths as a numbered list."""
    if isinstance(value, dict):
        return orjson.dumps(value).decode()
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "\n".join(f"{number}. {item}" for number, item in enumerate(value, 1)) or "(none)"
    return str(value)


def messages(stage: Stage[Any], fields: Mapping[str, Any], form: str = "") -> Messages:
    """The chat messages that ask a stage's question about these inputs, with its example or this as the reply format.

    They begin with what stages share: the system message, then for ProUtt the dialogue, then the tree. Behind them
    stands the stage's task, the same for every sample, and only then its own inputs. So an endpoint's prefix cache pays
    once for the dialogue of a sample, and once for a task that begins a message or is asked twice.
    """
    frame = stage.frame
    texts = {name: without_tags(as_text(value), *frame.tags) for name, value in fields.items()}
    opening = "".join(fill(frame.openings[name], {name: texts.pop(name)}) for name in stage.opens_with)
    material = fill(stage.material, texts)
    example = form or example_text(stage, stage.expected(fields))
    asked = opening + fill(TASK, {"title": stage.name, "task": stage.task, "example": example, "material": material})
    return [{"role": "system", "content": frame.system}, {"role": "user", "content": asked.rstrip() + "\n"}]


@functools.cache
def digest(stages: Sequence[Stage[Any]]) -> str:
    """A short name of all prompt texts and reply formats of the stages: equal only where every prompt is equal.

    Openings of a frame that none of the stages begins with do not count.
    """
    frames = dict.fromkeys(stage.frame for stage in stages)
    used = {(stage.frame, name) for stage in stages for name in stage.opens_with}
    openings = {frame: [frame.openings[name] for name in frame.openings if (frame, name) in used] for frame in frames}
    everything = [
        *(text for frame in frames for text in (frame.system, *openings[frame])),
        TASK,
        *(text for stage in stages for text in (stage.task, stage.material, example_text(stage, 2))),
    ]
    return hashlib.sha256("\0".join(everything).encode()).hexdigest()[:12]


@functools.cache
def example_text(stage: Stage[Any], expected: int | None) -> str:
    """The stage's example as JSON, its marked list as long as was asked for."""
    example = stage.example.model_dump(by_alias=True)
    for name, part in stage.reply.model_json_schema()["properties"].items():
        if expected and part.get("as_many_as_asked"):
            shown = [example[name][min(i, len(example[name]) - 1)] for i in range(expected)]
            example[name] = [numbered(each, place) for place, each in enumerate(shown, 1)]
    return orjson.dumps(example).decode()


def numbered(entry: Any, place: int) -> Any:
    """An entry of a list with its place, where it has a number."""
    return entry | {"number": place} if isinstance(entry, dict) and "number" in entry else entry
