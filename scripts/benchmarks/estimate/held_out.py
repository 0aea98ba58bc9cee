"""One table: hold rows out, run metatune on the rest, score the model on what was held out."""

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.split_tables import split_table
from metatune.budget import Stopwatch
from metatune.building.catalogue import CatalogueEntry
from metatune.estimate.drawing import Drawing
from metatune.estimate.scoring import RowScorer
from metatune.kinds import TaskKind
from metatune.metrics import resolve_metric

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["Outcome", "check_table"]

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


def check_table(
    entry: CatalogueEntry, *, share: float, seconds: float, jobs: int, seed: int
) -> Outcome:
    """Hold out a share of the rows, stratified by class, and see what became of the estimate."""
    split = split_table(entry, share=share, seed=seed)
    watch = Stopwatch()
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        model = split.fit(seconds=seconds, jobs=jobs, seed=seed, run_dir=run)
        used = watch.seconds()
        record = json.loads((run / "run.json").read_text(encoding="utf-8"))
    score, error, sign = _judge(model, split.X_out, split.y_out)
    said = record["estimate"]
    known: dict[str, Any] = {"reason": record.get("no_estimate", "")}
    if said is not None:
        known = {name: said[name] for name in ("score", "low", "high", "optimistic")}
        known["n_candidates"] = said["n_candidates"]
    return Outcome(
        table=entry.name,
        metric=model.metric_,
        sign=sign,
        n_rows=len(split.X),
        held_out=score,
        held_out_error=error,
        seconds=used,
        **known,
    )


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
