"""Tables with more rows than families take."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from metatune.api import recommend_for
from metatune.budget import Budget, Timings
from metatune.data.task.make_task import make_task
from metatune.errors import OptionError
from metatune.kinds import TaskKind
from metatune.recommender.advice import accepted_rows
from metatune.tuning.options import TuneOptions
from metatune.tuning.prepare import prepare


def test_the_family_that_takes_most_counts() -> None:
    assert accepted_rows(TaskKind.REGRESSION, 100, include=("svm", "knn")) == 30_000
    assert accepted_rows(TaskKind.REGRESSION, 100, include=("svm",)) == 12_000
    assert accepted_rows(TaskKind.REGRESSION, 20) == 7_500_000


def test_what_no_family_takes_at_any_length_is_not_cut() -> None:
    assert accepted_rows(TaskKind.REGRESSION, 3_000, include=("knn",)) == math.inf
    assert accepted_rows(TaskKind.REGRESSION, 3, include=("naive_bayes",)) == math.inf
    with pytest.raises(OptionError, match="there is no algorithm"):
        accepted_rows(TaskKind.REGRESSION, 3, include=("no_such",))


def test_a_table_of_more_rows_than_the_family_takes_has_recommendations() -> None:
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(20_000, 3)), columns=list("aby"))
    advice = recommend_for(make_task(table, target="y"), budget=60.0, include=("svm",))
    assert {r.configuration.algorithm for r in advice.recommendations.ranked} == {"svm"}
    assert len(advice.recommendations.ranked) > 1


def test_a_recommendation_is_for_the_rows_that_a_fit_would_use(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(17_000, 3)), columns=list("aby"))
    task = make_task(table, target="y")
    options = TuneOptions(budget=Budget(seconds=60.0), include=("svm",))
    fitted = prepare(task, options, tmp_path, Timings())
    advice = recommend_for(task, budget=60.0, include=("svm",))
    n_rows = advice.features.values["NumberOfInstances"]
    assert n_rows == fitted.data.task.n_rows < 17_000
