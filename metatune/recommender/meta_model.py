"""Meta-model: arrays learned from past datasets, quick to load."""

import json
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from metatune.errors import MetadataError
from metatune.metafeatures import FEATURE_NAMES, SCHEMA_VERSION
from metatune.recommender.belief import Belief, BeliefSettings
from metatune.recommender.cost import CostModel
from metatune.recommender.forest import LeafForest
from metatune.recommender.losses import share_of_log
from metatune.recommender.past import Past, normalised_regret
from metatune.recommender.proximity import Proximity
from metatune.recommender.views import UnseenViews, views_of_unseen
from metatune.space import Configuration

if TYPE_CHECKING:
    from metatune._typing import FloatArray


__all__ = ["MetaModel", "completed"]

_FORMAT = 1
_COVERAGE = 0.8
_UNREADABLE = (
    *(OSError, EOFError, ValueError, KeyError, TypeError),
    *(zipfile.BadZipFile, zlib.error),
)
"""Exceptions of numpy and its archives for a damaged file or one of another kind."""
_REACH = 1.2816  # standard deviations to both sides that hold 80 % of a Gaussian


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MetaModel:
    """Model of past evaluations of one pool in one metric, from which recommendations are made.

    Attributes
    ----------
    names, families, fingerprints : tuple of str
        Names, families and content fingerprints of the n_datasets past datasets.
    sizes : ndarray of shape (n_datasets, 3)
        Rows, columns, classes.
    configurations : tuple of Configuration
        Configurations of the pool.
    values : ndarray of shape (n_datasets, n_configurations, n_levels)
        See `Past`; missing values are imputed.
    proximity : Proximity
        Weighs past datasets by their resemblance to a new one.
    cost : CostModel
        Predicts seconds.
    spread : float
        Factor of standard deviations with which intervals have their nominal coverage, measured on
        past datasets whose families were left out.
    """

    names: tuple[str, ...]
    families: tuple[str, ...]
    fingerprints: tuple[str, ...]
    sizes: "FloatArray"
    configurations: tuple[Configuration, ...]
    values: "FloatArray"
    proximity: Proximity
    cost: CostModel
    spread: float

    @classmethod
    def fit(cls, past: Past, seed: int = 0) -> "MetaModel":
        """Learn from past evaluations.

        Parameters
        ----------
        past : Past
            Past evaluations.
        seed : int
            Seed of the forest.
        """
        algorithms = tuple(c.algorithm for c in past.configurations)
        values = completed(past.values)
        regret = normalised_regret(share_of_log(values[:, :, -1]))
        unseen = views_of_unseen(past.features, regret, past.families, seed)
        proximity = Proximity.fit(past.features, regret, unseen, seed)
        return cls(
            names=past.names,
            families=past.families,
            fingerprints=past.fingerprints,
            sizes=past.sizes,
            configurations=past.configurations,
            values=values,
            proximity=proximity,
            cost=CostModel.fit(past.times, algorithms, len(past.names)),
            spread=_spread(past, values, proximity.trust, unseen),
        )

    @property
    def regret(self) -> "FloatArray":
        """Normalised regret at the top level, (n_datasets, n_configurations), without NaN."""
        return normalised_regret(share_of_log(self.values[:, :, -1]))

    @property
    def features(self) -> "FloatArray":
        """Meta-features of past datasets, (n_datasets, n_features)."""
        return self.proximity.past

    def save(self, path: Path) -> None:
        """Write the arrays to an ``.npz`` file, texts among them as JSON."""
        texts = {
            "format": _FORMAT,
            "features": FEATURE_NAMES,
            "features_version": SCHEMA_VERSION,
            "names": self.names,
            "families": self.families,
            "fingerprints": self.fingerprints,
            "spread": self.spread,
            "configurations": [
                {"algorithm": c.algorithm, "params": c.params} for c in self.configurations
            ],
        }
        arrays: dict[str, Any] = {"sizes": self.sizes, "values": self.values.astype(np.float32)}
        arrays |= {"features": self.proximity.past, "trust": self.proximity.trust}
        for prefix, part in (("forest", self.proximity.forest), ("cost", self.cost)):
            for name in part.__dataclass_fields__:
                arrays[f"{prefix}_{name}"] = getattr(part, name)
        encoded = np.frombuffer(json.dumps(texts).encode(), dtype=np.uint8)
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(path, texts=encoded, **arrays)

    @classmethod
    def load(cls, path: Path) -> "MetaModel":
        """Read what `save` wrote.

        Raises
        ------
        MetadataError
            If the file cannot be read or is of another format.
        """
        try:
            with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
            texts = json.loads(arrays.pop("texts").tobytes())
            return cls._from_arrays(texts, arrays)
        except _UNREADABLE as error:
            raise MetadataError(
                f"{path} cannot be read ({error}): rebuild the meta-dataset or reinstall metatune"
            ) from error

    @classmethod
    def _from_arrays(cls, texts: dict[str, Any], arrays: dict[str, Any]) -> "MetaModel":
        if texts["format"] != _FORMAT:
            raise ValueError(f"format {texts['format']}")
        stated = tuple(texts["features"]), texts.get("features_version", 1)
        if stated != (tuple(FEATURE_NAMES), SCHEMA_VERSION):
            raise ValueError("it was fitted to other meta-features")
        parts = {
            prefix: {name: arrays[f"{prefix}_{name}"] for name in part.__dataclass_fields__}
            for prefix, part in (("forest", LeafForest), ("cost", CostModel))
        }
        return cls(
            names=tuple(texts["names"]),
            families=tuple(texts["families"]),
            fingerprints=tuple(texts["fingerprints"]),
            sizes=arrays["sizes"],
            configurations=tuple(
                Configuration(**c, origin="portfolio") for c in texts["configurations"]
            ),
            values=arrays["values"].astype(np.float64),
            proximity=Proximity(
                past=arrays["features"],
                forest=LeafForest(**parts["forest"]),
                trust=arrays["trust"],
            ),
            cost=CostModel(**parts["cost"]),
            spread=float(texts["spread"]),
        )


def _spread(
    past: Past, values: "FloatArray", trust: "FloatArray", unseen: Sequence[UnseenViews]
) -> float:
    """Measure the factor by which deviations before the first trial are too small."""
    flat = values.reshape(len(values), -1)
    top = slice(values.shape[2] - 1, None, values.shape[2])
    surprises = []
    for one in unseen:
        belief = Belief.from_past(flat[one.seen], trust @ one.weights, BeliefSettings())
        posterior = belief.before_results()
        surprise = past.values[one.row, :, -1] - posterior.mean[top]
        surprises.append(np.abs(surprise) / posterior.deviation[top])
    known = np.concatenate(surprises) if surprises else np.zeros(0)
    known = known[np.isfinite(known)]
    return float(np.quantile(known, _COVERAGE) / _REACH) if len(known) else 1.0


def completed(values: "FloatArray") -> "FloatArray":
    """Impute missing values.

    Where a lower level is known (a configuration that did not rise), its value is taken plus the
    mean gain of the dataset's other configurations; else the configuration's mean, plus an offset
    for the difficulty of the dataset.

    Parameters
    ----------
    values : ndarray of shape (n_datasets, n_configurations, n_levels)
        NaN where missing. A level that a small dataset lacks is imputed like a configuration that
        was never evaluated.

    Returns
    -------
    ndarray
        Values of the same shape, without NaN.
    """
    values = values.copy()
    for level in range(1, values.shape[2]):
        _rise(values[:, :, level - 1], values[:, :, level])
    flat = values.reshape(len(values), -1)
    known = np.isfinite(flat)
    filled = np.where(known, flat, 0.0)
    count = np.maximum(known.sum(axis=0), 1)
    overall = filled.sum() / max(1, int(known.sum()))
    column = np.where(known.any(axis=0), filled.sum(axis=0) / count, overall)
    row = np.where(known, flat - column, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    return np.where(known, flat, column + row[:, None]).reshape(values.shape)


def _rise(below: "FloatArray", above: "FloatArray") -> None:
    """Impute a level in place, on datasets where it and the level below are partly known."""
    for known_below, known_above in zip(below, above, strict=True):
        both = np.isfinite(known_below) & np.isfinite(known_above)
        if both.any():
            gain = np.median(known_above[both] - known_below[both])
            unknown = np.isnan(known_above)
            known_above[unknown] = known_below[unknown] + gain
