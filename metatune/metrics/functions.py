"""Functions of the user as metrics: scikit-learn scorers, and functions of labels or values.

They reach workers by value, so that they may stand in a script, a notebook or a test; those of
installed packages by their names.
"""

import base64
import inspect
import pickle
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from metatune.errors import OptionError
from metatune.files.by_value import pickle_by_value
from metatune.metrics.metric import UNDEFINED
from metatune.metrics.scorers import replay

if TYPE_CHECKING:
    from metatune._typing import AnyArray, FloatArray


__all__ = ["UserFunction", "function_name", "read_function"]

_PROBABILITIES = ("y_score", "y_prob", "y_proba", "y_probas", "probas_pred", "y_pred_proba")
_LONGEST_NAME = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class UserFunction:
    """Function of the user, called with our predictions.

    Attributes
    ----------
    name : str
        For people.
    pickled : str
        The function, pickled, in base 64.
    labels : ndarray of shape (n_classes,) or None
        Labels of the classes, as the function knows them; None for their codes, and for values.
    is_scorer : bool
        Whether it is called as ``f(estimator, X, y)``; else as ``f(y_true, y_pred)``.
    of_probabilities : bool
        Whether the latter takes probabilities: those of the positive class where there are two.
    positive : int or None
        Code of the positive class; None where the labels tell it.
    """

    name: str
    pickled: str
    labels: "AnyArray | None" = None
    is_scorer: bool = False
    of_probabilities: bool = False
    positive: int | None = None

    def __call__(self, y: "AnyArray", p: "FloatArray", w: "FloatArray | None") -> float:
        """Score predictions."""
        import numpy as np

        if self.positive == 0:
            y, p = 1 - np.asarray(y), p[:, ::-1]
        known = y if self.labels is None else self.labels[np.asarray(y, dtype=np.intp)]
        function = _unpickled(self.pickled)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if self.is_scorer:
                return replay(function, known, p, w, self.labels)
            options = {} if w is None else {"sample_weight": w}
            return float(function(known, self._predicted(p), **options))

    def _predicted(self, p: "FloatArray") -> "AnyArray":
        if p.ndim == 1:
            return p
        if self.of_probabilities:
            return p[:, 1] if p.shape[1] == 2 else p
        decided: AnyArray = p.argmax(axis=1)
        return decided if self.labels is None else self.labels[decided]


def function_name(function: Any) -> str:
    """Name a function of the user; the name ends with a bracket, as no other metric's does."""
    text = " ".join(repr(function).split())
    if text.endswith(")") and " at 0x" not in text and len(text) <= _LONGEST_NAME:
        return text
    inner = getattr(function, "_score_func", function)
    return f"{getattr(inner, '__name__', type(inner).__name__)}()"


def read_function(function: Callable[..., Any]) -> UserFunction:
    """Find out how a function is to be called, and make it fit to travel.

    Raises
    ------
    OptionError
        If it cannot be called as a metric, or cannot be sent to workers.
    """
    name = function_name(function)
    is_scorer, of_probabilities = _manner(function, name)
    return UserFunction(
        name=name,
        pickled=_pickled(function, name),
        is_scorer=is_scorer,
        of_probabilities=of_probabilities,
    )


def _manner(function: Callable[..., Any], name: str) -> tuple[bool, bool]:
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (ValueError, TypeError):
        return False, False
    free = inspect.Parameter.empty
    by_place = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    needed = [p.name for p in by_place if p.default is free]
    others = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY and p.default is free]
    if others or len(needed) > 3:
        missing = (others or needed[2:])[0]
        raise OptionError(
            f"metric {name} cannot be called without {missing!r}: "
            f"give make_scorer({name.rstrip('()')}, {missing}=...)"
        )
    is_scorer = len(needed) == 3 or (bool(needed) and needed[0] in ("estimator", "clf", "model"))
    second = by_place[1].name if len(by_place) > 1 else ""
    of_probabilities = second in _PROBABILITIES or name == "log_loss()"
    return is_scorer, of_probabilities


def _pickled(function: Any, name: str) -> str:
    """Pickle a function: by its name if every process can import it, else by value."""
    inner = getattr(function, "_score_func", function)
    try:
        pickled = pickle_by_value(function, getattr(inner, "__module__", None))
        return base64.b64encode(pickled).decode()
    except (pickle.PicklingError, *UNDEFINED) as error:
        raise OptionError(
            f"metric {name} cannot be sent to worker processes "
            f"({' '.join(str(error).split())[:100]}): define it at the top level of a module"
        ) from error


@lru_cache(maxsize=8)
def _unpickled(pickled: str) -> Any:
    return pickle.loads(base64.b64decode(pickled))  # of this very run, in memory or its scratch
