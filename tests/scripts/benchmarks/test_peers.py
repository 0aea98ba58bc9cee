"""Races against peers: ranks, normalised scores, duels, tables and kept files."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result
from peer_runs import harness_record, make_run, write_catalogue

from benchmarks.races.errors import RaceError
from benchmarks.races.peers.runs import PeerRun, kept_lines, read_runs, reduced
from benchmarks.races.peers.scores import make_field, meet, normalise, scored
from benchmarks.races.peers.tables import Look, fields_of, tables_of

ROOT = Path(__file__).parents[3]


def test_equal_scores_share_their_ranks_and_a_failure_is_the_last() -> None:
    scores = {"a": 0.9, "b": 0.8, "c": 0.8, "d": None, "e": 0.1}
    field = make_field(scored(make_run(n, "t", s) for n, s in scores.items()), "raw", 60.0)
    assert field is not None
    assert field.ranks.loc["t"].to_dict() == {"a": 1.0, "b": 2.5, "c": 2.5, "d": 5.0, "e": 4.0}
    assert field.systems == ("a", "b", "c", "e", "d")


def test_the_worst_untuned_model_is_zero_and_the_best_of_all_is_one() -> None:
    gains = np.array([0.9, 0.7, 0.6, 0.3, -np.inf])
    untuned = np.array([False, True, True, False, False])
    found = normalise(gains, untuned)
    np.testing.assert_allclose(found, [1.0, 1 / 3, 0.0, -1.0, -1.0])


def test_without_untuned_models_the_worst_of_all_is_zero() -> None:
    gains = np.array([-2.0, -3.0, -4.0, -np.inf])
    np.testing.assert_allclose(normalise(gains, np.zeros(4, dtype=bool)), [1.0, 0.5, 0.0, 0.0])


def test_without_a_spread_the_best_have_one_and_a_failure_has_not() -> None:
    nobody = np.zeros(3, dtype=bool)
    np.testing.assert_array_equal(normalise(np.array([0.5, 0.5, -np.inf]), nobody), [1, 1, 0])
    untuned_first = np.array([True, False, False])
    found = normalise(np.array([0.5, 0.5, 0.4]), untuned_first)
    np.testing.assert_array_equal(found, [1.0, 1.0, np.nan])
    assert np.isnan(normalise(np.full(3, -np.inf), nobody)).all()


def test_scores_of_all_budgets_and_untuned_models_set_the_scale() -> None:
    runs = [make_run("metatune", "t", 0.8), make_run("metatune", "t", 0.9, budget=300.0)]
    runs += [make_run("peer", "t", 0.7), make_run("rf", "t", 0.6, budget=0.0)]
    field = make_field(scored(runs), "raw", 60.0)
    assert field is not None
    assert field.systems == ("metatune", "peer", "rf"), "untuned models take part at each budget"
    np.testing.assert_allclose(
        [field.mean_score(name).mean for name in field.systems], [2 / 3, 1 / 3, 0.0]
    )


def test_seeds_of_a_table_are_averaged_before_tables_are() -> None:
    runs = [make_run("metatune", "t", s, seed=i) for i, s in enumerate((0.9, 0.9, 0.9, 0.5))]
    runs += [make_run("peer", "t", 0.7, seed=i) for i in range(4)]
    runs += [make_run("metatune", "u", 0.5), make_run("peer", "u", 0.7)]
    frame = scored(runs)
    field = make_field(frame, "raw", 60.0)
    assert field is not None
    assert field.mean_rank("metatune").mean == pytest.approx((5 / 4 + 2) / 2)
    met = meet(frame, ("metatune", 60.0), ("peer", 60.0))
    assert met.verdicts.to_dict() == {"t": 1.0, "u": -1.0}, "who won more seeds won the table"


@pytest.mark.parametrize(
    ("metric", "first", "second", "expected"),
    [
        ("roc_auc", 0.9, 0.8991, 0.0),
        ("roc_auc", 0.9, 0.8985, 1.0),
        ("log_loss", 0.5, 0.504, 0.0),
        ("log_loss", 0.5, 0.51, 1.0),
        ("rmse", 1004.0, 1000.0, 0.0),
        ("rmse", 1006.0, 1000.0, -1.0),
        ("rmse", None, 1000.0, -1.0),
        ("rmse", 1000.0, None, 1.0),
        ("rmse", None, None, 0.0),
    ],
)
def test_a_duel_is_won_by_more_than_the_tolerance_of_its_metric(
    metric: str, first: float | None, second: float | None, expected: float
) -> None:
    runs = [make_run("metatune", "t", first, metric=metric)]
    runs += [make_run("peer", "t", second, metric=metric)]
    met = meet(scored(runs), ("metatune", 60.0), ("peer", 60.0))
    assert met.verdicts.to_list() == [expected]


def test_ties_count_half_and_the_sign_test_leaves_them_out() -> None:
    mine = [0.9] * 9 + [0.7] + [0.8] * 2
    runs = [make_run("metatune", f"t{i}", score) for i, score in enumerate(mine)]
    runs += [make_run("peer", f"t{i}", 0.8) for i in range(len(mine))]
    met = meet(scored(runs), ("metatune", 60.0), ("peer", 60.0))
    assert (met.counts.wins, met.counts.ties, met.counts.losses) == (9, 2, 1)
    assert met.share.mean == pytest.approx(10 / 12)
    assert met.counts.p_value == pytest.approx(22 / 1024), "two-sided: 2 (1 + 10) / 2 ** 10"


def test_a_fit_is_late_beyond_its_budget_half_a_second_and_a_hundredth() -> None:
    runs = [make_run(f"s{fit}", "t", 0.5, fit_s=fit) for fit in (61.0, 61.2)]
    runs += [make_run("killed", "t", None, fit_s=None, status="timeout")]
    runs += [make_run("rf", "t", 0.5, budget=0.0, fit_s=5.0)]
    late = scored(runs).set_index("system")["late"].to_dict()
    assert late == {"s61.0": False, "s61.2": True, "killed": True, "rf": False}


def test_only_tables_that_all_were_tried_on_are_compared() -> None:
    runs = [make_run("metatune", f"t{i}", 0.9) for i in range(10)]
    runs += [make_run("peer", f"t{i}", 0.8) for i in range(9)]
    runs += [make_run("other", f"t{i}", None) for i in range(3)]
    field = make_field(scored(runs), "raw", 60.0)
    assert field is not None
    assert len(field.tables) == 9
    assert (field.left_out, field.n_missing) == ({"other": 3}, 1)
    named = make_field(scored(runs), "raw", 60.0, systems=("metatune", "other"))
    assert named is not None
    assert named.tables == ["t0", "t1", "t2"]
    assert make_field(scored(runs), "clean", 60.0) is None
    assert make_field(scored(runs), "raw", 10.0) is None


def make_text(runs: list[PeerRun], **look: Any) -> str:
    frame, chosen = scored(runs), Look(**look)
    return tables_of(frame, fields_of(frame, chosen), chosen)


def test_every_table_that_was_lost_has_a_line_with_the_best_of_the_others() -> None:
    def pair(table: str, mine: float | None, theirs: float, metric: str) -> list[PeerRun]:
        return [
            make_run("metatune", table, mine, metric=metric),
            make_run("peer", table, theirs, metric=metric),
            make_run("worse", table, 0.4 if metric == "roc_auc" else 4.0, metric=metric),
        ]

    runs = pair("won", 0.9, 0.8, "roc_auc") + pair("tied", 0.9, 0.9005, "roc_auc")
    runs += pair("lost", 2.0, 1.0, "rmse") + pair("broken", None, 0.8, "roc_auc")
    lost = make_text(runs).partition("lost to the best")[2]
    assert "| 60 s | lost | raw | binary | 70 | rmse | 2 | peer | 1 | 1 (50.0%) | 0.333 |" in lost
    assert (
        "| 60 s | broken | raw | binary | 70 | roc_auc | failed | peer | 0.8 |  | 1.000 |" in lost
    )
    assert lost.index("broken") < lost.index("lost |"), "the largest loss comes first"
    assert "won" not in lost
    assert "tied" not in lost
    assert lost.endswith("2 of 4.")


def test_clean_and_raw_tables_and_budgets_are_told_apart() -> None:
    runs = [
        make_run(name, f"{part}{i}", score, part=part, budget=budget, load=0.9)
        for name, score in (("metatune", 0.9), ("peer", 0.8))
        for part, n in (("clean", 2), ("raw", 3))
        for budget in (10.0, 60.0)
        for i in range(n)
    ]
    text = make_text(runs, against=(("peer", 60.0),))
    heads = [line for line in text.splitlines() if line.startswith("### ")]
    assert heads[:2] == ["### 10 s, clean tables: 2", "### 10 s, raw tables: 3"]
    assert heads[2:4] == ["### 60 s, clean tables: 2", "### 60 s, raw tables: 3"]
    assert "| 10 s | peer, 60 s | all | 5 | 5 | 0 | 0 | 100% (100 to 100) | 0.062 |" in text
    assert "None of 10." in text
    assert "No runs of these" in make_text(runs, against=(("peer", 10.0),))
    assert "not quiet" not in text
    assert "not quiet" in make_text([make_run(n, "t", 0.5, load=4.0) for n in ("metatune", "p")])


def test_what_is_kept_has_no_paths_logs_or_messages() -> None:
    runs = [reduced(harness_record(n, s), {"shop": "raw"}) for n, s in (("a", 0.9), ("b", None))]
    text = kept_lines(runs)
    for word in ("/tmp", "/home", "secret", "gone", "log_loss", "info", '"log"'):
        assert word not in text
    first, second = (json.loads(line) for line in text.splitlines())
    assert (first["score"], first["fit_s"], first["version"]) == (0.9, 9.877, "peer.core 1.2")
    assert (second["status"], second["error"], "score" in second) == ("error", "BadError", False)


def test_a_score_that_is_no_number_is_a_failure() -> None:
    for record in (harness_record("a", float("nan")), harness_record("a", 0.5, metrics={})):
        run = reduced(record, {"shop": "raw"})
        assert (run.score, run.status) == (None, "no_score")


def write_records(path: Path) -> None:
    rng = np.random.default_rng(0)
    records = [
        harness_record(
            system,
            None if (system, table) == ("peer", "t1") else round(float(rng.uniform(0.5, 1)), 6),
            dataset=table,
            budget=0.0 if system == "rf" else budget,
        )
        for table in ("t0", "t1", "t2", "t3")
        for budget in (10.0, 60.0)
        for system in ("metatune", "peer", "rf")
        if (system, budget) != ("rf", 60.0)
    ]
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")


def test_what_is_kept_makes_the_same_tables_and_picture(
    bench: Callable[..., Result], tmp_path: Path
) -> None:
    write_records(tmp_path / "runs.jsonl")
    catalogue = write_catalogue(tmp_path)
    output = ("peers", "table", tmp_path / "runs.jsonl", "--catalogue", catalogue)
    kept = tmp_path / "kept" / "peers.jsonl"
    made = bench("peers", "keep", *output[2:], "--out", kept)
    assert made.stdout == f"{kept}: 20 runs\n"
    pictures = tmp_path / "a.svg", tmp_path / "b.svg"
    before = bench(*output, "--plot", pictures[0])
    after = bench("peers", "table", kept, "--plot", pictures[1])
    assert "### 10 s, raw tables: 2" in before.stdout
    assert before.stdout.replace("a.svg", "b.svg") == after.stdout
    assert pictures[0].read_bytes() == pictures[1].read_bytes()
    again = bench("peers", "keep", kept, "--out", tmp_path / "again.jsonl")
    assert again.exit_code == 0
    assert (tmp_path / "again.jsonl").read_bytes() == kept.read_bytes()


def test_two_installations_take_part_under_two_names(
    bench: Callable[..., Result], tmp_path: Path
) -> None:
    write_records(tmp_path / "runs.jsonl")
    files = (tmp_path / "runs.jsonl", "--catalogue", write_catalogue(tmp_path))
    plain = tmp_path / "plain.jsonl"
    bench("peers", "keep", *files, "--rename", "metatune=metatune_plain", "--out", plain)
    text = bench("peers", "table", plain, *files, "--of", "metatune_plain").stdout
    assert "| **metatune_plain** | 2 |" in text
    assert "| metatune | 2 |" in text


def test_the_marked_place_of_a_document_is_filled_and_the_rest_stays(
    bench: Callable[..., Result], tmp_path: Path
) -> None:
    write_records(tmp_path / "runs.jsonl")
    files = (tmp_path / "runs.jsonl", "--catalogue", write_catalogue(tmp_path))
    document = tmp_path / "docs" / "page.md"
    document.parent.mkdir()
    source = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    document.write_text(source, encoding="utf-8")
    picture = tmp_path / "images" / "peers.png"
    for _ in range(2):
        filled = bench("peers", "table", *files, "--into", document, "--plot", picture)
        assert filled.exit_code == 0, filled.output
    text = document.read_text(encoding="utf-8")
    assert text.count("### 10 s, raw tables: 2") == 1
    assert "(../images/peers.png)" in text
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert text.startswith(source[:500])
    assert text.endswith(source[-500:])
    document.write_text("no place", encoding="utf-8")
    refused = bench("peers", "table", *files, "--into", document)
    assert refused.exit_code == 2
    assert "has no place for the tables" in refused.stderr


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("[1]", "line 1 is not an object of JSON"),
        ('{"system": "a"}', "line 1 is not a run"),
        (json.dumps(harness_record("a", 0.5, metric="f1")), "a metric is one of roc_auc"),
        (json.dumps(harness_record("a", 0.5, dataset="new")), "name its --catalogue"),
    ],
)
def test_a_wrong_line_is_told_in_one(
    line: str, said: str, bench: Callable[..., Result], tmp_path: Path
) -> None:
    path = tmp_path / "runs.jsonl"
    path.write_text(line + "\n" + json.dumps(harness_record("b", 0.5)) + "\n", encoding="utf-8")
    with pytest.raises(RaceError, match=said):
        read_runs([path], {"shop": "raw"})
    refused = bench("peers", "table", path)
    assert refused.exit_code == 2
    assert len(refused.stderr.splitlines()) == 1


def test_who_was_tried_on_few_tables_is_compared_on_these() -> None:
    runs = [make_run(n, f"t{i}", s) for n, s in (("metatune", 0.9), ("a", 0.8)) for i in range(10)]
    runs += [make_run("b", f"t{i}", 0.95) for i in range(7)]
    runs += [make_run("c", f"t{i}", 0.7) for i in range(5)]
    runs += [make_run("d", "t0", 0.7)]
    table = scored(runs)
    fields = fields_of(table, Look())
    assert [field.systems for field in fields] == [("metatune", "a")]
    text = tables_of(table, fields, Look())
    titles = [line for line in text.splitlines() if line.startswith("### 60 s")]
    assert titles == [
        "### 60 s, raw tables: 10",
        "### 60 s, raw tables that all were tried on: 7",
        "### 60 s, raw tables that all were tried on: 5",
    ], "one table is too few"
    second, third = text.split("that all were tried on: ")[1:]
    assert "| b | 7 | 1.00 " in second
    assert "| c |" not in second
    assert "| c | 5 | 4.00 " in third
    assert "Left out, since tried on too few tables: b (tried on 7), c" in text


def test_tables_of_a_budget_are_those_that_systems_were_given_it_on() -> None:
    runs = [make_run(name, "t0", 0.9, budget=300.0) for name in ("metatune", "a")]
    runs += [make_run("metatune", f"t{i}", 0.9, budget=20.0) for i in range(6)]
    runs += [make_run("rf", f"t{i}", 0.8, budget=0.0) for i in range(6)]
    (field,) = fields_of(scored(runs), Look())
    assert (field.budget, field.tables) == (300.0, ["t0"]), "one system at 20 s meets nobody"
    assert set(field.systems) == {"metatune", "a", "rf"}
