"""Code of the preprocessing step of a pipeline, by what its fit has chosen."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from metatune.algorithms.crossings.arithmetic import OPERATIONS
from metatune.algorithms.crossings.step import CrossingPreprocessor
from metatune.algorithms.preprocessing import NativePreprocessor
from metatune.data.encoding.layout import Layout
from metatune.errors import ExportError
from metatune.reporting.code.writing import Call, Raw, call, literal

__all__ = ["StepCode", "step_code"]

_SCALERS = {"standard": "StandardScaler", "robust": "RobustScaler"}
_FORMULAS = {
    "sum": "X[{0}] + X[{1}]",
    "difference": "X[{0}] - X[{1}]",
    "product": "X[{0}] * X[{1}]",
    "ratio": "ratio(X[{0}], X[{1}])",
    "inverse_ratio": "ratio(X[{1}], X[{0}])",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StepCode:
    """Code of a preprocessing step.

    Attributes
    ----------
    steps : tuple of Call
        Transformers, one after the other.
    formulas : tuple of str
        Combinations of columns, which the code names by `CROSSED`; empty if there are none.
    """

    steps: tuple[Call, ...]
    formulas: tuple[str, ...] = ()


CROSSED = "crossed"
"""Function that makes combinations of columns; each list of formulas has one of its own."""


def step_code(step: Any, layout: Layout, numbers: str = "NUMBERS") -> StepCode:
    """Return the code of a fitted preprocessing step.

    Parameters
    ----------
    step : TablePreprocessor, NativePreprocessor or CrossingPreprocessor
        Fitted.
    layout : Layout
        The columns that it is given.
    numbers : str
        Code of the list of those that hold numbers.

    Raises
    ------
    ExportError
        If no column is of use to it.
    """
    if isinstance(step, CrossingPreprocessor):
        return _crossed(step, layout, numbers)
    if isinstance(step, NativePreprocessor):
        return StepCode(steps=(_function("clip_large"),))
    blocks = _blocks(step, layout, numbers)
    if not blocks:
        raise ExportError("a member of the model makes no use of any column: that has no script")
    steps = [_joined(blocks, layout, numbers)]
    if step.dtype == "float32":
        steps.append(_function("as_float32"))
    return StepCode(steps=tuple(steps))


def _crossed(step: CrossingPreprocessor, layout: Layout, numbers: str) -> StepCode:
    kept = step.terms_[step.encoder_.kept_]
    if not len(kept):
        return step_code(step.base_, layout, numbers)
    if len(step.encoder_.flagged_):
        raise ExportError("combined columns with flags of missing cells are not expressed")
    names = [literal(name) for name in layout.names]
    formulas = tuple(
        _FORMULAS[OPERATIONS[code]].format(names[first], names[second])
        for first, second, code in kept
    )
    blocks: list[tuple[str, Call, Any]]
    if isinstance(step.base_, NativePreprocessor):
        blocks = [("columns", _function("clip_large"), Raw(text="slice(None)"))]
    else:
        blocks = _blocks(step.base_, layout, numbers)
    used = sorted({int(i) for first, second, _ in kept for i in (first, second)})
    scaled = _scaled(step.scaling, step.imputation, step.seed, step.encoder_)
    made = _chain([_function(CROSSED), *scaled])
    blocks.append(("crossings", made, [layout.names[i] for i in used]))
    return StepCode(steps=(_joined(blocks, layout, numbers),), formulas=formulas)


def _blocks(step: Any, layout: Layout, numbers: str) -> list[tuple[str, Call, Any]]:
    """Return the blocks of columns that a step makes: name, transformer and columns."""
    blocks: list[tuple[str, Call, Any]] = []
    if len(step.numeric_):
        encoder = step.numeric_encoder_
        names = [layout.names[i] for i in step.numeric_]
        if len(encoder.kept_):
            scaled = _scaled(step.scaling, step.imputation, step.seed, encoder)
            made = _chain([_function("clip_large"), *scaled])
            blocks.append(("numbers", made, _chosen(names, encoder.kept_, numbers)))
        if len(encoder.flagged_):
            flags = _function("missing_flags")
            blocks.append(("missing", flags, _chosen(names, encoder.flagged_, numbers)))
    if len(step.categorical_):
        blocks += _category_blocks(step, [layout.names[i] for i in step.categorical_])
    return blocks


def _category_blocks(step: Any, names: list[str]) -> list[tuple[str, Call, Any]]:
    encoder, codes = step.category_encoder_, _function("use_minus_one")
    blocks: list[tuple[str, Call, Any]] = []
    if len(encoder.one_hot_):
        one_hot = call(
            "OneHotEncoder",
            min_frequency=encoder.one_hot_encoder_.min_frequency,
            handle_unknown="infrequent_if_exist",
            sparse_output=False,
        )
        columns = _chosen(names, encoder.one_hot_, "CATEGORIES")
        blocks.append(("levels", _chain([codes, one_hot]), columns))
    if len(encoder.target_):
        means = call("TargetMeans" if step.classification else "ValueMeans", seed=encoder.seed)
        columns = _chosen(names, encoder.target_, "CATEGORIES")
        blocks.append(("means", _chain([codes, means]), columns))
    if len(encoder.ordinal_):
        blocks.append(("codes", codes, _chosen(names, encoder.ordinal_, "CATEGORIES")))
    return blocks


def _scaled(scaling: str, imputation: str, seed: int, encoder: Any) -> list[Call]:
    """Return the steps that scale numbers and fill gaps among them."""
    steps: list[Call] = []
    if scaling in _SCALERS:
        steps += [call(_SCALERS[scaling]), call("RangeClipper")]
    elif scaling == "quantile":
        quantiles = call(
            "QuantileTransformer",
            n_quantiles=encoder.scalers_[1].n_quantiles_,
            output_distribution="normal",
            random_state=seed,
        )
        steps += [call("StandardScaler"), quantiles, call("StandardScaler")]
    if steps:
        steps.append(_function("clip_far"))
    elif len(encoder.scalers_):
        raise ExportError(f"numbers scaled by {scaling!r} are not expressed")
    if scaling == "robust":
        steps.append(_function("squash"))
    if imputation != "none":
        strategy = "mean" if imputation == "mean" else "median"
        steps.append(call("SimpleImputer", strategy=strategy))
    return steps


def _joined(blocks: list[tuple[str, Call, Any]], layout: Layout, numbers: str) -> Call:
    """Join blocks side by side; a single one of all columns needs no joining."""
    if len(blocks) == 1 and blocks[0][2] == Raw(text=numbers) and not layout.categorical:
        return blocks[0][1]
    return call("ColumnTransformer", [tuple(block) for block in blocks])


def _chosen(names: Sequence[str], places: Any, constant: str) -> Any:
    """Return some of the columns: the name of their constant where they are all."""
    chosen = [names[i] for i in places]
    if len(chosen) == len(names):
        return Raw(text=constant)
    others = [name for name in names if name not in set(chosen)]
    if len(chosen) > 3 * len(others) and len(others) <= 4:
        left_out = ", ".join(map(literal, others))
        return Raw(text=f"[name for name in {constant} if name not in ({left_out},)]")
    return chosen


def _chain(steps: list[Call]) -> Call:
    return steps[0] if len(steps) == 1 else call("make_pipeline", *steps)


def _function(name: str) -> Call:
    return call("FunctionTransformer", Raw(text=name))
