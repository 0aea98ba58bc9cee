"""Results of races against peers: read from the harness' output or as they are kept.

The harness writes a line of JSON for every run, with logs and paths of the machine. What is kept in
the repository is what the tables need and nothing else; both kinds of files give the same tables.
"""

import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from benchmarks.races.documents import KEPT
from benchmarks.races.errors import RaceError

__all__ = [
    "CLEAN",
    "METRICS",
    "PARTS",
    "RAW",
    "MetricRule",
    "PeerRun",
    "kept_files",
    "kept_lines",
    "read_lines",
    "read_runs",
    "reduced",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricRule:
    """Direction of a metric, and the difference up to which two scores are level.

    Attributes
    ----------
    sign : float
        1 where greater is better, else -1.
    tie : float
        Largest difference of a tie.
    relative : bool
        `tie` is a share of the larger score.
    """

    sign: float
    tie: float
    relative: bool


CLEAN, RAW = "clean", "raw"
PARTS = (CLEAN, RAW)
"""Sorts of tables, which are compared apart."""

METRICS = {
    "roc_auc": MetricRule(sign=1.0, tie=0.001, relative=False),
    "log_loss": MetricRule(sign=-1.0, tie=0.01, relative=True),
    "rmse": MetricRule(sign=-1.0, tie=0.005, relative=True),
}
"""Metrics of the harness, with its own definition of a tie."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerRun:
    """Run of a system on a table.

    Attributes
    ----------
    part : str
        ``clean`` or ``raw``: the sort of the table.
    table, system, metric : str
        Names.
    task : str
        Kind of task.
    seed : int
        Of the split and of the system.
    budget : float
        Seconds; 0 for a system that takes none.
    n_train, n_test, n_features : int
        Size of the table.
    score : float or None
        On the rows held out, in the metric's own sign; None if the run failed.
    status : str
        ``ok``, or how the run failed.
    error : str
        Class of the exception; empty where there is none.
    fit_s, predict_s : float or None
        Seconds of the fit, and of the prediction of all rows held out.
    peak_mb : float or None
        Resident memory of all processes at its largest, in MiB.
    model_bytes : int or None
        Size of the saved model.
    load : float or None
        Load average of the machine when the run had ended.
    day : str
        Date of the run.
    version : str
        Package and version of the system.
    """

    part: str
    table: str
    seed: int
    budget: float
    system: str
    task: str
    metric: str
    n_train: int
    n_test: int
    n_features: int
    score: float | None
    status: str
    error: str = ""
    fit_s: float | None = None
    predict_s: float | None = None
    peak_mb: float | None = None
    model_bytes: int | None = None
    load: float | None = None
    day: str = ""
    version: str = ""

    @property
    def key(self) -> tuple[str, int, float, str]:
        """Table, seed, budget and system."""
        return self.table, self.seed, self.budget, self.system


def kept_files() -> list[Path]:
    """Return the files of the runs that are kept.

    Raises
    ------
    RaceError
        If there is none.
    """
    found = sorted(KEPT.glob("peers*.jsonl"))
    if not found:
        raise RaceError("docs/races holds no peers*.jsonl yet: name files of runs")
    return found


def read_runs(
    files: Iterable[Path],
    parts: Mapping[str, str] | None = None,
    names: Mapping[str, str] | None = None,
) -> list[PeerRun]:
    """Read files of runs, sorted by their keys; a later line replaces an earlier one.

    Parameters
    ----------
    files : iterable of Path
        Output of the harness, or what was kept of it.
    parts : mapping of str to str, optional
        Part of each table; needed for output of the harness.
    names : mapping of str to str, optional
        Systems that get another name.

    Raises
    ------
    RaceError
        If a file cannot be read, a line is no run, or the part of a table is not known.
    """
    found: dict[tuple[str, int, float, str], PeerRun] = {}
    for path in files:
        for number, record in read_lines(path):
            try:
                run = _kept(record) if "table" in record else reduced(record, parts)
            except (AttributeError, KeyError, TypeError, ValueError) as error:
                raise RaceError(f"{path}, line {number} is not a run: {error!r}") from error
            if run.metric not in METRICS or run.part not in PARTS:
                raise RaceError(
                    f"{path}, line {number}: {run.metric} on a {run.part} table; a metric is one "
                    f"of {', '.join(METRICS)}, a table {' or '.join(PARTS)}"
                )
            run = replace(run, system=(names or {}).get(run.system, run.system))
            found[run.key] = run
    return sorted(found.values(), key=lambda run: (run.part, *run.key))


def read_lines(path: Path) -> list[tuple[int, dict[str, Any]]]:
    """Read the numbered lines of a file; a last line that was not finished is left out."""
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise RaceError(f"{path} cannot be read as results of a race: {error}") from error
    found = []
    for number, line in enumerate(lines, start=1):
        try:
            if line.strip():
                found.append((number, dict(json.loads(line))))
        except (ValueError, TypeError) as error:
            if number < len(lines):  # else a race was killed while it wrote
                raise RaceError(f"{path}, line {number} is not an object of JSON") from error
    return found


def reduced(record: Mapping[str, Any], parts: Mapping[str, str] | None) -> PeerRun:
    """Reduce a record of the harness to what the tables need.

    Raises
    ------
    RaceError
        If the table's part is not known.
    """
    table = record["dataset"]
    if parts is None or table not in parts:
        raise RaceError(f"whether {table} is clean or raw is not known: name its --catalogue")
    score = record.get("metrics", {}).get(record["metric"])
    usable = record["status"] == "ok" and score is not None and math.isfinite(score)
    named = re.match(
        r"(?:\w+\.)*(\w*(?:Error|Exception|Exit|Interrupt))\b", str(record.get("error"))
    )
    return PeerRun(
        part=parts[table],
        table=table,
        seed=int(record["seed"]),
        budget=float(record["budget"]),
        system=record["system"],
        task=record["task"],
        metric=record["metric"],
        n_train=int(record["n_train"]),
        n_test=int(record["n_test"]),
        n_features=int(record["n_features"]),
        score=float(score) if usable else None,
        status="no_score" if record["status"] == "ok" and not usable else record["status"],
        error=named[1] if named and not usable else "",
        fit_s=_rounded(record.get("fit_s"), 3),
        predict_s=_rounded(record.get("predict_s"), 4),
        peak_mb=_rounded(record.get("peak_rss_mb"), 0),
        model_bytes=record.get("model_bytes"),
        load=_rounded(record.get("load"), 2),
        day=str(record.get("when", ""))[:10],
        version=" ".join(next(iter(record.get("versions", {}).items()), ())),
    )


def kept_lines(runs: Iterable[PeerRun]) -> str:
    """Write runs as lines of JSON; fields without a value are left out."""
    lines = []
    for run in runs:
        values = {name: value for name, value in asdict(run).items() if value not in (None, "")}
        lines.append(json.dumps(values, ensure_ascii=False, separators=(",", ":")) + "\n")
    return "".join(lines)


def _kept(record: Mapping[str, Any]) -> PeerRun:
    known = {field.name for field in fields(PeerRun)}
    return PeerRun(**{"score": None} | {k: v for k, v in record.items() if k in known})


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(float(value), digits)
