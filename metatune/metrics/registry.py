"""Registry of metrics: those of metatune's own, and scikit-learn's scorers by their names."""

import math
from difflib import get_close_matches
from functools import lru_cache
from typing import TYPE_CHECKING

from metatune.errors import OptionError
from metatune.kinds import TaskKind
from metatune.metrics.metric import UNDEFINED, Form, Metric, ScoreFunction
from metatune.metrics.own import DEFAULT_METRIC, OWN_METRICS, RECORDED_METRICS
from metatune.metrics.scorers import NamedScorer

if TYPE_CHECKING:
    from metatune._typing import AnyArray, FloatArray


__all__ = ["form_of", "is_one_sided", "misfit", "resolve_metric", "works"]

_PROBED_ROWS = 12


def resolve_metric(name: str | None, kind: TaskKind, positive: int | None = None) -> Metric:
    """Find the metric called `name` for a task kind.

    Parameters
    ----------
    name : str or None
        None for the default; one of metatune's own names, or any scikit-learn scorer name.
    kind : TaskKind
        What is predicted.
    positive : int, optional
        Code of the positive class of two; 1 without.

    Returns
    -------
    Metric
        Of the most probable class, if it is one of labels; see `choose_metric`.

    Raises
    ------
    OptionError
        If no metric has that name, or it does not fit the task kind.
    """
    kind = TaskKind(kind)
    name = name or DEFAULT_METRIC[kind]
    if kind is TaskKind.BINARY and positive is None:
        positive = 1
    if name not in OWN_METRICS:
        return _scorer_metric(name, kind, positive)
    own = OWN_METRICS[name]
    if kind not in own.kinds:
        raise OptionError(misfit(name, kind))
    return Metric(
        name=name,
        greater_is_better=own.greater_is_better,
        function=own.function,
        form=own.form,
        positive=positive,
    )


def misfit(name: str, kind: TaskKind) -> str:
    """Say that a metric does not fit a task kind."""
    good = ", ".join(RECORDED_METRICS[kind])
    return f"metric {name!r} does not fit a {kind} task: use one of {good}"


def works(function: ScoreFunction, kind: TaskKind, weights: "FloatArray | None" = None) -> bool:
    """Try a function on a few made-up rows, to refuse a misfit before anything is fitted."""
    y, p = _made_up(kind)
    # A scorer that does not fit may fail in any way it likes; that is the answer looked for here.
    try:
        return math.isfinite(function(y, p, weights))
    except UNDEFINED:
        return False


def form_of(function: ScoreFunction, kind: TaskKind) -> Form:
    """Find out what a function looks at, by changing the rest of some made-up predictions."""
    import numpy as np

    if not kind.is_classification:
        return Form.VALUES
    y, p = _made_up(kind)
    p = np.where(np.arange(len(y))[:, None] % 5 == 4, p[:, ::-1], p)  # a few are wrong
    hard = np.eye(p.shape[1])[p.argmax(axis=1)]
    soft = 0.5 * hard + 0.5 / p.shape[1]
    try:
        scores = [function(y, each, None) for each in (p, hard, soft)]
    except UNDEFINED:
        return Form.PROBABILITIES
    same = np.isfinite(scores).all() and np.allclose(scores, scores[0], rtol=1e-9, atol=0.0)
    return Form.LABELS if same else Form.PROBABILITIES


def is_one_sided(function: ScoreFunction, *, greater_is_better: bool) -> bool:
    """Return True if a metric of two classes' labels calls bad decisions perfect.

    Recall is perfect where everything is called positive, precision where a single sure row is.
    No threshold is worth choosing by such a metric: the best one decides nothing.
    """
    import numpy as np

    y = np.repeat([0, 1], 6)
    lazy = [np.zeros(12, np.intp), np.ones(12, np.intp)]
    lazy += [np.r_[np.zeros(11, np.intp), 1], np.r_[0, np.ones(11, np.intp)]]
    try:
        perfect = function(y, np.eye(2)[y], None)
        scores = [function(y, np.eye(2)[decided], None) for decided in lazy]
    except UNDEFINED:
        return True
    scores = [score for score in scores if not math.isnan(score)]
    return any(s >= perfect if greater_is_better else s <= perfect for s in scores)


@lru_cache
def _scorer_metric(name: str, kind: TaskKind, positive: int | None) -> Metric:
    from sklearn.metrics import get_scorer_names

    names = get_scorer_names()
    if name not in names:
        raise OptionError(_unknown(name, names))
    function = NamedScorer(name=name, kind=kind)
    if not works(function, kind):
        raise OptionError(misfit(name, kind))
    sided = kind is TaskKind.BINARY and _is_sided(function)
    if sided:
        function = NamedScorer(name=name, kind=kind, positive=positive)
    # scikit-learn's scorers are all "greater is better": losses carry the prefix neg_
    return Metric(
        name=name,
        greater_is_better=True,
        function=function,
        form=form_of(function, kind),
        positive=positive,
        is_sided=sided,
    )


def _unknown(name: str, names: list[str]) -> str:
    if name.endswith(")"):
        return f"metric {name!r} is a function of Python: only Python can compute it"
    close = get_close_matches(name, [*OWN_METRICS, *names], n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"use one of {', '.join(OWN_METRICS)}"
    return f"unknown metric {name!r}: {hint} Any scikit-learn scorer name works too"


def _is_sided(function: ScoreFunction) -> bool:
    """Return True if a score changes where the two classes change places."""
    import numpy as np

    y, p = _uneven()
    try:
        one, other = function(y, p, None), function(1 - y, p[:, ::-1], None)
    except UNDEFINED:
        return False
    return not bool(np.isclose(one, other, rtol=1e-9, atol=1e-12, equal_nan=True))


def _made_up(kind: TaskKind) -> "tuple[AnyArray, FloatArray]":
    import numpy as np

    n_classes = {TaskKind.BINARY: 2, TaskKind.MULTICLASS: 3}.get(kind, 0)
    n = _PROBED_ROWS
    if not n_classes:
        return np.linspace(1.0, 2.0, n), np.linspace(1.1, 2.1, n)
    y = np.arange(n) % n_classes
    return y, np.eye(n_classes)[y] * 0.7 + 0.3 / n_classes


def _uneven() -> "tuple[AnyArray, FloatArray]":
    import numpy as np

    y = np.array([0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0])
    own = np.array([0.1, 0.2, 0.3, 0.15, 0.7, 0.25, 0.05, 0.35, 0.9, 0.4, 0.8, 0.45])
    return y, np.column_stack([1.0 - own, own])
