"""Checks of an algorithm: what every family promises, on the tables that break others."""

import contextlib
import random
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import clone

from metatune.algorithms.base import Algorithm, learner_of
from metatune.algorithms.fitting import fit_pipeline
from metatune.algorithms.learners.own_learner import PACKED
from metatune.data.encoding.shape import Shape
from metatune.data.row_metadata import RowMetadata
from metatune.kinds import TaskKind
from metatune.models.forms.model import MEMBER
from metatune.models.reading.reader import read
from metatune.space import Configuration, Value
from metatune.testing.tables import TABLES, Table, categories, easy, one_row

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

    from metatune._typing import AnyArray

__all__ = ["AlgorithmChecks", "check_algorithm"]

_ROOM = 10**9  # bytes that a model of a small table may take

_FOR_EACH_KIND = (
    "beats_the_constant",
    "default_lies_in_its_space",
    "deterministic_and_alone",
    "iterations",
    "labels_of_any_type",
    "mutations_stay_in_space",
    "order_of_memory_and_read_only_input",
    "random_configurations_work",
    "refuses_what_is_too_large",
    "rows_of_weight_zero_are_absent",
    "saved_and_loaded",
    "two_steps_that_clone",
    "weights_pull_where_repeated_rows_would",
)


def check_algorithm(algorithm: Algorithm) -> None:
    """Check that an algorithm does what every family of metatune promises.

    Each task kind that it learns is tried: tables with missing cells, categories, constant columns,
    rare classes, one row; configurations at random; weights; the same result twice; and a round
    trip through a model file. It takes as long as some hundred fits of small tables.

    Parameters
    ----------
    algorithm : Algorithm
        As `metatune.register_algorithm` returns it; it need not be registered.

    Raises
    ------
    AssertionError
        If it breaks a promise, or raises an error in between: its notes name the check.

    Examples
    --------
    >>> import metatune
    >>> from metatune.space import Int
    >>> from metatune.testing import check_algorithm
    >>> from sklearn.ensemble import ExtraTreesRegressor
    >>> trees = metatune.register_algorithm(
    ...     "few_trees", ExtraTreesRegressor(10), {"min_samples_leaf": Int(1, 20)}
    ... )
    >>> check_algorithm(trees)  # doctest: +SKIP
    """
    for name, check in AlgorithmChecks(algorithm).all():
        with _Noted(f"check of the algorithm {algorithm.name!r}: {name}"):
            check()


@dataclass(frozen=True, slots=True, kw_only=False, eq=False)
class AlgorithmChecks:
    """Checks of an algorithm, each of them a method.

    Attributes
    ----------
    algorithm : Algorithm
        Algorithm under test.
    changes : Mapping of str to Value
        Hyperparameters in which the configuration under test differs from the default.
    """

    algorithm: Algorithm
    changes: Mapping[str, Value] = field(default_factory=dict)

    def all(self) -> Iterator[tuple[str, Callable[[], None]]]:
        """Yield the name of each check, and a function that runs it."""
        yield "states_what_it_learns", self.states_what_it_learns
        for kind in TaskKind:
            if kind not in self.algorithm.kinds:
                continue
            for table in TABLES:
                yield (
                    f"every_table: {kind}, {table.__name__}",
                    partial(self.every_table, kind, table),
                )
            for bound in ("groups", "times"):
                yield (
                    f"every_way_to_bind_rows: {kind}, {bound}",
                    partial(self.every_way_to_bind_rows, kind, bound),
                )
            for name in _FOR_EACH_KIND:
                yield f"{name}: {kind}", partial(getattr(self, name), kind)

    def default(self, kind: TaskKind) -> Configuration:
        """Return the configuration under test."""
        space = self.algorithm.space(kind)
        return space.from_values({**space.defaults, **self.changes}, "default")

    def fitted(
        self, table: Table, configuration: Configuration | None = None, **changes: Any
    ) -> "Pipeline":
        """Return a pipeline that is fitted on a table."""
        configuration = configuration or self.default(table.kind)
        pipeline = self.algorithm.build(configuration, table.context(**changes))
        return pipeline.fit(table.X, table.y)

    def quick(self, **changes: Any) -> dict[str, Any]:
        """Spare iterative learners the search for the best iteration where it is not the point."""
        return {"iterations": 8, **changes} if self.algorithm.iterative else changes

    def fitted_with(self, table: Table, row_metadata: RowMetadata, **changes: Any) -> "Pipeline":
        """Return a pipeline that is fitted with weights, groups or times."""
        pipeline = self.algorithm.build(self.default(table.kind), table.context(**changes))
        return fit_pipeline(pipeline, table.X, table.y, row_metadata)

    def predictions(self, pipeline: "Pipeline", table: Table) -> "AnyArray":
        """Check the predictions of new rows, and return them: values, or probabilities."""
        predicted = np.asarray(pipeline.predict(table.X_new))
        assert predicted.shape == (len(table.X_new),)
        if not table.kind.is_classification:
            assert predicted.dtype == np.float64
            assert np.isfinite(predicted).all()
            return predicted
        proba = np.asarray(pipeline.predict_proba(table.X_new))
        assert np.array_equal(pipeline.classes_, np.unique(table.y))
        assert proba.shape == (len(table.X_new), len(pipeline.classes_))
        assert proba.dtype == np.float64
        assert (proba > 0).all()
        np.testing.assert_allclose(proba.sum(axis=1), 1.0, atol=1e-12)
        assert np.isin(predicted, pipeline.classes_).all()
        return proba

    def every_table(self, kind: TaskKind, make_table: Callable[[TaskKind], Table]) -> None:
        """Check that a table is learned without a warning."""
        table = make_table(kind)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            self.predictions(self.fitted(table), table)

    def states_what_it_learns(self) -> None:
        """Check that the kinds of tasks are those that it accepts."""
        assert self.algorithm.kinds
        for kind in TaskKind:
            refusal = self.algorithm.refuses(kind, Shape(n_rows=50, n_columns=4, n_classes=2))
            assert (refusal is None) == (kind in self.algorithm.kinds)

    def refuses_what_is_too_large(self, kind: TaskKind) -> None:
        """Check that there are limits."""
        n_classes = 2 if kind.is_classification else 0
        huge = Shape(n_rows=10_000_000, n_columns=5_000, n_classes=n_classes)
        assert "exceed" in str(self.algorithm.refuses(kind, huge))

    def default_lies_in_its_space(self, kind: TaskKind) -> None:
        """Check the search space: every hyperparameter has a default that is allowed."""
        space = self.algorithm.space(kind)
        space.check(space.default())
        assert set(space.defaults) == set(space.domains)
        assert all(space.domains[name].contains(v) for name, v in space.defaults.items())

    def random_configurations_work(self, kind: TaskKind) -> None:
        """Check that configurations drawn at random can be fitted."""
        space, rng, table = self.algorithm.space(kind), np.random.default_rng(5), categories(kind)
        for _ in range(20):
            configuration = space.sample(rng)
            space.check(configuration)
            pipeline = self.fitted(table, configuration, **self.quick())
            self.predictions(pipeline, table)

    def mutations_stay_in_space(self, kind: TaskKind) -> None:
        """Check that mutations are allowed, and that there are many."""
        space, rng = self.algorithm.space(kind), np.random.default_rng(6)
        configuration = space.default()
        seen = set()
        for _ in range(50):
            configuration = space.mutate(configuration, rng)
            space.check(configuration)
            seen.add(configuration.key)
        assert len(seen) > 15

    def beats_the_constant(self, kind: TaskKind) -> None:
        """Check that a target that depends on a column is learned."""
        table = easy(kind, n_rows=240)
        X_valid, y_valid = table.X[160:], table.y[160:]
        pipeline = self.fitted(replace(table, X=table.X[:160], y=table.y[:160]))
        if kind.is_classification:
            right = pipeline.predict_proba(X_valid)[np.arange(80), y_valid]
            shares = np.bincount(table.y[:160]) / 160
            assert -np.log(right).mean() < -0.7 * np.log(shares[y_valid]).mean()
        else:
            error = np.square(pipeline.predict(X_valid) - y_valid).mean()
            assert error < 0.5 * np.square(table.y[:160].mean() - y_valid).mean()

    def two_steps_that_clone(self, kind: TaskKind) -> None:
        """Check that a pipeline has two steps, and that its copy predicts the same."""
        table = categories(kind)
        pipeline = self.algorithm.build(self.default(kind), table.context(**self.quick()))
        assert [name for name, _ in pipeline.steps] == ["preprocess", "model"]
        copy = clone(pipeline)
        first = self.predictions(pipeline.fit(table.X, table.y), table)
        second = self.predictions(copy.fit(table.X, table.y), table)
        np.testing.assert_array_equal(first, second)

    def deterministic_and_alone(self, kind: TaskKind) -> None:
        """Check that a fit can be repeated, and leaves the global random state alone."""
        table = categories(kind)
        python_state = random.getstate()
        numpy_state = np.random.get_state(legacy=False)["state"]["key"].copy()  # noqa: NPY002
        first = self.predictions(self.fitted(table), table)
        assert random.getstate() == python_state
        state = np.random.get_state(legacy=False)["state"]["key"]  # noqa: NPY002
        assert np.array_equal(state, numpy_state)
        np.random.default_rng().random()
        second = self.predictions(self.fitted(table), table)
        np.testing.assert_array_equal(first, second)

    def order_of_memory_and_read_only_input(self, kind: TaskKind) -> None:
        """Check that rows in another order of memory, or on the disk, give the same model."""
        table = categories(kind)
        expected = self.predictions(self.fitted(table, **self.quick()), table)
        y = table.y.copy()
        y.setflags(write=False)
        before = table.X.copy()
        with tempfile.TemporaryDirectory() as folder:
            np.save(Path(folder) / "X.npy", table.X)
            mapped = np.load(Path(folder) / "X.npy", mmap_mode="r")
            for X in (mapped, np.asfortranarray(table.X)):
                found = self.fitted(replace(table, X=X, y=y), **self.quick())
                np.testing.assert_array_equal(self.predictions(found, table), expected)
            del mapped, X, found
        np.testing.assert_array_equal(table.X, before)

    def labels_of_any_type(self, kind: TaskKind) -> None:
        """Check that labels may be texts, and values whole numbers."""
        if not kind.is_classification:
            shifted = replace(easy(kind), y=np.round(easy(kind).y).astype(np.int64))
            self.predictions(self.fitted(shifted, **self.quick()), shifted)
            return
        table = categories(kind)
        names = np.array(["ant", "bee", "cow"])
        named = replace(table, y=names[table.y])
        codes = self.predictions(self.fitted(table, **self.quick()), table)
        pipeline = self.fitted(named, **self.quick())
        np.testing.assert_array_equal(self.predictions(pipeline, named), codes)
        assert set(pipeline.predict(table.X_new)) <= set(names)

    def saved_and_loaded(self, kind: TaskKind) -> None:
        """Check that models predict the same after a round trip through a model file."""
        table = categories(kind)
        space, rng = self.algorithm.space(kind), np.random.default_rng(8)
        for configuration in (self.default(kind), *(space.sample(rng) for _ in range(5))):
            pipeline = self.fitted(table, configuration, **self.quick())
            expected = self.predictions(pipeline, table)
            np.testing.assert_array_equal(self.predictions(_read_back(pipeline), table), expected)

    def rows_of_weight_zero_are_absent(self, kind: TaskKind) -> None:
        """Check that rows of weight zero do not count at all."""
        table, counts = categories(kind), np.arange(90) % 3 > 0
        there = replace(table, X=table.X[counts], y=table.y[counts])
        context = self.quick(shape=table.context().shape)
        row_metadata = RowMetadata(weights=np.where(counts, 1.0 + np.arange(90) / 90, 0.0))
        if not self.algorithm.takes_weights(kind):
            self._refuses_weights(table, row_metadata)
            return
        found = self.predictions(self.fitted_with(table, row_metadata, **context), table)
        pipeline = self.fitted_with(there, row_metadata.take(counts), **context)
        np.testing.assert_array_equal(found, self.predictions(pipeline, table))

    def weights_pull_where_repeated_rows_would(self, kind: TaskKind) -> None:
        """Check weights where every row is there twice and contradicts itself."""
        if not self.algorithm.takes_weights(kind):
            return
        table = easy(kind, n_rows=80)
        opposite = table.y.max() - table.y if kind.is_classification else 200 - table.y
        X, y = np.vstack([table.X, table.X]), np.concatenate([table.y, opposite])
        mixed, first = replace(table, X=X, y=y), np.arange(160) < 80

        def agreement(pipeline: "Pipeline") -> float:
            """Return the correlation of predictions with the first half."""
            if kind.is_classification:
                found = pipeline.predict_proba(table.X) @ pipeline.classes_
            else:
                found = pipeline.predict(table.X)
            return float(np.corrcoef(found, table.y)[0, 1])

        row_metadata = RowMetadata(weights=np.where(first, 1.6, 0.4))
        against = RowMetadata(weights=np.where(first, 0.4, 1.6))
        repeated = np.repeat(np.arange(160), np.where(first, 4, 1))
        copies = self.fitted(replace(mixed, X=X[repeated], y=y[repeated]), **self.quick())
        assert agreement(copies) > 0.3
        assert agreement(self.fitted_with(mixed, row_metadata, **self.quick())) > 0.3
        assert agreement(self.fitted_with(mixed, against, **self.quick())) < -0.3

    def every_way_to_bind_rows(self, kind: TaskKind, bound: str) -> None:
        """Check few groups or instants, one of which holds all of a class; and a single row."""
        for table in (categories(kind), one_row(kind)):
            codes = np.arange(len(table.y)) * 6 // 90
            if kind.is_classification:
                codes = np.where(table.y == 1, 5, codes)
            known: dict[str, Any] = {bound: codes}
            if self.algorithm.takes_weights(kind):
                known["weights"] = np.linspace(0.5, 1.5, len(codes))
            self.predictions(self.fitted_with(table, RowMetadata(**known)), table)

    def iterations(self, kind: TaskKind) -> None:
        """Check the number of iterations of algorithms that stop early."""
        table = easy(kind)
        if not self.algorithm.iterative:
            assert self.algorithm.iterations_used(self.fitted(table)) is None
            return
        stopped = self.algorithm.iterations_used(self.fitted(table))
        assert stopped is not None
        assert stopped >= 1
        exact = self.fitted(table, iterations=7)
        assert self.algorithm.iterations_used(exact) == 7
        self.predictions(exact, table)

    def _refuses_weights(self, table: Table, row_metadata: RowMetadata) -> None:
        """Check that weights which a learner cannot take are refused, and not left out."""
        try:
            self.fitted_with(table, row_metadata)
        except TypeError:
            return
        raise AssertionError("its fit takes no sample_weight, and weights are left out")


class _Noted(contextlib.AbstractContextManager[None]):
    """Context whose errors bear a note."""

    def __init__(self, note: str) -> None:
        self._note = note

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is not None:
            error.add_note(self._note)


def _read_back(pipeline: "Pipeline") -> Any:
    """Save a pipeline, and read it as a model file is read; its author trusts what is in it."""
    import skops.io

    learner, trusted = learner_of(pipeline), None
    state = learner.__getstate__() if hasattr(learner, "__getstate__") else {}
    if isinstance(state, dict) and PACKED in state:
        trusted = tuple(skops.io.get_untrusted_types(data=state[PACKED]))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "part.skops"
        skops.io.dump(pipeline, path)
        return read(path, MEMBER, _ROOM, trusted)
