"""Studies of Optuna: encodings go there and back, and a study is what its history says."""

from typing import Any

import pytest

optuna = pytest.importorskip("optuna")

from surfaces import BOWL, SPACES, valley  # noqa: E402

from metatune.samplers.strategies.genetic import N_GENERATION  # noqa: E402
from metatune.samplers.strategies.optuna_study import (  # noqa: E402
    CubeEncoding,
    Encoding,
    FlatEncoding,
    StudyMemory,
    TreeEncoding,
)
from metatune.samplers.strategies.seen import Seen  # noqa: E402
from metatune.space import Configuration  # noqa: E402

OVAL = BOWL.from_values(
    {"x": 0.25, "y": 10.0, "n": 10, "shape": "oval", "tilt": 0.75}, origin="test"
)
ROUND = BOWL.from_values({"x": 0.25, "y": 10.0, "n": 10, "shape": "round", "tilt": 0.1}, "test")
ENCODINGS: list[Encoding] = [
    TreeEncoding(SPACES, "test"),
    FlatEncoding(SPACES, "test"),
    CubeEncoding(BOWL, "test"),
]


def seen(configurations: list[Configuration]) -> list[Seen]:
    return [
        Seen(configuration=c, loss=valley(c), number=number)
        for number, c in enumerate(configurations)
    ]


@pytest.mark.parametrize("configuration", [OVAL, ROUND, BOWL.default()], ids=str)
@pytest.mark.parametrize("encoding", ENCODINGS, ids=lambda e: type(e).__name__)
def test_a_configuration_comes_back_as_it_was(
    encoding: Encoding, configuration: Configuration
) -> None:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    study.enqueue_trial(encoding.parameters(configuration))
    assert encoding.suggest(study.ask()) == configuration


def test_a_tree_names_active_hyperparameters_only() -> None:
    tree = ENCODINGS[0]
    assert "bowl.tilt" in tree.parameters(OVAL)
    assert "bowl.tilt" not in tree.parameters(ROUND)
    assert set(tree.distributions(ROUND)) == set(tree.parameters(ROUND))


def test_a_genome_holds_all_families_those_of_others_with_their_defaults() -> None:
    genome = ENCODINGS[1].parameters(OVAL)
    assert (genome["family"], genome["plate.x"], genome["bowl.x"]) == ("bowl", 0.5, 0.25)


def make_memory(*, keeps_state: bool) -> StudyMemory:
    def sampler(seed: int) -> Any:
        if keeps_state:
            return optuna.samplers.NSGAIISampler(population_size=N_GENERATION, seed=seed)
        return optuna.samplers.TPESampler(n_startup_trials=5, seed=seed)

    encoding = FlatEncoding(SPACES, "test") if keeps_state else TreeEncoding(SPACES, "test")
    return StudyMemory(encoding, sampler, keeps_state=keeps_state)


@pytest.mark.parametrize("keeps_state", [False, True])
def test_what_is_proposed_does_not_depend_on_what_was_asked_before(keeps_state: bool) -> None:
    import numpy as np

    rng = np.random.default_rng(0)
    told = seen([SPACES[name].sample(rng) for name in ("bowl", "plate") * 20])
    used = make_memory(keeps_state=keeps_state)
    for n_told in (3, 20, 33):
        used.ask(told[:n_told], [BOWL.default()], seed=1)
    for n_told in (40, 25):  # further results, and those of another history
        fresh = make_memory(keeps_state=keeps_state)
        wanted = fresh.ask(told[:n_told], [], seed=7)
        assert used.ask(told[:n_told], [], seed=7) == wanted


def test_studies_are_made_without_a_word(capfd: pytest.CaptureFixture[str]) -> None:
    before = optuna.logging.get_verbosity()
    make_memory(keeps_state=False).ask(seen([OVAL, ROUND]), [], seed=0)
    assert capfd.readouterr() == ("", "")
    assert optuna.logging.get_verbosity() == before


def test_later_generations_are_bred_from_the_best_of_earlier_ones() -> None:
    import numpy as np

    rng = np.random.default_rng(0)
    told = seen([BOWL.sample(rng) for _ in range(2 * N_GENERATION)])
    memory = make_memory(keeps_state=True)
    bred = [memory.ask(told, [], seed=seed) for seed in range(40)]
    drawn = [BOWL.sample(rng) for _ in range(40)]
    assert np.mean([valley(c) for c in bred]) < np.mean([valley(c) for c in drawn])


def test_the_genetic_algorithm_breeds_towards_the_front_of_two_objectives() -> None:
    # Whatever x is, both objectives are best where y is at its lower end.
    domain = BOWL.domains["y"]

    def height(configuration: Configuration) -> float:
        return domain.to_unit(configuration.params["y"])

    def told(number: int, configuration: Configuration) -> Seen:
        x, y = float(configuration.params["x"]), height(configuration)  # type: ignore[arg-type]
        return Seen(configuration=configuration, loss=x + y, number=number, costs=(1.0 - x + y,))

    memory = StudyMemory(
        FlatEncoding({"bowl": BOWL}, "test"),
        lambda seed: optuna.samplers.NSGAIISampler(population_size=N_GENERATION, seed=seed),
        keeps_state=True,
    )
    found: list[Seen] = []
    for number in range(6 * N_GENERATION):
        found.append(told(number, memory.ask(found, (), seed=number)))
    first, last = found[:N_GENERATION], found[-N_GENERATION:]
    mean = [sum(height(seen.configuration) for seen in part) / len(part) for part in (first, last)]
    assert mean[1] < 0.5 * mean[0]
    x = [float(seen.configuration.params["x"]) for seen in last]  # type: ignore[arg-type]
    assert max(x) - min(x) > 0.3  # the front is not a point
