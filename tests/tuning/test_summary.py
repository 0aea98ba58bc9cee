"""Summary of a run's outcome in words."""

from dataclasses import replace
from typing import Any

from made_up_estimate import make_estimate

from metatune.storage.record import EnsembleRecord, Figures, Member, Outcome, TrialCounts, Winner
from metatune.tuning.summary import summary_rows, trials_text

OUTCOME = Outcome(
    ended="time is up",
    score=0.9,
    estimate=None,
    no_estimate="the time did not suffice",
    constant_score=0.5,
    beats_constant=True,
    winner=Winner(algorithm="knn", params={"k": 3, "p": 1.23456789012345}, origin="x", key="k"),
    fitted_on="all rows",
    ensemble=None,
    model=Figures(latency=0.17, batch_seconds=0.0000123456, n_bytes=3_456_789, encoding=0.01),
    note="",
    trials=TrialCounts(finished=20, ok=15, pruned=4, configurations=12),
    advice=None,
)


def rows(**changes: Any) -> list[tuple[str, str]]:
    return summary_rows(replace(OUTCOME, **changes), "roc_auc", True)


def test_without_an_estimate_the_score_is_called_what_it_is() -> None:
    (_, score), (_, why), *rest = rows()
    assert score == "0.9000 in cross-validation (higher is better): a little too good"
    assert why == "no honest estimate: the time did not suffice"
    assert rest == [
        ("constant", "0.5000 for the constant prediction"),
        ("winner", "knn, fitted on all rows"),
        ("configuration", "k=3, p=1.23"),
        (
            "trials",
            "20 trials of 12 configurations, 4 cut short as hopeless, 1 failed (time is up)",
        ),
        ("cost", "3.46 MB, 170 ms for a single row, 12.3 ms for 1,000 rows together"),
    ]


def test_with_an_estimate_it_is_what_to_expect() -> None:
    estimate = make_estimate(
        score=0.88, low=0.86, high=0.9, optimistic=0.9, method="bootstrap", n_candidates=9
    )
    (label, said), (following, _), *_ = rows(estimate=estimate, no_estimate=None)
    assert (label, following) == ("roc_auc", "constant")
    assert said.startswith("0.8800, 95 % interval 0.8600 to 0.9000 (honest; ")
    assert said.endswith("; higher is better")


def test_an_ensemble_names_its_members_and_the_best_alone() -> None:
    members = tuple(Member(trial=n, algorithm=f"a{n}", weight=1 / 16) for n in range(16))
    ensemble = EnsembleRecord(
        members=members,
        score=0.91,
        single_score=0.9,
        gain=0.01,
        gain_error=0.001,
        temperature=1.0,
        shifts=(),
        decision=(),
    )
    said = dict(rows(ensemble=ensemble))
    assert said["model"] == "ensemble of 16, fitted on all rows"
    assert said["members"].startswith("6 % a0, 6 % a1, ")
    assert said["members"].endswith(", 4 more")


def test_the_constant_is_no_winner() -> None:
    said = rows(winner=None, beats_constant=False)
    assert said[0] == ("roc_auc", "0.9000 in cross-validation (higher is better)")
    assert ("winner", "the constant prediction: nothing beat it") in said


def test_trials_cut_short_are_not_called_failures() -> None:
    counts = TrialCounts(finished=1, ok=1, pruned=0, configurations=1)
    assert trials_text(counts, "time is up") == "1 trial of 1 configuration (time is up)"
