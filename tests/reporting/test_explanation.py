"""Explanations as people see them: short in a console, as a table in a notebook."""

from dataclasses import replace
from typing import Any

import numpy as np
from surfaces import BOWL, FULL, RMSE, answer

from metatune.evaluation.trial import Trial
from metatune.notation.cards import MOST_LINES
from metatune.reporting.explanation import Explanation, Story, stories_of
from metatune.reporting.shapley import Contribution, RowExplanation
from metatune.samplers.catalogue import CATALOGUE
from metatune.search.history import History
from metatune.space import Configuration
from metatune.storage.findings import Findings, Importance, Importances

HOSTILE = "<b>size</b>\x1b[31m"


def make_explanation(n_columns: int = 30, **changes: Any) -> Explanation:
    columns = tuple(
        Importance(columns=(f"{HOSTILE}{i}",), mean=1.0 / (i + 1), low=0.0, high=1.0)
        for i in range(n_columns)
    )
    story = Story(
        trial=3,
        algorithm="linear",
        params={},
        why="by the results until then",
        metric="rmse",
        expected=None,
        low=None,
        high=None,
        came_out=2.0,
        is_complete=True,
    )
    found = Importances(
        metric="rmse", score=2.0, n_rows=500, held_out=True, columns=columns, n_left_out=2
    )
    explanation = Explanation(importances=found, not_measured="", stories=(story,))
    return replace(explanation, **changes)


def make_row() -> RowExplanation:
    shares = np.linspace(3.0, 0.1, 30)
    contributions = tuple(
        Contribution(columns=(f"c{i}",), value="v", share=share, error=0.1)
        for i, share in enumerate(shares.tolist())
    )
    return RowExplanation(
        output="prediction",
        prediction=7.0,
        baseline=1.5,
        contributions=contributions,
        n_background=50,
    )


def test_effects_have_a_column_where_there_are_any() -> None:
    without = make_explanation(3)
    assert without.importances is not None
    columns = tuple(replace(one, effect="rises") for one in without.importances.columns)
    with_effects = replace(without, importances=replace(without.importances, columns=columns))
    for shown, expected in ((without, False), (with_effects, True)):
        assert ("effect</th>" in shown._repr_html_()) == expected
        assert ("  effect" in repr(shown)) == expected


def test_its_text_is_short_and_names_the_leading_columns() -> None:
    said = repr(make_explanation())
    assert len(said.splitlines()) <= MOST_LINES
    assert "what rmse loses when the column's cells are shuffled" in said
    assert "500 rows that models had not seen" in said
    assert "... 20 more: to_frame()" in said
    assert "by the results until then" in said
    assert "2 columns, for want of time" in said


def test_explained_rows_stand_in_it_with_what_moved_them() -> None:
    said = repr(make_explanation(rows=(make_row(),) * 5))
    assert len(said.splitlines()) <= MOST_LINES
    assert "row 1: prediction 7.000, on average 1.500" in said
    assert "+3.000" in said
    assert "row 2" in said
    assert "2 of 5; others: rows" in said


def test_each_strategy_says_why_it_tried_what_it_made_itself() -> None:
    reasons = {str(name): facts.why for name, facts in CATALOGUE.items() if facts.why}
    made = [
        Configuration(algorithm="bowl", params={**BOWL.defaults, "n": n}, origin=origin)
        for n, origin in enumerate(reasons, start=1)
    ]
    trials = [
        Trial(number=n, configuration=one, rung=FULL[0], seed=0) for n, one in enumerate(made)
    ]
    history = History(RMSE, map(answer, trials))
    told = {story.params["n"]: story.why for story in stories_of(history, Findings(), top=99)}
    assert told == dict(enumerate(reasons.values(), start=1))


def test_why_nothing_was_measured_is_said() -> None:
    said = repr(make_explanation(importances=None, not_measured="the time did not suffice"))
    assert "not measured: the time did not suffice" in said


def test_names_of_columns_are_no_markup_and_steer_no_terminal() -> None:
    explanation = make_explanation()
    assert "<b>size" not in explanation._repr_html_()
    assert "\x1b" not in repr(explanation) + explanation._repr_html_()
