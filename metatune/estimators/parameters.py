"""Parameters of the estimators, read as scikit-learn's users give them.

All of these raise `OptionError` for what cannot work.
"""

import numbers
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils.validation import _check_sample_weight

from metatune.algorithms.registry import select_algorithms
from metatune.algorithms.space_file import read_space
from metatune.budget import parse_duration, seconds_of_import
from metatune.ensemble.limits import parse_limits
from metatune.errors import OptionError
from metatune.execution.cores import parse_memory
from metatune.metrics import metric_name
from metatune.samplers.catalogue import read_strategy
from metatune.search.objectives import Objectives, read_objectives
from metatune.storage.door import Door
from metatune.storage.run_options import RunOptions
from metatune.storage.session import RunRequest

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["asked_metric", "read_names", "read_request", "read_seed", "read_weights"]

_SEEDS = 2**31 - 1
_NUMBER_OR_TEXT = (str, numbers.Real)
_TYPES: dict[str, tuple[tuple[type, ...], str]] = {
    "budget": (_NUMBER_OR_TEXT, "seconds, or a text like '10m'"),
    "max_trials": ((numbers.Integral,), "a whole number"),
    "max_latency": (_NUMBER_OR_TEXT, "seconds, or a text like '5ms'"),
    "max_size": (_NUMBER_OR_TEXT, "bytes, or a text like '50MB'"),
    "n_jobs": ((numbers.Integral,), "a whole number"),
    "memory_limit": ((str, numbers.Integral), "bytes, or a text like '4GB'"),
    "space": ((str, Path, Mapping), "a path, or families by their name"),
    "metadata": ((str, Path), "a path"),
    "run_dir": ((str, Path), "a path"),
    "strategy": ((str,), "the name of a strategy, like 'tpe'"),
    "cold_start": ((bool, np.bool_), "True or False"),
    "ensemble": ((bool, np.bool_), "True or False"),
    "prefer": ((str,), "the name of an objective"),
    "resume": ((bool, np.bool_), "True or False"),
    "verbose": ((numbers.Integral, bool), "0, 1 or 2"),
}
"""Types of parameters, and what to give instead of others; None is always allowed."""


def read_request(model: Any, *, classification: bool) -> RunRequest:
    """Ask for the run that the parameters of an estimator describe."""
    _check_types(model)
    include, exclude = read_names(model.include, "include"), read_names(model.exclude, "exclude")
    select_algorithms(include, exclude)
    parse_limits(model.max_latency, model.max_size)
    several = _read_objectives(model)
    metric = metric_name(asked_metric(model))
    options = RunOptions(
        budget=model.budget,
        seed=read_seed(model.random_state),
        output=None if model.run_dir is None else str(model.run_dir),
        metadata=_folder(model.metadata),
        task="classification" if classification else "regression",
        metric=metric,
        objectives=() if several is None else several.names,
        prefer=model.prefer,
        positive=None if model.pos_label is None else str(model.pos_label),
        jobs=model.n_jobs,
        memory_limit=model.memory_limit,
        max_trials=model.max_trials,
        include=include,
        exclude=exclude,
        space=read_space(model.space),
        strategy=read_strategy(
            model.strategy, cold_start=bool(model.cold_start), several=several is not None
        ),
        cold_start=bool(model.cold_start),
        ensemble=bool(model.ensemble),
        max_latency=model.max_latency,
        max_size=model.max_size,
    )
    return RunRequest(
        door=Door.PYTHON,
        options=options,
        directory=None if model.run_dir is None else Path(model.run_dir),
        seed_given=model.random_state is not None,
        resume=bool(model.resume),
        spent=seconds_of_import(parse_duration(model.budget)),
    )


def asked_metric(model: Any) -> Any:
    """Return what an estimator is given as its metric, be it as the first of its objectives."""
    return model.objectives[0] if model.objectives else model.metric


def _read_objectives(model: Any) -> Objectives | None:
    """Read the objectives of an estimator; None where the metric is all that counts."""
    given = model.objectives
    if isinstance(given, str) or not isinstance(given, Sequence | None):
        raise OptionError(
            f"objectives={given!r} is of type {type(given).__name__}: "
            "give a sequence, like ['roc_auc', 'predict_seconds']"
        )
    names = [name if isinstance(name, str) else metric_name(name) for name in given or ()]
    if names and model.metric is not None and metric_name(model.metric) != names[0]:
        raise OptionError(
            f"metric={model.metric!r} and objectives={given!r} name two metrics: the first "
            "objective is the metric, leave out the other"
        )
    return read_objectives(names, model.prefer)


def _check_types(model: Any) -> None:
    """Refuse values of a wrong type in one line, before anything is made of them."""
    for name, (types, wanted) in _TYPES.items():
        value = getattr(model, name)
        flag = isinstance(value, bool | np.bool_) and bool not in types
        if value is not None and (flag or not isinstance(value, types)):
            raise OptionError(f"{name}={value!r} is of type {type(value).__name__}: give {wanted}")
    if model.max_trials is not None and model.max_trials < 1:
        raise OptionError(f"max_trials={model.max_trials} is too few: give at least 1")
    if model.memory_limit is not None:
        parse_memory(model.memory_limit)


def _folder(metadata: str | Path | None) -> str | None:
    """Check that there is a folder of this name."""
    if metadata is not None and not Path(metadata).is_dir():
        raise OptionError(f"metadata={str(metadata)!r} is no folder: give one with a meta-dataset")
    return None if metadata is None else str(metadata)


def read_weights(given: Any, n_rows: int) -> "NDArray[np.float64] | None":
    """Check `sample_weight` as scikit-learn does; None stays None."""
    if given is None:
        return None
    try:
        return np.asarray(
            _check_sample_weight(
                given, np.empty((n_rows, 1)), dtype=np.float64, ensure_non_negative=True
            )
        )
    except ValueError as error:
        raise OptionError(" ".join(str(error).split())) from error


def read_names(given: Any, parameter: str) -> tuple[str, ...]:
    """Check names of algorithms; None means none in particular."""
    if isinstance(given, str):
        raise OptionError(f"{parameter}={given!r} is a text: give a sequence, like [{given!r}]")
    if given is None:
        return ()
    try:
        names = tuple(given)
    except TypeError:
        names = (given,)
    odd = [name for name in names if not isinstance(name, str)]
    if odd:
        raise OptionError(f"{parameter} holds {odd[0]!r}: give names of algorithms, as texts")
    return names


def read_seed(random_state: Any) -> int:
    """Draw a seed without touching the global random state."""
    if random_state is None:
        return int(np.random.SeedSequence().generate_state(1)[0]) % _SEEDS
    if isinstance(random_state, numbers.Integral):
        return int(random_state) % _SEEDS
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(_SEEDS))
    raise OptionError(f"random_state={random_state!r} is no seed: give a number or a RandomState")
