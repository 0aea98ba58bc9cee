"""The recommender on a made-up past in which the right answer is known."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from made_up_past import CONSTANT, FAIR, GOOD, POOR, features_of, make_metadata, score_of

from metatune.algorithms.registry import ALGORITHMS
from metatune.data.encoding.fingerprint import Fingerprint
from metatune.data.encoding.shape import Shape
from metatune.kinds import TaskKind
from metatune.recommender.forecast import Forecast
from metatune.recommender.levels import LEVELS, TOP
from metatune.recommender.meta_model import MetaModel
from metatune.recommender.past import collect_past
from metatune.recommender.rank import Question, recommend_configurations, standing_out
from metatune.recommender.recommendation import Recommendations

METADATA = make_metadata(40, families=("linear", "lightgbm", "knn"))


@pytest.fixture(scope="module")
def auc() -> MetaModel:
    return MetaModel.fit(collect_past(METADATA, TaskKind.BINARY, "roc_auc"))


@pytest.fixture(scope="module")
def rmse() -> MetaModel:
    return MetaModel.fit(collect_past(METADATA, TaskKind.REGRESSION, "rmse"))


def ask(
    model: MetaModel, first: float, budget_seconds: float = 600.0, **changes: Any
) -> tuple[Recommendations, Forecast]:
    question = Question(
        features=features_of(first),
        shape=Shape(n_rows=400, n_columns=6, n_classes=2),
        n_folds=3,
        metric="roc_auc",
        constant=CONSTANT["roc_auc"],
        algorithms=ALGORITHMS,
    )
    return recommend_configurations(replace(question, **changes), model, budget_seconds)


@pytest.mark.parametrize(("first", "winner"), [(1.2, "linear"), (-1.2, "lightgbm")])
def test_the_winner_on_similar_datasets_comes_first(
    auc: MetaModel, first: float, winner: str
) -> None:
    answer, _ = ask(auc, first)
    assert [r.rank for r in answer.ranked] == [1, 2, 3]
    assert answer.ranked[0].configuration.algorithm == winner
    assert answer.ranked[0].configuration.origin == "portfolio"
    assert answer.ranked[0].expected_regret < 0.3
    assert {n.best.algorithm for n in answer.neighbours} == {winner}
    assert answer.n_datasets == 40
    assert answer.excluded == ()


def test_a_short_budget_prefers_the_cheap(auc: MetaModel) -> None:
    # at so many rows the dear one, four times as slow, would eat the whole budget
    large = Shape(n_rows=20_000, n_columns=6, n_classes=2)
    dear, _ = ask(auc, -1.2, budget_seconds=5.0, shape=large)
    assert dear.ranked[0].configuration.algorithm == "linear"
    assert dear.ranked[0].expected_seconds < dear.ranked[1].expected_seconds
    patient, _ = ask(auc, -1.2, budget_seconds=1e6, shape=large)
    assert patient.ranked[0].configuration.algorithm == "lightgbm"


def test_expected_seconds_are_those_of_all_folds(auc: MetaModel) -> None:
    answer, forecast = ask(auc, 1.2)
    of_family = {r.configuration.algorithm: r.expected_seconds for r in answer.ranked}
    assert of_family["linear"] == pytest.approx(3 * 0.4, rel=0.15)
    assert of_family["knn"] == pytest.approx(3 * 0.4 * 9, rel=0.15)
    levels = np.exp(forecast.log_seconds)
    np.testing.assert_allclose(levels[:, TOP], 3 * levels[:, TOP - 1])
    np.testing.assert_allclose(levels[:, 0] / levels[:, 2], LEVELS[0], rtol=0.15)


def test_only_usable_algorithms_are_recommended(auc: MetaModel) -> None:
    answer, forecast = ask(auc, 1.2, algorithms={"knn": ALGORITHMS["knn"]})
    assert [r.configuration.algorithm for r in answer.ranked] == ["knn"]
    assert {n.best.algorithm for n in answer.neighbours} == {"knn"}
    assert [c.algorithm for c in forecast.configurations] == ["knn"]
    assert forecast.regret.shape == (40, 1)
    assert forecast.belief.means.shape[1] == forecast.n_levels == len(LEVELS)


def test_families_that_the_pool_has_not_leave_an_empty_list(auc: MetaModel) -> None:
    answer, forecast = ask(auc, 1.2, algorithms={"svm": ALGORITHMS["svm"]})
    assert answer.ranked == ()
    assert forecast.configurations == ()
    assert answer.neighbours


def test_the_same_data_and_its_family_are_left_out(auc: MetaModel) -> None:
    own = Fingerprint.parse("104:00000004,binary")
    answer, forecast = ask(auc, 1.2, fingerprint=own)
    assert answer.excluded == ("binary-4", "binary-5")
    assert answer.n_datasets == len(forecast.weights) == len(forecast.regret) == 38
    assert forecast.weights.sum() == pytest.approx(1.0)
    assert not {"binary-4", "binary-5"} & {n.dataset for n in answer.neighbours}
    stranger = Fingerprint.parse("104:ffffffff,gggggggg")
    assert ask(auc, 1.2, fingerprint=stranger)[0].excluded == ()


def test_a_familiar_dataset_is_judged_by_its_neighbours(auc: MetaModel) -> None:
    answer, forecast = ask(auc, 1.2)
    assert answer.familiarity > 0.2
    assert forecast.weights[::2].sum() > 0.7  # blends that do equally well are averaged
    similar = [n.similarity for n in answer.neighbours]
    assert similar == sorted(similar, reverse=True)
    assert similar[0] == pytest.approx(forecast.weights.max())


def test_nothing_is_called_similar_where_all_weights_are_alike(auc: MetaModel) -> None:
    answer, _ = ask(auc, 1.2, alike=True)
    assert answer.neighbours == ()


def test_similar_are_those_with_much_more_than_their_share_of_the_weight() -> None:
    even = np.full(100, 0.01)
    one, little, tied = even.copy(), even.copy(), even.copy()
    one[[7, 3]] = 0.24, 0.05
    little[[1, 2, 3]] = 0.021, 0.022, 0.02  # twice their share, and still next to nothing
    tied[:8] = 0.03
    assert standing_out(even).tolist() == []
    assert standing_out(one).tolist() == [7, 3]
    assert standing_out(little).tolist() == []
    assert standing_out(tied).tolist() == []
    assert standing_out(np.zeros(0)).tolist() == []


def test_the_list_of_similar_datasets_does_not_end_in_a_tie(auc: MetaModel) -> None:
    answer, forecast = ask(auc, 1.2)
    last = answer.neighbours[-1].similarity
    tied = np.isclose(forecast.weights, last, rtol=1e-4).sum()
    named = sum(np.isclose(n.similarity, last, rtol=1e-4) for n in answer.neighbours)
    assert named == tied


def test_where_nothing_is_familiar_all_past_datasets_count_alike(auc: MetaModel) -> None:
    answer, forecast = ask(auc, 40.0)
    assert answer.familiarity == 0.0
    np.testing.assert_allclose(forecast.weights, 1 / 40)
    own = Fingerprint.parse("104:00000004,binary")
    np.testing.assert_allclose(ask(auc, 40.0, fingerprint=own)[1].weights, 1 / 38)


def test_all_past_datasets_count_alike_if_asked_to(auc: MetaModel) -> None:
    one, forecast = ask(auc, 1.2, alike=True)
    other, _ = ask(auc, -1.2, alike=True)
    assert np.ptp(forecast.weights) == 0
    assert [r.configuration for r in one.ranked] == [r.configuration for r in other.ranked]


def test_scores_are_expected_within_their_intervals(auc: MetaModel) -> None:
    answer, _ = ask(auc, 1.2)
    for r in answer.ranked:
        low, high = r.score_interval
        assert low < r.expected_score < high <= 1.0
    of_family = {r.configuration.algorithm: r.expected_score for r in answer.ranked}
    for family, share in (("linear", GOOD), ("lightgbm", FAIR), ("knn", POOR)):
        assert of_family[family] == pytest.approx(score_of(share, "roc_auc"), abs=0.03)


def test_scores_come_in_the_metrics_own_sign(rmse: MetaModel) -> None:
    answer, _ = ask(rmse, 1.2, metric="rmse", constant=20.0)
    best = answer.ranked[0]
    assert best.configuration.algorithm == "linear"
    assert best.expected_score == pytest.approx(20.0 * GOOD, rel=0.25)
    assert 0.0 <= best.score_interval[0] < best.expected_score < best.score_interval[1]


def test_scores_scale_with_the_constant_of_the_dataset(rmse: MetaModel) -> None:
    one, _ = ask(rmse, 1.2, metric="rmse", constant=20.0)
    ten, _ = ask(rmse, 1.2, metric="rmse", constant=200.0)
    assert ten.ranked[0].expected_score == pytest.approx(10 * one.ranked[0].expected_score)


def test_the_known_scores_lie_in_their_intervals_as_often_as_promised(auc: MetaModel) -> None:
    past = collect_past(METADATA, TaskKind.BINARY, "roc_auc")
    inside = []
    for row in range(0, 40, 4):
        answer, _ = ask(
            auc, float(past.features[row, 0]), fingerprint=Fingerprint.parse(past.fingerprints[row])
        )
        evaluations = METADATA.evaluations.set_index(["dataset", "configuration", "rung"])
        for r in answer.ranked:
            at = past.names[row], r.configuration.key, 1
            folds: Any = evaluations.loc[at, "score:roc_auc"]
            score = np.mean(folds)
            inside.append(r.score_interval[0] <= score <= r.score_interval[1])
    assert 0.6 < np.mean(inside) < 0.97


@pytest.mark.parametrize("changes", [{"metric": "f1"}, {"constant": float("nan")}])
def test_what_cannot_be_told_is_not(auc: MetaModel, changes: dict[str, Any]) -> None:
    answer, _ = ask(auc, 1.2, **changes)
    assert answer.ranked[0].configuration.algorithm == "linear"
    for r in answer.ranked:
        assert np.isnan([r.expected_score, *r.score_interval]).all()
