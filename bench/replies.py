"""How usable a model's replies are, stage by stage: at the first try, after repair, never; and what is wrong with them.

    python -m bench replies --base-url http://127.0.0.1:8000/v1 --model Qwen/Qwen3-8B --api-key-env ''
    python -m bench replies --model-file model.gguf --limit 5

Runs the method over the example dialogues, or those of --input, with all options of synthesis, and keeps no record.
"""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from src import synthesis
from src.reporting.accounts import account_beside
from src.running.account import StageReplies

DEMO = Path(__file__).parents[1] / "data/raw/demo.jsonl"


def table(stages: Mapping[str, StageReplies]) -> Iterator[str]:
    """A row for each stage, as Markdown, and one for all."""
    yield "| stage | questions | at the first try | after repair | with a fault that stayed | never | commonest fault |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for name, stage in stages.items():
        figures = (stage.asked, stage.at_once, stage.repaired - stage.kept, stage.kept, stage.never)
        yield f"| {name} | {' | '.join(f'{figure:,}' for figure in figures)} | {stage.commonest_fault} |"
    asked, at_once = (sum(getattr(stage, name) for stage in stages.values()) for name in ("asked", "at_once"))
    yield f"\n{at_once:,} of {asked:,} questions were answered by the first reply ({at_once / max(1, asked):.1%})."


def main(arguments: Sequence[str]) -> int:
    """Run the method, and print what became of its questions; returns the exit status of the run."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder, "records.jsonl")
        given = [*arguments] if "--input" in arguments else ["--input", str(DEMO), *arguments]
        status = synthesis.main([*given, "--output", str(output)])
        runs = account_beside(output).runs
    print("\n".join(["", *table(runs[-1].replies if runs else {})]))
    return status
