"""Multi-layer perceptrons that stop when the loss of held-out rows stops falling."""

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.neural_network import MLPClassifier, MLPRegressor

from metatune.algorithms.learners.stopping import EarlyStoppingModel, TrainingRows, Watch

if TYPE_CHECKING:
    from metatune._typing import AnyArray

    Weights = list[AnyArray]

__all__ = ["NetworkClassifier", "NetworkRegressor"]

MAX_EPOCHS = 200
FEW_EPOCHS = 100
_PATIENCE = 15
_CHANGING = ("alpha", "learning_rate_init")  # from stage to stage
_KEPT_WEIGHTS = 30_000_000  # of the last epochs of a network that is watched
_WORK = 1.5e11  # rows x weights x epochs that take about a minute on one core


class _Network(EarlyStoppingModel):
    """Base of the classifier and the regressor.

    scikit-learn trains, one epoch after another; this class watches the loss of rows that it does
    not train on (scikit-learn's own early stopping watches the accuracy) and keeps the weights of
    its epochs until it is known which of them are wanted.

    Parameters
    ----------
    params : dict
        Parameters of scikit-learn's network: ``hidden_layer_sizes``, ``activation``, ``alpha``,
        ``learning_rate_init``, ``batch_size``.
    iterations : int or None
        Exactly so many epochs on all rows; None stops early.
    seed : int
        Seed of the weights and of the order of rows.
    stages : tuple of dict
        Stages of a training whose parameters change; see `EarlyStoppingModel`. The averages of
        gradients that Adam keeps begin anew with each of them.
    """

    max_splits = 3
    coefs_: "Weights"
    intercepts_: "Weights"

    def __init__(
        self,
        params: dict[str, Any],
        iterations: int | None = None,
        seed: int = 0,
        stages: tuple[dict[str, Any], ...] = (),
    ) -> None:
        self.params = params
        self.iterations = iterations
        self.seed = seed
        self.stages = stages

    def _max_iterations(self, X: "AnyArray", y: "AnyArray") -> int:  # noqa: ARG002
        sizes = (X.shape[1], *self.params["hidden_layer_sizes"], max(1, self.n_classes_))
        n_weights = sum(a * b for a, b in pairwise(sizes))
        return int(np.clip(_WORK / (len(X) * (n_weights + 500)), 5, MAX_EPOCHS))

    def _few_iterations(self) -> int:
        return FEW_EPOCHS

    def _patience(self) -> int:
        return _PATIENCE

    def _grow(self, rows: TrainingRows, most: int, watch: Watch | None = None) -> None:
        network = self._network(len(rows.y))
        epochs: dict[int, tuple[Weights, Weights]] = {}
        for epoch in range(1, most + 1):
            self._one_epoch(network, rows)
            self.coefs_, self.intercepts_ = network.coefs_, network.intercepts_
            if watch is None:
                continue
            epochs[epoch] = self._copy()
            while len(epochs) * sum(weights.size for weights in self.coefs_) > _KEPT_WEIGHTS:
                del epochs[min(epochs)]
            if watch.add([self._loss(part) for part in watch.parts]):
                break
        if watch is not None:
            self._epochs = epochs

    def _grow_by_stages(self, rows: TrainingRows) -> None:
        network = self._network(len(rows.y)).set_params(warm_start=True, tol=0.0)
        for number, stage in enumerate(self.stages):
            changes = {name: value for name, value in stage.items() if name != "iterations"}
            epochs = stage["iterations"]
            network.set_params(
                **{name: self.params[name] for name in _CHANGING},
                n_iter_no_change=epochs + 1,
                max_iter=epochs,
                random_state=self.seed + number,
            )
            network.set_params(**changes).fit(rows.X, rows.y, sample_weight=rows.weights)
        self.coefs_, self.intercepts_ = network.coefs_, network.intercepts_

    def _nearest(self, iterations: int) -> int:
        return int(np.clip(iterations, min(self._epochs), max(self._epochs)))

    def _use(self) -> None:
        if self.n_iterations_ in self._epochs:
            self.coefs_, self.intercepts_ = self._epochs[self.n_iterations_]

    def _trim(self) -> None:
        del self._epochs

    def _network(self, n_rows: int) -> Any:
        learner = MLPClassifier if self.classification else MLPRegressor
        batch_size = max(1, min(self.params["batch_size"], n_rows))
        # A generator, because a seed would give every epoch the same order of rows.
        random_state = np.random.RandomState(self.seed)
        return learner(**{**self.params, "batch_size": batch_size}, random_state=random_state)

    def _one_epoch(self, network: Any, rows: TrainingRows) -> None:
        known: dict[str, Any] = {}
        if self.classification:
            known["classes"] = np.arange(self.n_classes_)
        network.partial_fit(rows.X, rows.y, sample_weight=rows.weights, **known)

    def _copy(self) -> "tuple[Weights, Weights]":
        return [w.copy() for w in self.coefs_], [b.copy() for b in self.intercepts_]

    def _output(self, X: "AnyArray") -> "AnyArray":
        """Return the last layer's outputs before its activation, (n_rows, n_outputs)."""
        values = X
        for layer, (weights, offsets) in enumerate(
            zip(self.coefs_, self.intercepts_, strict=True), start=1
        ):
            values = values @ weights + offsets
            if layer < len(self.coefs_):
                values = (
                    np.maximum(values, 0.0)
                    if self.params["activation"] == "relu"
                    else np.tanh(values)
                )
        return values.astype(np.float64)

    def _loss(self, rows: TrainingRows) -> float:
        raise NotImplementedError


class NetworkClassifier(ClassifierMixin, _Network):  # type: ignore[misc]
    """Multi-layer perceptron for labels 0..n_classes-1."""

    classification = True

    def predict_proba(self, X: "AnyArray") -> "AnyArray":
        """Return probabilities of shape (n_rows, n_classes)."""
        output = self._output(X)
        if output.shape[1] == 1:
            output = np.hstack([np.zeros_like(output), output])
        raised = np.exp(output - output.max(axis=1, keepdims=True))
        return np.asarray(raised / raised.sum(axis=1, keepdims=True))

    def _loss(self, rows: TrainingRows) -> float:
        chosen = self.predict_proba(rows.X)[np.arange(len(rows.y)), rows.y]
        return float(-np.average(np.log(np.maximum(chosen, 1e-6)), weights=rows.weights))


class NetworkRegressor(RegressorMixin, _Network):  # type: ignore[misc]
    """Multi-layer perceptron for numbers."""

    classification = False

    def predict(self, X: "AnyArray") -> "AnyArray":
        """Return values of shape (n_rows,)."""
        return self._output(X)[:, 0]

    def _loss(self, rows: TrainingRows) -> float:
        return float(np.average((self.predict(rows.X) - rows.y) ** 2, weights=rows.weights))
