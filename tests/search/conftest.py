"""What tests of the search loop share."""

from pathlib import Path

import pytest


@pytest.fixture
def fake_evaluation(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let trials be evaluated by `fake_jobs.evaluate`, also in worker processes."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    monkeypatch.setattr("metatune.search.runner._FUNCTION", "fake_jobs:evaluate")
