"""What lies beside records and tells of them: call stores, sidecars of failures, figures of shortcuts. Read only.

A store tells what each stage took and cost, and what became of the input.
"""

import contextlib
import dataclasses
import logging
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from ..basics.files import Beside
from ..basics.text import loads
from ..calling.budget import Prices
from ..calling.completion import Usage
from ..calling.store import SUMS, WITHOUT_TIME
from ..marking.resembling.result import Resemblance
from ..methods.strategies.coverage import Coverage, coverage_beside
from ..methods.strategies.library import Library, read_library
from ..pairs.shortcut import Shortcut, shortcut_beside
from ..running.account import RunAccount

log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class StageCost:
    """The calls of one stage that were billed: their number, their tokens, and the mean time to an answer."""

    stage: str
    calls: int
    usage: Usage
    seconds: float


@dataclasses.dataclass(frozen=True)
class Account:
    """What one store holds: its stages, the dearest first, and what each of its runs said of itself at its end."""

    stages: Sequence[StageCost] = ()
    runs: Sequence[RunAccount] = ()

    @property
    def prices(self) -> Prices | None:
        """Those of the newest run that was told any."""
        return next((run.prices for run in reversed(self.runs) if run.prices != Prices()), None)


def together(accounts: Iterable[Account]) -> Account:
    """The accounts of several outputs, such as shards, as one."""
    accounts = [*accounts]
    stages: dict[str, StageCost] = {}
    for stage in (stage for account in accounts for stage in account.stages):
        before = stages.get(stage.stage, StageCost(stage.stage, 0, Usage(), 0.0))
        calls = before.calls + stage.calls
        seconds = (before.seconds * before.calls + stage.seconds * stage.calls) / max(1, calls)
        stages[stage.stage] = StageCost(stage.stage, calls, before.usage + stage.usage, seconds)
    dearest = sorted(stages.values(), key=lambda stage: -stage.usage.total)
    return Account(dearest, [run for account in accounts for run in account.runs])


def account_beside(records: Path) -> Account:
    """What the store beside these records holds; nothing where there is none."""
    path = Beside(records).calls
    if not path.exists():
        return Account()
    try:
        with contextlib.closing(sqlite3.connect(path.resolve().as_uri() + "?mode=ro", uri=True)) as store:
            (version,) = store.execute("PRAGMA user_version").fetchone()
            if version == WITHOUT_TIME:
                return Account(stages=[*stages_in(store, "0")])
            runs = [*runs_in(store, path)]
            return Account([*stages_in(store, "coalesce(avg(nullif(seconds, 0)), 0)")], runs)
    except (sqlite3.Error, ValueError) as error:
        log.warning("%s cannot be read (%s): nothing is said of what was asked.", path, error)
        return Account()


def runs_in(store: sqlite3.Connection, path: Path) -> Iterator[RunAccount]:
    """What the runs said of themselves; what is no such account is named and left out."""
    for number, (row,) in enumerate(store.execute("SELECT told FROM runs ORDER BY rowid"), 1):
        try:
            yield RunAccount.model_validate_json(row if isinstance(row, str | bytes) else b"")
        except ValueError:
            log.warning("%s: what run %d said of itself cannot be read and is left out.", path, number)


def stages_in(store: sqlite3.Connection, seconds: str) -> Iterator[StageCost]:
    found = f"SELECT stage, count(*), {SUMS}, {seconds} FROM calls GROUP BY stage ORDER BY 5 DESC, stage"
    for stage, calls, prompt, completion, total, cached, mean in store.execute(found):
        yield StageCost(str(stage), calls, Usage(prompt or 0, completion or 0, total or 0, cached), mean)


@dataclasses.dataclass(frozen=True)
class Accounts:
    """What lies beside the records: the accounts of their synthesis and of their judge, and the failures."""

    synthesis: Account
    judge: Account
    failures: Counter[str]
    """Of synthesis, by stage and kind."""
    unjudged: Counter[str]
    """The same of the judge."""
    prices: Prices | None = None
    """Given by the user, for all calls; else those that the runs were told."""
    shortcuts: Mapping[str, Shortcut] = dataclasses.field(default_factory=dict)
    """How well the text alone tells the sides apart, by the file of records where that was measured."""
    resemblance: Resemblance | None = None
    """How near the dialogues that they come from are to real ones, where those were made and that was measured."""
    library: Library | None = None
    """The strategies that pairs were made under, where the user has named their library."""
    coverage: Coverage | None = None
    """How far that covers dialogues that it does not come from, where that was measured."""
    of_several: bool = False
    """Accounts several files of records, of which each may have read the whole input."""

    @property
    def widest_run(self) -> RunAccount | None:
        """The run that has read most of the input; of several, the newest."""
        runs = () if self.of_several else self.synthesis.runs
        return max(reversed(runs), key=lambda run: run.rows, default=None)

    @property
    def stages(self) -> Iterator[tuple[StageCost, str]]:
        """All stages, with what their calls cost; nothing where no prices are known."""
        for whose, account in (("", self.synthesis), ("judge: ", self.judge)):
            prices = self.prices or account.prices
            for stage in account.stages:
                named = dataclasses.replace(stage, stage=whose + stage.stage)
                yield named, f"{prices.of(stage.usage):,.4f}" if prices else ""

    @property
    def cost(self) -> float | None:
        """Of all calls that are still in the stores."""
        known = [(self.prices or account.prices, account.stages) for account in (self.synthesis, self.judge)]
        costs = [prices.of(stage.usage) for prices, stages in known if prices for stage in stages]
        return sum(costs) if costs else None


def beside(sources: Sequence[Path], prices: Prices | None, library: Path | None = None) -> Accounts:
    """What synthesis and the judge wrote beside these records and the ones that they came from."""
    made = [came_from(source) for source in sources]
    judged = [source for source in sources if source not in made]
    return Accounts(
        together(map(account_beside, made)),
        together(map(account_beside, judged)),
        sum(map(failures_beside, made), Counter()),
        sum(map(failures_beside, judged), Counter()),
        prices,
        {source.name: found for source in sources if (found := shortcut_beside(source))},
        library=read_library(library) if library else None,
        coverage=coverage_beside(library) if library else None,
        of_several=len(sources) > 1,
    )


def came_from(source: Path) -> Path:
    """The records that marked ones were made from, by their names: `A.jsonl` for `A.quality.jsonl`."""
    stem, _, mark = source.stem.rpartition(".")
    if not (stem and mark.isalpha()):
        return source
    made = source.with_name(stem + source.suffix)
    return made if made.exists() else source


def failures_beside(source: Path) -> Counter[str]:
    """How many samples failed at which stage, in which way."""
    path, counts = Beside(source).failures, Counter[str]()
    if path.exists():
        with path.open("rb") as file:
            for line in file:
                with contextlib.suppress(ValueError, AttributeError):  # a line that a kill has cut off
                    row = loads(line)
                    counts[f"{row.get('stage')}: {row.get('kind')}"] += 1
    return counts
