"""Catalogue of strategies: which can be used, and what is said of those that cannot."""

from importlib.machinery import ModuleSpec

import pytest

from metatune.errors import OptionError
from metatune.samplers import catalogue
from metatune.samplers.catalogue import CATALOGUE, StrategyFacts, StrategyName, read_strategy


def test_every_name_has_its_facts() -> None:
    assert list(CATALOGUE) == list(StrategyName)
    for name, facts in CATALOGUE.items():
        assert facts.name is name
        assert facts.about
        assert facts.paper
        assert facts.tried_on in ("all folds", "rungs")
        assert bool(facts.install) == bool(facts.packages)


def test_a_name_is_read() -> None:
    assert read_strategy("random", cold_start=True) is StrategyName.RANDOM
    assert read_strategy("metatune") is StrategyName.METATUNE


def test_an_unknown_name_is_told_near_ones_or_all() -> None:
    with pytest.raises(OptionError, match=r"no strategy 'randon': did you mean 'random'"):
        read_strategy("randon")
    with pytest.raises(OptionError, match=r"no strategy 'zzz': choose from metatune, .*, narrow"):
        read_strategy("zzz")


def test_a_missing_package_is_named_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def nothing_installed(name: str) -> ModuleSpec | None:
        return None

    monkeypatch.setattr(catalogue, "find_spec", nothing_installed)
    wanted = r"strategy 'tpe' needs the package optuna: pip install 'metatune\[optuna\]'"
    with pytest.raises(OptionError, match=wanted):
        read_strategy("tpe")
    with pytest.raises(OptionError, match=r"needs the packages optuna and cmaes: pip install"):
        read_strategy("cmaes")
    assert read_strategy("gp") is StrategyName.GP


@pytest.mark.parametrize("facts", CATALOGUE.values(), ids=lambda facts: facts.name)
def test_what_consists_of_advice_has_no_cold_start(facts: StrategyFacts) -> None:
    if facts.needs_advice:
        with pytest.raises(OptionError, match="has no cold start"):
            read_strategy(facts.name, cold_start=True)
    elif not facts.missing:
        assert read_strategy(facts.name, cold_start=True) is facts.name


def test_strategies_that_handle_one_objective_say_so_in_a_line() -> None:
    for facts in CATALOGUE.values():
        if facts.missing:
            continue
        if facts.several_objectives:
            assert read_strategy(facts.name, several=True) is facts.name
        else:
            with pytest.raises(OptionError, match="use 'metatune' or 'genetic'"):
                read_strategy(facts.name, several=True)
