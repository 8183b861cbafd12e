"""Every stage as data: its task, its inputs, and an example of its reply. What they share stands in `frame`.

The order of a prompt, and why it is so, stands at `calling.stage.messages`.
"""

from collections.abc import Mapping
from typing import Any

from ...calling.stage import Stage
from ...pairs.words import View
from .checks import (
    names_are_short,
    paths_are_shown,
    paths_are_wrong,
    paths_start_at_topics,
    predictions_differ,
    targets_differ,
)
from .frame import FRAME
from .replies import (
    CategoryReasons,
    CategoryTruth,
    DraftInsight,
    DraftView,
    Evaluation,
    Grade,
    IntentTree,
    Revision,
    TreePath,
    TruthPath,
    WrongPath,
)

INTENT_TREE = Stage(
    frame=FRAME,
    name="intent tree",
    task="""\
Write the intent tree of the whole dialogue so far. Take one to five topics from what the user wants, each named in \
one to four words; one is enough where the dialogue is about one thing. Under each, put one or more attributes that \
either side brought up, each with its present value in at most ten words (or 20 Chinese characters): the newest \
value where it changed, and "open", in the user's language, where either side asked for it and it was not settled. \
Merge topics that mean the same. "topic" and "attribute" in the reply format stand for names that you choose; all \
values are plain strings.""",
    example=IntentTree(topics={"topic": {"attribute": "value", "another attribute": "value"}}),
    checks=(names_are_short,),
    reply_tokens=120,
)

CATEGORY_TRUTH = Stage(
    frame=FRAME,
    name="category truth",
    task="""\
Name the sentence category of the user's utterance below; the assistant's turn before it is there for context. First \
say in one or two sentences what the user does with the utterance; then give the category: Statement, Question or \
Instruction.""",
    material="""\
<assistant_turn>
{assistant_turn}
</assistant_turn>

<utterance>
{utterance}
</utterance>""",
    example=CategoryTruth(reasoning="what the user does with the utterance", category="Statement"),
    opens_with=(),
    reply_tokens=55,
)

CATEGORY_REASONS = Stage(
    frame=FRAME,
    name="category reasons",
    task="""\
The user speaks next. For each of the three categories, write the reasoning of somebody who has concluded that the \
next utterance will be of this category: what in this dialogue, above all in the assistant's last turn (or, where that \
only closes, in what the user has left to do) leads there, and what in particular the user would then tell, ask or \
want done. Two to four sentences each. Argue each case by itself and with conviction: do not compare it with the \
others, rank it or call it unlikely.""",
    example=CategoryReasons(
        statement="why the next utterance is a Statement",
        question="why the next utterance is a Question",
        instruction="why the next utterance is an Instruction",
    ),
    reply_tokens=320,
)

INSIGHT = Stage(
    frame=FRAME,
    name="insight",
    task="""\
The user speaks next. Foresee the utterance from both views. Its category is known and stands below.

For each view, reason in two to five sentences from the tree and the assistant's last turn to two tree paths, the \
likeliest for this category and the likeliest with another subject, and write both paths into the reasoning. Then give \
one prediction for each path, in the same order.""",
    material="Category of the next utterance: {category}",
    example=DraftInsight(
        mining=DraftView(
            reasoning="why the user stays with a topic, and both paths",
            predictions=("utterance on path 1", "utterance on path 2"),
        ),
        exploration=DraftView(
            reasoning="why the user turns to something new, and both paths",
            predictions=("utterance on path 1", "utterance on path 2"),
        ),
    ),
    opens_with=("history", "tree"),
    checks=(predictions_differ,),
    reply_tokens=310,
)

EVALUATION = Stage(
    frame=FRAME,
    name="evaluation",
    task="""\
Below is what the user really said next, and then predictions of it that were made without knowing it. Grade each \
prediction by how near it comes to the real utterance in meaning and purpose. Wording counts little, and so \
does a shared preface such as "ok, thanks" where more follows:
1.0: says the same.
0.8: same purpose about the same thing; a detail is missing, added or different. Nearly one answer would serve for both.
0.6: matches one of its main parts and misses another.
0.5: same thing, but another purpose (told, not asked), another side of it, or the opposite said.
0.3: a neighbouring matter of the same topic.
0.1: only what the whole dialogue is about is shared.
0.0: nothing in common.
Values between are welcome. Give one entry for each prediction, in order: the reason in one sentence, then the \
similarity.""",
    material="""\
<utterance>
{utterance}
</utterance>

<predictions>
{predictions}
</predictions>""",
    example=Evaluation(
        grades=(
            Grade(reason="what is shared and what is not", similarity=0.5),
            Grade(reason="the same for the next", similarity=0.2),
        )
    ),
    one_for_each="predictions",
    reply_tokens=160,
)

TRUTH_PATH = Stage(
    frame=FRAME,
    name="truth path",
    task="""\
Below is what the user really said next. Decide by the tree which view the utterance belongs to, Mining or \
Exploration. Then give two tree paths of that view, each from the topic nearest to it. The first leads to the real \
utterance: name its subject, and for a Statement which way it goes ("reaction: it worked", "budget: no limit"), \
but as a reader of the dialogue could have foreseen it: leave out names, numbers, times and particulars that only the \
utterance tells. The second is a side path: another way in the same view that this user could as well have gone, with \
clearly another target.""",
    material="""\
<utterance>
{utterance}
</utterance>""",
    example=TruthPath(
        view_reasoning="what it is about, and whether the tree has it",
        view="Mining",
        path_reasoning="how each path continues the tree",
        paths=(
            TreePath(source="topic of the tree", target="what it is about"),
            TreePath(source="topic of the tree", target="what it could have been about"),
        ),
    ),
    opens_with=("history", "tree"),
    checks=(names_are_short, paths_start_at_topics, targets_differ),
    reply_tokens=175,
)

REVISION_TASK = """\
The user speaks next. Below stand the category of the utterance, a draft of the reasoning of the %(view)s view, and \
the paths that are to take the place of the draft's paths.

Write the reasoning of the %(view)s view that leads to the new paths, in the order given, with each path in the text \
just as it is given. Keep what still holds of the draft, if anything, and argue for the category above, since the \
draft may have been written for another. Give grounds in the dialogue for the direction of each path; what the \
dialogue does not tell is a guess about the user and not a fact. The text stands alone: a first look at the dialogue \
in two to five sentences, without a word on a draft, a change, given paths, or which path is the likelier. Then give \
one prediction for each path, in the same order."""

REVISION_MATERIAL = """\
Category of the next utterance: {category}

<draft>
{reasoning}
</draft>

<paths>
{paths}
</paths>"""


def revision(view: View) -> Stage[Revision]:
    return Stage(
        frame=FRAME,
        name=f"revision of the {view.lower()} view",
        task=REVISION_TASK % {"view": view},
        material=REVISION_MATERIAL,
        example=Revision(
            thinking="what stays of the draft, and what speaks for each path",
            reasoning="the new reasoning, showing each path",
            predictions=("utterance on path 1", "utterance on path 2"),
        ),
        opens_with=("history", "tree"),
        one_for_each="paths",
        checks=(paths_are_shown, predictions_differ),
        reply_tokens=310,
    )


REVISION: Mapping[View, Stage[Revision]] = {view: revision(view) for view in ("Mining", "Exploration")}

WRONG_PATH = Stage(
    frame=FRAME,
    name="wrong path",
    task="""\
Below stand the intent tree of a dialogue, without the dialogue, and the tree path by which the user's next utterance \
is reached, the true one, with the view that it belongs to.

Give two wrong paths: ways in the same view that look natural from the tree and yet lead to something that the user \
did not turn to. Start each at a topic of the tree and follow the form of the view. The target must differ in \
substance from the true one and from the other: no rewording of it, no part or next step of it, nothing that one would \
expect in the same answer of the assistant. Name a subject that a Statement, a Question or an Instruction could be \
about, and invent no facts.

The other utterances at the end are things that the same user said at other moments of the dialogue, earlier or later. \
Where the subject of one, or of a part of one, suits the view and this moment, meets these rules and is not settled in \
the tree, take it as a target; otherwise find your own.""",
    material="""\
<intent_tree>
{tree}
</intent_tree>

View: {view}

<true_path>
{true_path}
</true_path>

<other_utterances>
{distractors}
</other_utterances>""",
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

STAGES: tuple[Stage[Any], ...] = (
    INTENT_TREE,
    CATEGORY_TRUTH,
    CATEGORY_REASONS,
    INSIGHT,
    EVALUATION,
    TRUTH_PATH,
    *REVISION.values(),
    WRONG_PATH,
)
