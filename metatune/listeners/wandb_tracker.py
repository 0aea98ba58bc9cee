"""Tracker for Weights & Biases."""

from collections.abc import Mapping
from typing import Any

from metatune.listeners.tracker import Tracker

__all__ = ["WandbTracker"]


class WandbTracker(Tracker):
    """Tracker that makes one run of Weights & Biases; each trial is a step of it.

    Needs the extra ``wandb``.

    Parameters
    ----------
    project : str
        Name of the project.
    **settings
        Further arguments of ``wandb.init``: ``mode="offline"``, ``dir=...``, ``name=...``.
    """

    package = extra = "wandb"
    modules = ("wandb",)

    def __init__(self, project: str = "metatune", **settings: Any) -> None:
        super().__init__()
        self.project = project
        self.settings = settings

    def open(self, params: Mapping[str, Any]) -> None:
        import wandb

        given = {"name": params.get("table"), "reinit": "create_new", **self.settings}
        self._run = wandb.init(project=self.project, config=dict(params), **given)

    def log(self, step: int, values: Mapping[str, float]) -> None:
        self._run.log({"trials": step, **values})

    def close(self, results: Mapping[str, Any], *, ok: bool) -> None:
        for name, value in results.items():
            self._run.summary[name] = value
        self._run.finish(exit_code=0 if ok else 130)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in super().__getstate__().items() if name != "_run"}
