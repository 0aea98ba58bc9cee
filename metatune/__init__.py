"""Meta-learning AutoML for tables.

``MetaTuneClassifier`` and ``MetaTuneRegressor`` are scikit-learn estimators; ``recommend`` says
what is worth trying without training, ``describe`` how a table is understood, ``load`` opens the
model of a run, whose predictions ``predict_interval`` and ``predict_set`` bound, and ``importance``
says which of its hyperparameters mattered.
``Events`` is the
base of listeners, which the estimators take as ``callbacks=``. ``MetaTuneSearchCV`` tunes one
estimator in the place of scikit-learn's search classes, and ``register_algorithm`` adds a family of
one's own.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from metatune.algorithms.own_algorithm import register_algorithm
    from metatune.api import describe, recommend
    from metatune.errors import InputError, MetadataError, MetatuneError, SearchError
    from metatune.estimators.estimator import MetaTuneClassifier, MetaTuneRegressor
    from metatune.model_selection.search_cv import MetaTuneSearchCV
    from metatune.models.bounds import predict_interval, predict_set
    from metatune.models.model_file import load
    from metatune.reporting.run_importance import importance
    from metatune.tuning.events import Events

    __version__: str

__all__ = [
    "Events",
    "InputError",
    "MetaTuneClassifier",
    "MetaTuneRegressor",
    "MetaTuneSearchCV",
    "MetadataError",
    "MetatuneError",
    "SearchError",
    "__version__",
    "describe",
    "importance",
    "load",
    "predict_interval",
    "predict_set",
    "recommend",
    "register_algorithm",
]

_HOMES = {
    "Events": "metatune.tuning.events",
    "InputError": "metatune.errors",
    "MetaTuneClassifier": "metatune.estimators.estimator",
    "MetaTuneRegressor": "metatune.estimators.estimator",
    "MetaTuneSearchCV": "metatune.model_selection.search_cv",
    "MetadataError": "metatune.errors",
    "MetatuneError": "metatune.errors",
    "SearchError": "metatune.errors",
    "describe": "metatune.api",
    "importance": "metatune.reporting.run_importance",
    "load": "metatune.models.model_file",
    "predict_interval": "metatune.models.bounds",
    "predict_set": "metatune.models.bounds",
    "recommend": "metatune.api",
    "register_algorithm": "metatune.algorithms.own_algorithm",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is asked for (PEP 562)."""
    if name == "__version__":
        from importlib.metadata import version

        return version("metatune")
    if name in _HOMES:
        from metatune.budget import noted_import

        with noted_import():
            return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'metatune' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
