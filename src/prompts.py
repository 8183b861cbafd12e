"""A door: the method's questions, under the published name. See docs/python.md."""

from .methods.proutt.stages import (
    CATEGORY_REASONS,
    CATEGORY_TRUTH,
    EVALUATION,
    INSIGHT,
    INTENT_TREE,
    REVISION,
    STAGES,
    SYSTEM,
    TRUTH_PATH,
    WRONG_PATH,
    messages,
)

__all__ = [
    "CATEGORY_REASONS",
    "CATEGORY_TRUTH",
    "EVALUATION",
    "INSIGHT",
    "INTENT_TREE",
    "REVISION",
    "STAGES",
    "SYSTEM",
    "TRUTH_PATH",
    "WRONG_PATH",
    "messages",
]
