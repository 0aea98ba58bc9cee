"""Choice of a run's metric: what the user names or hands over, tried on the real target."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from metatune.errors import OptionError
from metatune.kinds import TaskKind
from metatune.metrics.domain import lowest_prediction
from metatune.metrics.functions import UserFunction, function_name, read_function
from metatune.metrics.metric import UNDEFINED, Form, Metric
from metatune.metrics.own import OWN_METRICS, RECORDED_METRICS
from metatune.metrics.positive import PositiveClass, find_positive
from metatune.metrics.registry import form_of, is_one_sided, resolve_metric, works

if TYPE_CHECKING:
    from metatune._typing import AnyArray, FloatArray


__all__ = ["check_weighted", "choose_metric", "metric_name"]

_MOST_ROWS = 2_000  # of the target that a metric is tried on
_DIRECTIONS = 3


def metric_name(metric: Any) -> str | None:
    """Return the name of what may be given as a metric: a name, a function, or None.

    Raises
    ------
    OptionError
        If it is something else.
    """
    if metric is None or isinstance(metric, str):
        return metric
    if callable(metric):
        return function_name(metric)
    raise OptionError(
        f"metric={metric!r} is of type {type(metric).__name__}: "
        "give one name, a scikit-learn scorer, or a function of (y_true, y_pred)"
    )


def check_weighted(metric: Metric, kind: TaskKind) -> None:
    """Refuse a metric that cannot weigh rows.

    Raises
    ------
    OptionError
        If it cannot.
    """
    import numpy as np

    if not metric.weighs or (
        not isinstance(metric.function, UserFunction)
        and not works(metric.function, kind, np.linspace(0.5, 1.5, 12))
    ):
        good = ", ".join(RECORDED_METRICS[TaskKind(kind)])
        raise OptionError(f"metric {metric.name!r} cannot weigh rows: use one of {good}")


def choose_metric(
    given: "str | Callable[..., Any] | None",
    kind: TaskKind,
    y: "AnyArray",
    classes: "AnyArray | None",
    *,
    positive: Any = None,
) -> tuple[Metric, PositiveClass | None]:
    """Choose the metric that a run optimises.

    Parameters
    ----------
    given : str, callable or None
        Name, scikit-learn scorer, or function of ``(y_true, y_pred)``; None for the default.
    kind : TaskKind
        What is predicted.
    y : ndarray of shape (n_rows,)
        Encoded labels or target values.
    classes : ndarray of shape (n_classes,) or None
        Labels in the order of their codes.
    positive : object, optional
        Label of the positive class.

    Returns
    -------
    tuple of (Metric, PositiveClass or None)
        The latter where there are two classes.

    Raises
    ------
    OptionError
        If there is no such metric, it does not fit the task, or it is undefined for this target.
    """
    import numpy as np

    found = None
    if kind is TaskKind.BINARY and classes is not None:
        found = find_positive(classes, np.bincount(y, minlength=2), positive)
    elif positive is not None:
        raise OptionError(
            f"positive class {str(positive)!r} makes no sense for a {kind} task: "
            "it is one of two classes"
        )
    code = None if found is None else found.code
    name = metric_name(given)
    if given is None or isinstance(given, str):
        metric = resolve_metric(name, kind, code)
    else:
        metric = _of_function(given, kind, y, classes, code)
    if kind is TaskKind.REGRESSION:
        metric = replace(metric, low=lowest_prediction(metric.name, y))
    if metric.name not in OWN_METRICS:
        _try(metric, y, classes)
    return replace(metric, decides=_decides(metric, kind)), found


def _decides(metric: Metric, kind: TaskKind) -> bool:
    if metric.form is not Form.LABELS:
        return False
    if kind is not TaskKind.BINARY:
        return True
    return not is_one_sided(metric.function, greater_is_better=metric.greater_is_better)


def _try(metric: Metric, y: "AnyArray", classes: "AnyArray | None") -> None:
    """Score a prediction of the real target, to refuse a misfit before anything is fitted."""
    some = _sample(y, classes)
    prediction = _sure(some, classes) if classes is not None else some
    reason = metric.reason(some, prediction)
    if reason:
        raise OptionError(
            f"metric {metric.name!r} is undefined for this target ({reason}): choose another"
        )


def _of_function(
    given: Callable[..., Any],
    kind: TaskKind,
    y: "AnyArray",
    classes: "AnyArray | None",
    positive: int | None,
) -> Metric:
    """Make a metric of a function, called with the user's labels if it takes them, else codes."""
    function = read_function(given)
    tried = [function]
    if classes is not None:
        coded = replace(function, positive=positive)
        tried = [replace(function, labels=classes), coded]
    some = _sample(y, classes)
    truth = some if classes is None else _sure(some, classes)
    problem: Exception | None = None
    for each in tried:
        try:
            each(some, truth, None)
        except UNDEFINED as error:
            problem = problem or error
            continue
        return Metric(
            name=function.name,
            greater_is_better=function.is_scorer or _rises(each, some, truth),
            function=each,
            form=_form(each, kind, some, truth),
            positive=positive,
            is_sided=each.positive is not None,
            weighs=_weighs(each, some, truth),
        )
    reason = " ".join(str(problem).split())[:200] or type(problem).__name__
    raise OptionError(
        f"metric {function.name} cannot score this target ({type(problem).__name__}: {reason}): "
        "give a scorer of make_scorer, or a function of (y_true, y_pred)"
    ) from problem


def _rises(function: UserFunction, y: "AnyArray", truth: "FloatArray") -> bool:
    """Find the direction of a function: the truth scores better than predictions of other rows."""
    import numpy as np

    best = function(y, truth, None)
    rng = np.random.default_rng(0)
    others = [function(y, truth[rng.permutation(len(y))], None) for _ in range(_DIRECTIONS)]
    if all(best > other for other in others):
        return True
    if all(best < other for other in others):
        return False
    raise OptionError(
        f"metric {function.name} scores wrong predictions like right ones, so that its direction "
        "is unknown: give make_scorer(..., greater_is_better=...)"
    )


def _form(function: UserFunction, kind: TaskKind, y: "AnyArray", truth: "FloatArray") -> Form:
    import numpy as np

    if kind is TaskKind.REGRESSION:
        return Form.VALUES
    if not function.is_scorer:
        return Form.PROBABILITIES if function.of_probabilities else Form.LABELS
    if kind is TaskKind.BINARY:
        return form_of(function, kind)
    # as `form_of`, but with all classes of the target
    wrong = np.where(np.arange(len(y))[:, None] % 5 == 4, truth[::-1], truth)
    soft = 0.5 * wrong + 0.5 / truth.shape[1]
    scores = [function(y, wrong, None), function(y, soft, None)]
    return Form.LABELS if np.allclose(scores, scores[0], rtol=1e-9, atol=0) else Form.PROBABILITIES


def _weighs(function: UserFunction, y: "AnyArray", truth: "FloatArray") -> bool:
    import numpy as np

    try:
        function(y, truth, np.linspace(0.5, 1.5, len(y)))
    except UNDEFINED:
        return False
    return True


def _sample(y: "AnyArray", classes: "AnyArray | None") -> "AnyArray":
    """Return some of the target's values, every class among them."""
    import numpy as np

    if len(y) <= _MOST_ROWS:
        return np.asarray(y)
    first = y[:_MOST_ROWS]
    return first if classes is None else np.r_[np.arange(len(classes)), first]


def _sure(y: "AnyArray", classes: "AnyArray") -> "FloatArray":
    import numpy as np

    return np.asarray(np.eye(len(classes))[np.asarray(y, dtype=np.intp)])
