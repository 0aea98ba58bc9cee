"""Past evaluations as arrays."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from made_up_past import CONSTANT, FAIR, GOOD, POOR, make_metadata, score_of

from metatune.errors import MetadataError
from metatune.kinds import TaskKind
from metatune.metadataset.schema import constant_column, score_column
from metatune.metadataset.store import MetaDataset
from metatune.recommender.levels import TOP
from metatune.recommender.losses import FAILED, log_share, share_of_log
from metatune.recommender.past import MAX_REGRET, Past, collect_past, normalised_regret


def evaluated(**changes: object) -> MetaDataset:
    """One dataset and one configuration at one rung, with changes to that evaluation."""
    metadata = make_metadata(1, kinds=(TaskKind.BINARY,), families=("linear",))
    row: dict[Any, Any] = {
        **metadata.evaluations.iloc[1].to_dict(),
        score_column("roc_auc"): [0.9, 0.8, 0.7],
        **changes,
    }
    return with_evaluations(metadata, [row])


def with_evaluations(metadata: MetaDataset, rows: list[dict[Any, Any]]) -> MetaDataset:
    return MetaDataset(
        datasets=metadata.datasets,
        configurations=metadata.configurations,
        evaluations=pd.DataFrame(rows),
        manifest={},
    )


def shares(metadata: MetaDataset, metric: str = "roc_auc") -> np.ndarray:
    return np.asarray(share_of_log(collect_past(metadata, TaskKind.BINARY, metric).values)[0, 0])


def test_everything_lies_where_it_belongs() -> None:
    past = collect_past(make_metadata(), TaskKind.BINARY, "roc_auc")
    assert past.names == tuple(f"binary-{i}" for i in range(12))
    assert past.families[:3] == ("binary-family-0", "binary-family-0", "binary-family-1")
    assert [c.algorithm for c in past.configurations[:2]] == ["linear", "knn"]
    np.testing.assert_array_equal(past.sizes[1], [600, 6, 2])
    assert past.features[:, 0] == pytest.approx([(-1) ** i * (1 + i / 40) for i in range(12)])
    top = share_of_log(past.values[:, :, TOP])
    np.testing.assert_allclose(top[::2], np.tile([GOOD, FAIR, POOR, POOR], (6, 1)), rtol=0.06)
    np.testing.assert_allclose(top[1::2], np.tile([FAIR, GOOD, POOR, POOR], (6, 1)), rtol=0.06)
    np.testing.assert_array_equal(past.regret.argmin(axis=1), [0, 1] * 6)


def test_all_folds_give_the_top_and_the_first_of_them_the_level_below() -> None:
    found = shares(evaluated())
    assert found[TOP] == pytest.approx(0.4)
    assert found[TOP - 1] == pytest.approx(0.2)
    assert np.isnan(found[: TOP - 1]).all()


@pytest.mark.parametrize(("row_share", "level"), [(1 / 9, 0), (1 / 3, 1), (1.0, 2)])
def test_one_fold_gives_the_level_of_its_rows(row_share: float, level: int) -> None:
    scores = {score_column("roc_auc"): [0.75]}
    found = shares(evaluated(row_share=row_share, n_folds=1, **scores))
    assert found[level] == pytest.approx(0.5)
    assert np.isnan(np.delete(found, level)).all()


def test_what_failed_below_has_failed_above() -> None:
    metadata = evaluated(status="timed out", row_share=1 / 3, n_folds=1)
    values = collect_past(metadata, TaskKind.BINARY, "roc_auc").values[0, 0]
    np.testing.assert_array_equal(values[1:], FAILED)
    assert np.isnan(values[0])


def test_a_failed_trial_costs_nothing_that_could_be_learned_from() -> None:
    metadata = evaluated(status="failed")
    assert len(collect_past(metadata, TaskKind.BINARY, "roc_auc").times.seconds) == 0


def test_folds_without_a_score_are_left_out() -> None:
    scores = {score_column("roc_auc"): [np.nan, 0.8, 0.7]}
    found = shares(evaluated(**scores))
    assert found[TOP] == pytest.approx(0.5)
    assert np.isnan(found[TOP - 1])


def test_without_a_constant_nothing_can_be_told() -> None:
    metadata = evaluated()
    metadata.datasets[constant_column("roc_auc")] = 1.0
    assert np.isnan(shares(metadata)).all()


def test_a_metric_that_was_not_recorded_is_represented_by_the_default() -> None:
    metadata = make_metadata(4)
    found = collect_past(metadata, TaskKind.BINARY, "f1")
    default = collect_past(metadata, TaskKind.BINARY, "roc_auc")
    np.testing.assert_array_equal(found.values, default.values)


def test_binary_and_multiclass_datasets_are_used_together() -> None:
    metadata = make_metadata(4, kinds=(TaskKind.BINARY, TaskKind.MULTICLASS))
    past = collect_past(metadata, TaskKind.MULTICLASS, "accuracy")
    assert len(past.names) == 8
    assert len(past.configurations) == 4
    assert np.isfinite(past.values[:, :, TOP]).all()


def test_every_metric_is_read_in_its_own_sign() -> None:
    metadata = make_metadata(4)
    for kind, metric in [(TaskKind.REGRESSION, m) for m in ("rmse", "mae", "r2")] + [
        (TaskKind.BINARY, "log_loss")
    ]:
        best = share_of_log(collect_past(metadata, kind, metric).values[0, 0, TOP])
        assert best == pytest.approx(GOOD, rel=0.06)
    assert score_of(1.0, "rmse") == CONSTANT["rmse"]


def test_times_are_those_of_one_fold() -> None:
    past = collect_past(make_metadata(2), TaskKind.BINARY, "roc_auc")
    times = past.times
    first = (times.dataset == 1) & (times.configuration == 2)
    np.testing.assert_allclose(times.sizes[first], np.array([[600 * 2 / 9, 6, 2], [400, 6, 2]]))
    np.testing.assert_allclose(times.seconds[first], 1e-3 * 9 * np.array([600 * 2 / 9, 400]))


def test_datasets_are_left_out_with_their_times() -> None:
    past = collect_past(make_metadata(4), TaskKind.BINARY, "roc_auc")
    rest = past.without(np.array([False, True, False, False]))
    assert rest.names == ("binary-0", "binary-2", "binary-3")
    np.testing.assert_array_equal(rest.values, past.values[[0, 2, 3]])
    assert len(rest.times.seconds) == len(past.times.seconds) * 3 // 4
    assert set(rest.times.dataset) == {0, 1, 2}
    kept = past.times.dataset == 3
    np.testing.assert_array_equal(
        rest.times.seconds[rest.times.dataset == 2], past.times.seconds[kept]
    )


def test_a_kind_without_any_past_says_so() -> None:
    metadata = make_metadata(2, kinds=(TaskKind.BINARY,))
    with pytest.raises(MetadataError, match="holds no regression datasets"):
        collect_past(metadata, TaskKind.REGRESSION, "rmse")


def test_regret_is_zero_for_the_best_and_one_for_the_median() -> None:
    loss = np.array([[1.0, 2.0, 3.0, 100.0, np.inf], [5.0, 5.0, 5.0, 5.0, np.nan]])
    regret = normalised_regret(loss)
    np.testing.assert_allclose(regret[0], [0.0, 1 / 1.5, 2 / 1.5, MAX_REGRET, MAX_REGRET])
    np.testing.assert_array_equal(regret[1, :4], 0.0)
    assert np.isnan(regret[1, 4])
    assert np.isnan(normalised_regret(np.full((1, 3), np.nan))).all()


def test_regret_of_a_past_is_that_of_its_shares() -> None:
    past = collect_past(make_metadata(2), TaskKind.BINARY, "roc_auc")
    values = log_share(np.array([[0.1, 0.2, 0.3, np.nan], [0.3, 0.1, 0.2, 0.2]]))
    changed = Past(
        **{name: getattr(past, name) for name in past.__dataclass_fields__ if name != "values"},
        values=np.repeat(values[:, :, None], TOP + 1, axis=2),
    )
    np.testing.assert_allclose(
        changed.regret, [[0.0, 1.0, 2.0, np.nan], [2.0, 0.0, 1.0, 1.0]], atol=1e-9
    )
