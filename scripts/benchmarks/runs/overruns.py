"""Seconds of commands beyond their budgets: records and tables."""

import csv
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np

__all__ = ["Measured", "allowed_seconds", "append_measured", "overrun_tables", "read_measured"]

_BANDS = (1_000, 10_000, 100_000)


def allowed_seconds(budget: float) -> float:
    """Return what a command may take: its budget, one second and 2 % more."""
    return budget * 1.02 + 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One command.

    Attributes
    ----------
    table : str
        Name of the file.
    rows : int
        Rows of the table.
    budget, seconds : float
        Allowed and used wall clock, the end of the process included.
    jobs : int
        Worker processes.
    exit_code : int
        0: done; 2: the time did not suffice to read the table; 3: no model beat the constant.
    trials : int
        That finished.
    """

    table: str
    rows: int
    budget: float
    seconds: float
    jobs: int
    exit_code: int
    trials: int

    @property
    def overrun(self) -> float:
        """Seconds beyond the budget; negative where some were left."""
        return self.seconds - self.budget

    @property
    def kept(self) -> bool:
        """True if the command kept what is promised."""
        return self.seconds <= allowed_seconds(self.budget)

    @property
    def key(self) -> tuple[str, float, int]:
        """Key of what is measured once."""
        return self.table, self.budget, self.jobs


def read_measured(path: Path) -> list[Measured]:
    """Read what has been measured; nothing if there is no file."""
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return [
            Measured(
                table=row["table"],
                rows=int(row["rows"]),
                budget=float(row["budget"]),
                seconds=float(row["seconds"]),
                jobs=int(row["jobs"]),
                exit_code=int(row["exit_code"]),
                trials=int(row["trials"]),
            )
            for row in csv.DictReader(file)
        ]


def append_measured(path: Path, measured: Measured) -> None:
    """Add a line to the file."""
    new = not path.is_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [field.name for field in fields(Measured)])
        if new:
            writer.writeheader()
        writer.writerow(asdict(measured))


def overrun_tables(measured: Iterable[Measured]) -> str:
    """Write the tables of overruns by budget and by rows, and what broke the promise."""
    runs = list(measured)
    lines = [
        f"{len(runs)} commands on tables of {min(r.rows for r in runs):,} to "
        f"{max(r.rows for r in runs):,} rows; {sum(r.kept for r in runs)} kept budget + 1 s + 2 %.",
        "",
        *_table("budget", {f"{b:g} s": b for b in sorted({r.budget for r in runs})}, runs),
        "",
    ]
    ends = (*_BANDS, np.inf)
    names = [f"up to {end:,} rows" for end in _BANDS] + ["more rows"]
    band_of = {r: names[next(i for i, end in enumerate(ends) if r.rows <= end)] for r in runs}
    lines += _lines("rows", {name: [r for r in runs if band_of[r] == name] for name in names})
    late = sorted((r for r in runs if not r.kept), key=lambda r: -r.overrun)
    for run in late:
        lines.append(
            f"\nNOT KEPT: {run.table}, {run.rows:,} rows, {run.budget:g} s, {run.jobs} jobs: "
            f"{run.seconds:.2f} s"
        )
    return "\n".join(lines) + "\n"


def _table(head: str, budgets: dict[str, float], runs: list[Measured]) -> list[str]:
    groups = {name: [r for r in runs if r.budget == budget] for name, budget in budgets.items()}
    return _lines(head, groups | {"all": runs})


def _lines(head: str, groups: dict[str, list[Measured]]) -> list[str]:
    lines = [
        f"| {head} | commands | not kept | overrun: median | 90 % | 99 % | worst | without model |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, runs in groups.items():
        if not runs:
            continue
        over = np.array([r.overrun for r in runs])
        middle, high, highest = np.quantile(over, [0.5, 0.9, 0.99])
        lines.append(
            f"| {name} | {len(runs)} | {sum(not r.kept for r in runs)} | {middle:+.2f} s "
            f"| {high:+.2f} s | {highest:+.2f} s | {over.max():+.2f} s "
            f"| {sum(r.exit_code not in (0, 3) for r in runs)} |"
        )
    return lines
