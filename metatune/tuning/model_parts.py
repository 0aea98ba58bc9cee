"""Parts of a final model: fitted pipelines of its members, and how much each counts."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sklearn.pipeline import Pipeline

from metatune.algorithms.registry import get_algorithm
from metatune.data.wording import counted
from metatune.evaluation.trial import TrialResult
from metatune.evaluation.trial_data import TrialData

__all__ = ["MAX_FOLDS", "Part", "is_averaged", "models_and_weights", "n_models", "rows_of_parts"]

MAX_FOLDS = 8
"""So many models of folds stand for a member; those of repeated folds are more of the same."""

_LEAST_FOLD_SHARE = 0.6  # of the rows, for a model of a fold to stand beside that of all rows
_AVERAGED_BYTES = 20_000_000  # of a member's models; saving more would take seconds


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Part:
    """A member of the final model.

    Attributes
    ----------
    result : TrialResult or None
        Its trial; None for the constant prediction.
    weight : float
        Its weight; 0 if nothing but the second layer looks at it.
    whole : Pipeline or None
        Fitted on the encoded matrix of all rows; None if it was not.
    folds : tuple of Pipeline
        Fitted on the training rows of a fold each. They count alike, and beside a model of all
        rows as much as that one together.
    """

    result: TrialResult | None
    weight: float
    whole: Pipeline | None = None
    folds: tuple[Pipeline, ...] = ()

    @property
    def models(self) -> tuple[Pipeline, ...]:
        """Fitted pipelines of the member."""
        return self.folds if self.whole is None else (self.whole, *self.folds)

    @property
    def shares(self) -> tuple[float, ...]:
        """Shares of `models` in the member; they add up to 1, if there is any."""
        if self.whole is None:
            return tuple(1.0 / len(self.folds) for _ in self.folds)
        each = 0.5 / max(1, len(self.folds))
        return (0.5 if self.folds else 1.0, *(each for _ in self.folds))

    def least(self) -> "Part":
        """Return it with a single model: that of all rows, or else the first fold's."""
        return replace(self, folds=self.folds[:1] if self.whole is None else ())


def is_averaged(result: TrialResult, data: TrialData) -> bool:
    """Return True if models of folds join a member's model of all rows.

    It helps where the learner is unstable (Breiman 1996), and costs little where they are small.
    """
    return (
        get_algorithm(result.trial.configuration.algorithm).averages_well
        and result.trial.rung.row_share == 1.0
        and data.n_train_rows >= _LEAST_FOLD_SHARE * data.task.n_rows
        and n_models(result) * result.model_bytes <= _AVERAGED_BYTES
    )


def n_models(result: TrialResult) -> int:
    """Count the models of a member that is averaged over its folds and all rows."""
    return 1 + min(result.trial.rung.n_folds, MAX_FOLDS)


def models_and_weights(parts: Sequence[Part]) -> tuple[list[Pipeline], list[float]]:
    """Return all models, and how much each counts; the weights add up to 1, or all are 0."""
    total = sum(part.weight for part in parts) or 1.0  # all may count in the second layer alone
    models = [model for part in parts for model in part.models]
    return models, [part.weight / total * share for part in parts for share in part.shares]


def rows_of_parts(
    parts: Sequence[Part], *, all_rows: str, n_table_rows: int, n_train_rows: int
) -> str:
    """Say which rows they were fitted on.

    Parameters
    ----------
    parts : sequence of Part
        At least one; the constant prediction does not count.
    all_rows : str
        What a model has seen that was fitted on all rows.
    n_table_rows : int
        Rows of the table.
    n_train_rows : int
        Training rows of one fold.
    """
    rungs = [p.result.trial.rung for p in parts if p.whole is None and p.result is not None]
    n_whole = sum(part.whole is not None and part.result is not None for part in parts)
    if not rungs:
        n_joined = sum(len(part.folds) for part in parts)
        averaged = f", averaged with {counted(n_joined, 'model')} of folds" if n_joined else ""
        return f"{all_rows}{averaged}"
    fewest = round(n_train_rows * min(rung.row_share for rung in rungs))
    said = f"{fewest:,} of {n_table_rows:,} rows"
    if any(len(part.folds) > 1 for part in parts if part.whole is None):
        said += " in each fold"
    return f"{all_rows} ({n_whole}) and {said} ({len(rungs)})" if n_whole else said
