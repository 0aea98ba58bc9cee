"""Successive halving and a source of configurations, asked and told by hand."""

from collections.abc import Callable

from metatune.evaluation.rungs import Rung
from metatune.evaluation.trial import Trial, TrialResult
from metatune.metrics import Metric
from metatune.samplers.base import TOP_RUNG, Proposal, Sampler
from metatune.samplers.next_trial import next_trial
from metatune.search.halving import SuccessiveHalving
from metatune.search.history import History
from metatune.space import Configuration

CandidateSource = Callable[[History], Configuration | None]


class Source(Sampler):
    """Sampler that asks a function; what the history knows already is passed over."""

    def __init__(self, source: CandidateSource, top: Configuration | None = None) -> None:
        self.source, self.top = source, top

    def propose(self, history: History) -> Proposal | None:
        for _ in range(100):
            found = self.source(history)
            if found is None:
                return None
            if not history.knows(found):
                return Proposal(configuration=found, rung=TOP_RUNG if found == self.top else 0)
        return None


class Asking:
    """Halving that asks a source itself."""

    def __init__(
        self,
        rungs: tuple[Rung, ...],
        metric: Metric,
        source: CandidateSource,
        *,
        seed: int = 0,
        top: Configuration | None = None,
    ) -> None:
        self.halving = SuccessiveHalving(rungs, metric, seed=seed)
        self.sampler = Source(source, top)

    @property
    def history(self) -> History:
        return self.halving.history

    def ask(self, max_seconds: float = float("inf")) -> Trial | None:
        return next_trial(self.halving, self.sampler, max_seconds)

    def trial(self, max_seconds: float = float("inf")) -> Trial:
        """Ask where there has to be a trial."""
        asked = self.ask(max_seconds)
        assert asked is not None
        return asked

    def tell(self, result: TrialResult) -> None:
        self.halving.tell(result)

    def start(self, configuration: Configuration) -> Trial:
        return self.halving.start(configuration)

    def withdraw(self, trial: Trial) -> None:
        self.halving.withdraw(trial)
