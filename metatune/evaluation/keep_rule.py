"""Rule for a trial's fitted pipelines: which of them the worker leaves behind.

A file holds the pickles of a trial's pipelines one after the other, the first fold's first. It is
scratch space of the run, read back by the same run only.
"""

import contextlib
import math
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from metatune.files.atomic import replacing

__all__ = ["MAX_KEPT_BYTES", "KeepRule", "keep_pipelines"]

MAX_KEPT_BYTES = 1_000_000_000
"""The kept pipelines of a run may take so much room together."""

_LARGEST_SHARE = 0.25  # of that room may be a single trial's


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepRule:
    """Rule for what a worker keeps of a trial.

    Attributes
    ----------
    file : str
        Name of the file in the outbox.
    loss_below : float
        Keep the first fold's pipeline if the trial's loss is below: it becomes the incumbent.
    folds_below : float
        Keep the pipelines of all folds if the loss is below: they may be averaged.
    max_bytes : int
        As long as they take no more room together, going by the first one.
    """

    file: str
    loss_below: float
    folds_below: float = -math.inf
    max_bytes: int = int(_LARGEST_SHARE * MAX_KEPT_BYTES)


def keep_pipelines(
    rule: KeepRule, outbox: Path, loss: float, pipelines: list[Any], model_bytes: int
) -> None:
    """Write a trial's pipelines to the outbox as far as the rule says so.

    Parameters
    ----------
    rule : KeepRule
        What to keep.
    outbox : Path
        Existing folder.
    loss : float
        The trial's.
    pipelines : list of Pipeline
        One for each fold.
    model_bytes : int
        Size of the first one.
    """
    small = model_bytes * len(pipelines) <= rule.max_bytes
    kept = pipelines if loss < rule.folds_below and small else []
    if not kept and loss < rule.loss_below:
        kept = pipelines[:1]
    if not kept:
        return
    # No room: the trial's result counts all the same.
    with (
        contextlib.suppress(OSError),
        replacing(outbox / rule.file) as part,
        part.open("wb") as file,
    ):
        for pipeline in kept:
            pickle.dump(pipeline, file, protocol=5)
