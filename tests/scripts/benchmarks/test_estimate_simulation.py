"""The honest estimate on made-up members whose true scores are known."""

import numpy as np
import pytest

from benchmarks.estimate.simulation import Setting, simulate

SETTINGS = [
    Setting(metric="roc_auc", n_rows=120, n_members=20),
    Setting(metric="log_loss", n_rows=120, n_members=20),
    Setting(metric="rmse", n_rows=120, n_members=20, ensemble=True),
    Setting(metric="rmse", n_rows=200, n_members=10, group_size=5),
]


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_honest_where_the_optimistic_score_is_not(setting: Setting) -> None:
    found = simulate(setting, 60, n_bootstraps=60)
    assert len(found) == 60
    sign = 1.0 if setting.metric == "roc_auc" else -1.0
    honest = sign * np.array([one.estimate.score - one.truth for one in found])
    optimistic = sign * np.array([one.estimate.optimistic - one.truth for one in found])
    error = honest.std(ddof=1) / np.sqrt(len(found))
    assert optimistic.mean() > 5 * error  # the best of many flatters itself
    assert abs(honest.mean()) < 4 * error
    assert abs(honest.mean()) < 0.3 * optimistic.mean()
    # 95 % asked; with 60 simulations fewer than 87 % would be a surprise of one in a hundred
    assert np.mean([one.covered for one in found]) >= 0.87
