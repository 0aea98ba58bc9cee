from dataclasses import replace

import numpy as np
import pytest

from metatune.errors import SpaceError
from metatune.space import Choice, Condition, Configuration, Float, Int, SearchSpace, Value

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
def test_check_names_what_is_wrong(params: dict[str, Value], message: str) -> None:
    with pytest.raises(SpaceError, match=message):
        SPACE.check(Configuration(algorithm="toy", params=params))


class TestNeutral:
    """A hyperparameter that joined later, and configurations that do not know it."""

    space = replace(
        SPACE,
        domains={**SPACE.domains, "crossing": Choice(("none", "some"))},
        defaults={**SPACE.defaults, "crossing": "none"},
        neutral={"crossing": "none"},
    )

    def test_the_default_stays_the_same_configuration(self) -> None:
        assert self.space.default().key == SPACE.default().key

    def test_values_without_it_and_with_it(self) -> None:
        old: dict[str, Value] = {"kernel": "linear", "depth": 3, "gamma": 0.1}
        assert self.space.from_values(old, "") == SPACE.from_values(old, "")
        assert self.space.from_values({**old, "crossing": "none"}, "") == SPACE.from_values(old, "")
        some = self.space.from_values({**old, "crossing": "some"}, "")
        assert dict(some.params) == {"kernel": "linear", "depth": 3, "crossing": "some"}

    def test_check_takes_configurations_with_and_without_it(self) -> None:
        known: dict[str, Value] = {"kernel": "linear", "depth": 5}
        extras: list[dict[str, Value]] = [{}, {"crossing": "none"}, {"crossing": "some"}]
        for extra in extras:
            self.space.check(Configuration(algorithm="toy", params=known | extra))
        for odd, message in (
            (Configuration(algorithm="toy", params=known | {"crossing": "all"}), "crossing='all'"),
            (Configuration(algorithm="toy", params={"kernel": "linear"}), "depth"),
        ):
            with pytest.raises(SpaceError, match=message):
                self.space.check(odd)

    def test_mutations_reach_it_and_come_back(self) -> None:
        rng = np.random.default_rng(0)
        configuration, ways = SPACE.default(), set()
        for _ in range(100):
            mutated = self.space.mutate(configuration, rng, n_changes=1)
            self.space.check(mutated)
            assert mutated != configuration
            ways.add(("crossing" in configuration.params, "crossing" in mutated.params))
            assert mutated.params.get("crossing") != "none"
            configuration = mutated
        assert ways == {(False, False), (False, True), (True, False), (True, True)}

    def test_completed(self) -> None:
        assert self.space.completed(SPACE.default()) == {
            "kernel": "linear",
            "depth": 5,
            "crossing": "none",
        }


def test_key_depends_on_content_alone() -> None:
    one = Configuration(algorithm="a", params={"x": 1, "y": 0.5}, origin="default")
    two = Configuration(algorithm="a", params={"y": 0.5, "x": 1}, origin="random")
    assert one.key == two.key
    assert one == two
    assert hash(one) == hash(two)
    assert one.key != Configuration(algorithm="a", params={"x": 2, "y": 0.5}).key
    # the key is stored in the meta-dataset and in journals: it must never change
    assert Configuration(algorithm="knn", params={"n_neighbors": 5}).key == "e269c4102a72"
