"""The report on a meta-dataset says what its tables hold."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import report_metadata
from metadata_report.fidelity import agreement, costs, fidelity
from metadata_report.grid import Grid, grids
from metadata_report.overview import evaluation_frame, overview
from metadata_report.section import Section, percent
from metadata_report.winners import dominated, greedy_cover, never_winning, telling_tables, winners
from metatune.algorithms.registry import ALGORITHMS
from metatune.errors import OptionError
from metatune.kinds import TaskKind
from metatune.metadataset.schema import pool_of
from metatune.metadataset.store import MetaDataset, save_metadata
from metatune.metrics import PERFECT_SCORE, RECORDED_METRICS
from metatune.space import Choice, Configuration, Int

RUNGS = ((0, 1 / 9, 1), (1, 1 / 3, 1), (2, 1.0, 3))
SHARES = {"linear": 0.2, "decision_tree": 0.4, "knn": 0.6}
"""Share of the constant's error that a family leaves on most tables."""


def configurations(pool: str) -> list[Configuration]:
    kind = TaskKind.REGRESSION if pool == "regression" else TaskKind.BINARY
    rng = np.random.default_rng(0)
    made = []
    for name in SHARES:
        space = ALGORITHMS[name].space(kind)
        made += [space.default(), *(space.sample(rng) for _ in range(4))]
    return made


def evaluation(dataset: str, key: str, rung: tuple[int, float, int]) -> dict[str, Any]:
    index, row_share, n_folds = rung
    row = {"dataset": dataset, "configuration": key, "recipe_version": 1, "rung": index}
    row |= {"row_share": row_share, "n_folds": n_folds, "status": "ok", "error": ""}
    return row | {"seconds": 2.0 * n_folds, "cpu_seconds": 1.0 * n_folds}


def make_metadata() -> MetaDataset:
    """Three tables of each kind on which linear wins, and the second of its configurations.

    The first decision tree times out on all regression tables at the lowest rung.
    """
    datasets, evaluations, pool_rows = [], [], []
    for pool in ("classification", "regression"):
        for c in configurations(pool):
            row = {"pool": pool, "key": c.key, "algorithm": c.algorithm}
            pool_rows.append(
                row | {"params": json.dumps(c.params), "origin": c.origin, "recipe_version": 1}
            )
    for kind in TaskKind:
        for i, n_rows in enumerate((100, 900, 30_000)):
            name = f"{kind}{i}"
            constants = {m: 0.0 if m == "r2" else 1 - PERFECT_SCORE[m] for m in PERFECT_SCORE}
            table: dict[str, Any] = {"dataset": name, "family": name, "licence": "CC0"}
            table |= {
                "kind": str(kind),
                "fingerprint": f"{n_rows}:aa",
                "n_rows": min(n_rows, 2_000),
            }
            table |= {
                "n_columns": 3,
                "n_classes": 0 if kind is TaskKind.REGRESSION else 2,
                "protocol:n_folds": 3,
            }
            datasets.append(table | {f"constant:{m}": v for m, v in constants.items()})
            evaluations += dataset_evaluations(name, kind)
    return MetaDataset(
        datasets=pd.DataFrame(datasets),
        configurations=pd.DataFrame(pool_rows),
        evaluations=pd.DataFrame(evaluations),
        manifest={"protocol_version": 1, "left_out": {"datasets not completely evaluated": 4}},
    )


def dataset_evaluations(name: str, kind: TaskKind) -> list[dict[str, Any]]:
    rows = []
    for position, c in enumerate(configurations(pool_of(kind))):
        share = SHARES[c.algorithm] + 0.01 * position - 0.05 * (position == 1)
        for rung in RUNGS:
            row = evaluation(name, c.key, rung)
            if kind is TaskKind.REGRESSION and position == 5:
                rows.append(row | {"status": "timed out", "seconds": 150.0, "cpu_seconds": 0.0})
                break
            for metric in RECORDED_METRICS[kind]:
                perfect = PERFECT_SCORE[metric]
                constant = 0.0 if metric == "r2" else 1 - perfect
                row[f"score:{metric}"] = [perfect - share * (perfect - constant)] * rung[2]
            rows.append(row)
    return rows


@pytest.fixture(name="metadata", scope="module")
def _metadata() -> MetaDataset:
    return make_metadata()


@pytest.fixture(name="found", scope="module")
def _found(metadata: MetaDataset) -> dict[str, Grid]:
    return {grid.pool: grid for grid in grids(metadata)}


def cells(section: Section) -> dict[str, tuple[Any, ...]]:
    return {str(row[0]): row[1:] for row in section.rows}


def test_the_overview_counts(metadata: MetaDataset) -> None:
    totals, sizes, statuses, licences = overview(metadata)
    said = cells(totals)
    assert said["datasets"] == ("9",)
    assert said["pairs of dataset and configuration"] == ("135",)
    assert said["evaluations"] == (f"{6 * 15 * 3 + 3 * 14 * 3 + 3}",)
    assert said["left out: datasets not completely evaluated"] == ("4",)
    assert cells(sizes)["0 to 199"] == (1, 1, 1, 3, 0)
    assert cells(sizes)["20,000 and more"] == (1, 1, 1, 3, 3)
    assert cells(sizes)["all"] == (3, 3, 3, 9, 3)
    ok, failed, crashed, timed_out, pruned, memory = cells(statuses)["decision_tree"][2:]
    assert ok == 6 * 5 * 3 + 3 * 4 * 3
    assert (failed, crashed, timed_out, pruned, memory) == (0, 0, 3, 0, 0)
    assert cells(licences) == {"CC0": (9,)}


def test_stopped_trials_cost_their_wall_clock(metadata: MetaDataset) -> None:
    frame = evaluation_frame(metadata)
    assert set(frame.loc[frame["status"] == "timed out", "spent"]) == {150.0}
    by_level, by_algorithm = costs(metadata)
    assert cells(by_level)["all rows, all folds"][0] == 6 * 15 + 3 * 14
    assert cells(by_level)["1/9 of the rows"][1] == pytest.approx((9 * 15 - 3 + 450) / 3600)
    assert cells(by_algorithm)["knn"][0] == 1.0


def test_binary_and_multiclass_share_a_grid(found: dict[str, Grid]) -> None:
    grid = found["classification"]
    assert grid.values.shape == (6, 15, 4)
    assert grid.kinds == ("binary",) * 3 + ("multiclass",) * 3
    assert grid.regret[:, 1].tolist() == [0.0] * 6
    assert found["regression"].values.shape == (3, 15, 4)


def test_winners_are_named(metadata: MetaDataset, found: dict[str, Grid]) -> None:
    algorithms, failing, beaten, _ = winners(metadata, found["regression"])
    assert algorithms.rows[0][:4] == ("linear", 5, 3, "100 %")
    assert cells(algorithms)["knn"][2] == "0 %"
    assert cells(algorithms)["linear"][5] == 1  # one configuration covers all tables
    (failure,) = failing.rows
    assert str(failure[0]).startswith("decision_tree")
    assert "(default)" in str(failure[0])
    assert failure[1:4] == (3, 3, "3 timed out")
    assert len(beaten.rows) == 14  # all but the winner
    assert "14 of 15" in beaten.note


def test_a_cover_stops_when_nothing_is_gained() -> None:
    regret = np.array([[0.0, 1.0, 0.5, 0.0], [1.0, 0.0, 0.5, 1.0], [1.0, 0.02, 0.5, 2.0]])
    assert greedy_cover(regret) == [1, 0]
    assert dominated(regret).tolist() == [2]  # the last is the best of a table, if not needed


def test_tables_on_which_many_are_best_tell_nothing() -> None:
    regret = np.array([[0.0, 0.0, 0.04, 0.9], [0.0, 1.0, 1.0, 3.0]])
    assert telling_tables(regret).tolist() == [False, True]


def test_values_that_never_win_are_found() -> None:
    domains = {"k": Int(low=1, high=30), "way": Choice(options=("a", "b"))}
    made = tuple(
        Configuration(algorithm="x", params={"k": k, "way": way})
        for k, way in [(1, "a"), (2, "b"), (15, "a"), (29, "b"), (30, "b")]
    )
    regret = np.full((5, 5), 1.0)
    regret[:3, 0], regret[3:, 2] = 0.0, 0.0  # k low or in the middle, and always way a
    found = {(name, part): rest for name, part, *rest in never_winning(regret, made, domains)}
    assert found == {("k", "high"): [2, 2.0], ("way", "b"): [3, 3.0]}


def test_agreement_of_levels() -> None:
    top = np.linspace(-2.0, 0.0, 12)
    same = np.column_stack([top, top, top, top])
    assert agreement(same, 0) == pytest.approx((1.0, 1.0, 0.0))
    turned = np.column_stack([top[::-1], top, top, top])
    correlation, among, lost = agreement(turned, 0) or (0.0, 1.0, 0.0)
    assert correlation == pytest.approx(-1.0)
    assert among == 0.0
    assert lost == pytest.approx(1.0 - np.exp(-2.0))
    assert agreement(same[:5], 0) is None
    assert agreement(np.ones((12, 4)), 0) is None


def test_rungs_agree_where_scores_are_the_same(found: dict[str, Grid]) -> None:
    (section,) = fidelity(found["classification"])
    assert [row[:3] for row in section.rows][:2] == [
        ("up to 500", "1/9 of the rows", 2),
        ("up to 500", "1/3 of the rows", 2),
    ]
    assert all(row[3] == pytest.approx(1.0) and row[5] == "100 %" for row in section.rows)


def test_tables_are_markdown() -> None:
    section = Section(title="T", header=("a", "b"), rows=[("x|y", 1_234), ("z", 5)])
    assert section.markdown() == "## T\n\n| a | b |\n| --- | --: |\n| x\\|y | 1,234 |\n| z | 5 |"
    assert Section(title="T", header=("a",), rows=[]).markdown() == "## T\n\nNone."
    assert (percent(0.123), percent(float("nan"))) == ("12 %", "-")


def test_the_script_reports_on_a_directory(metadata: MetaDataset, tmp_path: Path) -> None:
    save_metadata(metadata, tmp_path / "meta")
    result = CliRunner().invoke(report_metadata.main, [str(tmp_path / "meta")])
    assert result.exit_code == 0, result.output
    assert result.output.startswith("# Report on the meta-dataset\n\n## Content\n")
    titles = [line for line in result.output.splitlines() if line.startswith("## ")]
    assert len(titles) == 4 + 2 + 2 * 5
    assert len(set(titles)) == len(titles)


def test_figures_go_into_the_marked_place(metadata: MetaDataset, tmp_path: Path) -> None:
    save_metadata(metadata, tmp_path / "meta")
    sheet = tmp_path / "README.md"
    sheet.write_text(f"# Sheet\n{report_metadata.BEGIN}\nstale\n{report_metadata.END}\nThe end.\n")
    for _ in range(2):  # a second time replaces the first
        arguments = [str(tmp_path / "meta"), "--into", str(sheet)]
        assert CliRunner().invoke(report_metadata.main, arguments).exit_code == 0
    text = sheet.read_text()
    assert text.startswith("# Sheet\n")
    assert text.endswith("The end.\n")
    assert "stale" not in text
    assert text.count("### Cost by rung") == 1
    with pytest.raises(OptionError, match="no place for figures"):
        report_metadata.with_figures("# Sheet\n", metadata)


def test_the_data_sheet_has_a_place_for_figures() -> None:
    sheet = Path(__file__).parents[2] / "metadata" / "README.md"
    text = sheet.read_text(encoding="utf-8")
    assert text.index(report_metadata.BEGIN) < text.index(report_metadata.END)
