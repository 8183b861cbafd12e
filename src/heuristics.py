"""Marks on a pair that say why it may be bad, found without a model; each names its evidence.

A mark is a hint and no verdict. Thresholds stand at the top with their reason. Texts are compared without case,
punctuation and white space, as `selection.normalised` does.
"""

import dataclasses
import itertools
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal

from pydantic import Field, ValidationError

from .formats import Side
from .schemas import Shape, Turn
from .selection import normalised
from .utils import shortened

LEAST_COMPARED = 4  # characters; "yes" and "好的" are said again and again without being copied
TOO_SHORT = 2  # characters; one letter is no utterance, while "好的" is one
TOO_LONG, TIMES_THE_USERS = 400, 4  # characters; longer only where this user writes longer, by so many times
SAME_SCRIPT = 0.7  # of the letters; below, a text mixes scripts and has none of its own
FEWEST_LETTERS = 4  # to tell a text's script by
ALIKE = 0.9  # share of common character pairs; rewordings of one sentence lie above, others seldom above 0.6
AGAINST = 3  # predictions of four whose form speaks against the category; questions without a mark are common

SideName = Literal["chosen", "rejected"]


class MarkedSide(Side):
    """A trajectory with the wrong paths that it was led along, if it was."""

    wrong_paths: tuple[dict[str, Any], ...] | None = Field(None, alias="incorrect_path")


class TruthPath(Shape):
    view: str = Field(alias="insight")
    paths: tuple[dict[str, Any], ...] = Field(alias="path")


class MarkedRecord(Shape):
    """A record as far as marks need it; what a published record lacks is left out of account."""

    context: tuple[Turn, ...] = ()
    utterance: str = Field("", alias="label")
    history: str = Field("", alias="chat_history")
    truth_path: TruthPath | None = Field(None, alias="gt_insight_path")
    revision: dict[str, Any] | None = Field(None, alias="revised_insight_reason")
    chosen: MarkedSide
    rejected: MarkedSide

    @property
    def sides(self) -> tuple[tuple[SideName, MarkedSide], ...]:
        return ("chosen", self.chosen), ("rejected", self.rejected)

    @property
    def user_turns(self) -> list[str]:
        return [turn.content for turn in self.context if turn.role == "user"]


@dataclasses.dataclass(frozen=True)
class Mark:
    """One finding: which heuristic, on which side (None: the sample itself), and what it saw."""

    tag: str
    side: SideName | None
    evidence: str


Found = Iterator[tuple[SideName | None, str]]

# ---------------------------------------------------------------------------------------------- what a text is like


def script_of(text: str) -> str | None:
    """The script that most letters are of: LATIN, CJK, CYRILLIC, …; None where there are few letters or no such one.

    Han, kana and hangul count as one: Japanese mixes them.
    """
    names = Counter(script_of_letter(letter) for letter in text if letter.isalpha())
    if names.total() < FEWEST_LETTERS:
        return None
    script, count = names.most_common(1)[0]
    return script if count >= SAME_SCRIPT * names.total() else None


def script_of_letter(letter: str) -> str:
    name = unicodedata.name(letter, "").split(" ")[0]
    return "CJK" if name in {"CJK", "HIRAGANA", "KATAKANA", "HANGUL"} else name


def likeness(one: str, other: str) -> float:
    """The share of common pairs of characters, from 0 to 1."""
    a, b = (Counter(itertools.pairwise(text)) for text in (normalised(one), normalised(other)))
    return 2 * (a & b).total() / max(1, a.total() + b.total())


# Only what ends as a question, or begins as one in English, counts: words such as "what" stand in statements too.
ASKS = re.compile(
    r"[?？][\s\"'”’)）]*$|(吗|呢|么)[。.!！]?$|^(what|where|when|who|why|how|which|is|are|do|does|can|could|would)\b",
    re.IGNORECASE,
)
ORDERS = re.compile(r"^\s*(please|write|list|give|make|tell|show|explain|recommend|create|请|帮我|给我)", re.IGNORECASE)
ARTIFACT = re.compile(
    r"->|→|\b(intent tree|tree path|(mining|exploration|explore) view|source_node|target_node|draft reasoning)\b"
    r"|意图树|挖掘视角|探索视角|^\s*(prediction|utterance)\s*\d*\s*:",
    re.IGNORECASE,
)
INJECTED = re.compile(r"<\s*/?\s*(think|predict|dialogue|intent_tree|utterance)\b[^>]*>", re.IGNORECASE)
REFUSAL = re.compile(
    r"\bas an ai\b|\bi(?:['’]m| am) (?:sorry|unable),? (?:but )?(?:i |to )(?:can|assist|help|provide|comply)"
    r"|\bi (?:cannot|can['’]?t|am unable to) (?:assist|help with|provide|comply|predict)"
    r"|作为(?:一个|一名)?(?:AI|人工智能|语言模型)|(?:抱歉|对不起)[，,]?我(?:无法|不能)(?:提供|协助|预测|完成)",
    re.IGNORECASE,
)

# ---------------------------------------------------------------------------------------------- the heuristics


def prediction_repeats_context(record: MarkedRecord) -> Found:
    said = {normalised(text) for text in record.user_turns}
    for side, trajectory in record.sides:
        for text in trajectory.predictions:
            if len(normalised(text)) >= LEAST_COMPARED and normalised(text) in said:
                yield side, text


def prediction_leaks_utterance(record: MarkedRecord) -> Found:
    """The real utterance on the side that is to lose; on the other it is a good guess."""
    real = normalised(record.utterance)
    for text in record.rejected.predictions:
        if len(real) >= LEAST_COMPARED and real in normalised(text):
            yield "rejected", text


def artifact(record: MarkedRecord) -> Found:
    yield from in_predictions(record, ARTIFACT)


def refusal(record: MarkedRecord) -> Found:
    yield from in_predictions(record, REFUSAL)


def in_predictions(record: MarkedRecord, pattern: re.Pattern[str]) -> Found:
    for side, trajectory in record.sides:
        for text in trajectory.predictions:
            if found := pattern.search(text):
                yield side, f"{found[0].strip()!r} in {text}"


def tag_injection(record: MarkedRecord) -> Found:
    """Something that looks like a tag of the training format, wherever it came from."""
    for turn in record.context:
        if found := INJECTED.search(turn.content):
            yield None, f"{found[0]} in a {turn.role} turn"
    for side, trajectory in record.sides:
        views = (trajectory.mining, trajectory.exploration)
        for text in (*trajectory.predictions, *views, trajectory.category_reasoning):
            if found := INJECTED.search(text):
                yield side, f"{found[0]} in {text}"


def wrong_language(record: MarkedRecord) -> Found:
    users = script_of("\n".join(record.user_turns))
    for side, trajectory in record.sides:
        for text in trajectory.predictions:
            if users and (script := script_of(text)) and script != users:
                yield side, f"{script.lower()} instead of {users.lower()}: {text}"


def category_mismatch(record: MarkedRecord) -> Found:
    """Most predictions have the form of another category than the side claims."""
    for side, trajectory in record.sides:
        category = trajectory.category
        asking = [text for text in trajectory.predictions if ASKS.search(text) and not ORDERS.search(text)]
        ordering = [text for text in trajectory.predictions if ORDERS.search(text)]
        against = {"Statement": asking + ordering, "Question": ordering, "Instruction": []}.get(category, [])
        if len(against) >= AGAINST:
            yield side, f"{len(against)} of {len(trajectory.predictions)} are no {category}, such as {against[0]}"


def path_not_in_reasoning(record: MarkedRecord) -> Found:
    """A view that was rewritten along paths does not name where one of them leads."""
    if not record.truth_path:
        return
    led: list[tuple[SideName, MarkedSide, Sequence[dict[str, Any]]]] = []
    if record.revision:
        led.append(("chosen", record.chosen, record.truth_path.paths))
    led.append(("rejected", record.rejected, record.rejected.wrong_paths or ()))
    for side, trajectory, paths in led:
        exploring = record.truth_path.view == "Exploration"
        reasoning = normalised(trajectory.exploration if exploring else trajectory.mining)
        for path in paths:
            target = str(path.get("target_node", ""))
            if normalised(target) not in reasoning:
                yield side, target


def unknown_source_node(record: MarkedRecord) -> Found:
    topics = {normalised(topic) for topic in record.chosen.tree}
    paths: list[tuple[SideName | None, dict[str, Any]]] = []
    paths += [(None, path) for path in (record.truth_path.paths if record.truth_path else ())]
    paths += [("rejected", path) for path in record.rejected.wrong_paths or ()]
    for side, path in paths:
        if normalised(str(path.get("source_node", ""))) not in topics:
            yield side, str(path.get("source_node"))


def exploration_without_new_topic(record: MarkedRecord) -> Found:
    if not record.truth_path or record.truth_path.view != "Exploration":
        return
    topics = {normalised(topic) for topic in record.chosen.tree}
    for path in record.truth_path.paths:
        topic = str(path.get("target_node", "")).split(" - ")[0]
        if normalised(topic) in topics:
            yield None, topic


def duplicate_predictions(record: MarkedRecord) -> Found:
    for side, trajectory in record.sides:
        counts = Counter(map(normalised, trajectory.predictions))
        yield from ((side, text) for text in dict.fromkeys(trajectory.predictions) if counts[normalised(text)] > 1)


def sides_too_alike(record: MarkedRecord) -> Found:
    """No prediction of the losing side differs in substance from all of the winning one."""
    chosen, rejected = record.chosen.predictions, record.rejected.predictions
    nearest = [max(likeness(text, other) for other in chosen) for text in rejected]
    if nearest and min(nearest) >= ALIKE:
        yield None, f"the least alike: {rejected[nearest.index(min(nearest))]}"


def too_short(record: MarkedRecord) -> Found:
    yield from ((side, text) for side, each in record.sides for text in each.predictions if len(text) < TOO_SHORT)


def too_long(record: MarkedRecord) -> Found:
    most = max(TOO_LONG, TIMES_THE_USERS * max(map(len, record.user_turns), default=0))
    for side, trajectory in record.sides:
        yield from ((side, f"{len(text)} characters") for text in trajectory.predictions if len(text) > most)


def copied_utterance(record: MarkedRecord) -> Found:
    """The user said the same again: to foresee it needs no insight."""
    real = normalised(record.utterance)
    if record.user_turns and real and real == normalised(record.user_turns[-1]):
        yield None, record.utterance


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
)
INVERTED = "inverted"
"""A model's mark: it finds the rejected side nearer to what was really said."""
TAGS = (*(heuristic.__name__ for heuristic in HEURISTICS), INVERTED)
LONGEST_EVIDENCE = 200  # characters


def marks(record: MarkedRecord) -> list[Mark]:
    """Every finding about this pair."""
    return [Mark(found.__name__, side, evidence) for found in HEURISTICS for side, evidence in found(record)]


def told(record: MarkedRecord) -> list[dict[str, Any]]:
    """The findings as a record's `quality` holds them."""
    return [
        dataclasses.asdict(each) | {"evidence": shortened(each.evidence, LONGEST_EVIDENCE)} for each in marks(record)
    ]


def reason_of(error: Exception) -> str:
    """Why a line is no record, in a few words."""
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        return f'"{where}": {first["msg"]}' if where else "it is not a record"
    return f"it is not JSON ({error})" if isinstance(error, ValueError) else "it has no sample_id and item_id"
