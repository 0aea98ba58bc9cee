import numpy as np
import pytest

from metatune.errors import SpaceError
from metatune.space import Choice, Condition, Configuration, Float, Int, SearchSpace

SPACE = SearchSpace(
    algorithm="toy",
    domains={
        "kernel": Choice(("rbf", "linear")),
        "gamma": Float(1e-4, 10.0, log=True),
        "depth": Int(1, 20),
    },
    defaults={"kernel": "linear", "gamma": 0.1, "depth": 5},
    conditions={"gamma": Condition("kernel", ("rbf",))},
)


def test_default_leaves_out_inactive_hyperparameters() -> None:
    assert dict(SPACE.default().params) == {"depth": 5, "kernel": "linear"}


def test_samples_and_mutations_lie_in_the_space() -> None:
    rng = np.random.default_rng(0)
    configuration = SPACE.sample(rng)
    kernels = set()
    for _ in range(300):
        configuration = SPACE.mutate(configuration, rng)
        SPACE.check(configuration)
        SPACE.check(SPACE.sample(rng))
        kernels.add(configuration.params["kernel"])
        assert ("gamma" in configuration.params) == (configuration.params["kernel"] == "rbf")
    assert kernels == {"rbf", "linear"}


def test_a_mutation_changes_something() -> None:
    rng = np.random.default_rng(1)
    start = SPACE.default()
    assert all(SPACE.mutate(start, rng, n_changes=1) != start for _ in range(50))


def test_logarithmic_samples_are_even_on_the_log_scale() -> None:
    domain = Float(1e-4, 1.0, log=True)
    rng = np.random.default_rng(0)
    values = np.log10([domain.sample(rng) for _ in range(2_000)])
    assert abs(values.mean() + 2.0) < 0.1


@pytest.mark.parametrize("domain", [Float(0.5, 8.0), Float(1e-3, 10.0, log=True)])
def test_unit_interval_round_trip(domain: Float) -> None:
    for value in np.linspace(domain.low, domain.high, 7):
        assert domain.from_unit(domain.to_unit(float(value))) == pytest.approx(value, rel=1e-5)


def test_choice_tells_true_from_one() -> None:
    assert Choice((True, False)).contains(True)
    assert not Choice((True, False)).contains(1)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"kernel": "rbf", "depth": 5}, "gamma"),
        ({"kernel": "linear", "depth": 5, "gamma": 0.1}, "gamma"),
        ({"kernel": "linear", "depth": 50}, "depth=50"),
        ({"kernel": "cubic", "depth": 5}, "kernel='cubic'"),
    ],
)
def test_check_names_what_is_wrong(params: dict[str, object], message: str) -> None:
    with pytest.raises(SpaceError, match=message):
        SPACE.check(Configuration(algorithm="toy", params=params))  # type: ignore[arg-type]


def test_key_depends_on_content_alone() -> None:
    one = Configuration(algorithm="a", params={"x": 1, "y": 0.5}, origin="default")
    two = Configuration(algorithm="a", params={"y": 0.5, "x": 1}, origin="random")
    assert one.key == two.key
    assert one == two
    assert hash(one) == hash(two)
    assert one.key != Configuration(algorithm="a", params={"x": 2, "y": 0.5}).key
    # the key is stored in the meta-dataset and in journals: it must never change
    assert Configuration(algorithm="knn", params={"n_neighbors": 5}).key == "e269c4102a72"
