"""Explanation of a model: importances, why configurations were tried, single predictions."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from metatune.evaluation.trial import Expectation, Reason, TrialResult
from metatune.files.plain import without_nan
from metatune.notation.cards import Card, Grid
from metatune.notation.numbers import signed
from metatune.reporting.blocks import blocks_of
from metatune.reporting.shapley import RowExplanation, explain_row
from metatune.reporting.wording import number
from metatune.samplers.catalogue import CATALOGUE
from metatune.search.history import History
from metatune.space import Configuration
from metatune.storage.findings import Findings, Importances, PriorExpectation
from metatune.storage.front_record import FrontRecord, front_record

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.pipeline import Pipeline

    from metatune._typing import FloatArray

__all__ = ["Explanation", "Story", "explain_model", "explain_rows", "stories_of"]

_TOP = 10
_COLUMNS_BESIDE = 6  # columns of each table where single rows are explained as well,
_ROWS_SHOWN = 2  # so many of them
_DEFAULT = "default"
_WHY = {
    _DEFAULT: "the usual default of its family, which opens a run so that all else is compared "
    "with it",
    "pool": "a recipe that does best on small tables",
    "mutation": "a small change of a configuration that led then",
    "random": "drawn at random from its search space",
    "prior": "drawn from the regions that do well in published results",
    "portfolio": "strong on past datasets",
    **{str(name): facts.why for name, facts in CATALOGUE.items() if facts.why},
}
_REASONS = {
    Reason.SIMILAR: "it did well on past datasets that resemble this one, and adds most to what "
    "had been tried, for its time",
    Reason.IMPROVEMENT: "by the results until then, it was expected to improve the model most, "
    "for its time",
}
_NONE_SIMILAR = (
    "it did well on past datasets, of which none resembles this one more than others do, and adds "
    "most to what had been tried, for its time"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """Story of a configuration: why it was tried, what was expected, and what came out.

    Attributes
    ----------
    trial : int
        Number of its trial at the highest rung.
    algorithm : str
    params : dict
        Hyperparameters.
    why : str
        Why it was tried.
    metric : str
        In which the following scores are.
    expected, low, high : float or None
        Expected score on all rows and folds, and ends of the 80 % interval; None where nothing
        was expected.
    came_out : float or None
        Score in that metric.
    is_complete : bool
        Whether it was tried on all rows and folds, so that it can be compared with expectations.
    """

    trial: int
    algorithm: str
    params: dict[str, Any]
    why: str
    metric: str
    expected: float | None
    low: float | None
    high: float | None
    came_out: float | None
    is_complete: bool

    @property
    def verdict(self) -> str:
        """Comparison of the score with what was expected, in words; empty where there is none."""
        if not self.is_complete or self.came_out is None or self.low is None or self.high is None:
            return ""
        if self.low <= self.came_out <= self.high:
            return "as expected"
        return "above the interval" if self.came_out > self.high else "below the interval"


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Explanation of a model.

    Attributes
    ----------
    importances : Importances or None
        Importances of columns, with intervals and the direction of the effect.
    not_measured : str
        Reason why there are none.
    stories : tuple of Story
        Leading configurations, the best first.
    rows : tuple of RowExplanation
        What moved the predictions of the rows that were asked about.
    front : FrontRecord or None
        Trials that no other one beats in all objectives, of a run with several.
    """

    importances: Importances | None
    not_measured: str
    stories: tuple[Story, ...]
    rows: tuple[RowExplanation, ...] = ()
    front: FrontRecord | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        plain: dict[str, Any] = without_nan(asdict(self))
        return plain

    def to_frame(self) -> "pd.DataFrame":
        """Return the importances as a table: column, importance, low, high, effect."""
        import pandas as pd

        found = () if self.importances is None else self.importances.columns
        return pd.DataFrame(
            {
                "column": [", ".join(one.columns) for one in found],
                "importance": [one.mean for one in found],
                "low": [one.low for one in found],
                "high": [one.high for one in found],
                "effect": [one.effect for one in found],
            }
        )

    def __repr__(self) -> str:
        return self._card().text()

    def _repr_html_(self) -> str:
        return self._card().html()

    def _card(self) -> Card:
        grids = [_row_grid(number, row) for number, row in enumerate(self.rows[:_ROWS_SHOWN], 1)]
        if not self.rows:
            grids = [_stories_grid(self.stories)]
        return Card(
            title="Explanation of a model",
            facts=self._facts(),
            grids=(*_importance_grids(self.importances, beside=bool(self.rows)), *grids),
        )

    def _facts(self) -> tuple[tuple[str, str], ...]:
        found = self.importances
        if found is None:
            return (("importance", f"not measured: {self.not_measured}"),)
        seen = "models had not seen" if found.held_out else "the model was trained on"
        facts = [
            ("importance", f"what {found.metric} loses when the column's cells are shuffled"),
            ("measured on", f"{found.n_rows:,} rows that {seen}, with {number(found.score)}"),
        ]
        if found.n_left_out:
            facts.append(("left out", f"{found.n_left_out:,} columns, for want of time"))
        if len(self.rows) > _ROWS_SHOWN:
            facts.append(("rows", f"{_ROWS_SHOWN} of {len(self.rows):,}; others: rows"))
        return tuple(facts)


def _importance_grids(found: Importances | None, *, beside: bool) -> list[Grid]:
    """Return the table of columns by importance; a shorter one beside others."""
    if found is None:
        return []
    rows: list[tuple[str, ...]] = [
        (
            ", ".join(one.columns),
            number(one.mean),
            f"{number(one.low)} .. {number(one.high)}",
            one.effect,
        )
        for one in found.columns
    ]
    headings: tuple[str, ...] = ("column", "importance", "90 % interval", "effect")
    if not any(one.effect for one in found.columns):  # as with several classes
        headings, rows = headings[:-1], [row[:-1] for row in rows]
    most = _COLUMNS_BESIDE if beside else _TOP
    return [Grid.of(headings, rows, right=headings[1:3], most=most, rest="to_frame()")]


def _stories_grid(stories: Sequence[Story]) -> Grid:
    rows = [
        (
            str(one.trial),
            one.algorithm,
            "-" if one.expected is None else number(one.expected),
            "-" if one.came_out is None else number(one.came_out),
            one.why,
        )
        for one in stories
    ]
    headings = ("trial", "algorithm", "expected", "came out", "why it was tried")
    return Grid.of(headings, rows, right=("trial", *headings[2:4]), most=_TOP, rest="stories")


def _row_grid(place: int, row: RowExplanation) -> Grid:
    """Return the table of what moved a prediction, under the prediction itself."""
    of = "prediction" if row.output == "prediction" else f"probability of {row.output!r}"
    said = f"row {place}: {of} {number(row.prediction)}, on average {number(row.baseline)}"
    rows = [
        (", ".join(one.columns), one.value, signed(one.share), number(one.error))
        for one in row.contributions
    ]
    headings = (said, "value", "moved it by", "error")
    return Grid.of(headings, rows, right=headings[2:], most=_COLUMNS_BESIDE, rest="rows")


def explain_model(
    history: History,
    findings: Findings,
    *,
    similar: Sequence[tuple[str, str]] = (),
    rows: tuple[RowExplanation, ...] = (),
    model: Configuration | None = None,
    top: int = _TOP,
) -> Explanation:
    """Put together what is known about a model.

    Parameters
    ----------
    history : History
        Trials of its run.
    findings : Findings
        Findings of its run.
    similar : sequence of (str, str)
        Similar past datasets, with the configuration that won there, as a text.
    rows : tuple of RowExplanation
        Explained predictions.
    model : Configuration, optional
        Configuration of the model, where it is a single one.
    top : int
        So many configurations.
    """
    front = history.front()
    return Explanation(
        importances=findings.importances,
        not_measured=findings.not_measured or "the run did not measure them",
        stories=stories_of(history, findings, similar=similar, top=top),
        rows=rows,
        front=None if front is None else front_record(front, model),
    )


def stories_of(
    history: History,
    findings: Findings,
    *,
    similar: Sequence[tuple[str, str]] = (),
    top: int = _TOP,
) -> tuple[Story, ...]:
    """Return the stories of the leading configurations; parameters as in `explain_model`."""
    told: dict[str, Expectation] = {}
    for result in sorted(history.results, key=lambda result: result.trial.number):
        if result.trial.expected is not None:
            told.setdefault(result.trial.configuration.key, result.trial.expected)
    priors = {prior.key: prior for prior in findings.priors}
    n_rungs = max((result.trial.rung.index for result in history.results), default=0)
    stories = []
    for result in history.contenders()[:top]:
        key = result.trial.configuration.key
        complete = result.trial.rung.index == n_rungs
        story = _story(result, told.get(key), priors.get(key), similar, is_complete=complete)
        stories.append(story)
    return tuple(stories)


def explain_rows(
    pipeline: "Pipeline",
    table: "pd.DataFrame",
    background: "FloatArray",
    *,
    positive: int | None = None,
    importances: Importances | None = None,
    seed: int = 0,
) -> tuple[RowExplanation, ...]:
    """Attribute predictions of a model to the columns of the table.

    Parameters
    ----------
    pipeline : Pipeline
        Saved model: a table encoder, then what predicts.
    table : DataFrame of shape (n_rows, n_columns)
        Rows to explain, as users have them.
    background : ndarray of shape (n_background, n_matrix_columns)
        Encoded rows that they are compared with.
    positive : int, optional
        Code of the class of two whose probability is explained; the second one by default. Of
        more classes it is the predicted one.
    importances : Importances, optional
        Order in which columns are told apart where there are very many.
    seed : int
        Seed of the sampling.
    """
    import numpy as np

    encoder, model = pipeline.named_steps["table"], pipeline[1:]
    blocks = list(blocks_of(encoder))
    if importances is not None:
        rank = {one.columns: place for place, one in enumerate(importances.columns)}
        blocks.sort(key=lambda block: rank.get(block.names, len(rank)))
    matrix = np.asarray(encoder.transform(table), dtype=np.float64)
    is_classifier = hasattr(model, "predict_proba")
    labels = [str(label) for label in pipeline.classes_] if is_classifier else []
    found = []
    for row in matrix:
        code = -1
        if is_classifier:
            code = 1 if positive is None else positive
            if len(labels) != 2:
                code = int(np.argmax(model.predict_proba(row[None])[0]))

        def predict(rows: "FloatArray", code: int = code) -> "FloatArray":
            if code < 0:
                return np.asarray(model.predict(rows), dtype=np.float64)
            return np.asarray(model.predict_proba(rows)[:, code], dtype=np.float64)

        output = labels[code] if is_classifier else "prediction"
        found.append(explain_row(predict, row, background, blocks, output=output, seed=seed))
    return tuple(found)


def _story(
    result: TrialResult,
    told: Expectation | None,
    prior: PriorExpectation | None,
    similar: Sequence[tuple[str, str]],
    *,
    is_complete: bool,
) -> Story:
    configuration = result.trial.configuration
    expected = told or prior
    metric = next(iter(result.fold_scores), "") if expected is None else expected.metric
    scores = [s for s in result.fold_scores.get(metric, ()) if math.isfinite(s)]
    return Story(
        trial=result.trial.number,
        algorithm=configuration.algorithm,
        params=dict(configuration.params),
        why=_why(result, told, similar),
        metric=metric,
        expected=None if expected is None else expected.score,
        low=None if expected is None else expected.low,
        high=None if expected is None else expected.high,
        came_out=sum(scores) / len(scores) if scores else None,
        is_complete=is_complete,
    )


def _why(result: TrialResult, told: Expectation | None, similar: Sequence[tuple[str, str]]) -> str:
    """Say why a configuration was tried."""
    configuration = result.trial.configuration
    winners = [name for name, best in similar if best == str(configuration)]
    where = f"; it is the best known one on {winners[0]}, which is similar" if winners else ""
    if told is None:
        said = _WHY.get(configuration.origin, "asked for")
        return said + where
    made_up = configuration.origin in ("mutation", "random")
    kind = f"{_WHY[configuration.origin]}: " if made_up else ""
    alike = told.reason is Reason.SIMILAR and not similar
    return kind + (_NONE_SIMILAR if alike else _REASONS[told.reason]) + where
