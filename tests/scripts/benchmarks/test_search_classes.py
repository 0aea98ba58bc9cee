"""Scripts with scikit-learn's search classes: one line is changed, and all goes on as before."""

import pytest

from benchmarks.searches.examples import EXAMPLES, Example

TRIALS = "budget='10h', max_trials=40"


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_one_line_is_changed(example: Example) -> None:
    before, after = example.code.splitlines(), example.changed("budget=10").splitlines()
    changed = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    assert [old for old, _ in changed] == [example.theirs]
    assert "MetaTuneSearchCV(" in changed[0][1]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_the_rest_of_the_script_goes_on_and_finds_as_good_a_score(example: Example) -> None:
    theirs, ours = example.run(example.code, 0), example.run(example.changed(TRIALS), 0)
    assert ours.best_score >= theirs.best_score
    assert ours.test_score >= theirs.test_score - 0.03
    assert ours.n_candidates > 1
