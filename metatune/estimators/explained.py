"""Explanation of fitted estimators: importances, stories of configurations, single predictions."""

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from metatune.data.columns.column import ColumnKind
from metatune.estimators.checks import check_rows
from metatune.kinds import TaskKind
from metatune.search.history import History
from metatune.space import Configuration
from metatune.storage.record import Outcome
from metatune.tuning.findings import RunFindings

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from sklearn.pipeline import Pipeline

    from metatune.recommender.recommendation import Recommendations
    from metatune.reporting.explanation import Explanation
    from metatune.reporting.hyperparameter_importance import HyperparameterImportance
    from metatune.reporting.shapley import RowExplanation

__all__ = ["ExplainedEstimator"]


class ExplainedEstimator:
    """Part of an estimator that explains what was fitted."""

    pipeline_: "Pipeline"
    recommendations_: "Recommendations | None"
    _history: History
    _found: RunFindings | None
    _positive: int | None
    _winner: Configuration | None
    _outcome: Outcome
    _kind: TaskKind
    metric_: str

    def explain(self, X: Any = None) -> "Explanation":
        """Say what the model looks at, and why its configurations were tried.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_rows, n_columns), optional
            A few rows whose predictions are explained as well.

        Returns
        -------
        Explanation
            Its `rows` say what moved each prediction, by sampled Shapley values (Strumbelj and
            Kononenko 2014).
        """
        from metatune.reporting.explanation import explain_model, explain_rows

        check_is_fitted(self, "pipeline_")
        found = self._known_findings
        explained: tuple[RowExplanation, ...] = ()
        if X is not None:
            explained = explain_rows(
                self.pipeline_,
                pd.DataFrame(check_rows(self, X)),
                found.arrays["background"],
                positive=self._positive,
                importances=found.findings.importances,
            )
        said = self.recommendations_
        similar = () if said is None else said.neighbours
        return explain_model(
            self._history,
            found.findings,
            similar=[(one.dataset, str(one.best)) for one in similar],
            rows=explained,
            model=self._winner,
        )

    def hyperparameter_importance(self) -> "HyperparameterImportance":
        """Say which hyperparameters mattered in the search, alone and in pairs.

        Returns
        -------
        HyperparameterImportance
            As `metatune.importance` returns it for the directory of a run.
        """
        from metatune.reporting.run_importance import importance_of

        check_is_fitted(self, "pipeline_")
        constant = self._outcome.constant_score
        return importance_of(
            self._history,
            self._kind,
            metric=self.metric_,
            constant=math.nan if constant is None else constant,
        )

    @property
    def feature_importances_(self) -> "NDArray[np.float64]":
        """Permutation importances of the columns, (n_features_in_,).

        They are 0 for columns that models do not use, such as identifiers, and NaN for those that
        there was no time to measure.

        Raises
        ------
        AttributeError
            If the time did not suffice to measure them; the message says so.
        """
        check_is_fitted(self, "pipeline_")
        findings = self._known_findings.findings
        if findings.importances is None:
            raise AttributeError(f"no importances: {findings.not_measured}")
        known = {name: one.mean for one in findings.importances.columns for name in one.columns}
        unused = 0.0
        of_used = math.nan if findings.importances.n_left_out else unused
        return np.array(
            [
                known.get(column.name, of_used if ColumnKind(column.kind).is_used else unused)
                for column in findings.columns
            ]
        )

    @property
    def _known_findings(self) -> RunFindings:
        assert self._found is not None, "every run that ends has findings"
        return self._found
