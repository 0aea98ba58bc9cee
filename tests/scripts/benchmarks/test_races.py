"""Races: which tables, what is left out of the past, how scores are compared."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import Result
from race_entries import short_entry

from benchmarks.races.parts import split_table, write_parts
from benchmarks.races.plots import plot_race, plot_tables
from benchmarks.races.progress import progress
from benchmarks.races.race import plan_race, run_one
from benchmarks.races.records import Run, append_record, read_records
from benchmarks.races.reduced import digest, reduced_metadata
from benchmarks.races.standings import SINGLE, compare, duels, normalised, standings, usual_pairs
from benchmarks.races.statistics import duel, mean_with_interval
from benchmarks.races.tables import choose_from_packs, choose_tables, in_groups
from benchmarks.races.variants import COLD, USUAL, VARIANTS, WARM
from metatune.building.catalogue import CatalogueEntry
from metatune.kinds import TaskKind
from metatune.metadataset.store import load_metadata, verify_metadata
from metatune.samplers.catalogue import CATALOGUE


def entry(name: str, n_rows: int, kind: TaskKind, family: str = "") -> CatalogueEntry:
    return CatalogueEntry(
        name=name,
        path=Path(name),
        file=f"pmlb/{name}.parquet",
        family=family or name,
        kind=kind,
        target="y",
        n_rows=n_rows,
    )


def make_catalogue() -> list[CatalogueEntry]:
    sizes = (100, 300, 1_000, 5_000, 50_000)
    return [
        entry(f"{kind}-{n_rows}-{i}", n_rows, kind, family=f"{kind}-{n_rows}-{i // 2}")
        for kind in TaskKind
        for n_rows in sizes
        for i in range(6)
    ]


def test_the_choice_is_mixed_and_takes_one_table_of_a_family() -> None:
    chosen = choose_tables(make_catalogue(), 12)
    cells = {(e.kind, e.n_rows) for e in chosen}
    assert len(cells) == 12, "one of every kind and size before a second of any"
    assert min(e.n_rows for e in chosen) == 300
    everything = choose_tables(make_catalogue(), 1_000)
    assert len({e.family for e in everything}) == len(everything) == 36


def test_a_shorter_choice_begins_a_longer_one() -> None:
    catalogue = make_catalogue()
    assert choose_tables(catalogue, 20)[:7] == choose_tables(catalogue, 7)
    groups = [table.group for table in in_groups(choose_tables(catalogue, 7), 3)]
    assert groups == [0, 1, 2, 0, 1, 2, 0]


def test_other_packs_are_left_alone() -> None:
    assert choose_tables(make_catalogue(), 5, pack="raw") == []


def test_packs_take_turns() -> None:
    clean = make_catalogue()
    raw = [replace(entry, file=entry.file.replace("pmlb", "raw", 1)) for entry in clean]
    chosen = choose_from_packs([*clean, *raw], 5, ("pmlb", "raw"))
    assert [entry.file.partition("/")[0] for entry in chosen] == ["pmlb", "raw"] * 2 + ["pmlb"]
    assert chosen[::2] == choose_tables(clean, 3)


def test_the_reduced_past_knows_nothing_of_the_families(metadata_dir: Path, tmp_path: Path) -> None:
    whole = load_metadata(metadata_dir)
    families = set(whole.datasets["family"].iloc[:4])
    directory = reduced_metadata(metadata_dir, families, tmp_path)
    rest = load_metadata(directory)
    assert not set(rest.datasets["family"]) & families
    assert set(rest.datasets["family"]) == set(whole.datasets["family"]) - families
    assert set(rest.evaluations["dataset"]) == set(rest.datasets["dataset"])
    assert verify_metadata(directory) == []
    assert {path.name for path in (directory / "models").iterdir()} == {
        "classification.roc_auc.npz",
        "classification.log_loss.npz",
        "regression.rmse.npz",
    }
    before = (directory / "manifest.json").stat().st_mtime_ns
    assert reduced_metadata(metadata_dir, families, tmp_path) == directory
    assert (directory / "manifest.json").stat().st_mtime_ns == before
    assert digest(metadata_dir, families) != digest(metadata_dir, set())


def test_every_class_is_held_out_in_proportion() -> None:
    frame = pd.DataFrame({"a": range(100), "y": ["u"] * 60 + ["v"] * 36 + [None] * 3 + ["w"]})
    train, test = split_table(frame, "y", 0, stratified=True)
    assert test["y"].value_counts().to_dict() == {"u": 20, "v": 12}
    assert train["y"].value_counts().to_dict() == {"u": 40, "v": 24, "w": 1}
    assert not set(train["a"]) & set(test["a"])
    other, _ = split_table(frame, "y", 1, stratified=True)
    assert set(other["a"]) != set(train["a"])
    train, test = split_table(frame.assign(y=np.arange(100.0)), "y", 0, stratified=False)
    assert (len(train), len(test)) == (67, 33)


def record(table: str, strategy: str, budget: float, score: float, **more: Any) -> dict[str, Any]:
    usual = {
        "table": table,
        "strategy": strategy,
        "budget": budget,
        "seed": 0,
        "score": score,
        "single": score,
        "constant": 0.5,
        "greater_is_better": True,
        "cross_validated": score,
        "cross_validated_constant": 0.5,
        "trajectory": [(2.0, 0, (score + 0.5) / 2), (5.0, 1, score)],
    }
    return usual | more


def make_records() -> list[dict[str, Any]]:
    """Metatune ends at 0.9 or 0.8, random search half or three quarters of the way there."""
    found = []
    for i in range(6):
        best = 0.9 - 0.1 * (i % 2)
        for budget, share in ((10.0, 0.5), (60.0, 0.75)):
            rest = share * (best - 0.5)
            found.append(record(f"t{i}", "metatune", budget, best, single=best - 0.02))
            found.append(record(f"t{i}", "random", budget, 0.5 + rest))
    return found


def test_zero_is_the_constant_and_one_the_best_of_all() -> None:
    scores = normalised(make_records())
    assert scores.shape == (6, 8)
    np.testing.assert_allclose(scores["metatune", 60.0], 1.0)
    np.testing.assert_allclose(scores["random", 10.0], 0.5)
    np.testing.assert_allclose(scores["random" + SINGLE, 60.0], 0.75)
    assert (scores["metatune" + SINGLE, 10.0] < 1.0).all()


def test_losses_are_turned_round_and_disasters_bounded() -> None:
    records = [
        record("t", "metatune", 10.0, 2.0, constant=10.0, greater_is_better=False),
        record("t", "random", 10.0, 6.0, constant=10.0, greater_is_better=False),
        record("t", "prior", 10.0, 1e9, constant=10.0, greater_is_better=False),
    ]
    scores = normalised(records).loc["t"]
    assert scores["metatune", 10.0] == 1.0
    assert scores["random", 10.0] == 0.5
    assert scores["prior", 10.0] == -1.0


def test_a_failed_run_counts_as_the_constant_and_an_undefined_score_not_at_all() -> None:
    failed = {"table": "t", "strategy": "random", "budget": 10.0, "seed": 0, "error": "hangs"}
    undefined = record("t", "prior", 10.0, float("nan"))
    scores = normalised([record("t", "metatune", 10.0, 0.9), failed, undefined])
    assert scores.loc["t", ("random", 10.0)] == 0.0
    assert ("prior", 10.0) not in scores
    hopeless = [record("u", name, 10.0, 0.4) for name in ("metatune", "random")]
    assert normalised(hopeless).empty


def test_duels_are_fought_on_common_tables() -> None:
    scores = normalised([*make_records(), record("alone", "metatune", 10.0, 0.9)])
    found = compare(scores, ("metatune", 10.0), ("random", 60.0))
    assert found is not None
    assert (found.wins, found.ties, found.losses) == (6, 0, 0)
    assert found.difference.mean == pytest.approx(0.25)
    assert found.p_value == pytest.approx(2 * 0.5**6)
    assert compare(scores, ("metatune", 10.0), ("portfolio", 10.0)) is None


def test_ties_are_told_apart_and_intervals_hold_the_mean() -> None:
    found = duel(np.array([1.0, 1.0, 0.5, 0.2]), np.array([0.9, 1.0, 0.6, 0.1]))
    assert (found.wins, found.ties, found.losses) == (2, 1, 1)
    assert found.win_share == 0.5
    assert found.p_value == 1.0
    mean = mean_with_interval(np.random.default_rng(0).normal(size=400))
    assert mean.low < mean.mean < mean.high
    assert mean.high - mean.low == pytest.approx(2 * 1.96 / 20, rel=0.15)


def test_tables_answer_the_questions() -> None:
    scores = normalised(make_records())
    means = standings(scores)
    assert "| metatune | 1.000 (1.000 to 1.000) | 1.000 (1.000 to 1.000) |" in means
    assert "| random search | 0.500 (0.500 to 0.500) | 0.750 (0.750 to 0.750) |" in means
    text = duels(scores, usual_pairs(scores))
    assert "| metatune, 60 s | metatune, best single, 60 s | 6 | 6 | 0 | 0 | 100% |" in text
    assert "| metatune, 10 s | random search, 60 s | 6 | 6 | 0 | 0 | 100% |" in text


def test_progress_is_that_of_the_longest_runs() -> None:
    found = progress(make_records(), np.array([1.0, 3.0, 10.0]))
    np.testing.assert_allclose(found["metatune"], [[0.0, 0.5, 1.0]] * 6)
    np.testing.assert_allclose(found["random"], [[0.0, 0.375, 0.75]] * 6)


def test_pictures_are_drawn(tmp_path: Path) -> None:
    records = make_records()
    scores = normalised(records)
    assert plot_race(tmp_path / "race.png", scores, records).stat().st_size > 10_000
    assert plot_tables(tmp_path / "tables.png", scores, 60.0).stat().st_size > 5_000


def test_records_survive_a_torn_line(tmp_path: Path) -> None:
    path = tmp_path / "runs.jsonl"
    first = Run(table="t", strategy="random", budget=10.0, seed=0, metadata="x")
    second = Run(table="u", strategy="random", budget=10.0, seed=0, metadata="x")
    append_record(path, first, {"score": 1.0})
    with path.open("a") as file:
        file.write('{"table": "torn')
    assert list(read_records(path)) == [first]
    append_record(path, second, {"score": 2.0})
    append_record(path, first, {"score": 3.0})
    found = read_records(path)
    assert found[first]["score"] == 3.0
    assert found[second]["score"] == 2.0
    assert len(found) == 2


def test_what_was_run_is_told_and_not_run_again(
    bench: Callable[..., Result], metadata_dir: Path, tmp_path: Path
) -> None:
    (tmp_path / "catalogue.csv").write_text(
        "file,name,family,task,target,n_rows\n"
        "pmlb/t.csv,t,t,binary,y,300\npmlb/u.csv,u,u,regression,y,300\n"
    )
    options = {"catalogue": tmp_path / "catalogue.csv", "out": tmp_path, "metadata": metadata_dir}
    more = {
        "n_tables": 2,
        "packs": ("pmlb",),
        "groups": 1,
        "variants": ("metatune", "random"),
        "budgets": (10.0,),
    }
    for _, run in plan_race(options | more | {"seeds": (0,), "jobs_at_once": 1}).runs():
        score = 0.9 if run.strategy == "metatune" else 0.7
        result = record(run.table, run.strategy, run.budget, score, at_once=1)
        append_record(tmp_path / "runs.jsonl", run, result)
    command = ["race", *(word for name in options for word in (f"--{name}", options[name]))]
    command += ["--tables", "2", "--groups", "1"]
    command += ["--variants", "metatune,random", "--budgets", "10"]
    assert "0 runs to do" in bench(*command, "--list").stdout
    assert "2 runs to do" in bench(*command, "--list", "--seeds", "0,1", "--only", "t").stdout
    found = bench(*command)
    assert found.exit_code == 0, found.output
    assert "| random search | 0.500" in (tmp_path / "race.md").read_text(encoding="utf-8")
    assert (tmp_path / "race.png").is_file()


def test_an_entrant_runs_and_is_judged(
    shop: pd.DataFrame, metadata_dir: Path, tmp_path: Path
) -> None:
    shop.rename(columns={"bought": "y"}).to_csv(tmp_path / "shop.csv", index=False)
    table = CatalogueEntry(
        name="shop",
        path=tmp_path / "shop.csv",
        file="shop.csv",
        family="shop",
        kind=TaskKind.BINARY,
        target="y",
        left_out=("income",),
    )
    parts = write_parts(table, tmp_path / "parts", 0)
    assert "income" not in pd.read_parquet(parts.test)
    found = run_one(short_entry(parts.train, parts.test, "y", metadata_dir))
    assert "error" not in found
    assert found["metric"] == "roc_auc"
    assert found["constant"] == 0.5
    assert min(found["score"], found["single"]) > 0.7
    assert found["trials"] == 4
    assert found["trajectory"][-1][2] > 0.7


def test_every_strategy_races_warm_and_where_it_can_cold() -> None:
    assert set(USUAL) <= set(VARIANTS)
    assert VARIANTS["random"].is_cold
    assert VARIANTS["random"].name == "halving"
    for name, facts in CATALOGUE.items():
        if facts.needs_advice:
            assert not VARIANTS[name].is_cold
        else:
            assert VARIANTS[name + COLD].is_cold
            assert not VARIANTS[name + WARM].is_cold
