"""Signs that rows are not independent."""

import numpy as np
import pandas as pd
import pytest

from metatune.data.task.dependence import intraclass_correlation
from metatune.data.task.make_task import make_task
from metatune.data.task.roles import RoleColumns

N_GROUPS, N_EACH = 40, 6
N = N_GROUPS * N_EACH


def make_frame(resemblance: float = 2.0, drift: float = 3.0) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    group = rng.permutation(np.repeat(np.arange(N_GROUPS), N_EACH))
    y = rng.normal(size=N) + resemblance * rng.normal(size=N_GROUPS)[group]
    y += drift * np.linspace(0, 1, N)
    return pd.DataFrame(
        {
            "patient_id": 1000 + 7 * group,
            "when": pd.date_range("2020-01-01", periods=N, freq="D"),
            "x": rng.normal(size=N),
            "y": y,
        }
    )


def warnings_of(frame: pd.DataFrame, **roles: str) -> list[str]:
    task = make_task(frame, target="y", roles=RoleColumns(**roles))
    return [note for note in task.notes if "give --" in note]


def test_groups_and_drift_are_noticed() -> None:
    group, time = warnings_of(make_frame())
    assert "'patient_id' resemble each other: give --group patient_id" in group
    assert "follow 'when'" in time
    assert "give --time when" in time


def test_nothing_is_said_about_what_was_given() -> None:
    assert len(warnings_of(make_frame(), group="patient_id")) == 1
    assert warnings_of(make_frame(), group="patient_id", time="when") == []


def test_independent_rows_cause_no_warning() -> None:
    assert warnings_of(make_frame(resemblance=0.0, drift=0.0)) == []


@pytest.mark.parametrize("name", ["account_age", "patient_age", "rooms", "session length"])
def test_quantities_are_no_groups(name: str) -> None:
    frame = make_frame(drift=0.0).rename(columns={"patient_id": name})
    assert warnings_of(frame) == []


@pytest.mark.parametrize("name", ["patient", "Customer No", "userName", "host_id", "ID"])
def test_names_of_groups(name: str) -> None:
    frame = make_frame(drift=0.0).rename(columns={"patient_id": name})
    assert len(warnings_of(frame)) == 1


def test_dates_in_no_order_are_no_time_to_follow() -> None:
    frame = make_frame(resemblance=0.0)
    frame["when"] = np.random.default_rng(1).permutation(frame["when"])
    assert warnings_of(frame) == []


def test_labels_are_compared_too() -> None:
    frame = make_frame(drift=0.0).assign(y=lambda f: np.where(f["y"] > 0, "a", "b"))
    assert len(warnings_of(frame)) == 1


def test_intraclass_correlation_recovers_the_share_of_groups() -> None:
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(400), 5)
    values = (rng.normal(size=400)[groups] * 2 + rng.normal(size=2000))[:, None]
    correlation, chance = intraclass_correlation(values, groups)
    assert correlation == pytest.approx(0.8, abs=0.04)
    assert chance < 1e-10
    correlation, chance = intraclass_correlation(rng.normal(size=(2000, 1)), groups)
    assert abs(correlation) < 0.05
    assert chance > 0.01
