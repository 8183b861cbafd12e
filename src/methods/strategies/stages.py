"""Every stage as data: its task, its inputs, and an example of its reply. What they share stands in `frame`."""

from typing import Any

from ...calling.stage import Stage
from .checks import (
    entries_exist,
    members_have_it,
    name_is_short,
    nobody_is_named,
    phrases_stand_in_order,
    strategy_is_english,
    strategy_is_free_of_its_dialogue,
    strategy_is_short,
)
from .frame import FRAME
from .replies import Abstraction, Extraction, Place, Places

EXTRACTION = Stage(
    frame=FRAME,
    name="strategy",
    task="""\
Below is what the user really said after this dialogue. First say in one or two sentences what the user does with \
the assistant's last turn, and what for. Then name the move and write the strategy: as much of it as the next user in \
such a situation could follow, neither "asks a question" nor this very request. Where there is no strategy to learn \
(thanks, a greeting, a bare answer to what the assistant asked, signs without sense), the move and the strategy are \
"none". Last, the dialogue's language as a code of two letters.""",
    material="""\
<utterance>
{utterance}
</utterance>""",
    example=Extraction(
        analysis="what the user does with the assistant's turn, and what for",
        move="deepen",
        strategy="what such a user does, for any subject",
        language="en",
    ),
    checks=(strategy_is_short, strategy_is_english, strategy_is_free_of_its_dialogue),
    reply_tokens=90,
)

ASSIGNING = Stage(
    frame=FRAME,
    name="assigning strategies",
    task="""\
Above stands a library of strategies, each behind its letters; below stand numbered phrases, strategies of single \
users, all of one move. Say for each phrase, in order, which entry it belongs to. It does where both give the \
same advice: who follows the one and who follows the other does the same in the same situation, and one example would \
serve both, however differently they are worded. The same move, a shared word or a shared situation is not enough. \
Where no entry gives the same advice, write in place of the letters a label of three to eight words that says what the \
user does. Phrases of one meaning get one label, word for word; phrases of different meanings get different ones.""",
    material="""\
Move: {move}

<phrases>
{phrases}
</phrases>""",
    example=Places(
        places=(Place(number=1, entry="letters of an entry"), Place(number=2, entry="or a label for a new one"))
    ),
    opens_with=("entries",),
    one_for_each="phrases",
    checks=(phrases_stand_in_order, entries_exist),
    reply_tokens=400,
)

ABSTRACTION = Stage(
    frame=FRAME,
    name="abstracting a strategy",
    task="""\
Below stand strategies of single users that were put together since they seem to be one. Write what they have in \
common. "name": what such a user does, in four to twelve words that begin with a verb in the third person, no broader \
than the strategies are, and without any person, product, number or subject. "when": in one sentence of at most thirty \
words, in which situation a user does so: what the assistant has just said or left out, and what the user is after. \
"belongs": for each strategy, in order, "yes" where it is what the name says, and "no" where it is another one that \
has got in among them.""",
    material="""\
<strategies>
{strategies}
</strategies>""",
    example=Abstraction(
        name="what the strategies have in common", when="in which situation a user does so", belongs=("yes", "no")
    ),
    opens_with=(),
    one_for_each="strategies",
    checks=(name_is_short, nobody_is_named, members_have_it),
    reply_tokens=120,
)

STAGES: tuple[Stage[Any], ...] = (EXTRACTION, ASSIGNING, ABSTRACTION)
