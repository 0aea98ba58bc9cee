"""Tracker for TensorBoard and whatever else reads its event files."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from metatune.listeners.tracker import Tracker

__all__ = ["TensorBoardTracker"]


class TensorBoardTracker(Tracker):
    """Tracker that writes scalars to an event file of TensorBoard; each trial is a step.

    Needs the extra ``tensorboard``, which brings tensorboardX and not TensorBoard itself.

    Parameters
    ----------
    directory : str or Path
        Folder of the event file, one for each run.
    """

    package = "tensorboardX"
    extra = "tensorboard"
    modules = ("tensorboardX",)

    def __init__(self, directory: str | Path) -> None:
        super().__init__()
        self.directory = str(directory)

    def open(self, params: Mapping[str, Any]) -> None:
        from tensorboardX import SummaryWriter

        self._writer = SummaryWriter(self.directory)
        self._texts("run", params)

    def log(self, step: int, values: Mapping[str, float]) -> None:
        for name, value in values.items():
            self._writer.add_scalar(name, value, step)

    def close(self, results: Mapping[str, Any], *, ok: bool) -> None:  # noqa: ARG002  # it is told
        self._texts("result", results)
        self._writer.close()

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in super().__getstate__().items() if name != "_writer"}

    def _texts(self, title: str, values: Mapping[str, Any]) -> None:
        lines = "\n".join(f"    {name}: {value}" for name, value in values.items())
        self._writer.add_text(title, lines)
