"""Study of tuning methods: what is raced, and what the tables tell."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from benchmarks.races.strategies.tables import methods_of, tables_of
from benchmarks.races.variants import VARIANTS


def run(table: str, strategy: str, score: float, budget: float = 30.0) -> dict[str, Any]:
    return {
        "version": 1,
        "table": table,
        "strategy": strategy,
        "budget": budget,
        "seed": 0,
        "metadata": "x",
        "family": table,
        "kind": "binary",
        "rows": 300,
        "score": score,
        "single": score,
        "constant": 0.5,
        "greater_is_better": True,
        "cross_validated": score,
        "cross_validated_constant": 0.5,
        "trajectory": [[2.0, 0, (score + 0.5) / 2], [5.0, 1, score]],
    }


def make_runs() -> list[dict[str, Any]]:
    """Warm TPE is half as good as the default but on one table, and cold TPE a quarter of it."""
    found = []
    for i in range(5):
        warm = 0.95 if i == 0 else 0.7
        scores = {"metatune": 0.9, "prior": 0.9, "tpe-warm": warm, "tpe-cold": 0.6}
        found += [run(f"t{i}", name, score) for name, score in scores.items()]
    return found


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    path = tmp_path / "runs.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in make_runs()), encoding="utf-8")
    return path


def test_a_method_has_a_warm_variant_and_where_it_can_a_cold_one() -> None:
    methods = {method.name: method for method in methods_of(set(VARIANTS) - {"random"})}
    assert methods["prior"].warm == "prior"
    assert methods["prior"].cold is None
    assert (methods["tpe"].warm, methods["tpe"].cold) == ("tpe-warm", "tpe-cold")
    n_cold = sum(method.cold is not None for method in methods.values())
    assert len(methods) + n_cold == len(VARIANTS) - 1


def test_tables_tell_warm_from_cold_and_both_from_the_default() -> None:
    text = tables_of(make_runs())
    assert "### 30 s: 5 tables" in text
    (line,) = [line for line in text.splitlines() if line.startswith("| tpe | 0")]
    cells = [cell.strip() for cell in line.split("|")[1:-1]]
    # on t0 the scale ends at warm TPE: 1 and .1 / .45; elsewhere at the default: .5 and .25
    assert cells[1].startswith("0.600 (")
    assert cells[2].startswith("0.244 (")
    assert cells[3:9] == ["2.6", "4.0", "5 : 0", "0.062", "4 : 1", "0.375"]
    (own,) = [line for line in text.splitlines() if line.startswith("| **metatune** ")]
    assert own.endswith("|  |  |  |  |  |"), "the default meets neither itself nor a cold variant"
    assert "100% of the tables that differ" in text
    assert "after 3 s | after 6 s | after 15 s | after 30 s |" in text
    (early,) = [line for line in text.splitlines() if line.startswith("| tpe | 5")]
    assert early == "| tpe | 5 : 0 | 5 : 0 | 5 : 0 | 5 : 0 |"
    assert "60 % and more for 1 of 1 methods" in text
    assert "None is above metatune." in text
    assert "| t0 | binary | 300 | tpe-warm | 0.111 | 2.5 of 4 |" in text


def test_what_is_better_in_the_mean_is_named() -> None:
    better = [run(f"t{i}", "gp-warm", 0.96) for i in range(5)]
    better += [run(f"t{i}", "gp-cold", 0.8) for i in range(5)]
    assert "In the mean above metatune: gp-warm." in tables_of(make_runs() + better)


def test_tables_that_some_have_not_run_are_left_out() -> None:
    assert "### 30 s: 5 tables" in tables_of([*make_runs(), run("u", "metatune", 0.9)])
    assert tables_of([run("u", "metatune", 0.9), run("t", "prior", 0.9)]) == ""
    longer = [run("t1", name, 0.9, 120.0) for name in ("metatune", "tpe-warm", "tpe-cold")]
    assert "### 120 s: 1 tables" in tables_of(make_runs() + longer)


def test_a_failed_run_counts_as_the_constant() -> None:
    runs = make_runs()
    failed = {name: runs[-1][name] for name in ("table", "strategy", "budget", "seed")}
    text = tables_of([*runs[:-1], failed | {"error": "hangs"}])
    assert "20 runs, 1 of which failed" in text


def test_documents_are_filled_and_the_picture_lies_beside_them(
    bench: Callable[..., Result], kept: Path, tmp_path: Path
) -> None:
    document = tmp_path / "page.md"
    document.write_text(
        "before\n<!-- strategies: written by python scripts/benchmarks strategies table --into -->"
        "\nearlier\n<!-- end of strategies -->\nafter\n",
        encoding="utf-8",
    )
    plot = tmp_path / "images" / "strategies.svg"
    command = ("strategies", "table", kept, "--plot", plot, "--into", document)
    found = bench(*command)
    assert found.exit_code == 0, found.output
    text = document.read_text(encoding="utf-8")
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "earlier" not in text
    assert "(images/strategies.svg)" in text
    drawn = plot.read_bytes()
    bench(*command)
    assert plot.read_bytes() == drawn, "the same picture from the same runs"
    assert document.read_text(encoding="utf-8") == text


def test_what_cannot_be_told_is_one_line(
    bench: Callable[..., Result], kept: Path, tmp_path: Path
) -> None:
    document = tmp_path / "page.md"
    document.write_text("no place", encoding="utf-8")
    refused = bench("strategies", "table", kept, "--into", document)
    assert refused.exit_code == 2
    assert "has no place for the tables" in refused.stderr
    empty = tmp_path / "empty.jsonl"
    empty.touch()
    refused = bench("strategies", "table", empty)
    assert refused.exit_code == 2
    assert "no table that every variant has run" in refused.stderr


def test_the_study_is_a_race_of_them_all(bench: Callable[..., Result], tmp_path: Path) -> None:
    (tmp_path / "catalogue.csv").write_text(
        "file,name,family,task,target,n_rows\n"
        "pmlb/t.csv,t,t,binary,y,300\nraw/u.csv,u,u,regression,y,300\n"
    )
    options = ("--catalogue", tmp_path / "catalogue.csv", "--out", tmp_path / "study", "--list")
    n_runs = 2 * 2 * len(set(VARIANTS) - {"random"})  # two tables, 30 and 120 s
    assert f"{n_runs} runs to do" in bench("strategies", "run", *options).stdout
    assert (
        f"{n_runs // 2} runs to do"
        in bench("strategies", "run", *options, "--budgets", "30").stdout
    )
