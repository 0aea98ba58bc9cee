"""Parameters of the estimators, read as scikit-learn's users give them.

All of these raise `OptionError` for what cannot work.
"""

import numbers
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils.validation import _check_sample_weight

from metatune.errors import OptionError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["read_names", "read_seed", "read_weights"]

_SEEDS = 2**31 - 1


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
