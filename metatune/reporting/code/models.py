"""Code of the models of a run: a function that makes each, and their weighted mean."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.pipeline import Pipeline

from metatune.data.encoding.layout import Layout
from metatune.reporting.code.learners import ITERATIONS, iterations_of, learner_code
from metatune.reporting.code.members import SavedPart
from metatune.reporting.code.preprocessing import CROSSED, step_code
from metatune.reporting.code.writing import Call, Raw, call, render

if TYPE_CHECKING:
    from metatune.evaluation.trial_data import TrialData

__all__ = ["PREDICTIONS", "ModelCode", "model_codes", "prediction_names", "training_rows"]


PREDICTIONS = "PREDICTIONS"
"""Constant that names the columns of predictions."""

_TITLES = {
    "lightgbm": "Boosted trees of LightGBM",
    "xgboost": "Boosted trees of XGBoost",
    "catboost": "Boosted trees of CatBoost",
    "svm": "Support vector machine",
    "neighbours": "Nearest neighbours",
    "constant": "Constant prediction",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCode:
    """Code that makes one model.

    Attributes
    ----------
    function : str
        Name of the function that makes it.
    argument : int or None
        Its number of iterations, where the function takes it.
    sources : tuple of str
        Code of that function, and of those that it needs; the same for models alike.
    """

    function: str
    argument: int | None
    sources: tuple[str, ...]

    @property
    def call(self) -> Call:
        """Call that makes the model."""
        named = {} if self.argument is None else {ITERATIONS: self.argument}
        return call(self.function, **named)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Body:
    """Code of a model: its family, an expression, formulas of crossings, iterations."""

    name: str
    value: Call
    formulas: tuple[str, ...]
    iterations: int | None

    @property
    def key(self) -> tuple[str, tuple[str, ...]]:
        """Code that models have in common if one function makes them."""
        return render(self.value, 0), self.formulas


def training_rows(part: SavedPart, data: "TrialData") -> "np.ndarray[Any, Any]":
    """Return the rows that a part was fitted on, ascending."""
    if part.fold is None:
        return np.arange(data.task.n_rows)
    return np.sort(data.folds[part.fold].train)


def prediction_names(n_predictions: int, layout: Layout) -> list[str]:
    """Name the columns of predictions that a second layer sees beside those of a table.

    Parameters
    ----------
    n_predictions : int
    layout : Layout
        Columns of the table, whose names are taken.
    """
    word = "prediction"
    while any(name.startswith(f"{word} ") for name in layout.names):
        word = f"member {word}"
    return [f"{word} {place}" for place in range(1, n_predictions + 1)]


def model_codes(
    parts: Sequence[SavedPart], data: "TrialData", *, open_iterations: bool = False
) -> list[ModelCode]:
    """Return the code of each part of a model.

    Parameters
    ----------
    parts : sequence of SavedPart
    data : TrialData
        Rows and folds of the run.
    open_iterations : bool
        Whether the number of iterations is still to be chosen.

    Raises
    ------
    ExportError
        If one of them cannot be expressed.
    """
    bodies = [_body(part, data) for part in parts]
    names = _names(bodies)
    counts: dict[Any, set[int | None]] = {}
    for body in bodies:
        counts.setdefault(body.key, set()).add(body.iterations)
    return [
        _code(body, names[body.key], varies=open_iterations or len(counts[body.key]) > 1)
        for body in bodies
    ]


def _body(part: SavedPart, data: "TrialData") -> _Body:
    y = np.asarray(data.task.y)[training_rows(part, data)]
    is_pipeline = isinstance(part.model, Pipeline)
    model = part.model.steps[-1][1] if is_pipeline else part.model
    learner = learner_code(model, y)
    if not is_pipeline:
        return _Body(name=learner.name, value=learner.call, formulas=(), iterations=None)
    step = step_code(part.model.steps[0][1], _layout(part, data.task.layout), _numbers(part))
    value = call("make_pipeline", *step.steps, learner.call)
    return _Body(
        name=learner.name,
        value=value,
        formulas=step.formulas,
        iterations=iterations_of(model),
    )


def _layout(part: SavedPart, layout: Layout) -> Layout:
    """Return the columns that a model sees."""
    if not part.n_predictions:
        return layout
    own = Layout(names=(), n_levels=()) if part.is_blind else layout
    return Layout(
        names=(*own.names, *prediction_names(part.n_predictions, layout)),
        n_levels=(*own.n_levels, *(0 for _ in range(part.n_predictions))),
    )


def _numbers(part: SavedPart) -> str:
    """Return the code of the list of the numbers among them."""
    if not part.n_predictions:
        return "NUMBERS"
    return PREDICTIONS if part.is_blind else f"[*NUMBERS, *{PREDICTIONS}]"


def _names(bodies: Sequence[_Body]) -> dict[Any, str]:
    """Name the functions: by family, with a number where there are several of one."""
    by_family: dict[str, list[Any]] = {}
    for body in bodies:
        keys = by_family.setdefault(body.name, [])
        if body.key not in keys:
            keys.append(body.key)
    return {
        key: f"{name}_model" if len(keys) == 1 else f"{name}_model_{number}"
        for name, keys in by_family.items()
        for number, key in enumerate(keys, start=1)
    }


def _code(body: _Body, name: str, *, varies: bool) -> ModelCode:
    value: Any = body.value
    sources: list[str] = []
    if body.formulas:
        crossings = f"{name}_crossings"
        sources.append(_crossings_source(crossings, body.formulas))
        value = _replaced(value, CROSSED, crossings)
    if body.iterations is not None and not varies:
        value = _replaced(value, ITERATIONS, str(body.iterations))
    parameter = ITERATIONS if varies else ""
    title = _TITLES.get(body.name, body.name.replace("_", " ").capitalize())
    sources.append(
        f"def {name}({parameter}):\n"
        f'    """{title}, not fitted."""\n'
        f"    return {render(value, 4, 11, 0)}"
    )
    argument = body.iterations if varies else None
    return ModelCode(function=name, argument=argument, sources=tuple(sources))


def _replaced(value: Any, text: str, other: str) -> Any:
    """Replace a name in code by another one."""
    if isinstance(value, Raw):
        return Raw(text=other) if value.text == text else value
    if isinstance(value, Call):
        arguments = tuple((key, _replaced(item, text, other)) for key, item in value.arguments)
        return Call(name=value.name, arguments=arguments)
    if isinstance(value, list | tuple):
        return type(value)(_replaced(item, text, other) for item in value)
    return value


def _crossings_source(name: str, formulas: Sequence[str]) -> str:
    lines = "".join(f"        {formula},\n" for formula in formulas)
    return (
        f"def {name}(X):\n"
        '    """Combine pairs of columns."""\n'
        "    X = X.clip(-1e30, 1e30)\n"
        f"    columns = [\n{lines}    ]\n"
        "    return clip_large(np.column_stack(columns))"
    )
