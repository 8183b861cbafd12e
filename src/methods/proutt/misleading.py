"""The stages that mislead: where a user could turn who did not, and what such a user would say.

As published, along wrong paths from the true tree. Consistently, by a dialogue that is misread from its start: its last
exchange is taken to have gone elsewhere, so that a tree of its own leads to the wrong paths as naturally as the true
tree leads to the true ones.
"""

from ...calling.stage import Stage
from .checks import (
    misread_topics_are_as_large,
    misread_tree_is_another,
    names_are_short,
    paths_are_wrong,
    paths_start_at_topics,
    predictions_differ,
    targets_differ,
    topics_are_of_the_tree,
    views_show_paths,
)
from .frame import FRAME
from .misreading import Exchange, Leaf, MisledInsight, MisreadTopic, WrongTurn
from .replies import DraftInsight, DraftView, TreePath, WrongPath

TAKEN = """\
<true_paths>
{true_paths}
</true_paths>

<predictions>
{predictions}
</predictions>

<other_utterances>
{distractors}
</other_utterances>"""
"""What wrong paths must not lead to, and what they may take up."""
BOTH_VIEWS = DraftInsight(
    mining=DraftView(
        reasoning="why the user stays with a topic, and both paths",
        predictions=("utterance on path 1", "utterance on path 2"),
    ),
    exploration=DraftView(
        reasoning="why the user turns to something new, and both paths",
        predictions=("utterance on path 1", "utterance on path 2"),
    ),
)
"""The reply format of every stage that gives both views."""

WRONG_PATH = Stage(
    frame=FRAME,
    name="wrong path",
    task="""\
Below stand the intent tree of a dialogue, without the dialogue, and the true paths to the user's next utterance with \
their view. Give two wrong paths: ways in the same view that look natural from the tree, each from a topic of it, to \
something that the user did not turn to: a subject that one could tell about, ask about or want something done about. \
Each target differs in substance from both true paths, from all that is foreseen below and from one another: no \
rewording, part or next step of it, nothing that the same answer would cover. Invent no facts of the world.

The other utterances are what this user said at other moments. Where the subject of one suits, meets these rules and \
is not settled in the tree, take it as a target.""",
    material="""\
<intent_tree>
{tree}
</intent_tree>

View: {view}

"""
    + TAKEN,
    example=WrongPath(
        thinking="which directions look natural and are not the true one",
        paths=(
            TreePath(source="topic of the tree", target="wrong target"),
            TreePath(source="topic of the tree", target="another wrong target"),
        ),
    ),
    opens_with=(),
    checks=(names_are_short, paths_start_at_topics, targets_differ, paths_are_wrong),
    reply_tokens=110,
)

WRONG_TURN = Stage(
    frame=FRAME,
    name="wrong turn",
    task="""\
Misread the dialogue: imagine another last exchange, the user's turn as this user writes and the assistant's reply in \
one to three sentences. It follows as naturally from what came before, is as everyday and particular, with nothing of \
what the real one brought or where the true paths lead. Write each topic of the tree that changes by it anew, with as \
many attributes, as telling: what the real exchange brought gives way to what the imagined one brings, all else stays. \
Give the likeliest category of the user's next utterance there, and two paths of each view, as near to the imagined \
reply, as broad and as everyday as the true paths and the predictions are to the real one. No target is a rewording, \
part or next step of these or of another, or has the same answer. Take up another utterance where it meets all this.""",
    material=TAKEN,
    example=WrongTurn(
        exchange=Exchange(user="the user's turn instead", assistant="the reply to it"),
        topics=(
            MisreadTopic(
                topic="topic of the tree",
                becomes="its name now",
                attributes=(Leaf(attribute="attribute", value="value"),),
            ),
        ),
        category="Question",
        mining=(
            TreePath(source="topic of the tree", target="one target"),
            TreePath(source="topic of the tree", target="another target"),
        ),
        exploration=(
            TreePath(source="topic of the tree", target="new topic - attribute"),
            TreePath(source="topic of the tree", target="another - attribute"),
        ),
    ),
    opens_with=("history", "tree"),
    checks=(
        names_are_short,
        topics_are_of_the_tree,
        misread_tree_is_another,
        misread_topics_are_as_large,
        paths_start_at_topics,
        targets_differ,
        paths_are_wrong,
    ),
    reply_tokens=290,
)

MISLED_INSIGHT = Stage(
    frame=FRAME,
    name="misled insight",
    task="""\
Reason in two to four sentences as somebody who has concluded that the user's next utterance is of the category below: \
what in the dialogue, above all in the assistant's last turn, leads there, and what kind of thing the user then has to \
tell, ask or want done, but not which. For each view, reason in two to five sentences from the tree and the \
assistant's last turn to the two paths below, each shown as given, without a word on the category, given paths, or \
which is likelier. What the dialogue does not tell is put as a guess, and once is no habit. Then give one prediction \
for each path, in order: about one thing, as short and plain as this user writes, with no particular that neither \
dialogue nor path suggests.""",
    material="""\
Category of the next utterance: {category}

<mining_paths>
{mining_paths}
</mining_paths>

<explore_paths>
{explore_paths}
</explore_paths>""",
    example=MisledInsight(category_reasoning="why the next utterance is of this category", **dict(BOTH_VIEWS)),
    opens_with=("history", "tree"),
    checks=(predictions_differ, views_show_paths),
    reply_tokens=400,
)
"""Asked of the misread dialogue and its tree."""
