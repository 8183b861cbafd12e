"""Marks on a pair that say why it may be bad, found without a model; each names its evidence.

A mark is a hint and no verdict. Thresholds stand at the top with their reason. Texts are compared without case,
punctuation and white space, as `basics.text.normalised` does.
"""

import dataclasses
import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ..basics.text import normalised, shortened
from ..basics.wording import share_named
from ..calling.stage import as_text
from ..dialogues.turns import Turn
from ..pairs.sides import LoosePath, MarkedRecord, MarkedSide, SideName
from ..pairs.words import INVERTED
from .particulars import told_by
from .signs import (
    ARTIFACT,
    ASKS,
    ASKS_FOR_FACTS,
    INJECTED,
    ORDERS,
    REFUSAL,
    TELLS,
    likeness,
    script_of,
    scripts_in_use,
)

ALMOST = 0.9  # share of common character pairs; what is left out or put differently is a word or less
LEAST_PART = 12  # characters; shorter parts of a turn are said again without being copied
LEAST_COMPARED = 4  # characters; "yes" and "好的" are said again and again without being copied
TOO_LONG, TIMES_THE_USERS = 400, 4  # characters; longer only where this user writes longer, by so many times
ALIKE = 0.7  # share of common character pairs; one word replaced in a short sentence leaves so many, another seldom 0.6
NAMED = 0.5  # of a target's words; a reason names it in its own words, and rarely with half of them gone
AGAINST = 3  # predictions of four whose form speaks against the category; questions without a mark are common


@dataclasses.dataclass(frozen=True)
class Mark:
    """One finding: which heuristic, on which side (None: the sample itself), and what it saw."""

    tag: str
    side: SideName | None
    evidence: str


Found = Iterator[tuple[SideName | None, str]]


def prediction_repeats_context(record: MarkedRecord) -> Found:
    """A user turn again, or a whole clause of one."""
    said = [normalised(text) for text in record.user_turns]
    for side, trajectory in record.sides:
        for text in trajectory.predictions:
            bare = normalised(text)
            if (len(bare) >= LEAST_COMPARED and bare in said) or is_part(bare, said):
                yield side, text


def prediction_leaks_utterance(record: MarkedRecord) -> Found:
    """The real utterance or most of it on the side that is to lose; on the other it is a good guess."""
    real = normalised(record.utterance)
    if len(real) < LEAST_COMPARED:
        return
    rejected = record.rejected
    for text in rejected.predictions:
        most = 2 * len(normalised(text)) >= len(real) and is_part(normalised(text), [real])
        if real in normalised(text) or most or likeness(text, record.utterance) >= ALMOST:
            yield "rejected", text
    targets = [path.target for path in rejected.wrong_paths or ()]
    for text in (rejected.mining, rejected.exploration, rejected.category_reasoning, *targets):
        if len(real) >= LEAST_PART and real in normalised(text):
            yield "rejected", text


def is_part(text: str, wholes: Sequence[str]) -> bool:
    return len(text) >= LEAST_PART and any(text in whole for whole in wholes)


def artifact(record: MarkedRecord) -> Found:
    """A prediction has words of trees, paths and stages that the dialogue does not have."""
    yield from in_predictions(record, ARTIFACT)


def refusal(record: MarkedRecord) -> Found:
    """A prediction speaks as an assistant that declines, and not as the user."""
    yield from in_predictions(record, REFUSAL)


def in_predictions(record: MarkedRecord, pattern: re.Pattern[str]) -> Found:
    """What the dialogue has is the dialogue's: arrows of a programmer, a refusal that the user quotes."""
    turns = record.user_turns if pattern is REFUSAL else [turn.content for turn in record.context]
    said = "\n".join(turns).casefold()
    for side, trajectory in record.sides:
        for text in trajectory.predictions:
            if (found := pattern.search(text)) and found[0].strip().casefold() not in said:
                yield side, f"{found[0].strip()!r} in {text}"


def tag_injection(record: MarkedRecord) -> Found:
    """Something that looks like a tag of the training format, wherever it came from."""
    for turn in (*record.context, Turn(role="user", content=record.utterance)):
        if found := INJECTED.search(turn.content):
            yield None, f"{found[0]} in a {turn.role} turn"
    for side, trajectory in record.sides:
        reasons = (trajectory.mining, trajectory.exploration, trajectory.category_reasoning)
        paths = [str(path) for path in trajectory.wrong_paths or ()]
        for text in (*trajectory.predictions, *reasons, as_text(trajectory.tree), *paths):
            if found := INJECTED.search(text):
                yield side, f"{found[0]} in {text}"


def wrong_language(record: MarkedRecord) -> Found:
    """A prediction is in a script that this user does not write."""
    users = scripts_in_use("\n".join(record.user_turns))
    for side, trajectory in record.sides:
        for text in trajectory.predictions:
            if users and (script := script_of(text)) and script not in users:
                yield side, f"{script.lower()} instead of {' or '.join(sorted(users)).lower()}: {text}"


def category_mismatch(record: MarkedRecord) -> Found:
    """Most predictions have the form of another category than the side claims."""
    for side, trajectory in record.sides:
        category = trajectory.category
        asking = [text for text in trajectory.predictions if ASKS.search(text) and not ORDERS.search(text)]
        ordering = [text for text in trajectory.predictions if ORDERS.search(text)]
        telling = [text for text in trajectory.predictions if TELLS.search(text) and not ASKS.search(text)]
        facts = [text for text in asking if ASKS_FOR_FACTS.search(text)]
        orders = [text for text in ordering if text not in telling]
        against = {"Statement": asking + ordering, "Question": telling + orders, "Instruction": facts}.get(category, [])
        if len(against) >= AGAINST:
            yield side, f"{len(against)} of {len(trajectory.predictions)} are no {category}, such as {against[0]}"


def path_not_in_reasoning(record: MarkedRecord) -> Found:
    """A view that was rewritten along paths does not name where one of them leads."""
    if not record.truth_path:
        return
    led: list[tuple[SideName, MarkedSide, Sequence[LoosePath]]] = []
    if record.revision:
        led.append(("chosen", record.chosen, record.truth_path.paths))
    led.append(("rejected", record.rejected, record.rejected.wrong_paths or ()))
    for side, trajectory, paths in led:
        exploring = record.truth_path.view == "Exploration"
        reasoning = trajectory.exploration if exploring else trajectory.mining
        for path in paths:
            target = path.target
            if normalised(target) not in normalised(reasoning) and share_named(target, reasoning) < NAMED:
                yield side, target


def unknown_source_node(record: MarkedRecord) -> Found:
    """A path starts at no topic of its side's tree."""
    for led in paths_of(record):
        if normalised(led.path.source) not in led.topics:
            yield led.side, led.path.source


def exploration_without_new_topic(record: MarkedRecord) -> Found:
    """A path that is to lead to a new topic leads to one of the tree."""
    if not record.truth_path or record.truth_path.view != "Exploration":
        return
    for led in paths_of(record):
        topic = led.path.target.split(" - ")[0]
        if normalised(topic) in led.topics:
            yield led.side, topic


@dataclasses.dataclass(frozen=True)
class Led:
    """A path of a pair: whose it is (None: a true one, which nobody chose), and the topics that it may start at."""

    side: SideName | None
    path: LoosePath
    topics: frozenset[str]


def paths_of(record: MarkedRecord) -> Iterator[Led]:
    """The true paths from the chosen side's tree, and the wrong ones from that of the rejected side."""
    true, wrong = (frozenset(map(normalised, trajectory.tree)) for _, trajectory in record.sides)
    yield from (Led(None, path, true) for path in (record.truth_path.paths if record.truth_path else ()))
    yield from (Led("rejected", path, wrong) for path in record.rejected.wrong_paths or ())


def duplicate_predictions(record: MarkedRecord) -> Found:
    """The same, but for a word or less."""
    for side, trajectory in record.sides:
        for one, other in itertools.combinations(trajectory.predictions, 2):
            if normalised(one) == normalised(other) or likeness(one, other) >= ALMOST:
                yield side, one


def sides_too_alike(record: MarkedRecord) -> Found:
    """No prediction of the losing side differs in substance from all of the winning one."""
    chosen, rejected = record.chosen.predictions, record.rejected.predictions
    nearest = [max(likeness(text, other) for other in chosen) for text in rejected]
    if nearest and min(nearest) >= ALIKE:
        yield None, f"the least alike: {rejected[nearest.index(min(nearest))]}"


def too_short(record: MarkedRecord) -> Found:
    """No word and no number, or a single letter; "3" and "行" are answers."""
    for side, trajectory in record.sides:
        for text in trajectory.predictions:
            bare = normalised(text)
            if not bare or (len(bare) == 1 and bare.isascii() and bare.isalpha()):
                yield side, text


def too_long(record: MarkedRecord) -> Found:
    """Far longer than this user writes."""
    most = max(TOO_LONG, TIMES_THE_USERS * max(map(len, record.user_turns), default=0))
    for side, trajectory in record.sides:
        yield from ((side, f"{len(text)} characters") for text in trajectory.predictions if len(text) > most)


def copied_utterance(record: MarkedRecord) -> Found:
    """The user said the same again: to foresee it needs no insight."""
    real = normalised(record.utterance)
    if record.user_turns and real and real == normalised(record.user_turns[-1]):
        yield None, record.utterance


def fault_kept(record: MarkedRecord) -> Found:
    """A reply was at fault when the pair was made, and the model did not mend it."""
    yield from ((None, f"{fault.stage}: {fault.reason}") for fault in record.faults or ())


def path_tells_utterance(record: MarkedRecord) -> Found:
    """A true path names what only the real utterance has: a name, a number, its very words."""
    for path in record.truth_path.paths if record.truth_path else ():
        for told in told_by(record.utterance, record.before, path.target, short=True):
            yield None, f"{told!r} in {path.target}"


def chosen_tells_utterance(record: MarkedRecord) -> Found:
    """The side to prefer was rewritten, and has what only the real utterance has; of a draft it would be foresight."""
    if record.truth_path and not record.revision:
        return
    side = record.chosen
    texts = [(text, True) for text in side.predictions]
    texts += [(text, False) for text in (side.category_reasoning, side.mining, side.exploration)]
    for text, short in texts:
        for told in told_by(record.utterance, record.before, text, short=short):
            yield "chosen", f"{told!r} in {text}"


HEURISTICS: tuple[Callable[[MarkedRecord], Found], ...] = (
    prediction_repeats_context,
    prediction_leaks_utterance,
    artifact,
    wrong_language,
    category_mismatch,
    path_not_in_reasoning,
    unknown_source_node,
    exploration_without_new_topic,
    duplicate_predictions,
    sides_too_alike,
    too_short,
    too_long,
    tag_injection,
    copied_utterance,
    refusal,
    fault_kept,
    path_tells_utterance,
    chosen_tells_utterance,
)
TAGS = (*(heuristic.__name__ for heuristic in HEURISTICS), INVERTED)
LONGEST_EVIDENCE = 200  # characters


def marks(record: MarkedRecord) -> list[Mark]:
    """Every finding about this pair; where nobody was misled and both sides are one draft, those about that."""
    found = [Mark(each.__name__, side, evidence) for each in HEURISTICS for side, evidence in each(record)]
    one = record.misled == "none" and record.chosen == record.rejected
    return [mark for mark in found if not one or (mark.side != "rejected" and mark.tag != sides_too_alike.__name__)]


def findings(record: MarkedRecord) -> list[dict[str, Any]]:
    """The findings as a record's `quality` holds them."""
    return [
        dataclasses.asdict(each) | {"evidence": shortened(each.evidence, LONGEST_EVIDENCE)} for each in marks(record)
    ]


def in_help() -> str:
    """Every mark with what it means, a line each."""
    width = max(map(len, TAGS))
    meanings = {each.__name__: (each.__doc__ or "").strip() for each in HEURISTICS}
    meanings[INVERTED] = "The judge finds the rejected side nearer."
    return "".join(f"  {tag:<{width}}  {meaning}\n" for tag, meaning in meanings.items())
