"""Recommending and describing from Python: `metatune.recommend` and `metatune.describe`."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from metatune.algorithms.narrowed_space import narrowed_spaces
from metatune.algorithms.space_file import read_space
from metatune.budget import parse_duration
from metatune.data.columns.column import Column
from metatune.data.encoding.encoder import encode_task
from metatune.data.reading.options import DETECT, ReadingKeywords, reading_options
from metatune.data.reading.table_reader import read_table
from metatune.data.reading.verbatim import Verbatim
from metatune.data.risks.risk import Risk
from metatune.data.risks.risks import find_risks, warn_of
from metatune.data.task.given_target import target_name
from metatune.data.task.make_task import make_task, to_frame
from metatune.data.task.roles import RoleColumns
from metatune.data.task.task import Task
from metatune.errors import InputError, OptionError
from metatune.evaluation.rungs import plan_folds
from metatune.evaluation.trial_data import TrialData
from metatune.execution.numeric_threads import one_numeric_thread
from metatune.execution.workers import local_workers
from metatune.metafeatures import MetaFeatures, extract_metafeatures
from metatune.notation.cards import Card, Grid
from metatune.recommender.advice import (
    Advice,
    advise,
    eligible_shape,
    usable_algorithms,
)
from metatune.recommender.outlook import course_of, longer_outlook
from metatune.recommender.recommendation import Recommendations
from metatune.storage.door import Door
from metatune.tuning.prepare import encode_what_fits

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike

    from metatune.data.reading.source import Table

_COURSE = (0.03, 0.1, 0.3, 1.0, 3.0)  # of the budget

__all__ = ["Description", "describe", "describe_for", "recommend", "recommend_for"]


_SHOWN_COLUMNS = 20
_SHOWN_CLASSES = 8
_SHOWN_NOTES = 5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Description:
    """Understanding of a table: its task, target and columns.

    Attributes
    ----------
    name : str
        Of the table.
    target : str
        Name of the target's column.
    task : str
        "binary", "multiclass" or "regression".
    metric : str
        What would be optimised.
    positive : str or None
        Positive class of two, which metrics such as f1 are about.
    n_rows, n_dropped : int
        Rows with a known target, and without.
    classes : Mapping of str to int or None
        Rows of each class; None for regression.
    columns : tuple of Column
        The features.
    notes : tuple of str
        What was decided and cleaned.
    warnings : tuple of Risk
        What would make the results of a run misleading: leaks above all.
    meta_features : MetaFeatures
        What characterises the dataset.
    """

    name: str
    target: str
    task: str
    metric: str
    positive: str | None
    n_rows: int
    n_dropped: int
    classes: Mapping[str, int] | None
    columns: tuple[Column, ...]
    notes: tuple[str, ...]
    warnings: tuple[Risk, ...] = ()
    meta_features: MetaFeatures

    def to_dict(self) -> dict[str, Any]:
        """Return plain values; a meta-feature that is not known is NaN."""
        plain = asdict(self)
        plain["columns"] = [{**column, "kind": str(column["kind"])} for column in plain["columns"]]
        return plain

    def to_frame(self) -> "pd.DataFrame":
        """Return the columns as a table: name, kind, n_missing, n_unique and note of each."""
        import pandas as pd

        rows = [(c.name, str(c.kind), c.n_missing, c.n_unique, c.note) for c in self.columns]
        return pd.DataFrame(rows, columns=["name", "kind", "n_missing", "n_unique", "note"])

    def __repr__(self) -> str:
        return self._card().text()

    def _repr_html_(self) -> str:
        return self._card().html()

    def _card(self) -> Card:
        about = "" if self.positive is None else f", positive class {self.positive!r}"
        dropped = f", {self.n_dropped:,} without target dropped" if self.n_dropped else ""
        n_features = sum(map(math.isfinite, self.meta_features.values.values()))
        facts = [
            ("target", f"{self.target}, {self.task}, judged by {self.metric}{about}"),
            ("rows", f"{self.n_rows:,}{dropped}"),
            *([] if self.classes is None else [("classes", _class_counts(self.classes))]),
            ("meta-features", f"{n_features} known: meta_features.values"),
            *(("", note) for note in self.notes[:_SHOWN_NOTES]),
        ]
        rows = [
            (c.name, str(c.kind), f"{c.n_missing:,}", f"{c.n_unique:,}", c.note)
            for c in self.columns
        ]
        headings, right = ("column", "kind", "missing", "unique", "note"), ("missing", "unique")
        grid = Grid.of(headings, rows, right=right, most=_SHOWN_COLUMNS, rest="to_frame()")
        return Card(title=f"Description of {self.name}", facts=tuple(facts), grids=(grid,))


def _class_counts(classes: Mapping[str, int]) -> str:
    shown = [f"{name} {count:,}" for name, count in list(classes.items())[:_SHOWN_CLASSES]]
    n_more = len(classes) - len(shown)
    return ", ".join([*shown, *([f"{n_more} more"] if n_more else [])])


def recommend(  # noqa: PLR0913  # what `metatune recommend` takes
    data: Any,
    target: str | None = None,
    *,
    y: "ArrayLike | None" = None,
    weight: str | None = None,
    group: str | None = None,
    time: str | None = None,
    task: str | None = None,
    budget: str | float = "10m",
    metric: "str | Callable[..., Any] | None" = None,
    pos_label: Any = None,
    include: Sequence[str] | None = None,
    exclude: Sequence[str] | None = None,
    space: str | Path | Mapping[str, Any] | None = None,
    metadata: str | Path | None = None,
    **reading: Unpack[ReadingKeywords],
) -> Recommendations:
    """Say which configurations are worth trying on a table, without training any.

    Parameters
    ----------
    data : str, Path, DataFrame or array-like of shape (n_rows, n_columns)
        A table or its file, with the target unless `y` is given.
    target : str, optional
        The column to predict; guessed if it is not named.
    y : array-like of shape (n_rows,), optional
        The target, where `data` does not hold it.
    weight, group, time : str, optional
        Columns that say how much a row counts, which rows belong together, and when a row was.
    task : str, optional
        "binary", "multiclass", "classification" or "regression"; told by the target otherwise.
    budget : str or float
        What a fit may take; a short one prefers quick configurations.
    metric : str or callable, optional
        What counts; the default of the task kind otherwise.
    pos_label : label, optional
        Positive class of two; 1 or True otherwise, else the rarer one.
    include, exclude : sequence of str, optional
        Names of algorithms.
    space : str, Path or dict, optional
        Hyperparameters that are fixed or narrowed, by family: a TOML file as `metatune space`
        prints it, or its content.
    metadata : str or Path, optional
        A meta-dataset other than the one that comes with metatune.
    **reading : optional
        What is known of a file and wins over what is detected: `separator`, `encoding`, `decimal`,
        `header` (True, False, or the number of the line that names the columns), `sheet` and `na`
        (cells that mean "missing").

    Returns
    -------
    Recommendations
        Ranked configurations, similar past datasets, familiarity.

    Raises
    ------
    InputError
        If the table cannot be read or learned, or an option cannot work.
    MetadataError
        If there is no meta-dataset.
    """
    roles = RoleColumns(weight=weight, group=group, time=time)
    return recommend_for(
        _task(data, target, y, reading, task=task, metric=metric, positive=pos_label, roles=roles),
        budget=budget,
        include=tuple(include or ()),
        exclude=tuple(exclude or ()),
        space=read_space(space),
        metadata=None if metadata is None else Path(metadata),
    ).recommendations


def describe(  # noqa: PLR0913  # what `metatune describe` takes
    data: Any,
    target: str | None = None,
    *,
    y: "ArrayLike | None" = None,
    weight: str | None = None,
    group: str | None = None,
    time: str | None = None,
    task: str | None = None,
    metric: "str | Callable[..., Any] | None" = None,
    pos_label: Any = None,
    **reading: Unpack[ReadingKeywords],
) -> Description:
    """Say how a table is understood, and characterise it.

    Parameters
    ----------
    data : str, Path, DataFrame or array-like of shape (n_rows, n_columns)
        A table or its file, with the target unless `y` is given.
    target : str, optional
        The column to predict; guessed if it is not named.
    y : array-like of shape (n_rows,), optional
        The target, where `data` does not hold it.
    weight, group, time : str, optional
        Columns that say how much a row counts, which rows belong together, and when a row was.
    task : str, optional
        "binary", "multiclass", "classification" or "regression"; told by the target otherwise.
    metric : str or callable, optional
        What counts; the default of the task kind otherwise.
    pos_label : label, optional
        Positive class of two; 1 or True otherwise, else the rarer one.
    **reading : optional
        What is known of a file, as in `recommend`.

    Returns
    -------
    Description

    Raises
    ------
    InputError
        If the table cannot be read or learned.

    Warns
    -----
    LeakWarning
        If columns give the target away.
    DataWarning
        If something else would make the results of a run misleading.
    """
    roles = RoleColumns(weight=weight, group=group, time=time)
    described = describe_for(
        _task(data, target, y, reading, task=task, metric=metric, positive=pos_label, roles=roles)
    )
    warn_of(described.warnings, stacklevel=2)
    return described


def recommend_for(
    task: Task,
    *,
    budget: str | float,
    include: tuple[str, ...] = (),
    exclude: tuple[str, ...] = (),
    metadata: Path | None = None,
    space: Mapping[str, Any] | None = None,
) -> Advice:
    """Characterise a task and rank configurations for it."""
    seconds = parse_duration(budget)
    task, _, encoded = encode_what_fits(task, seconds, include=include, exclude=exclude)
    plan = plan_folds(encoded.shape, seconds)
    data = TrialData.make(
        encoded, (task.metric.name,), seed=0, row_metadata=task.row_metadata, plan=plan
    )
    shape = eligible_shape(data)
    algorithms = usable_algorithms(task.kind, shape, include, exclude)
    spaces = narrowed_spaces(algorithms, task.kind, space)
    with one_numeric_thread():  # threads cost more than they bring on small samples
        advice = advise(
            data,
            task.metric.name,
            budget_seconds=seconds,
            metadata=metadata,
            spaces=spaces,
        )
        return _with_course(advice, seconds)


def _with_course(advice: Advice, budget: float) -> Advice:
    """Add the expected course of a search with this budget, and what three times as much adds."""
    n_workers, _ = local_workers(None, None)
    told: dict[str, Any] = {
        "metric": advice.guide,
        "constant": advice.constant,
        "n_workers": n_workers,
    }
    seconds = tuple(share * budget for share in _COURSE)
    recommendations = replace(
        advice.recommendations,
        course=course_of(advice.forecast, seconds=seconds, **told),
        outlook=longer_outlook(advice.forecast, seconds=budget, **told),
    )
    return replace(advice, recommendations=recommendations)


def describe_for(task: Task) -> Description:
    """Describe a task."""
    _, encoded = encode_task(task, seed=0)
    with one_numeric_thread():
        features = extract_metafeatures(encoded)
    classes = None
    if task.classes is not None:
        classes = dict(zip(map(str, task.classes), task.class_counts.tolist(), strict=True))
    return Description(
        name=task.name,
        target=task.target,
        task=str(task.kind),
        metric=task.metric.name,
        positive=None if task.positive is None else task.positive.label,
        n_rows=task.n_rows,
        n_dropped=task.n_dropped,
        classes=classes,
        columns=task.columns,
        notes=task.notes,
        warnings=find_risks(task),
        meta_features=features,
    )


def _task(
    data: Any,
    target: str | None,
    y: "ArrayLike | None",
    reading: ReadingKeywords,
    *,
    roles: RoleColumns,
    **asked: Any,
) -> Task:
    """Make a task as it is asked for, in whose messages options are spelled as in Python."""
    try:
        table, name = _table(data, target, y, roles, reading)
        made = make_task(table, target=name, roles=roles, **asked)
    except InputError as error:
        error.args = (Door.PYTHON.reword(str(error)),)
        raise
    return replace(made, notes=tuple(map(Door.PYTHON.reword, made.notes)))


def _table(
    data: Any,
    target: str | None,
    y: "ArrayLike | None",
    roles: RoleColumns,
    reading: ReadingKeywords,
) -> "tuple[Table | pd.DataFrame, str | None]":
    """Return a file, a table that holds the target, or features with it; and the target's name."""
    options = reading_options(reading)
    if isinstance(data, str | Path):
        if y is not None:
            raise OptionError("give either a file that holds the target, or a table and y")
        if str(data).lower().startswith("openml:"):
            raise OptionError(
                f"{str(data)!r} is understood on the command line (metatune describe {data}); in "
                "Python give a table, like openml.datasets.get_dataset(31).get_data()[0]"
            )
        wanted = [name for name in (target, *roles.given.values()) if isinstance(name, str)]
        labels = Verbatim(has_target=True, target=target)
        return read_table(data, options=options, wanted=wanted, verbatim=labels), target
    if options != DETECT:
        raise OptionError(f"{next(iter(reading))} says how a file is read, but a table was given")
    frame, _ = to_frame(data)
    if y is None:
        return frame, target
    if target is not None:
        raise OptionError("give either the name of the target's column or y, not both")
    import pandas as pd

    name = target_name(y, taken=list(frame.columns))
    values = pd.Series(y.to_numpy() if hasattr(y, "to_numpy") else y, name=name)
    if len(values) != len(frame):
        raise OptionError(f"y has {len(values)} values for {len(frame)} rows: give one for each")
    return pd.concat([frame, values], axis="columns"), name
