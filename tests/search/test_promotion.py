"""Who rises in successive halving, when a policy has a say."""

from metatune.evaluation.rungs import Rung
from metatune.evaluation.trial import Trial, TrialResult, TrialStatus
from metatune.kinds import TaskKind
from metatune.metrics import resolve_metric
from metatune.search.halving import PromotionPolicy, SuccessiveHalving
from metatune.space import Configuration

ACCURACY = resolve_metric("accuracy", TaskKind.BINARY)
RUNGS = (Rung(index=0, row_share=1.0, n_folds=1), Rung(index=1, row_share=1.0, n_folds=5))


def quality(trial: Trial) -> float:
    return float(trial.configuration.params["quality"])


def result(trial: Trial) -> TrialResult:
    return TrialResult(trial=trial, status=TrialStatus.OK, score=quality(trial), seconds=1.0)


def risen(policy: PromotionPolicy | None, qualities: list[float], n_trials: int) -> list[float]:
    """Play a search and return who rose, in that order."""
    listed = iter([Configuration(algorithm="fake", params={"quality": q}) for q in qualities])
    halving = SuccessiveHalving(
        RUNGS, ACCURACY, lambda _history: next(listed, None), promote=policy
    )
    found = []
    for _ in range(n_trials):
        trial = halving.ask()
        if trial is None:
            break
        if trial.rung.index == 1:
            found.append(quality(trial))
        halving.tell(result(trial))
    return found


def test_the_leader_rises_whatever_the_policy_says() -> None:
    offered = []

    def worst(history: object, waiting: tuple[TrialResult, ...]) -> TrialResult:
        offered.append([quality(r.trial) for r in waiting])
        return waiting[-1]

    assert risen(worst, [0.9, 0.5, 0.4], 4) == [0.9]
    assert offered == []


def test_a_policy_chooses_among_those_near_the_quota() -> None:
    offered = []

    def worst(history: object, waiting: tuple[TrialResult, ...]) -> TrialResult:
        offered.append([quality(r.trial) for r in waiting])
        return waiting[-1]

    assert risen(worst, [0.9, 0.8, 0.7, 0.6, 0.5, 0.4], 8) == [0.9, 0.6]
    assert offered == [[0.8, 0.7, 0.6]]  # the second of six, from the best four


def test_no_more_rise_than_without_a_policy() -> None:
    qualities = [0.9 - i / 100 for i in range(18)]
    assert len(risen(lambda _history, waiting: waiting[-1], qualities, 24)) == 6
    assert len(risen(None, qualities, 24)) == 6


def test_the_policy_of_choosing_the_best_is_the_usual_rule() -> None:
    qualities = [0.9 - i / 100 for i in range(12)]
    usual = risen(None, qualities, 16)
    assert risen(lambda _history, waiting: waiting[0], qualities, 16) == usual


def test_when_nothing_new_is_left_the_best_go_first() -> None:
    found = risen(lambda _history, waiting: waiting[-1], [0.9, 0.8, 0.7], 100)
    assert found == [0.9, 0.8, 0.7]
