"""What happens in a planned dialogue, drawn by code: a walk over slots, or over tools that feed one another.

Nothing but the wording is left to a model, so that each step is known, and each value can be looked for.
"""

import dataclasses
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .people import FRICTION

MOST_STEPS = 10
CORRECTS = "corrects"
KEY_ENDS = re.compile(r"_?(?:id|ids|number|no|code|key|name|uuid|ref|reference)$")
MONTHS = ("January", "March", "April", "June", "August", "September", "October", "December")
NAMES = ("Okafor", "Lindqvist", "Moreau", "Tanaka", "Petrov", "Silva", "Haddad", "Novak", "Brandt", "Castillo")
CITIES = ("Lyon", "Gdansk", "Porto", "Bergen", "Osaka", "Leeds", "Tampere", "Valencia", "Graz", "Dunedin")


@dataclasses.dataclass(frozen=True)
class Step:
    """One exchange: what each side does in it, and the values that are said."""

    user: str
    assistant: str
    values: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"the person {self.user} | the assistant {self.assistant}"


def given(values: Mapping[str, str]) -> str:
    """Slots with their values, as a step shows them."""
    return ", ".join(f'{name.replace("_", " ")} "{value}"' for name, value in values.items())


# ---------------------------------------------------------------------------------------------- slots


def slots_of(fields: Mapping[str, Any]) -> dict[str, list[str]]:
    """Each slot with its values as texts; those without any are left out."""
    found = {}
    for name, slot in fields["slots"].items():
        values = slot.get("values", slot.get("enum", ())) if isinstance(slot, dict) else slot
        if isinstance(values, list | tuple) and (texts := [str(value) for value in values if str(value).strip()]):
            found[str(name)] = texts
    return found


def over_slots(fields: Mapping[str, Any], dice: random.Random, rounds: int, friction: float) -> list[Step]:
    """A walk of acts: the person opens with a slot or two, is asked for others, changes one, asks for one, agrees."""
    slots = slots_of(fields)
    names = dice.sample(list(slots), min(len(slots), max(1, min(rounds, MOST_STEPS))))
    chosen = {name: dice.choice(slots[name]) for name in names}
    first = names[: dice.choice((1, 1, 2))]
    about = str(fields.get("about") or fields.get("name") or "what the slots are for")
    opening = {name: chosen[name] for name in first}
    steps = [Step(f"asks for {about} and gives {given(opening)}", asks(names[len(first) :]), (*opening.values(),))]
    for place, name in enumerate(names[len(first) :], len(first)):
        told = {name: chosen[name]}
        steps.append(Step(f"gives {given(told)}", asks(names[place + 1 :]), (chosen[name],)))
        others = [value for value in slots[name] if value != chosen[name]]
        if others and dice.random() < friction:
            chosen[name] = dice.choice(others)
            changed = given({name: chosen[name]})
            steps.append(
                Step(f"{FRICTION[CORRECTS]}: it is {changed} now", "takes note of the change", (chosen[name],))
            )
    if dice.random() < friction:
        wanted = dice.choice(names).replace("_", " ")
        steps.append(Step(f"asks what else there would be for {wanted}", "names two, and keeps what was chosen"))
    last = Step("agrees, or asks for one last detail of it", f"settles it: {given(chosen)}", (*chosen.values(),))
    return [*steps, last]


def asks(missing: Sequence[str]) -> str:
    return f"asks for {missing[0].replace('_', ' ')}" if missing else "says that all is there"


# ---------------------------------------------------------------------------------------------- tools


@dataclasses.dataclass(frozen=True)
class Tool:
    """A function, its parameters as JSON schemas, and what it gives back, where that is told."""

    name: str
    about: str
    parameters: Mapping[str, Mapping[str, Any]]
    required: frozenset[str]
    returns: frozenset[str]


def tools_of(fields: Mapping[str, Any]) -> list[Tool]:
    return [tool_of(each.get("function", each)) for each in fields["tools"]]


def tool_of(function: Mapping[str, Any]) -> Tool:
    schema, back = function.get("parameters") or {}, function.get("returns") or {}
    properties = schema.get("properties") or {}
    return Tool(
        str(function["name"]),
        str(function.get("description") or function["name"]),
        {str(name): part if isinstance(part, dict) else {} for name, part in properties.items()},
        frozenset(schema.get("required") or ()),
        frozenset((back.get("properties") or {}) if isinstance(back, dict) else ()),
    )


def feeds(one: Tool, other: Tool) -> list[str]:
    """The parameters of the other that what this tool gives back can fill, by what it returns or by its name."""
    said = set(re.split(r"[_\W]+|(?<=[a-z])(?=[A-Z])", one.name.lower()))
    return [
        name
        for name in other.parameters
        if one is not other and name not in one.parameters and (name in one.returns or key_stem(name) & stems(said))
    ]


def key_stem(name: str) -> set[str]:
    """The thing that a parameter such as order_id is a key of."""
    bare = KEY_ENDS.sub("", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower())
    return {bare.rstrip("s").split("_")[-1]} if bare and bare != name.lower() else set()


def stems(words: set[str]) -> set[str]:
    return {word.rstrip("s") for word in words if word}


def walk(tools: Sequence[Tool], dice: random.Random, most: int) -> list[tuple[Tool, list[str]]]:
    """Tools in an order in which each is fed by the one before where any can be, with the parameters it is fed."""
    fed_by_any = [tool for tool in tools if any(set(feeds(one, tool)) & tool.required for one in tools)]
    starts = [tool for tool in tools if tool not in fed_by_any] or list(tools)
    leading = [tool for tool in starts if any(feeds(tool, other) for other in tools)]
    path = [(dice.choice(leading or starts), list[str]())]
    while len(path) < most:
        taken = [tool for tool, _ in path]
        following = [(tool, feeds(taken[-1], tool)) for tool in tools if tool not in taken]
        fed = [each for each in following if each[1]]
        if not (fed or dice.random() < 0.5) or not following:  # noqa: PLR2004 (a matter of its own is as likely as none)
            break
        others = [each for each in following if each[0] in starts]
        if not (fed or others):
            break
        path.append(dice.choice(fed or others))
    return path


def over_tools(fields: Mapping[str, Any], dice: random.Random, rounds: int, friction: float) -> list[Step]:
    """A walk over tools: the person gives what is needed, at once or when asked, and goes on from what came back."""
    steps: list[Step] = []
    back: dict[str, str] = {}
    path = walk(tools_of(fields), dice, max(1, min(rounds, MOST_STEPS // 2)))
    for place, (tool, fed) in enumerate(path):
        values = values_of([*wanted(tool)], tool, back, dice)
        told = {name: value for name, value in values.items() if name not in fed}
        later = dict([told.popitem()]) if len(told) > 1 and dice.random() < friction else {}
        following = path[place + 1] if place + 1 < len(path) else None
        back = {name: value_of(name, following[0].parameters[name], dice) for name in following[1]} if following else {}
        result = f"calls {tool.name} and tells in words what came back" + (f", with {given(back)}" if back else "")
        does = f"wants what {tool.name} does ({tool.about}){' with what was just told' if fed else ''}"
        does += f" and gives {given(told)}" if told else ""
        if later:
            steps.append(Step(does, f"asks for {' and '.join(later)}", (*told.values(),)))
            does, told = f"gives {given(later)}", later
        steps.append(Step(does, result, (*told.values(), *back.values())))
    return steps


def wanted(tool: Tool) -> Iterator[str]:
    """The parameters that a call has: those required, or all where none is."""
    yield from (name for name in tool.parameters if name in tool.required or not tool.required)


def values_of(names: Sequence[str], tool: Tool, back: Mapping[str, str], dice: random.Random) -> dict[str, str]:
    """A value for each of these parameters: what was given back, or else one of its own that no other has."""
    values = {name: back[name] for name in names if name in back}
    for name in names:
        if name not in values:
            tries = (value_of(name, tool.parameters[name], dice) for _ in range(8))
            value = next((each for each in tries if each not in values.values()), None)
            values[name] = value or value_of(name, tool.parameters[name], dice)
    return {name: values[name] for name in names}


def value_of(name: str, schema: Mapping[str, Any], dice: random.Random) -> str:
    """A value for a parameter, of those that its schema names or of its kind."""
    known = schema.get("enum") or schema.get("examples") or ([schema["default"]] if "default" in schema else [])
    if known:
        return str(dice.choice(list(known)))
    kind, form = schema.get("type"), f"{name} {schema.get('format', '')}".lower()
    if kind in {"integer", "number"}:
        return str(dice.randint(int(schema.get("minimum", 1)), int(schema.get("maximum", 12))))
    if kind == "boolean":
        return dice.choice(("yes", "no"))
    for word, value in {
        "date": f"{dice.randint(1, 28)} {dice.choice(MONTHS)}",
        "time": f"{dice.randint(7, 21)}:{dice.choice(('00', '15', '30', '45'))}",
        "mail": f"{dice.choice(NAMES).lower()}@example.com",
        "phone": f"0{dice.randint(200, 999)} {dice.randint(100000, 999999)}",
        "city": dice.choice(CITIES),
        "place": dice.choice(CITIES),
        "location": dice.choice(CITIES),
        "destination": dice.choice(CITIES),
        "origin": dice.choice(CITIES),
        "name": dice.choice(NAMES),
    }.items():
        if word in form:
            return value
    return f"{name[:2].upper()}{dice.randint(1000, 9999)}"
