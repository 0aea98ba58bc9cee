"""Schema of the meta-dataset: its tables and their columns.

Three tables and a manifest:

``datasets``
    One row per dataset: identity, licence, fingerprint, family, sizes, meta-features (columns
    ``mf:<name>``), scores of the constant prediction (columns ``constant:<metric>``), how it was
    evaluated (columns ``protocol:<parameter>``, its version among them).
``configurations``
    The pool: one row per configuration and kind of pool ("classification" or "regression").
``evaluations``
    One row per (dataset, configuration, rung): status, fold scores per metric (columns
    ``score:<metric>``, a list each), seconds, version of the algorithm's recipe.
``manifest.json``
    Schema version, protocol, checksums, library versions.
"""

from typing import TYPE_CHECKING

from metatune.kinds import TaskKind

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "PROTOCOL_VERSION",
    "READABLE_PROTOCOLS",
    "SCHEMA_VERSION",
    "TABLES",
    "constant_column",
    "feature_column",
    "pool_of",
    "protocol_column",
    "score_column",
    "stated_versions",
]

SCHEMA_VERSION = 2
"""Version of the tables' columns."""

PROTOCOL_VERSION = 2
"""Version of the evaluation protocol: folds, rungs, row caps. Histories of different protocols
are never mixed."""

READABLE_PROTOCOLS = (1, PROTOCOL_VERSION)
"""Versions whose evaluations the recommender understands."""

TABLES = ("datasets", "configurations", "evaluations")


def pool_of(kind: TaskKind) -> str:
    """Return the pool of configurations for a task kind: binary and multiclass share one."""
    return "classification" if kind.is_classification else "regression"


def feature_column(name: str) -> str:
    """Return the column of ``datasets`` that holds a meta-feature."""
    return f"mf:{name}"


def constant_column(metric: str) -> str:
    """Return the column of ``datasets`` that holds the constant prediction's score in a metric."""
    return f"constant:{metric}"


def protocol_column(parameter: str) -> str:
    """Return the column of ``datasets`` that holds a parameter of the evaluation protocol."""
    return f"protocol:{parameter}"


def score_column(metric: str) -> str:
    """Return the column of ``evaluations`` that holds the fold scores in a metric."""
    return f"score:{metric}"


def stated_versions(table: "pd.DataFrame", column: str) -> "pd.Series[int]":
    """Return the versions in a column; rows from before it was kept have version 1."""
    return table.reindex(columns=[column])[column].fillna(1).astype(int)
