"""Seconds that are kept free after a search."""

from dataclasses import replace
from pathlib import Path

import pytest
from ended_search import make_run

from metatune.storage.predictions import PredictionStore
from metatune.tuning import time_plan


@pytest.mark.parametrize(
    ("target", "best", "near", "far"),
    [("buys", 0.95, 0.93, 0.75), ("price", 1.0, 1.1, 2.0), ("grade", 0.5, 0.6, 1.1)],
)
def test_only_members_that_may_help_count(
    target: str,
    best: float,
    near: float,
    far: float,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    search = make_run(tmp_path, target)
    monkeypatch.setattr(time_plan, "fit_seconds", lambda *_: 7.0)
    first, *_, last = search.store.predictions.members(search.history)

    def kept_free(score: float) -> float:
        members = [replace(first, score=best), replace(last, score=score)]
        monkeypatch.setattr(PredictionStore, "members", lambda *_: members)
        return search.plan.model_seconds(search.history)

    assert kept_free(near) == pytest.approx(kept_free(far) + 7.0)
