"""One table: hold rows out, run metatune on the rest, score the model on what was held out."""

import hashlib
import json
import tempfile
import warnings
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.model_selection import train_test_split

from metatune import MetaTuneClassifier, MetaTuneRegressor
from metatune.budget import Stopwatch
from metatune.building.catalogue import CatalogueEntry
from metatune.data.reading.table_reader import read_table
from metatune.estimate.drawing import Drawing
from metatune.estimate.scoring import RowScorer
from metatune.kinds import TaskKind
from metatune.metrics import resolve_metric

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

__all__ = [
    "Outcome",
    "check_table",
    "choose_tables",
    "read_journal",
    "read_rows",
    "strata",
    "write_journal",
]

_LEAST_ROWS = 200
_MOST_ROWS = 20_000
_N_BOOTSTRAPS = 400
_NORMAL = 1.96


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Estimate of a table, and what turned out.

    Attributes
    ----------
    table, metric : str
        Names.
    sign : int
        1 where a greater score is better, else -1.
    n_rows : int
        Rows that metatune got.
    score, low, high, optimistic : float
        Of the estimate; NaN without one.
    n_candidates : int
        Among how many was chosen.
    held_out, held_out_error : float
        Score of the model on the rows held out, and its standard error by bootstrap.
    reason : str
        Why there is no estimate; empty if there is one.
    seconds : float
        Of the fit.
    """

    table: str
    metric: str
    sign: int
    n_rows: int
    score: float = float("nan")
    low: float = float("nan")
    high: float = float("nan")
    optimistic: float = float("nan")
    n_candidates: int = 0
    held_out: float = float("nan")
    held_out_error: float = float("nan")
    reason: str = ""
    seconds: float = 0.0

    @property
    def covers(self) -> bool:
        """True if the interval holds the held-out score, which has noise of its own."""
        return self.low <= self.held_out <= self.high

    @property
    def covers_with_noise(self) -> bool:
        """True if it does when the interval is widened by the held-out score's own error."""
        noise = _NORMAL * self.held_out_error
        below = np.hypot(self.score - self.low, noise)
        above = np.hypot(self.high - self.score, noise)
        return bool(self.score - below <= self.held_out <= self.score + above)

    @property
    def half_width(self) -> float:
        """Half the width of the interval."""
        return 0.5 * (self.high - self.low)


def choose_tables(entries: Iterable[CatalogueEntry], n_tables: int) -> list[CatalogueEntry]:
    """Choose tables of 200 to 20,000 rows in an arbitrary but fixed order, one of each family."""
    chosen: dict[str, CatalogueEntry] = {}
    for entry in sorted(entries, key=_arbitrary):
        if _LEAST_ROWS <= entry.n_rows <= _MOST_ROWS:
            chosen.setdefault(entry.family, entry)
    return list(chosen.values())[:n_tables]


def read_journal(path: Path) -> dict[str, Outcome]:
    """Read the tables that are done; a torn last line is one that is not."""
    found = {}
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else []:
        try:
            outcome = Outcome(**json.loads(line))
        except (ValueError, TypeError):
            continue
        found[outcome.table] = outcome
    return found


def check_table(
    entry: CatalogueEntry, *, share: float, seconds: float, jobs: int, seed: int
) -> Outcome:
    """Hold out a share of the rows, stratified by class, and see what became of the estimate."""
    X, y = read_rows(entry)
    classes = entry.kind is not TaskKind.REGRESSION
    X, X_out, y, y_out = train_test_split(
        X, y, test_size=share, random_state=seed, stratify=strata(y) if classes else None
    )
    kind = MetaTuneClassifier if classes else MetaTuneRegressor
    watch = Stopwatch()
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run = Path(folder) / "run"
        model = kind(budget=seconds, n_jobs=jobs, random_state=seed, run_dir=run).fit(X, y)
        used = watch.seconds()
        record = json.loads((run / "run.json").read_text(encoding="utf-8"))
        score, error, sign = _judge(model, X_out, y_out)
    said = record["estimate"]
    known: dict[str, Any] = {"reason": record.get("no_estimate", "")}
    if said is not None:
        known = {name: said[name] for name in ("score", "low", "high", "optimistic")}
        known["n_candidates"] = said["n_candidates"]
    return Outcome(
        table=entry.name,
        metric=model.metric_,
        sign=sign,
        n_rows=len(X),
        held_out=score,
        held_out_error=error,
        seconds=used,
        **known,
    )


def write_journal(path: Path, outcome: Outcome) -> None:
    """Append a table that is done."""
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(asdict(outcome)) + "\n")


def _arbitrary(entry: CatalogueEntry) -> str:
    return hashlib.sha256(entry.name.encode()).hexdigest()


def read_rows(entry: CatalogueEntry) -> "tuple[pd.DataFrame, NDArray[Any]]":
    frame = read_table(entry.path).frame
    frame = frame[frame[entry.target].notna()].reset_index(drop=True)
    for name in entry.categorical:
        if name in frame.columns:
            frame[name] = frame[name].astype("category")
    left_out = [name for name in (*entry.left_out, entry.target) if name in frame.columns]
    y = frame[entry.target]
    if entry.kind is TaskKind.REGRESSION:
        return frame.drop(columns=left_out), y.to_numpy(dtype=np.float64)
    return frame.drop(columns=left_out), y.astype(str).to_numpy(dtype=object)


def strata(y: "NDArray[Any]") -> "NDArray[Any]":
    """Return the labels, those with a single row as one."""
    names, codes, counts = np.unique(y, return_inverse=True, return_counts=True)
    rare = counts[codes] < 2
    return np.where(rare, names[counts.argmax()], y)


def _judge(model: Any, X: "pd.DataFrame", y: "NDArray[Any]") -> tuple[float, float, int]:
    """Return score, its standard error and the metric's sign on rows that were held out."""
    if hasattr(model, "classes_"):
        kind = TaskKind.BINARY if len(model.classes_) == 2 else TaskKind.MULTICLASS
        known = np.isin(y, model.classes_)
        X, codes = X[known], np.searchsorted(model.classes_, y[known])
        prediction = model.predict_proba(X)
    else:
        kind, codes, prediction = TaskKind.REGRESSION, y, model.predict(X)
    metric = resolve_metric(model.metric_, kind)
    scores = RowScorer(metric, codes).prepare(prediction)
    drawn = Drawing(len(codes), seed=0).draw(_N_BOOTSTRAPS)
    score = float(scores.under(np.ones((1, len(codes))))[0])
    return score, float(np.nanstd(scores.under(drawn))), 1 if metric.greater_is_better else -1
