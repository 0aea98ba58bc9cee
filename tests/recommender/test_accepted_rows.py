"""Tables with more rows than families take."""

import math

import numpy as np
import pandas as pd
import pytest

from metatune.api import recommend_for
from metatune.data.task.make_task import make_task
from metatune.errors import OptionError
from metatune.kinds import TaskKind
from metatune.recommender.advice import accepted_rows


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
