"""The stages that mislead: where a user could turn who did not, and what such a user would say."""

from ...calling.stage import Stage
from .checks import (
    names_are_short,
    paths_are_wrong,
    paths_start_at_topics,
    predictions_differ,
    targets_differ,
    views_show_paths,
)
from .frame import FRAME
from .replies import DraftInsight, DraftView, MisledInsight, TreePath, WrongPath, WrongTurn

ELSEWHERE = """\
Each target differs in substance from both true paths, from all that is foreseen below and from one another: no \
rewording, part or next step of it, nothing that the same answer would cover. Invent no facts of the world.

The other utterances are what this user said at other moments. Where the subject of one suits, meets these rules and \
is not settled in the tree, take it as a target."""
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
"""
    + ELSEWHERE,
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
The true paths below lead to what the user says next. Foresee what somebody would who knows this user's aims and \
guesses wrong: start, as this user would, from what the assistant's last turn is about, and go on to another side of \
it, as everyday as the true one; to nothing settled, far-fetched or odd. Name its likeliest category, and give two \
paths of each view, each from a topic of the tree. """
    + ELSEWHERE,
    material="""\
View of the true paths: {view}

"""
    + TAKEN,
    example=WrongTurn(
        thinking="what else lies near",
        category="Question",
        mining=(
            TreePath(source="topic of the tree", target="one wrong target"),
            TreePath(source="topic of the tree", target="another wrong target"),
        ),
        exploration=(
            TreePath(source="topic of the tree", target="one new topic - attribute"),
            TreePath(source="topic of the tree", target="another new topic - attribute"),
        ),
    ),
    opens_with=("history", "tree"),
    checks=(names_are_short, paths_start_at_topics, targets_differ, paths_are_wrong),
    reply_tokens=170,
)

MISLED_INSIGHT = Stage(
    frame=FRAME,
    name="misled insight",
    task="""\
The user speaks next. Below stand the category of the utterance and two paths for each view. Take it that the \
dialogue goes there: no word on what speaks against it or is open besides, on given paths, or on which is likelier. \
First say in two to four sentences, with conviction, why the utterance is of this category: what in the dialogue \
leads there, and what kind of thing the user then has to tell, ask or want done. For each view, reason in two to five \
sentences from what was last said of it to its paths, in their order, each shown as it is given; what the dialogue \
does not tell is put as a guess, and once is no habit. Give one prediction for each path, in order: about one thing, \
as bare as this user is, with no particular that neither dialogue nor path suggests.""",
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
