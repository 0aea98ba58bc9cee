"""Fixtures of the tests of the search loop."""

from pathlib import Path

import pytest

HELPERS = Path(__file__).parents[1] / "helpers"


@pytest.fixture
def importable_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let worker processes import `fake_jobs`."""
    monkeypatch.syspath_prepend(str(HELPERS))
