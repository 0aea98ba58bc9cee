"""Hits and false alarms of the leak warnings, against the leak columns of a catalogue.

Each table is read with the columns that give its target away, and looked at as `metatune fit` does.
Half of the families (by a hash of their names) were used to settle thresholds; --part says which
half is shown. A table is a false alarm where something is named and none of it is a leak that the
catalogue knows.

    python scripts/benchmarks leaks --catalogue ../shared/datasets/catalog.csv --part held-out
"""

import hashlib
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from benchmarks import options
from metatune.budget import Stopwatch
from metatune.building.catalogue import CatalogueEntry, read_catalogue
from metatune.data.reading.table_reader import read_table
from metatune.data.risks.risk import RiskKind
from metatune.data.risks.risks import find_risks
from metatune.data.task.make_task import make_task
from metatune.errors import InputError

PARTS = ("settled", "held-out", "all")


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """Leaks of a table, those that were named, and risks of other kinds.

    Attributes
    ----------
    table : str
    leaks, named : frozenset of str
        Columns.
    others : tuple of RiskKind
    seconds : float
        Of looking.
    """

    table: str
    leaks: frozenset[str]
    named: frozenset[str]
    others: tuple[RiskKind, ...]
    seconds: float

    @property
    def hits(self) -> frozenset[str]:
        """Leaks that were named."""
        return self.leaks & self.named

    @property
    def is_false_alarm(self) -> bool:
        """True if columns were named, and none is a leak."""
        return bool(self.named) and not self.hits


@click.command(help=__doc__)
@options.catalogue()
@options.only
@click.option("--part", type=click.Choice(PARTS), default="held-out", show_default=True)
def leaks(catalogue: Path, only: tuple[str, ...], part: str) -> None:
    looked = []
    for entry in read_catalogue(catalogue):
        wanted = entry.name in only if only else part in ("all", part_of(entry.family))
        found = look_at(entry) if wanted else None
        if found is not None:
            looked.append(found)
            if found.leaks or found.named:
                print(line_of(found), flush=True)
    print(f"\n{summary(looked)}")


def part_of(family: str) -> str:
    """Return the half that a family belongs to."""
    odd = hashlib.sha256(f"leaks{family}".encode()).digest()[0] % 2
    return "held-out" if odd else "settled"


def look_at(entry: CatalogueEntry) -> Looked | None:
    """Look at a table as `metatune fit` does; None where it cannot be learned as it is."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            task = make_task(read_table(entry.path), target=entry.target, task=str(entry.kind))
    except InputError as error:
        print(f"{entry.name}: {error}", flush=True)
        return None
    watch = Stopwatch()
    found = find_risks(task)
    seconds = watch.seconds()
    of_leaks = [each for each in found if each.kind is RiskKind.LEAK]
    return Looked(
        table=entry.name,
        leaks=frozenset(entry.left_out),
        named=frozenset(name for each in of_leaks for name in each.columns),
        others=tuple(each.kind for each in found if each.kind is not RiskKind.LEAK),
        seconds=seconds,
    )


def line_of(found: Looked) -> str:
    """Return one line on a table with leaks or warnings."""
    extra = sorted(found.named - found.leaks)
    missed = sorted(found.leaks - found.named)
    said = f"{found.table}: {len(found.hits)} of {len(found.leaks)} leaks named"
    said += f"; missed {', '.join(missed)}" if missed else ""
    if extra:
        said += f"; {'FALSE ALARM' if found.is_false_alarm else 'besides'} {', '.join(extra)}"
    return said


def summary(looked: Sequence[Looked]) -> str:
    """Return rates over all tables."""
    n_leaks, n_hits = (sum(len(getattr(one, what)) for one in looked) for what in ("leaks", "hits"))
    with_leaks = [one for one in looked if one.leaks]
    touched = sum(bool(one.hits) for one in with_leaks)
    alarms = sum(one.is_false_alarm for one in looked)
    extra = sum(len(one.named - one.leaks) for one in with_leaks if one.hits)
    lines = [
        f"{len(looked)} tables, {len(with_leaks)} with leaks",
        f"leak columns named: {n_hits} of {n_leaks} ({n_hits / max(1, n_leaks):.0%})",
        f"tables with leaks that are warned of: {touched} of {len(with_leaks)}",
        f"false alarms: {alarms} of {len(looked)} tables (1 in {len(looked) / max(1, alarms):.0f})",
        f"further columns named in tables with leaks: {extra}",
    ]
    for kind in RiskKind:
        n_tables = sum(kind in one.others for one in looked)
        if kind is not RiskKind.LEAK:
            lines.append(f"warned of {kind}: {n_tables} tables")
    seconds = sorted(one.seconds for one in looked)
    if seconds:
        lines.append(f"seconds: median {seconds[len(seconds) // 2]:.2g}, longest {seconds[-1]:.2g}")
    return "\n".join(lines)
