"""The report as a page: complete, self-contained, and safe whatever a table holds."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest
from made_up_estimate import make_estimate
from run_records import OUTCOME, TASK, make_record

from metatune.evaluation.rungs import Rung
from metatune.evaluation.trial import Expectation, Reason, Trial, TrialResult, TrialStatus
from metatune.kinds import TaskKind
from metatune.recommender.recommendation import Course, Outlook
from metatune.reporting.page import render_page
from metatune.reporting.view import RunView
from metatune.space import Configuration
from metatune.storage.findings import (
    ColumnFinding,
    Dependence,
    Findings,
    Importance,
    Importances,
)

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'; DROP TABLE x; --",
    "two\nlines\tand a tab",
    "emoji 🦄 and 漢字",
    "עברית ومرحبا",
    "right \u202eto left",
    "bell \x07 and escape \x1b[31m",
    "$\\frac{1}{2}$ & co",
    "]]><svg onload=alert(1)>",
    "x" * 300,
    "",
)
RUNG = Rung(index=0, row_share=1.0, n_folds=3)


class Tags(HTMLParser):
    """Collects tags and attributes, and checks that they are closed in order."""

    VOID = frozenset({"meta", "br"})

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def parse(page: str) -> Tags:
    parser = Tags()
    parser.feed(page)
    parser.close()
    assert parser.open == []
    return parser


def make_result(number: int, score: float, *, error: str = "", **params: Any) -> TrialResult:
    expected = Expectation(
        metric="roc_auc", score=0.8, low=0.7, high=0.9, seconds=1.0, reason=Reason.SIMILAR
    )
    return TrialResult(
        trial=Trial(
            number=number,
            configuration=Configuration(
                algorithm="linear", params={"C": float(number), **params}, origin="portfolio"
            ),
            rung=RUNG,
            seed=0,
            expected=expected,
        ),
        status=TrialStatus.FAILED if error else TrialStatus.OK,
        score=float("nan") if error else score,
        fold_scores={} if error else {"roc_auc": (score, score, score)},
        seconds=1.0,
        error=error,
    )


def make_importance(name: str, mean: float) -> Importance:
    dependence = Dependence(
        labels=(name, "b"), positions=(), outputs=("yes",), values=((0.1, 0.2),)
    )
    return Importance(
        columns=(name,), mean=mean, low=mean - 0.1, high=mean + 0.1, dependence=dependence
    )


def make_view(names: tuple[str, ...] = ("age", "city"), **changes: Any) -> RunView:
    rng = np.random.default_rng(0)
    y = rng.integers(2, size=60)
    probability = np.clip(0.5 * y + 0.5 * rng.random(60), 0, 1)
    columns = [
        ColumnFinding(
            name=name, kind="number", n_missing=1, n_unique=9, treatment="the number", note=name
        )
        for name in names
    ]
    importances = Importances(
        metric="roc_auc",
        score=0.8,
        n_rows=60,
        held_out=True,
        columns=tuple(make_importance(name, 0.3 / (i + 1)) for i, name in enumerate(names)),
    )
    course = Course(
        metric="roc_auc",
        seconds=(0.5, 2.0, 10.0),
        low=(0.5, 0.6, 0.7),
        expected=(0.6, 0.7, 0.8),
        high=(0.7, 0.8, 0.9),
    )
    outlook = Outlook(
        metric="roc_auc", seconds=600.0, now=0.8, expected=0.82, low=0.8, high=0.85, chance=0.7
    )
    estimate = make_estimate(
        score=0.78, low=0.7, high=0.86, optimistic=0.8, n_candidates=3, n_rows=60
    )
    similar = {
        "dataset": names[0],
        "similarity": 0.1,
        "n_rows": 5,
        "n_columns": 2,
        "best": "a(b=1)",
    }
    advice = {"familiarity": 0.4, "n_past_datasets": 100, "excluded": [], "most_similar": [similar]}
    record = make_record(
        status="done",
        timings={"starting": 0.3, "searching": 0.6},
        outcome=replace(OUTCOME, estimate=estimate, advice=advice),
        task=replace(TASK, notes=names),
    )
    values: dict[str, Any] = {
        "record": record,
        "results": (
            make_result(0, 0.7),
            make_result(1, 0.8, kernel=names[0]),
            make_result(2, 0.0, error=f"it broke on {names[0]}"),
        ),
        "ended": (1.0, 2.0, 3.0),
        "findings": Findings(
            columns=tuple(columns), importances=importances, course=course, outlook=outlook
        ),
        "arrays": {
            "y": y,
            "prediction": np.column_stack([1 - probability, probability]).astype(np.float32),
        },
        "directory": "run",
    }
    return RunView(**{**values, **changes})


def headings(page: str) -> list[str]:
    return re.findall(r"<h2>(.*?)</h2>", page)


def test_every_section_is_there() -> None:
    assert headings(render_page(make_view())) == [
        "Result",
        "Predictions",
        "What the model looks at",
        "How columns were understood",
        "Similar past tables",
        "The search over time",
        "Why the leading configurations were tried",
        "Leaderboard",
        "Where the seconds went",
        "Reproduce",
    ]


def test_sections_that_do_not_apply_are_absent() -> None:
    view = make_view(record=make_record(), results=(), ended=(), findings=Findings(), arrays={})
    assert headings(render_page(view)) == ["Result", "Reproduce"]


def test_nothing_is_loaded_and_nothing_runs() -> None:
    page = render_page(make_view())
    parser = parse(page)
    assert not {"script", "link", "iframe", "img", "object"} & set(parser.tags)
    assert not [name for name, _ in parser.attributes if name.startswith("on")]
    places = [value for name, value in parser.attributes if name in ("href", "src", "xlink:href")]
    assert all(place is not None and place.startswith("#") for place in places)
    assert "http://" not in page
    assert "https://" not in page


@pytest.mark.parametrize("name", HOSTILE)
def test_texts_of_the_data_stay_texts(name: str) -> None:
    usual, odd = parse(render_page(make_view())), parse(render_page(make_view((name, "other"))))
    assert set(odd.tags) <= set(usual.tags)
    assert not [name for name, _ in odd.attributes if name.startswith("on")]


@pytest.mark.parametrize("name", HOSTILE)
def test_no_character_steers_the_page(name: str) -> None:
    page = render_page(make_view((name, "other")))
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", page)


def test_classes_of_any_name_are_drawn() -> None:
    classes = dict.fromkeys((name or "empty" for name in HOSTILE), 5)
    rng = np.random.default_rng(0)
    prediction = rng.dirichlet(np.ones(len(classes)), size=60).astype(np.float32)
    task = replace(TASK, task=TaskKind.MULTICLASS, classes=classes, metric="log_loss")
    view = make_view(
        record=make_record(task=task),
        arrays={"y": rng.integers(len(classes), size=60), "prediction": prediction},
    )
    parser = parse(render_page(view))
    assert parser.tags.count("script") == 0


def test_values_are_drawn_against_predictions() -> None:
    y = np.random.default_rng(0).standard_normal(60)
    task = replace(TASK, task=TaskKind.REGRESSION, classes=None, metric="rmse")
    view = make_view(
        record=make_record(task=task), arrays={"y": y, "prediction": y.astype(np.float32)}
    )
    page = render_page(view)
    assert "Predicted against true" in page
    assert "Confusion matrix" not in page


def test_the_score_comes_with_its_interval_and_its_meaning() -> None:
    page = render_page(make_view())
    assert "0.7800" in page
    assert "0.7000 to 0.8600" in page
    assert re.search(r"removes 56\s%\s?of the error", page)


def test_expectations_stand_beside_what_came_out() -> None:
    page = render_page(make_view())
    assert "0.8000<small>0.7000 to 0.9000</small>" in page
    assert "as expected" in page


def test_failures_are_grouped_by_cause() -> None:
    assert "it broke on age" in render_page(make_view())


def test_arrays_that_do_not_fit_the_task_are_not_drawn() -> None:
    view = make_view(arrays={"y": np.zeros(3), "prediction": np.zeros((3, 5))})
    assert "Predictions" not in headings(render_page(view))


def test_ids_of_plots_do_not_collide() -> None:
    page = render_page(make_view())
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("odd", ["<script>", {"a": 1}, [1], None, -1e400])
def test_a_record_that_was_changed_by_hand_injects_nothing(odd: Any) -> None:
    view = make_view()
    assert view.record.outcome is not None
    advice = dict.fromkeys(("familiarity", "n_past_datasets", "excluded", "most_similar"), odd)
    record = replace(view.record, outcome=replace(view.record.outcome, advice=advice))
    page = render_page(replace(view, record=record))
    assert "<script>" not in page
    assert "Similar past tables" not in headings(page)


@pytest.mark.parametrize(
    ("labels", "positions", "shown"),
    [
        (("0", "1", "1000000"), (0.0, 1.0, 1e6), "1,000,000"),
        (("2020-01-01", "2020-01-02", "2024-01-01"), (7305.0, 7306.0, 8766.0), "2024-01-01"),
        (("1", "2"), (1.0, 2.0), "1.8"),
    ],
    ids=["skewed", "dates", "two values"],
)
def test_every_kind_of_column_is_drawn(
    labels: tuple[str, ...], positions: tuple[float, ...], shown: str
) -> None:
    values = tuple(float(i) for i in range(len(labels)))
    dependence = Dependence(
        labels=labels, positions=positions, outputs=("a", "b", "c"), values=(values,) * 3
    )
    importance = replace(make_importance("age", 0.3), dependence=dependence)
    view = make_view()
    found = view.findings.importances
    assert found is not None
    findings = replace(view.findings, importances=replace(found, columns=(importance,)))
    page = render_page(replace(view, findings=findings))
    parse(page)
    assert f">{shown}</text>" in page
    assert "mathdefault" not in page


def test_where_nothing_is_similar_the_page_and_the_stories_say_so() -> None:
    alike = make_view()
    outcome = alike.record.outcome
    assert outcome is not None
    assert outcome.advice is not None
    page = render_page(alike)
    assert "past datasets that resemble this one" in page
    advice = {**outcome.advice, "most_similar": []}
    record = replace(alike.record, outcome=replace(outcome, advice=advice))
    page = render_page(replace(alike, record=record))
    assert "None of them resembles this table more than others do" in page
    assert "of which none resembles this one more than others do" in page
    assert "past datasets that resemble this one" not in page
