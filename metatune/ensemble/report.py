"""Report on a final model for the user: members, gains, figures."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from metatune.ensemble.plan import EnsemblePlan
    from metatune.evaluation.trial import TrialResult

    Members = Sequence[tuple[TrialResult | None, float]]

__all__ = ["ensemble_record", "with_costs", "with_ensemble"]


def ensemble_record(
    plan: "EnsemblePlan | None", members: "Members", second: Mapping[int, float] | None = None
) -> dict[str, Any] | None:
    """Return the composition of a final model as plain values.

    Parameters
    ----------
    plan : EnsemblePlan or None
        Plan of the model.
    members : sequence of (TrialResult or None, float)
        Members with their weights; None for the constant prediction.
    second : Mapping of int to float, optional
        Weights of the learners of the second layer, by number.

    Returns
    -------
    dict or None
        None for a single pipeline whose predictions are left as they are, and for the constant.
    """
    from metatune.ensemble.second_layer import LEARNERS  # scikit-learn: no leaderboard needs it

    adjusted = plan is not None and (plan.adjustment.calibrates or plan.adjustment.decision)
    if plan is None or (len(members) < 2 and not adjusted):
        return None
    return {
        "members": [
            {
                "trial": None if result is None else result.trial.number,
                "algorithm": "constant" if result is None else result.trial.configuration.algorithm,
                "weight": weight,
            }
            for result, weight in members
        ]
        + [
            {
                "trial": None,
                "algorithm": f"second layer of {LEARNERS[number].algorithm}",
                "weight": weight,
            }
            for number, weight in (second or {}).items()
        ],
        "score": plan.score,
        "single_score": plan.single_score,
        "gain": plan.gain.mean,
        "gain_error": plan.gain.error,
        "temperature": plan.adjustment.temperature,
        "shifts": list(plan.adjustment.shifts),
        "decision": list(plan.adjustment.decision),
    }


def with_ensemble(board: "pd.DataFrame", record: dict[str, Any] | None) -> "pd.DataFrame":
    """Return a leaderboard with weights, and with the ensemble above its members.

    Parameters
    ----------
    board : DataFrame
        Leaderboard of `History.leaderboard`; unchanged.
    record : dict or None
        Value of `ensemble_record`, perhaps read from the record of a run.

    Returns
    -------
    DataFrame
        Leaderboard with a column ``weight``: the weight of each trial in the final model, NaN for
        those outside it. An ensemble of several has a first row of its own, of rank 0.
    """
    import pandas as pd
    from pandas.api.types import is_integer_dtype

    weights = {} if record is None else {m["trial"]: m["weight"] for m in record["members"]}
    board = board.assign(weight=board["trial"].map(weights).astype("float64"))
    if record is None or len(record["members"]) < 2:
        return board
    parts = ", ".join(f"{m['weight']:.0%} {m['algorithm']}" for m in record["members"])
    row = {
        "rank": 0,
        "algorithm": "ensemble",
        "configuration": f"ensemble({parts})",
        "score": record["score"],
        "status": "ok",
    }
    # The ensemble is no trial at a rung: whole numbers have to be able to be missing.
    whole = {name: "Int64" for name in board.columns if is_integer_dtype(board[name])}
    board = board.astype(whole)
    first = pd.DataFrame([row]).reindex(columns=board.columns).astype(board.dtypes.to_dict())
    return pd.concat([first, board], ignore_index=True) if len(board) else first


def with_costs(
    board: "pd.DataFrame", encoding: float | None, latency: float | None, n_bytes: float | None
) -> "pd.DataFrame":
    """Return a leaderboard whose latencies are those that a user meets.

    A trial measures its model on an encoded row; predicting a table of one row takes the work on
    its columns as well.

    Parameters
    ----------
    board : DataFrame
        As `with_ensemble` returns it; unchanged.
    encoding : float or None
        Seconds of the work on the columns of a row; where they are not known, latencies are not.
    latency, n_bytes : float or None
        Measured on the saved model, for the row of an ensemble.

    Returns
    -------
    DataFrame
    """
    nan = float("nan")
    board = board.assign(latency=board["latency"] + (nan if encoding is None else encoding))
    is_ensemble = (board["rank"] == 0).fillna(False).to_numpy(dtype=bool)
    board["model_bytes"] = board["model_bytes"].astype("float64")
    board.loc[is_ensemble, "latency"] = nan if latency is None else latency
    board.loc[is_ensemble, "model_bytes"] = nan if n_bytes is None else float(n_bytes)
    return board
