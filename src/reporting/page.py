"""Records into one HTML page, to be read and marked."""

import dataclasses
import html
from collections.abc import Iterator, Sequence
from pathlib import Path

import orjson

from ..basics.command import Stop
from ..basics.files import beginning, refuse_others, replaced
from ..basics.pages import filled, head, in_script
from ..basics.text import visible
from ..marking.resembling.result import figures_in
from ..pairs.ordered import inputs
from ..pairs.reading import LeftOut, entries
from ..pairs.together import EachOnce
from .accounts import Accounts, beside
from .overview import ShownRecord, Totals, in_words
from .panels import panels
from .settings import Settings
from .shown import BLOCK, Packed

ASSETS = Path(__file__).parent / "assets"
STYLES = ("report.css", "overview.css", "list.css", "pair.css", "narrow.css")
SCRIPTS = ("data.js", "painting.js", "marks.js", "agreement.js", "filters.js", "list.js", "pair.js", "start.js")
"""In the order in which they become one: each script uses what those before it define."""

TITLE = "<title>ProUtt: "  # by which a page of ours is known
MOST_MODELS = 3  # that are named


def asset(name: str) -> str:
    return (ASSETS / name).read_text(encoding="utf-8")


def records(
    paths: Sequence[Path], totals: Totals, left_out: LeftOut, together: EachOnce | None
) -> Iterator[ShownRecord]:
    """The records of the files, in turn, counted; what is none is named and left out."""
    for entry in entries(paths, ShownRecord, left_out, together):
        totals.add(entry.record)
        yield entry.record


def lines_in(path: Path) -> int:
    with path.open("rb", buffering=1 << 20) as file:
        return sum(1 for line in file if not line.isspace())


def page(sources: Sequence[Path], settings: Settings, near: Accounts, left_out: LeftOut) -> tuple[str, Totals]:
    """The whole page. Of more pairs than may be shown, as many at equal distances."""
    totals, packed = Totals(), Packed()
    every = max(1, -(-sum(map(lines_in, sources)) // settings.max_pairs))
    for place, record in enumerate(records(sources, totals, left_out, settings.together)):
        if place % every == 0:
            packed.add(record)
    packed.close()
    name = visible(sources[0].name if len(sources) == 1 else f"{sources[0].name} and {len(sources) - 1} more")
    script = "\n".join(map(asset, SCRIPTS))
    parts = {
        "head": head(f"ProUtt: {name}", "".join(map(asset, STYLES)), script),
        "name": html.escape(name),
        "notes": "".join(f"<p>{html.escape(note)}</p>" for note in notes(totals, name, len(packed.rows), every)),
        "overview": panels(totals, near),
        "rows": in_script(orjson.dumps(packed.rows)),
        "blocks": "".join(f'<script type="text/plain" class="block">{block}</script>\n' for block in packed.blocks),
        "block_size": str(BLOCK),
        "script": script,
    }
    return filled(asset("report.html"), parts), totals


def notes(totals: Totals, name: str, shown: int, every: int) -> Iterator[str]:
    """What a reader of the page has to know before anything else."""
    models = ", ".join(visible(model) for model, _ in totals.models.most_common(MOST_MODELS))
    yield f"{totals.pairs:,} pairs from {name}, model {models}."
    if every > 1:
        yield f"Too many to show at once: one in {every} of them stands here, {shown:,} in all."
    if totals.rehearsed:
        yield "Rehearsed, without a model: for checking a set-up, not for training."


def report(settings: Settings) -> int:
    """Write the page, or print its totals; returns the exit status."""
    sources = inputs(settings.input)
    near = beside(sources, settings.prices, settings.strategies)
    if settings.resemblance.name:
        near = dataclasses.replace(near, resemblance=figures_in(settings.resemblance))
    left_out = LeftOut()
    if settings.text:
        print_text(sources, settings, near, left_out)
    else:
        write_page(sources, settings, near, left_out)
    return 3 if left_out.count else 0


def print_text(sources: Sequence[Path], settings: Settings, near: Accounts, left_out: LeftOut) -> None:
    totals = Totals()
    for _ in records(sources, totals, left_out, settings.together):
        pass
    print("\n".join(in_words(totals, near)))


def write_page(sources: Sequence[Path], settings: Settings, near: Accounts, left_out: LeftOut) -> None:
    if pipes := [source for source in sources if not source.is_file()]:
        raise Stop(f"Input {pipes[0]} is a pipe, which can be read only once: write it to a file, or try --text.")
    output = settings.output if settings.output.name else sources[0].with_suffix(".html")
    if output.exists() and any(map(output.samefile, sources)):
        raise Stop(f"Output {output} is the same file as an input: give another --output.")
    refuse_others(output, "report", lambda page: TITLE.encode() in beginning(page))
    text, totals = page(sources, settings, near, left_out)
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
