"""The stages that mislead: where a user could turn who did not, and what such a user would say.

As published, along wrong paths from the true tree. Consistently, by a dialogue that is misread from its start: its last
exchange is taken to have gone elsewhere, so that a tree of its own leads to the wrong paths as naturally as the true
tree leads to the true ones.
"""

from ...calling.stage import Stage
from .checks import (
    names_are_short,
    paths_are_wrong,
    paths_start_at_topics,
    predictions_differ,
    target_is_led_to,
    target_is_wrong,
    targets_differ,
    views_show_paths,
)
from .frame import FRAME
from .misreading import Exchange, MisledInsight, OwnPath, WrongTurn
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
Imagine that the last exchange was another one: the user's turn as this user writes, slips included, and a reply of \
the real one's form and length (at most 100 words). It is as natural a sequel to what came before, neither more \
particular nor more original than the real one, and no copy of it with other words, with nothing of what that brought \
or the true paths lead to. Then imagine what the user says next there, as much to be expected, or as odd, as the real \
utterance is after the real reply. Name its category, and what it is about as the target of a path, as broad as the \
true ones. No answer would serve both it and the real utterance or a prediction below. Take up another utterance \
where it suits.""",
    material="""\
<utterance>
{utterance}
</utterance>

"""
    + TAKEN,
    example=WrongTurn(
        exchange=Exchange(user="the user's turn instead", assistant="the reply to it"),
        utterance="what the user says next there",
        category="Question",
        target="what that is about",
    ),
    checks=(names_are_short, target_is_wrong),
    reply_tokens=160,
)

MISLED_INSIGHT = Stage(
    frame=FRAME,
    name="misled insight",
    task="""\
Write the intent tree of the dialogue so far: one to five topics from what the user wants, each named in one to four \
words, and under each the attributes that either side brought up, with the present value in at most ten words (20 \
Chinese characters), or "open", in the user's language, where it was asked for and not settled. Reason in two to four \
sentences as one convinced that the next utterance is of the category below: what in the dialogue, above all in the \
assistant's last turn, leads there, and what kind of thing the user has to tell, ask or want done, but not which. For \
each view, reason in two to five sentences from the tree and that turn to the two likeliest paths for this category, \
about different things, and show both, without a word on category, target, or which is likelier. One path, in the \
place told below, leads to the target; none leads where the true paths do. Where the assistant has just asked or \
offered something, the first mining path takes that up. What the dialogue does not tell is put as a guess, and once \
is no habit; exploration makes no event up. Then give one prediction for each path, in order: about one thing, as \
short and plain as this user writes. At the end list the paths.""",
    material="""\
Category of the next utterance: {category}
Place of the path that leads to the target: {place} of its view

<target>
{target}
</target>

<true_paths>
{true_paths}
</true_paths>""",
    example=MisledInsight(
        topics={"topic": {"attribute": "value", "another attribute": "value"}},
        category_reasoning="why the next utterance is of this category",
        **dict(BOTH_VIEWS),
        mining_paths=(
            OwnPath(source="topic of the tree", target="one target"),
            OwnPath(source="topic of the tree", target="another target"),
        ),
        explore_paths=(
            OwnPath(source="topic of the tree", target="new topic - attribute"),
            OwnPath(source="topic of the tree", target="another - attribute"),
        ),
    ),
    checks=(
        names_are_short,
        predictions_differ,
        views_show_paths,
        paths_start_at_topics,
        targets_differ,
        paths_are_wrong,
        target_is_led_to,
    ),
    reply_tokens=520,
)
"""Asked of the misread dialogue alone: but for the target, written as blindly as a draft is."""
