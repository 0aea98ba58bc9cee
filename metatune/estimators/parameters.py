"""Parameters of the estimators, read as scikit-learn's users give them.

All of these raise `OptionError` for what cannot work.
"""

import numbers
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils.validation import _check_sample_weight

from metatune.algorithms.registry import select_algorithms
from metatune.ensemble.limits import parse_limits
from metatune.errors import OptionError
from metatune.storage.door import Door
from metatune.storage.record import RunOptions
from metatune.storage.session import RunRequest

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["read_names", "read_request", "read_seed", "read_weights"]

_SEEDS = 2**31 - 1


def read_request(model: Any, *, classification: bool) -> RunRequest:
    """Ask for the run that the parameters of an estimator describe."""
    include, exclude = read_names(model.include, "include"), read_names(model.exclude, "exclude")
    select_algorithms(include, exclude)
    parse_limits(model.max_latency, model.max_size)
    options = RunOptions(
        budget=model.budget,
        seed=read_seed(model.random_state),
        output=None if model.run_dir is None else str(model.run_dir),
        task="classification" if classification else "regression",
        metric=model.metric,
        jobs=model.n_jobs,
        memory_limit=model.memory_limit,
        max_trials=model.max_trials,
        include=include,
        exclude=exclude,
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
    )


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
    return tuple(given or ())


def read_seed(random_state: Any) -> int:
    """Draw a seed without touching the global random state."""
    if random_state is None:
        return int(np.random.SeedSequence().generate_state(1)[0]) % _SEEDS
    if isinstance(random_state, numbers.Integral):
        return int(random_state) % _SEEDS
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(_SEEDS))
    raise OptionError(f"random_state={random_state!r} is no seed: give a number or a RandomState")
