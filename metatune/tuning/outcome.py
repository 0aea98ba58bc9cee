"""Outcome of a run for its record: the result of `tune` as plain values."""

from dataclasses import asdict
from typing import Any

from metatune.estimate.corrected import NoEstimate
from metatune.files.plain import read_dataclass, without_nan
from metatune.storage.front_record import front_record
from metatune.storage.record import EnsembleRecord, Figures, Outcome, TrialCounts, Winner
from metatune.tuning.result import TuningResult

__all__ = ["outcome_of"]


def outcome_of(result: TuningResult) -> Outcome:
    """Return what the record of a run says about its result."""
    results, estimate, winner = result.history.results, result.estimate, result.winner
    ensemble, figures = without_nan(result.ensemble), result.figures
    return Outcome(
        ended=str(result.ended),
        score=without_nan(result.score),
        estimate=None if isinstance(estimate, NoEstimate) else estimate,
        no_estimate=estimate.reason if isinstance(estimate, NoEstimate) else None,
        constant_score=without_nan(result.constant_score),
        beats_constant=result.beats_constant,
        winner=None
        if winner is None
        else Winner(
            algorithm=winner.algorithm,
            params=dict(winner.params),
            origin=winner.origin,
            key=winner.key,
        ),
        fitted_on=result.fitted_on,
        ensemble=None if ensemble is None else read_dataclass(EnsembleRecord, ensemble),
        model=None if figures is None else read_dataclass(Figures, without_nan(asdict(figures))),
        note=result.note,
        trials=TrialCounts(
            finished=len(results),
            ok=sum(trial.ok for trial in results),
            pruned=sum(not trial.ok and not trial.failed for trial in results),
            configurations=len({trial.trial.configuration.key for trial in results}),
        ),
        advice=_advice(result),
        front=None if result.front is None else front_record(result.front, winner),
    )


def _advice(result: TuningResult) -> dict[str, Any] | None:
    if result.advice is None:
        return None
    said = result.advice.recommendations
    return {
        "familiarity": said.familiarity,
        "n_past_datasets": said.n_datasets,
        "excluded": list(said.excluded),
        "most_similar": [
            {
                "dataset": n.dataset,
                "similarity": n.similarity,
                "n_rows": n.n_rows,
                "n_columns": n.n_columns,
                "best": str(n.best),
            }
            for n in said.neighbours
        ],
        "skipped_meta_features": list(result.advice.features.skipped),
    }
