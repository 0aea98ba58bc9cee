"""Rounds of boosting that find no split, in scripts."""

import lightgbm
import numpy as np
import pytest

from metatune.algorithms.learners.lightgbm_model import LightGBMRegressor
from metatune.reporting.code.parts.boosting import WithRounds


@pytest.mark.filterwarnings("ignore")
def test_rounds_without_a_split_are_made_up_for() -> None:
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.normal(size=60), np.ones((60, 3))])
    y = X[:, 0] + rng.normal(scale=0.1, size=60)
    # A round that draws columns without different values finds no split.
    params = {
        "learning_rate": 0.3,
        "min_child_samples": 5,
        "extra_trees": True,
        "min_split_gain": 0.3,
        "num_leaves": 3,
    }
    theirs = LightGBMRegressor(params, iterations=30, seed=4).fit(X, y)
    settings = dict(theirs.settings(y))
    for name in ("objective", "metric", "seed", "num_threads", "verbosity"):
        settings.pop(name)
    plain = lightgbm.LGBMRegressor(
        n_estimators=theirs.n_trees, random_state=4, n_jobs=1, verbosity=-1, **settings
    )
    ours = WithRounds(plain).fit(X, y)
    assert ours.model.booster_.num_trees() == theirs.n_trees
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
    assert plain.n_estimators == theirs.n_trees
    assert plain.fit(X, y).booster_.num_trees() < theirs.n_trees
