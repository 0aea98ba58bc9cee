"""Rungs: the fidelity levels of successive halving, and the folds of the top one.

A rung is a share of the training rows and a number of folds. The top rung uses all rows and all
folds; rungs below use one fold and, where a fold is dear, fewer rows (Karnin et al. 2013; Li et al.
2020, "A system for massively parallel hyperparameter tuning").
"""

from dataclasses import dataclass, replace

from metatune.data.encoding.shape import Shape

__all__ = [
    "REDUCTION_FACTOR",
    "FoldPlan",
    "Rung",
    "boosting_seconds",
    "plan_columns",
    "plan_folds",
    "plan_rows",
    "plan_rungs",
]

REDUCTION_FACTOR = 3
"""One in so many configurations is promoted to the next rung (eta)."""

_MIN_TRAIN_ROWS = 400  # below so many rows a subsample says little about the whole
_MAX_ROW_RUNGS = 3
_RUNG_SHARE = 0.02  # of the budget that a fold has to cost for fewer rows to be worth a rung
_LONGEST_PLANNED = 600.0  # seconds

_TRIAL_SHARE = 0.1  # of the budget that a usual trial at the top may take,
_REPEAT_SHARE = 0.03  # and one with repeats: other configurations are worth more at first
_FIT_SECONDS = 0.15  # of a usual fit, however small the table (measured on the meta-dataset),
_CELL_SECONDS = 3e-6  # for each cell of its training rows,
_CLASS_SHARE = 0.25  # and so much more for each class beyond two: boosting grows a tree for each
_FEWEST_SPLITS = 3  # that are all validated
_HOLDOUT_ROWS = 10_000  # of a table; below, a single holdout is a noisy judge,
_SCARCE_SHARE = 0.25  # and taken only where three folds would take so much of the budget,
_LEAST_HOLDOUT_ROWS = 3_000  # and below these not at all
_MIN_TOP_ROWS = 10_000  # training rows of the top rung, however short the budget

_START_SECONDS = 2.5  # until there is a table to look at
_COLUMNS_PER_SECOND = 120  # of the budget: a fold takes about 0.1 ms for each, however few its rows
_MIN_TOP_COLUMNS = 1_000  # however short the budget
_CELLS_PER_SECOND = 500_000  # of what follows: a tenth of it to encode and share out the table


@dataclass(frozen=True, slots=True, kw_only=True)
class FoldPlan:
    """Plan of the folds at the top rung.

    Attributes
    ----------
    n_splits : int
        Parts that the rows are dealt into; each is validated by a model of the others.
    n_repeats : int
        How often they are dealt out anew.
    holdout : bool
        Only the first part is validated.
    max_train_rows : int or None
        Training rows of a fold are cut to so many.
    rare_first : bool
        Whether the first part shall lack no class that it can have.
    """

    n_splits: int
    n_repeats: int = 1
    holdout: bool = False
    max_train_rows: int | None = None
    rare_first: bool = True

    @property
    def n_folds(self) -> int:
        """Fits of a trial at the top rung."""
        return 1 if self.holdout else self.n_splits * self.n_repeats


def plan_rows(n_rows: int, n_columns: int, budget_seconds: float) -> int:
    """Decide how many rows of a table a run makes use of.

    Encoding a table and handing it to the workers takes its time before anything can be tried. A
    budget in which that would take more than about a tenth goes without some of the rows: it could
    not train on so many anyway (see `plan_folds`). Measured times play no part.

    Parameters
    ----------
    n_rows, n_columns : int
        Size of the table.
    budget_seconds : float
        Seconds of the whole run.

    Returns
    -------
    int
        At most `n_rows`; all of 10,000 rows, and of 20 columns 62,500 at 5 s, 187,500 at 10 s,
        437,500 at 20 s and 1,437,500 at 60 s.
    """
    if budget_seconds == float("inf"):
        return n_rows
    cells = _CELLS_PER_SECOND * max(0.0, budget_seconds - _START_SECONDS)
    return min(n_rows, max(_MIN_TOP_ROWS, round(cells / max(1, n_columns))))


def plan_columns(n_columns: int, budget_seconds: float) -> int:
    """Decide how many columns of a table a run makes use of.

    Every fit looks at every column, however few rows there are. Measured times play no part.

    Parameters
    ----------
    n_columns : int
        Columns of the table that are features.
    budget_seconds : float
        Seconds of the whole run.

    Returns
    -------
    int
        At most `n_columns`; all of 1,000, and 1,200 at 10 s, 7,200 at 60 s and 72,000 at 10 m.
    """
    if budget_seconds == float("inf"):
        return n_columns
    return min(n_columns, max(_MIN_TOP_COLUMNS, round(_COLUMNS_PER_SECOND * budget_seconds)))


def plan_folds(shape: Shape, budget_seconds: float = float("inf")) -> FoldPlan:
    """Decide how to split a table at the top rung.

    The fewer rows, the noisier a fold, and the cheaper: small tables are dealt out several times.
    A usual trial at the top should take a tenth of the budget at most (a thirtieth with repeats),
    so that an ensemble has members to choose from: where it would take longer, there are fewer
    repeats, then fewer folds, then a single holdout, and at last fewer training rows. Tables of
    less than 10,000 rows are held on to three folds for longer: up to a quarter of the budget.
    Measured times play no part, so a plan is the same on every machine.

    Parameters
    ----------
    shape : Shape
        Size of the table.
    budget_seconds : float
        Seconds of the whole run.

    Returns
    -------
    FoldPlan
        By rows, with 30 columns and at most two classes: splits x repeats; "of 5" is a holdout of
        one part in five, then the training rows where they are cut.

        ========== ================ ================ ================ ========
        rows       10 s             60 s             10 m             no limit
        ========== ================ ================ ================ ========
        100        5 x 1            5 x 2            5 x 3            5 x 3
        500        5 x 1            5 x 1            5 x 2            5 x 2
        2,000      3 x 1            5 x 1            5 x 1            5 x 1
        10,000     of 5             4 x 1            4 x 1            4 x 1
        50,000     of 5, 10,000     of 5             3 x 1            3 x 1
        200,000    of 10, 10,000    of 10, 65,000    3 x 1            3 x 1
        1,000,000  of 10, 10,000    of 10, 65,000    of 10, 665,000   3 x 1
        ========== ================ ================ ================ ========
    """
    n_rows = shape.n_rows
    plans = _preferred(n_rows)
    for plan in plans:
        fold = replace(shape, n_rows=n_rows - n_rows // plan.n_splits)
        if plan.n_folds * _usual_seconds(fold) <= _share(plan, n_rows) * budget_seconds:
            return plan
    last = plans[-1]
    if not last.holdout:
        return last
    n_train = max(_MIN_TOP_ROWS, _rows_within(_TRIAL_SHARE * budget_seconds, shape))
    if n_train >= n_rows - n_rows // last.n_splits:
        return last
    return FoldPlan(n_splits=last.n_splits, holdout=True, max_train_rows=n_train)


def _preferred(n_rows: int) -> list[FoldPlan]:
    """List plans for a table, the best first, each cheaper than the one before."""
    repeats = 3 if n_rows < 300 else 2 if n_rows < 1_000 else 1
    most = 5 if n_rows < 3_000 else 4 if n_rows < 20_000 else 3
    plans = [FoldPlan(n_splits=most, n_repeats=n) for n in range(repeats, 0, -1)]
    plans += [FoldPlan(n_splits=n) for n in range(most - 1, _FEWEST_SPLITS - 1, -1)]
    if n_rows >= _LEAST_HOLDOUT_ROWS:
        plans.append(FoldPlan(n_splits=10 if n_rows > 100_000 else 5, holdout=True))
    return plans


def _share(plan: FoldPlan, n_rows: int) -> float:
    """Return the share of the budget that a usual trial of a plan may take."""
    if plan.n_repeats > 1:
        return _REPEAT_SHARE
    scarce = n_rows < _HOLDOUT_ROWS and plan.n_splits == _FEWEST_SPLITS
    return _SCARCE_SHARE if scarce else _TRIAL_SHARE


def boosting_seconds(shape: Shape) -> float:
    """Return the seconds that boosted trees usually take, one for each class and round.

    Parameters
    ----------
    shape : Shape
        Size of the training rows.
    """
    return _class_factor(shape) * _FIT_SECONDS + _row_seconds(shape) * shape.n_rows


def _usual_seconds(shape: Shape) -> float:
    """Return the seconds of a usual fit: the median over families."""
    return _FIT_SECONDS + _row_seconds(shape) * shape.n_rows


def _rows_within(seconds: float, shape: Shape) -> int:
    """Return the rows, in thousands, that a usual fit takes in so many seconds."""
    return round((seconds - _FIT_SECONDS) / _row_seconds(shape) / 1_000) * 1_000


def _row_seconds(shape: Shape) -> float:
    return _CELL_SECONDS * _class_factor(shape) * max(1, shape.n_columns)


def _class_factor(shape: Shape) -> float:
    return 1.0 + _CLASS_SHARE * max(0, shape.n_classes - 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """One fidelity level.

    Attributes
    ----------
    index : int
        0 is the cheapest.
    row_share : float
        Share of each fold's training rows, in (0, 1].
    n_folds : int
        Folds that are evaluated, from the first on.
    """

    index: int
    row_share: float
    n_folds: int


def plan_rungs(shape: Shape, n_folds: int, *, budget_seconds: float = 0.0) -> tuple[Rung, ...]:
    """Lay out the rungs for a table and a budget.

    Fewer rows are worth a rung where a usual fold with all of them costs a fiftieth of the budget
    or more, and less than half as much with a third of them. On small tables a fit is not much
    quicker with fewer rows, and its score tells little: there configurations start with all rows
    and one fold. Repeats of the folds have no rung of their own: what is clearly behind on some
    folds of the top rung is stopped there. Measured times play no part.

    Parameters
    ----------
    shape : Shape
        Size of the training rows of one fold.
    n_folds : int
        Folds of the top rung.
    budget_seconds : float
        Seconds of the whole run. However long it is, rows are saved as in one of ten minutes.

    Returns
    -------
    tuple of Rung
        From the cheapest to the top. A top rung of a single fold follows the row shares directly.
        With 30 columns, at most two classes and several folds, the row shares of the rungs below
        the top are:

        ============= ================== ================== ======
        training rows 10 s               60 s               10 m
        ============= ================== ================== ======
        3,000         1                  1                  1
        10,000        1/3, 1             1                  1
        50,000        1/27, 1/9, 1/3, 1  1/9, 1/3, 1        1
        200,000       1/27, 1/9, 1/3, 1  1/27, 1/9, 1/3, 1  1/3, 1
        ============= ================== ================== ======
    """
    worth = _RUNG_SHARE * min(budget_seconds, _LONGEST_PLANNED)
    shares = [1.0]
    while len(shares) <= _MAX_ROW_RUNGS:
        fewer = shares[-1] / REDUCTION_FACTOR
        whole, part = (
            _usual_seconds(replace(shape, n_rows=round(shape.n_rows * share)))
            for share in (shares[-1], fewer)
        )
        if shape.n_rows * fewer < _MIN_TRAIN_ROWS or whole < worth or part > whole / 2:
            break
        shares.append(fewer)
    levels = [(share, 1) for share in reversed(shares)]
    if n_folds > 1:
        levels.append((1.0, n_folds))
    return tuple(Rung(index=i, row_share=s, n_folds=f) for i, (s, f) in enumerate(levels))
