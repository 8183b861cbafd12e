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
    paths_start_at_topics,
    predictions_differ,
    targets_differ,
)
from .frame import FRAME
from .misleading import BOTH_VIEWS, WRONG_PATH
from .replies import (
    CategoryReasons,
    CategoryTruth,
    Evaluation,
    Grade,
    IntentTree,
    Revision,
    TreePath,
    TruthPath,
)

INTENT_TREE = Stage(
    frame=FRAME,
    name="intent tree",
    task="""\
Write the intent tree of the dialogue so far: one to five topics from what the user wants, each named in one to four \
words, and under each the attributes that either side brought up, with the present value in at most ten words (20 \
Chinese characters): the newest where it changed, and "open", in the user's language, where it was asked for and not \
settled. "topic" and "attribute" stand for names that you choose.""",
    example=IntentTree(topics={"topic": {"attribute": "value", "another attribute": "value"}}),
    checks=(names_are_short,),
    reply_tokens=120,
)

CATEGORY_TRUTH = Stage(
    frame=FRAME,
    name="category truth",
    task="""\
Name the category of the user's utterance below, said after this turn of the assistant. First say in a sentence what \
the user does with it.""",
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
The user speaks next. For each category, reason as somebody who has concluded that the utterance is of it: what in \
the dialogue, above all in the assistant's last turn, leads there, and what kind of thing the user then has to tell, \
ask or want done, without a particular move or wording. Two to four sentences each, with equal conviction, without a \
word on what speaks for another. What the dialogue does not tell is put as a guess.""",
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
The user speaks next; the category of the utterance stands below. For each view, reason in two to five sentences from \
the tree and the assistant's last turn to two paths, the likeliest for this category and the likeliest on another \
subject, and show both, without naming the category. Where the assistant has just asked or offered something, the \
first mining path takes that up. What the dialogue does not tell is put as a guess, and once is no habit. Then give \
one prediction for each path, in order: about one thing, and as bare as this user is ("two nights", "yes please").""",
    material="Category of the next utterance: {category}",
    example=BOTH_VIEWS,
    opens_with=("history", "tree"),
    checks=(predictions_differ,),
    reply_tokens=310,
)

EVALUATION = Stage(
    frame=FRAME,
    name="evaluation",
    task="""\
Below is what the user really said next, and predictions made without knowing it. Grade how near each comes in \
meaning and purpose; wording and a shared preface ("ok, thanks") count little.
1.0: says the same.
0.8: same purpose about the same thing, a detail differs; nearly one answer would serve both.
0.6: matches one main part and misses another.
0.5: same thing, but another purpose, another side of it, or the opposite.
0.3: a neighbouring matter of the same topic.
0.1: only the dialogue's subject is shared.
0.0: nothing in common.
Values between are welcome. One entry for each prediction, in order: the reason in a sentence, then the similarity.""",
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
Below is what the user really said next. Decide by the tree which view it belongs to, then give two paths of that \
view, each from the topic nearest to it. The first leads to the utterance as a reader of the dialogue could have \
foreseen it: its main subject alone, as broad as the tree's attributes, and for a Statement which way it goes \
("reaction: it worked", "budget: no limit"). Leave out each name, number, time, condition, list and wording that only \
the utterance has. The second is a side path: another way in this view that the user could as well have gone with an \
utterance of this kind, to clearly another target.""",
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
the paths that take the place of the draft's. Write the reasoning anew so that it leads to the new paths, in their \
order, each shown as it is given, for an utterance of this category, which is not named. Keep what still holds; \
ground each path in the dialogue; what that does not tell is put as a guess, and once is no habit. The text is a \
first look at the dialogue in two to five sentences, without a word on a draft, a change, given paths, or which path \
is likelier. Then give one prediction for each path, in order: about one thing, as bare as this user is, with no \
particular that neither dialogue nor path suggests."""

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
"""Of the method as published."""
