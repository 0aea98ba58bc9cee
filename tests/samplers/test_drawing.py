"""Draws of a sampler: new ones, by the seed and the history alone."""

import numpy as np
from surfaces import FULL, RMSE, SPACES, Play

from metatune.evaluation.trial import Trial
from metatune.samplers.base import TOP_RUNG
from metatune.samplers.drawing import DrawingSampler, draw_configuration
from metatune.search.history import History
from metatune.space import Configuration


class Stubborn(DrawingSampler):
    """Draws the default of one family, always."""

    def _draw(self, history: History, rng: np.random.Generator) -> Configuration:
        return SPACES["plate"].default()


def test_a_way_of_drawing_that_gives_nothing_new_is_replaced_by_the_whole_spaces() -> None:
    play = Play(Stubborn(SPACES, seed=0, rung=TOP_RUNG)).run(5)
    assert [t.configuration.origin for t in play.trials] == ["default", *["random"] * 4]


def test_the_same_seed_and_history_give_the_same_draw_however_often_it_is_asked() -> None:
    history = History(RMSE)
    sampler = Stubborn(SPACES, seed=3, rung=TOP_RUNG)
    default = SPACES["plate"].default()
    history.start(Trial(number=0, configuration=default, rung=FULL[0], seed=0))
    asked = [sampler.propose(history) for _ in range(3)]
    assert asked[0] is not None
    assert asked[1:] == [asked[0], Stubborn(SPACES, seed=3, rung=TOP_RUNG).propose(history)]
    assert asked[0] != Stubborn(SPACES, seed=4, rung=TOP_RUNG).propose(history)


def test_families_are_drawn_alike() -> None:
    rng = np.random.default_rng(0)
    drawn = [draw_configuration(SPACES, rng).algorithm for _ in range(400)]
    assert 160 < drawn.count("bowl") < 240
