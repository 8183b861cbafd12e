"""Where an evaluation begins: with what it needs, or with a sentence that says how to get it."""

from ...basics.command import Stop
from .settings import Settings


def start(settings: Settings) -> int:
    """Evaluate as the settings say; the exit status. Raises Stop where a package is missing."""
    try:
        import numpy  # noqa: F401, PLC0415 (optional)
        import sacrebleu  # noqa: F401, PLC0415 (optional)
    except ImportError as error:
        raise Stop(f"{error.name} is missing: pip install -r requirements-evaluate.txt") from error
    from .evaluation import evaluate  # noqa: PLC0415 (needs both)

    return evaluate(settings)
