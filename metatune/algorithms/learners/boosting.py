"""Base of the boosted-tree learners of all libraries."""

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np

from metatune.algorithms.learners.stopping import (
    EarlyStoppingModel,
    TrainingRows,
    balanced_weights,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from metatune._typing import FloatArray


__all__ = ["BoostedTrees", "affordable_rounds", "few_rounds", "patience"]

_MAX_ROUNDS = 5_000
_MAX_STEPS = 250.0  # sum of the learning rates of all rounds
"""On 63 of 222 tables some recipe reached 2,000 rounds, and 100 of the sum, which were the maximum
before. Tried on eleven of them with three times as much, the error of a slow recipe (rate .015)
fell by .2 to 10 % on eight and stayed the same on three; where fewer suffice, early stopping ends
before."""

_FEW_ROUNDS = 40


class BoostedTrees(EarlyStoppingModel):
    """Base of boosted trees with native categories, saved as the library's own plain state.

    Parameters
    ----------
    params : dict
        The library's training parameters, without objective, seed and threads.
    categorical : tuple of int
        Positions of the columns that hold category codes.
    balanced : bool
        Whether every class gets the same total weight.
    iterations : int or None
        Exactly so many boosting rounds on all rows; None stops early.
    seed : int
        Seed of every random choice.
    stages : tuple of dict
        Stages of a training whose parameters change; see `EarlyStoppingModel`.

    Attributes
    ----------
    model_ : str or bytes
        The trained trees, as the library writes them.

    Libraries that can go on training keep what they need for it as `_live`, as long as the model
    is not finished; it is never saved.
    """

    model_: Any

    def __init__(
        self,
        params: dict[str, Any],
        categorical: tuple[int, ...] = (),
        balanced: bool = False,
        iterations: int | None = None,
        seed: int = 0,
        stages: tuple[dict[str, Any], ...] = (),
    ) -> None:
        self.params = params
        self.categorical = categorical
        self.balanced = balanced
        self.iterations = iterations
        self.seed = seed
        self.stages = stages

    @abstractmethod
    def _read_model(self) -> Any:
        """Return the library's booster for `model_`."""

    @property
    def _booster(self) -> Any:
        """Booster, made from `model_` on demand and never saved."""
        if "_read" not in self.__dict__:
            self._read = self._read_model()
        return self._read

    def _stages(self) -> "Iterator[tuple[int, dict[str, Any], int]]":
        """Yield the rounds of each stage, the parameters that differ in it, and its seed."""
        for number, stage in enumerate(self.stages):
            changes = {name: value for name, value in stage.items() if name != "iterations"}
            yield stage["iterations"], changes, self.seed + number

    def _store(self, model: str | bytes) -> None:
        self.model_ = model
        self.__dict__.pop("_read", None)

    def _weights(self, rows: TrainingRows) -> "FloatArray | None":
        return balanced_weights(rows.y, rows.weights) if self.balanced else rows.weights

    def _n_trees_a_round(self) -> int:
        return self.n_classes_ if self.n_classes_ > 2 else 1

    def __getstate__(self) -> dict[str, Any]:
        state = dict(super().__getstate__())
        state.pop("_read", None)
        state.pop("_live", None)
        return state


def affordable_rounds(work: float, cost: float, fewest: float, learning_rate: float) -> int:
    """Return the maximum number of boosting rounds.

    Parameters
    ----------
    work : float
        Budget in cells x trees.
    cost : float
        Cells x trees of one round.
    fewest : float
        Minimum number of rounds, whatever they cost.
    learning_rate : float
        Learning rate: the higher it is, the fewer rounds are of use.
    """
    useful = min(_MAX_ROUNDS, _MAX_STEPS / learning_rate)
    return int(min(useful, max(fewest, work / cost)))


def few_rounds(learning_rate: float) -> int:
    """Return the rounds for tables that are too small to hold rows out."""
    return max(1, min(200, round(_FEW_ROUNDS * 0.1 / learning_rate)))


def patience(learning_rate: float) -> int:
    """Return the rounds without improvement after which to stop: more at low learning rates."""
    return int(np.clip(round(4.0 / learning_rate), 30, 100))
