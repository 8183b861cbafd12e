"""What replies have to satisfy beyond their shape: paths that start in the tree and differ, predictions that differ,
a misread tree of the true one's make.

Each check is named for what it demands, takes a reply and what was asked, and gives the reason for the model.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ...basics.text import normalised, shortened
from ...basics.wording import share_named
from .misreading import WrongTurn
from .replies import DraftInsight, IntentTree, Revision, TreePath, TruthPath, WrongPath

LONGEST_NAME = 200  # characters; a tree of sentences is no tree, and every later prompt carries it
AS_LONG = 1.6  # times; attributes written anew by another hand of the same care are seldom longer or shorter by more
NAMED = 0.5  # of a target's words; a reason names it in its own words, and rarely with half of them gone

Fields = Mapping[str, Any]


def names_are_short(reply: IntentTree | TruthPath | WrongPath | WrongTurn, _: Fields) -> str | None:
    # A check and not a length in the schema, which makes some endpoints cut words short.
    for text in names_in(reply):
        if len(text) > LONGEST_NAME:
            return f'"{shortened(text, 40)}" is {len(text)} characters long; at most {LONGEST_NAME}, so shorten it'
    return None


def names_in(reply: IntentTree | TruthPath | WrongPath | WrongTurn) -> Iterator[str]:
    if isinstance(reply, IntentTree):
        yield from (said.text for said in reply.texts())
    else:
        yield from (name for path in reply.paths for name in (path.source, path.target))


def paths_start_at_topics(reply: TruthPath | WrongPath | WrongTurn, fields: Fields) -> str | None:
    tree = reply.misread(fields["tree"]) if isinstance(reply, WrongTurn) else fields["tree"]
    return next((reason for path in reply.paths if (reason := not_a_topic(path.source, tree))), None)


def not_a_topic(name: str, tree: Iterable[str]) -> str | None:
    known = {normalised(topic) for topic in tree}
    return None if normalised(name) in known else f'"{name}" is no topic of the tree; its topics are: {", ".join(tree)}'


def targets_differ(reply: TruthPath | WrongPath | WrongTurn, _: Fields) -> str | None:
    again = repeated(path.target for path in reply.paths)
    return f'two paths have the same target, "{again}": give the second another one' if again else None


def paths_are_wrong(reply: WrongPath | WrongTurn, fields: Fields) -> str | None:
    wrong = {normalised(path.target) for path in reply.paths}
    for true in fields["true_paths"]:
        if normalised(true.target) in wrong:
            return f'"{true.target}" is where a true path leads: a wrong path has to lead elsewhere'
    return None


def topics_are_of_the_tree(reply: WrongTurn, fields: Fields) -> str | None:
    return next((reason for each in reply.topics if (reason := not_a_topic(each.topic, fields["tree"]))), None)


def misread_tree_is_another(reply: WrongTurn, fields: Fields) -> str | None:
    same = reply.misread(fields["tree"]) == fields["tree"]
    return "the misread topics are as they stand in the tree: change what the last exchange brought" if same else None


def misread_topics_are_as_large(reply: WrongTurn, fields: Fields) -> str | None:
    misread = reply.misread(fields["tree"])
    if len(misread) != len(fields["tree"]):
        return f"two topics of the misread tree have the same name: {', '.join(misread)}"
    for (topic, true), (name, anew) in zip(fields["tree"].items(), misread.items(), strict=True):
        if len(anew) != len(true):
            return f'"{topic}" has {len(true)} attributes and "{name}" in its place {len(anew)}: give as many'
        before, now = len(str(true)), len(str(anew))
        if max(before, now) > AS_LONG * min(before, now):
            return f'"{topic}" has {before} characters and "{name}" in its place {now}: be as detailed as the tree is'
    return None


def predictions_differ(reply: DraftInsight | Revision, _: Fields) -> str | None:
    again = repeated(reply.predictions)
    return f'the prediction "{again}" stands there twice: give another one in its place' if again else None


def paths_are_shown(reply: Revision, fields: Fields) -> str | None:
    return not_shown(fields["paths"], reply.reasoning)


def views_show_paths(reply: DraftInsight, fields: Fields) -> str | None:
    return not_shown(fields["mining_paths"], reply.mining.reasoning) or not_shown(
        fields["explore_paths"], reply.exploration.reasoning
    )


def not_shown(paths: Iterable[TreePath], reasoning: str) -> str | None:
    for path in paths:
        if normalised(path.target) not in normalised(reasoning) and share_named(path.target, reasoning) < NAMED:
            return f'the reasoning does not show the given path "{path}"'
    return None


def repeated(texts: Iterable[str]) -> str | None:
    """The first text that says what an earlier one says."""
    seen: set[str] = set()
    for text in texts:
        if (bare := normalised(text)) in seen:
            return text
        seen.add(bare)
    return None
