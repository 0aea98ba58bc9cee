"""Examination of a run: its model beside single configurations, on rows that were held out.

    python -m benchmarks.races.peers.examination '{"entry": {...}, "n_leading": 10}'

The configurations that lead by cross-validation are fitted on all rows and judged like the model.
What these are worth alone, together, and if one knew which of them is the best tells whether a run
lacked good configurations or chose badly among them. The record goes to standard output, as one
line of JSON.
"""

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.races.entrant import Entry, Finished, search
from benchmarks.races.errors import RaceError
from metatune.budget import seconds_since_process_start

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]

__all__ = ["Examination", "examine"]

_N_DRAWS = 200  # halves of the rows held out, by one of which the best configuration is chosen


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """Task of an examination.

    Attributes
    ----------
    entry : Entry
        Run to examine.
    n_leading : int
        Configurations that are fitted.
    """

    entry: Entry
    n_leading: int = 10

    def text(self) -> str:
        """Return it as the argument of a process."""
        return json.dumps(asdict(self))

    @classmethod
    def from_text(cls, text: str) -> "Examination":
        """Read what `text` has written."""
        values = json.loads(text)
        return cls(entry=Entry(**values["entry"]), n_leading=values["n_leading"])


def examine(asked: Examination, elapsed: float = 0.0) -> dict[str, Any]:
    """Run a search and examine it.

    Parameters
    ----------
    asked : Examination
        What to do.
    elapsed : float
        Seconds of the budget that have passed before.

    Returns
    -------
    dict of str to object
        Gains, of which the greater is the better: ``score``, of the model; ``single``, of the
        configuration that leads; ``mean``, of all leading configurations, counting alike; ``best``,
        of the one of them that is best on other rows held out. ``trials`` and ``leading``, how many
        there were.

    Raises
    ------
    RaceError
        If no trial has a score.
    """
    finished = search(asked.entry, elapsed)
    judged = _HeldOut(finished, asked.entry)
    model = judged.said_by(finished.pipeline)
    said = list(_leading(finished, judged, asked))
    if not said:
        raise RaceError("no trial of the run has a score: there is nothing to examine")
    score = judged.gain(model)
    return {
        "metric": finished.task.metric.name,
        "trials": len(finished.result.history.results),
        "leading": len(said),
        "score": score,
        "single": judged.gain(said[0]),
        "mean": judged.gain(np.mean(said, axis=0)),
        "best": score + _gain_of_knowing(said, model, judged, asked.entry.seed),
    }


class _HeldOut:
    """Rows that were held out, and what models say of them."""

    def __init__(self, finished: Finished, entry: Entry) -> None:
        from metatune.cli.judgement import read_labelled
        from metatune.data.reading.table_reader import read_table

        frame = read_table(Path(entry.test)).frame
        y, known, _ = read_labelled(frame[entry.target], finished.task.classes)
        if finished.task.classes is not None:  # a label new to the run tells nothing of its choice
            known[known] = y < len(finished.task.classes)
            y = y[y < len(finished.task.classes)]
        self.y = y
        self._rows = frame[known]
        self._metric = finished.task.metric
        self._has_classes = finished.task.classes is not None

    def said_by(self, pipeline: Any) -> "FloatArray":
        """Return the probabilities or values that a model predicts."""
        predict = pipeline.predict_proba if self._has_classes else pipeline.predict
        return np.asarray(predict(self._rows), dtype=np.float64)

    def gain(self, said: "FloatArray", rows: Any = slice(None)) -> float:
        """Return the score of a prediction on some rows, with the sign by which more is better."""
        score = self._metric.score(self.y[rows], said[rows], None)
        return float(score if self._metric.greater_is_better else -score)


def _leading(finished: Finished, judged: _HeldOut, asked: Examination) -> "Iterator[FloatArray]":
    """Yield what the leading configurations say, the first one first."""
    from benchmarks.races.single import fit_on_all_rows

    results = finished.result.history.ranked()[: asked.n_leading]
    entry = asked.entry
    for model in fit_on_all_rows(finished.task, results, seed=entry.seed, budget=entry.budget):
        yield judged.said_by(model)


def _gain_of_knowing(
    said: "Sequence[FloatArray]", model: "FloatArray", judged: _HeldOut, seed: int
) -> float:
    """Return what the prediction that is best on other rows held out is ahead of the model's.

    It is chosen on one half of them and judged on the other, over many halves: the best of all rows
    would mostly be the luckiest.
    """
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(_N_DRAWS):
        chosen_on, judged_on = np.array_split(rng.permutation(len(judged.y)), 2)
        gains = [judged.gain(one, chosen_on) for one in said]
        if np.isfinite(gains).any():
            best = said[int(np.nanargmax(gains))]
            found.append(judged.gain(best, judged_on) - judged.gain(model, judged_on))
    return float(np.nanmean(found)) if found else float("nan")


def main() -> None:
    asked = Examination.from_text(sys.argv[1])
    print(json.dumps(examine(asked, seconds_since_process_start()), default=float))


if __name__ == "__main__":
    main()
