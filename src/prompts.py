"""A door: the method's questions, under the published name. See docs/python.md."""

from .calling.stage import messages
from .methods.proutt.frame import SYSTEM
from .methods.proutt.misleading import MISLED_INSIGHT, WRONG_PATH, WRONG_TURN
from .methods.proutt.stages import (
    CATEGORY_REASONS,
    CATEGORY_TRUTH,
    EVALUATION,
    INSIGHT,
    INTENT_TREE,
    REVISION,
    STAGES,
    TRUTH_PATH,
)

__all__ = [
    "CATEGORY_REASONS",
    "CATEGORY_TRUTH",
    "EVALUATION",
    "INSIGHT",
    "INTENT_TREE",
    "MISLED_INSIGHT",
    "REVISION",
    "STAGES",
    "SYSTEM",
    "TRUTH_PATH",
    "WRONG_PATH",
    "WRONG_TURN",
    "messages",
]
