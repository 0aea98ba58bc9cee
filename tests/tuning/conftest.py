"""What tests of the search loop share."""

from pathlib import Path

import pytest

HELPERS = Path(__file__).parents[1] / "helpers"


@pytest.fixture
def fake_evaluation(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let trials be evaluated by `fake_jobs.evaluate`, also in worker processes."""
    monkeypatch.syspath_prepend(str(HELPERS))
    monkeypatch.setattr("metatune.tuning.search._FUNCTION", "fake_jobs:evaluate")
