"""Tracker for MLflow."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metatune.budget import utc_milliseconds
from metatune.listeners.tracker import Tracker

if TYPE_CHECKING:
    pass

__all__ = ["MLflowTracker"]

_LONGEST = 500  # characters of a parameter


class MLflowTracker(Tracker):
    """Tracker that makes one run of an MLflow experiment; each trial is a step of its metrics.

    Needs the extra ``mlflow``. MLflow's own global state (its active run, its tracking URI) is left
    alone.

    Parameters
    ----------
    uri : str or Path
        Tracking server or store: ``http://host:5000``, ``sqlite:///mlflow.db``, or a folder.
    experiment : str
        Name of the experiment; made if there is none.
    run_name : str, optional
        Name of the run; that of the table by default.

    Examples
    --------
    >>> from metatune.listeners import MLflowTracker
    >>> tracker = MLflowTracker("sqlite:///mlflow.db")  # doctest: +SKIP
    >>> MetaTuneClassifier(callbacks=[tracker]).fit(X, y)  # doctest: +SKIP
    """

    package = extra = "mlflow"
    modules = ("mlflow.tracking", "mlflow.entities", "mlflow.store.tracking.sqlalchemy_store")

    def __init__(
        self, uri: str | Path, experiment: str = "metatune", run_name: str | None = None
    ) -> None:
        super().__init__()
        self.uri = str(uri)
        self.experiment = experiment
        self.run_name = run_name

    def open(self, params: Mapping[str, Any]) -> None:
        from mlflow.tracking import MlflowClient

        self._client: MlflowClient = MlflowClient(tracking_uri=_as_uri(self.uri))
        known = self._client.get_experiment_by_name(self.experiment)
        if known is None:
            experiment = self._client.create_experiment(self.experiment)
        else:
            experiment = known.experiment_id
        name = self.run_name or str(params.get("table", "metatune"))
        self._run = self._client.create_run(experiment, run_name=name[:_LONGEST]).info.run_id
        for key, value in params.items():
            self._client.log_param(self._run, key, str(value)[:_LONGEST])

    def log(self, step: int, values: Mapping[str, float]) -> None:
        from mlflow.entities import Metric

        now = utc_milliseconds()
        metrics = [Metric(name, value, now, step) for name, value in values.items()]
        self._client.log_batch(self._run, metrics=metrics)

    def close(self, results: Mapping[str, Any], *, ok: bool) -> None:
        for name, value in results.items():
            self._client.set_tag(self._run, f"metatune.{name}", str(value)[:_LONGEST])
        self._client.set_terminated(self._run, "FINISHED" if ok else "KILLED")

    def __getstate__(self) -> dict[str, Any]:
        state = super().__getstate__()
        return {name: value for name, value in state.items() if name not in ("_client", "_run")}


def _as_uri(text: str) -> str:
    """Return a folder as the URI that MLflow wants; a URI as it is."""
    return text if ":" in text or text == "databricks" else Path(text).absolute().as_uri()
