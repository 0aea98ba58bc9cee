"""Mutants of tables: the same ones for a seed, and what commands make of them is told."""

from collections.abc import Callable

import click
import pytest
from click.testing import Result

from benchmarks.inputs import inputs
from benchmarks.inputs.mutations import Mutant, mutant


def test_mutants_are_of_many_kinds_and_the_same_for_a_seed() -> None:
    found = [mutant(number, 0, target=True) for number in range(60)]
    assert len({one.name for one in found}) >= 6
    assert {one.n_rows is None for one in found} == {True, False}
    texts = [one for one in found if not one.name.endswith((".gz", ".zip", ".xlsx"))]
    again = [mutant(number, 0, target=True) for number in range(60)]
    assert texts == [one for one in again if one in texts]
    assert mutant(3, 1, target=True).content != found[3].content


def test_commands_end_well_or_in_a_line(bench: Callable[..., Result]) -> None:
    result = bench("inputs", "--tables", 12, "--predictions", 6)
    assert result.exit_code == 0, result.output
    assert "18 mutants: " in result.output


def test_what_must_not_be_is_listed(
    bench: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = Mutant(name="t.csv", content=b"a,b\n1,2\n", changes="none", n_rows=1)
    monkeypatch.setattr(inputs, "mutant", lambda *_, **__: odd)
    monkeypatch.setattr(inputs, "cli", click.Command("other"))  # whose errors are not metatune's
    result = bench("inputs", "--tables", 1, "--predictions", 0)
    assert result.exit_code == 1
    assert "describe 0 (none): unforeseen" in result.output
