"""Summary of a run's outcome: what closes a command, and stands on the card of an estimator."""

from metatune.data.wording import counted
from metatune.notation.numbers import milliseconds, number, percent, settings, size
from metatune.storage.front_record import FrontRecord
from metatune.storage.record import EnsembleRecord, Figures, Outcome, TrialCounts, Winner

__all__ = ["summary_rows", "trials_text"]

Rows = list[tuple[str, str]]
_MOST_MEMBERS = 12


def summary_rows(
    outcome: Outcome, metric: str, greater_is_better: bool, about: str = ""
) -> list[tuple[str, str]]:
    """Return labels and texts; an empty label goes on with the text before.

    Parameters
    ----------
    outcome : Outcome
        Of a run.
    metric : str
        What it optimised.
    greater_is_better : bool
        Direction of the metric.
    about : str
        What else to say of the metric: its positive class.
    """
    better = ("higher" if greater_is_better else "lower") + " is better" + about
    return [
        *_score_rows(outcome, metric, better),
        ("constant", f"{number(outcome.constant_score)} for the constant prediction"),
        *_model_rows(outcome),
        *_front_rows(outcome.front),
        ("trials", trials_text(outcome.trials, outcome.ended)),
        *_figure_rows(outcome.model),
    ]


def trials_text(trials: TrialCounts, ended: str) -> str:
    """Say how many trials there were; those cut short are no failures."""
    failed = trials.finished - trials.ok - trials.pruned
    return (
        f"{counted(trials.finished, 'trial')} of "
        f"{counted(trials.configurations, 'configuration')}"
        + (f", {trials.pruned} cut short as hopeless" if trials.pruned else "")
        + (f", {failed} failed" if failed else "")
        + f" ({ended})"
    )


def _score_rows(outcome: Outcome, metric: str, better: str) -> Rows:
    if outcome.estimate is not None:
        return [(metric, f"{outcome.estimate.in_words()}; {better}")]
    said = f"{number(outcome.score)} in cross-validation ({better})"
    if outcome.winner is None:
        return [(metric, said)]
    return [
        (metric, f"{said}: a little too good"),
        ("", f"no honest estimate: {outcome.no_estimate or 'it was not made'}"),
    ]


def _model_rows(outcome: Outcome) -> Rows:
    winner = outcome.winner
    if winner is None:
        return [("winner", "the constant prediction: nothing beat it")]
    if outcome.ensemble is not None and len(outcome.ensemble.members) > 1:
        return _ensemble_rows(outcome.ensemble, winner, outcome.fitted_on)
    return [
        ("winner", f"{winner.algorithm}, fitted on {outcome.fitted_on}"),
        ("configuration", settings(winner.params)),
    ]


def _front_rows(front: FrontRecord | None) -> Rows:
    """Say how many models no other one beats, and which of them was taken."""
    if front is None or not front.points:
        return []
    names = ", ".join(front.objectives)
    said = f"{len(front.points)} of {front.n_compared} that no other one beats in all of {names}"
    choice = [("", f"the model is {front.choice}")] if front.choice else []
    return [("front", said), *choice]


def _ensemble_rows(ensemble: EnsembleRecord, winner: Winner, fitted_on: str) -> Rows:
    shown = ensemble.members[:_MOST_MEMBERS]
    parts = [f"{percent(member.weight)} {member.algorithm}" for member in shown]
    n_more = len(ensemble.members) - len(shown)
    alone = f"best alone: {winner.algorithm}, {number(ensemble.single_score)} in cross-validation"
    return [
        ("model", f"ensemble of {len(ensemble.members)}, fitted on {fitted_on}"),
        ("members", ", ".join([*parts, *([f"{n_more} more"] if n_more else [])])),
        ("", alone),
    ]


def _figure_rows(figures: Figures | None) -> Rows:
    if figures is None:
        return []
    said = f"{size(figures.n_bytes)}, {milliseconds(figures.latency)} for a single row"
    if figures.batch_seconds is not None:
        said += f", {milliseconds(1e3 * figures.batch_seconds)} for 1,000 rows together"
    return [("cost", said)]
