"""Members that the ensemble of a run may choose from, as a sampler sees them during the search."""

from dataclasses import dataclass, field

from metatune.ensemble.member_pool import MemberPool
from metatune.ensemble.standing import Standing, ensemble_standing
from metatune.evaluation.prepared_task import PreparedTask
from metatune.metrics import resolve_metric
from metatune.search.history import History
from metatune.storage.store import RunStore

__all__ = ["RunMembers"]

_MOST = 20  # members that are looked at, the best ones


@dataclass(slots=True, eq=False)
class RunMembers:
    """Members of a run, and the standing of the ensemble that they make.

    Parameters
    ----------
    prepared : PreparedTask
        Task of the run.
    store : RunStore
        Holds their out-of-fold predictions.
    """

    prepared: PreparedTask
    store: RunStore
    _numbers: tuple[int, ...] = field(init=False, default=())
    _standing: Standing | None = field(init=False, default=None)

    def standing(self, metric: str, history: History) -> Standing | None:
        """Return the standing of the ensemble that the members so far make; None without any.

        Parameters
        ----------
        metric : str
            Recorded metric that members are weighed by.
        history : History
            Every finished trial.
        """
        # A run that goes on tells its results one by one, though all predictions are there.
        told = {result.trial.number for result in history.results}
        members = self.store.predictions.members(history)
        results = [result for result in members if result.trial.number in told][:_MOST]
        numbers = tuple(result.trial.number for result in results)
        if numbers != self._numbers:
            data = self.prepared.data
            predictions = self.store.predictions.load(results)
            families = {r.trial.number: r.trial.configuration.algorithm for r in results}
            pool = MemberPool.of(data, predictions)
            resolved = resolve_metric(metric, data.task.kind)
            self._numbers = numbers
            judged = bool(predictions) and len(pool.covered()) > 0  # absurd predictions count not
            self._standing = ensemble_standing(pool, resolved, families) if judged else None
        return self._standing
