"""Model of a command: opened, and explained where it cannot predict."""

import contextlib
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING

from metatune.errors import BundleError, MetatuneError

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

    from metatune.cli.console import Voice

__all__ = ["open_model", "predicting"]


def open_model(path: str, voice: "Voice", trust: str | None = None) -> "Pipeline":
    """Load a model, and say in a line if another version of scikit-learn has written it.

    Parameters
    ----------
    path : str
        Run directory or model file.
    voice : Voice
        Says it.
    trust : str or None
        Names of types that learners of the user's own may be made of, as `options.trust` takes
        them.
    """
    from metatune.cli.options import names
    from metatune.models.model_file import read_model, version_note

    model = read_model(path, None if trust is None else names(trust))
    note = version_note(model)
    if note is not None:
        voice.notes([note])
    return model


@contextlib.contextmanager
def predicting(path: str) -> Iterator[None]:
    """Turn what a model raises while it predicts into one line.

    A file can hold numbers that are each possible and yet do not fit each other; its model then
    fails in the middle of a prediction, often with warnings of the libraries before.

    Parameters
    ----------
    path : str
        The model, as the user named it.

    Raises
    ------
    BundleError
        If the model cannot predict.
    """
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", category=RuntimeWarning)
            yield
    except MetatuneError:
        raise
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        what = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        raise BundleError(
            f"{path} cannot predict this table ({what}): its file may be damaged; fit again, or "
            "report this if the file is as metatune wrote it"
        ) from error
