"""What replies have to satisfy beyond their shape: paths that start in the tree and differ, predictions that differ.

Each check is named for what it demands, takes a reply and what was asked, and gives the reason for the model.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from ...basics.text import normalised, shortened
from ...basics.wording import share_named
from .misreading import MisledInsight, WrongTurn
from .replies import DraftInsight, IntentTree, Revision, Tree, TreePath, TruthPath, WrongPath

LONGEST_NAME = 200  # characters; a tree of sentences is no tree, and every later prompt carries it
NAMED = 0.5  # of a target's words; a reason names it in its own words, and rarely with half of them gone

Fields = Mapping[str, Any]


def names_are_short(reply: IntentTree | TruthPath | WrongPath | WrongTurn | MisledInsight, _: Fields) -> str | None:
    # A check and not a length in the schema, which makes some endpoints cut words short.
    for text in names_in(reply):
        if len(text) > LONGEST_NAME:
            return f'"{shortened(text, 40)}" is {len(text)} characters long; at most {LONGEST_NAME}, so shorten it'
    return None


def names_in(reply: IntentTree | TruthPath | WrongPath | WrongTurn | MisledInsight) -> Iterator[str]:
    if isinstance(reply, IntentTree | MisledInsight):
        yield from names_of(reply.topics)
    if isinstance(reply, WrongTurn):
        yield reply.target
    elif not isinstance(reply, IntentTree):
        yield from (name for path in reply.paths for name in (path.source, path.target))


def names_of(tree: Tree) -> Iterator[str]:
    for topic, attributes in tree.items():
        yield from (topic, *attributes, *attributes.values())


def paths_start_at_topics(reply: TruthPath | WrongPath | MisledInsight, fields: Fields) -> str | None:
    tree = reply.topics if isinstance(reply, MisledInsight) else fields["tree"]
    return next((reason for path in reply.paths if (reason := not_a_topic(path.source, tree))), None)


def not_a_topic(name: str, tree: Iterable[str]) -> str | None:
    known = {normalised(topic) for topic in tree}
    return None if normalised(name) in known else f'"{name}" is no topic of the tree; its topics are: {", ".join(tree)}'


def targets_differ(reply: TruthPath | WrongPath | MisledInsight, _: Fields) -> str | None:
    again = repeated(path.target for path in reply.paths)
    return f'two paths have the same target, "{again}": give the second another one' if again else None


def paths_are_wrong(reply: WrongPath | MisledInsight, fields: Fields) -> str | None:
    return one_that_is_true({path.target for path in reply.paths}, fields)


def target_is_wrong(reply: WrongTurn, fields: Fields) -> str | None:
    return one_that_is_true({reply.target}, fields)


def one_that_is_true(targets: Collection[str], fields: Fields) -> str | None:
    wrong = {normalised(target) for target in targets}
    for true in fields["true_paths"]:
        if normalised(true.target) in wrong:
            return f'"{true.target}" is where a true path leads: a wrong path has to lead elsewhere'
    return None


def target_is_led_to(reply: MisledInsight, fields: Fields) -> str | None:
    targets, target = {normalised(path.target) for path in reply.paths}, fields["target"]
    return None if normalised(target) in targets else f'no path has the given target "{target}"'


def predictions_differ(reply: DraftInsight | Revision | MisledInsight, _: Fields) -> str | None:
    again = repeated(reply.predictions)
    return f'the prediction "{again}" stands there twice: give another one in its place' if again else None


def paths_are_shown(reply: Revision, fields: Fields) -> str | None:
    return not_shown(fields["paths"], reply.reasoning)


def views_show_paths(reply: MisledInsight, _: Fields) -> str | None:
    return not_shown(reply.mining_paths, reply.mining.reasoning) or not_shown(
        reply.explore_paths, reply.exploration.reasoning
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
