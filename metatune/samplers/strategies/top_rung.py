"""Top rung: samplers that learn from full evaluations, and propose more of them."""

from metatune.evaluation.rungs import Rung
from metatune.samplers.base import TOP_RUNG
from metatune.samplers.drawing import DrawingSampler
from metatune.samplers.strategies.seen import Seen, pending_at, seen_at
from metatune.samplers.strategy import Situation
from metatune.search.history import History
from metatune.space import Configuration

__all__ = ["TopRungSampler"]


class TopRungSampler(DrawingSampler):
    """Sampler that draws by the results of the top rung, for the top rung.

    Parameters
    ----------
    situation : Situation
        Spaces, seed and rungs of the search.
    """

    def __init__(self, situation: Situation) -> None:
        super().__init__(situation.spaces, situation.seed, TOP_RUNG)
        self._top: Rung = situation.rungs[-1]

    def _seen(self, history: History) -> list[Seen]:
        """Return the losses, in the order in which they were told."""
        return seen_at(history, self._top, self._spaces)

    def _pending(self, history: History) -> list[Configuration]:
        """Return the configurations under way, in the order in which they were started."""
        return pending_at(history, self._top, self._spaces)
