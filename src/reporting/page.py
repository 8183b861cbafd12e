"""Records into one HTML page, to be read and marked."""

import html
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson

from ..basics.command import Stop
from ..basics.dice import dice
from ..basics.files import beginning, refuse_others, replaced
from ..basics.pages import filled, hash_of, in_script
from ..basics.text import shortened, visible
from ..pairs.opinions import Quality
from ..pairs.ordered import inputs
from ..pairs.reading import LeftOut, entries
from ..pairs.sides import LoosePath, MarkedSide
from .accounts import Accounts, beside
from .overview import ShownRecord, Totals, charts, in_words
from .settings import Settings

HERE = Path(__file__).parent

TITLE = "<title>ProUtt: "  # by which a page of ours is known
LONGEST_TITLE = 120  # characters of an utterance in the list

# ---------------------------------------------------------------------------------------------- records into the page


def records(paths: Sequence[Path], totals: Totals, left_out: LeftOut) -> Iterator[ShownRecord]:
    """The records of the files, in turn, counted; what is none is named and left out."""
    for entry in entries(paths, ShownRecord, left_out):
        totals.add(entry.record)
        yield entry.record


def index_row(record: ShownRecord) -> list[Any]:
    """What the list and the filters need of a pair."""
    title = shortened(record.utterance, LONGEST_TITLE)
    return [
        record.sample_id,
        record.item_id,
        record.region,
        record.view,
        record.chosen.category,
        sorted(record.tags),
        title,
    ]


def pair_of(record: ShownRecord) -> dict[str, Any]:
    """All that the page shows of a pair."""
    quality = record.quality or Quality()
    graded = {grade.prediction: grade.similarity for grade in record.evaluate_reason}
    similarities = (quality.similarities or {}) | graded
    true_paths = record.truth_path.paths if record.truth_path else ()
    return {
        "region": record.region,
        "top_sim": record.top_sim,
        "tags": [mark.model_dump() for mark in record.marks],
        "context": [[turn.role, turn.content] for turn in record.context],
        "utterance": record.utterance,
        "tree": record.chosen.tree,
        "view": record.view,
        "paths": [*map(str, true_paths)],
        "margin": quality.margin,
        "chosen": side_of(record.chosen, similarities, quality.chosen, rewritten(record, chosen_paths(record))),
        "rejected": side_of(
            record.rejected, similarities, quality.rejected, rewritten(record, record.rejected.wrong_paths)
        ),
    }


def rewritten(record: ShownRecord, paths: Sequence[LoosePath] | None) -> dict[str, list[str]]:
    """The view that was rewritten along these paths, with the path of each of its predictions."""
    view = record.truth_path.view if record.truth_path and paths else ""
    return {view.lower(): [*map(str, paths or ())]} if view else {}


def chosen_paths(record: ShownRecord) -> Sequence[LoosePath] | None:
    """The true paths in the order in which they were given to the revision, where there was one and that is known."""
    if not (record.truth_path and record.revision) or record.seed is None:
        return None
    paths = record.truth_path.paths
    return dice(record.seed, record.sample_id, f"{record.item_id} path order").sample(paths, len(paths))


def side_of(
    side: MarkedSide, similarities: dict[str, Any], judged: dict[str, Any] | None, rewritten: dict[str, list[str]]
) -> dict[str, Any]:
    """A side with its views. `rewritten` has the path of each prediction of a view that was rewritten along paths."""
    views = {
        "mining": (side.mining, side.mining_predictions),
        "exploration": (side.exploration, side.exploration_predictions),
    }
    return {
        "category": side.category,
        "reason": side.category_reasoning,
        "wrong": [*map(str, side.wrong_paths or ())],
        "judged": judged,
        **{
            name: {
                "reasoning": reasoning,
                "predictions": predictions,
                "paths": rewritten.get(name, []),
                "similarity": [similarities.get(text) for text in predictions],
            }
            for name, (reasoning, predictions) in views.items()
        },
    }


# ---------------------------------------------------------------------------------------------- the command


def lines_in(path: Path) -> int:
    with path.open("rb", buffering=1 << 20) as file:
        return sum(1 for line in file if not line.isspace())


def page(sources: Sequence[Path], most: int, near: Accounts, left_out: LeftOut) -> tuple[str, Totals]:
    """The whole page. Of more pairs than `most`, as many at equal distances."""
    totals, index, pairs = Totals(), list[list[Any]](), list[str]()
    every = max(1, -(-sum(map(lines_in, sources)) // most))
    for place, record in enumerate(records(sources, totals, left_out)):
        if place % every == 0:
            index.append(index_row(record))
            pairs.append(in_script(orjson.dumps(pair_of(record))))
    name = visible(sources[0].name if len(sources) == 1 else f"{sources[0].name} and {len(sources) - 1} more")
    notes = [f"{totals.pairs:,} pairs from {name}."]
    if every > 1:
        notes.append(f"Too many to show at once: one in {every} of them stands here, {len(pairs):,} in all.")
    if totals.rehearsed:
        notes.append("Rehearsed, without a model: for checking a set-up, not for training.")
    script = (HERE / "report.js").read_text(encoding="utf-8")
    parts = {
        "title": html.escape(f"ProUtt: {name}"),
        "script_hash": hash_of(script),
        "notes": "".join(f"<p>{html.escape(note)}</p>" for note in notes),
        "charts": "".join(charts(totals, near)),
        "index": in_script(orjson.dumps(index)),
        "pairs": "\n" + "\n".join(pairs) + "\n",
        "script": script,
    }
    template = (HERE / "report.html").read_text(encoding="utf-8")
    return filled(template, parts), totals


def report(settings: Settings) -> int:
    """Write the page, or print its totals; returns the exit status."""
    sources = inputs(settings.input)
    near = beside(sources, settings.prices)
    left_out = LeftOut()
    if settings.text:
        print_text(sources, near, left_out)
    else:
        write_page(sources, settings, near, left_out)
    return 3 if left_out.count else 0


def print_text(sources: Sequence[Path], near: Accounts, left_out: LeftOut) -> None:
    totals = Totals()
    for _ in records(sources, totals, left_out):
        pass
    print("\n".join(in_words(totals, near)))


def write_page(sources: Sequence[Path], settings: Settings, near: Accounts, left_out: LeftOut) -> None:
    if pipes := [source for source in sources if not source.is_file()]:
        raise Stop(f"Input {pipes[0]} is a pipe, which can be read only once: write it to a file, or try --text.")
    output = settings.output if settings.output.name else sources[0].with_suffix(".html")
    if output.exists() and any(map(output.samefile, sources)):
        raise Stop(f"Output {output} is the same file as an input: give another --output.")
    refuse_others(output, "report", lambda page: TITLE.encode() in beginning(page))
    text, totals = page(sources, settings.max_pairs, near, left_out)
    if not totals.pairs:
        raise Stop(f"There is no record in {' '.join(map(str, sources))}, so {output} is not written.")
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        with replaced(output) as file:
            file.write(text.encode())
    except OSError as error:
        raise Stop(f"{output} cannot be written ({error.strerror}): give another --output or make room.") from error
    print(f"pairs          {totals.pairs:,}")
    print(f"page           {output}, {len(text.encode()) / 1e6:,.1f} MB; open it in a browser")
