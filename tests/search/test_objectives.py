"""Objectives as users give them: what is understood, and what is refused in a line."""

import pytest

from metatune.errors import OptionError
from metatune.evaluation.trial import TrialResult
from metatune.search.objectives import COSTS, Objectives, read_objectives


def test_a_metric_and_costs_are_read_in_their_order() -> None:
    found = read_objectives(["roc_auc", "predict_seconds", "model_bytes"])
    assert found == Objectives(metric="roc_auc", costs=("predict_seconds", "model_bytes"))
    assert found.names == ("roc_auc", "predict_seconds", "model_bytes")
    assert found.preferred is None
    assert found.measured == ("predict_seconds",)


@pytest.mark.parametrize("names", [[], ["roc_auc"]])
def test_a_metric_alone_is_no_objective_beyond_the_usual(names: list[str]) -> None:
    assert read_objectives(names) is None


@pytest.mark.parametrize(("prefer", "place"), [("rmse", 0), ("model_bytes", 1)])
def test_one_of_them_may_be_preferred(prefer: str, place: int) -> None:
    found = read_objectives(["rmse", "model_bytes"], prefer)
    assert found is not None
    assert found.preferred == place


REFUSED = {
    "only costs": (["predict_seconds", "model_bytes"], None, ["is a cost", "like roc_auc"]),
    "a single cost": (["model_bytes"], None, ["'model_bytes' is a cost"]),
    "a cost before the metric": (["latency", "rmse"], None, ["'latency' is a cost", "like rmse"]),
    "a near name": (["rmse", "predict_second"], None, ["did you mean 'predict_seconds'"]),
    "a strange name": (["rmse", "beauty"], None, ["'beauty'", "predict_seconds, latency"]),
    "a second metric": (["rmse", "mae"], None, ["'mae' is no cost"]),
    "a cost twice": (["rmse", "latency", "latency"], None, ["'latency'", "twice"]),
    "the metric twice": (["rmse", "rmse"], None, ["'rmse'", "twice"]),
    "a preference among one": (["rmse"], "rmse", ["'rmse'", "there are none"]),
    "a preference without any": ([], "latency", ["'latency'", "there are none"]),
    "another preference": (["rmse", "latency"], "model_bytes", ["they are rmse, latency"]),
    "a near preference": (["rmse", "latency"], "latncy", ["did you mean 'latency'"]),
}


@pytest.mark.parametrize(("names", "prefer", "words"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_is_refused_in_a_line(
    names: list[str], prefer: str | None, words: list[str]
) -> None:
    with pytest.raises(OptionError) as refused:
        read_objectives(names, prefer)
    said = str(refused.value)
    assert "\n" not in said
    assert [word for word in words if word not in said] == []


def test_costs_are_figures_of_trials() -> None:
    fields = TrialResult.__dataclass_fields__
    assert all(name in fields and cost.name == name for name, cost in COSTS.items())


def test_costs_are_told_with_their_units() -> None:
    assert COSTS["model_bytes"].in_words(2_500_000) == "2.5 MB"
    assert COSTS["latency"].in_words(0.0021) == "2.1 ms"
