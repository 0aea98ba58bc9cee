"""Fitting a pipeline on rows that have weights, groups or times."""

from typing import TYPE_CHECKING, Any

from sklearn.utils.validation import has_fit_parameter

from metatune.data.row_facts import PLAIN, RowFacts

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from sklearn.pipeline import Pipeline

    FloatArray = NDArray[Any]

__all__ = ["fit_pipeline"]


def fit_pipeline(
    pipeline: "Pipeline", X: "FloatArray", y: "NDArray[Any]", facts: RowFacts = PLAIN
) -> "Pipeline":
    """Fit a pipeline of two steps, telling each of them what is known of the rows.

    Parameters
    ----------
    pipeline : Pipeline
        As an `Algorithm` builds it.
    X : ndarray of shape (n_rows, n_columns)
        Encoded features.
    y : ndarray of shape (n_rows,)
        Labels or target values.
    facts : RowFacts
        Of these rows. Rows of weight zero are left out: a learner would still count them, as
        neighbours or as members of a leaf. Scaling and imputation count all others alike.

    Returns
    -------
    Pipeline
        The same, fitted.
    """
    if facts.weights is not None and not facts.weights.all():
        counts = facts.weights > 0
        X, y, facts = X[counts], y[counts], facts.take(counts)
    if facts.is_plain:
        pipeline.fit(X, y)
        return pipeline
    (_, preprocess), (_, model) = pipeline.steps
    known: dict[str, Any] = {"facts": facts}
    encoded = preprocess.fit_transform(X, y, **(known if _takes_facts(preprocess) else {}))
    model.fit(encoded, y, **known)
    return pipeline


def _takes_facts(step: Any) -> bool:
    return bool(has_fit_parameter(step, "facts"))
