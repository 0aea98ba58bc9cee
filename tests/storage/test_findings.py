"""Findings of a run, written and read back."""

from pathlib import Path

import numpy as np
import pytest

from metatune.errors import BundleError
from metatune.recommender.recommendation import Course, Outlook
from metatune.storage.findings import (
    ARRAYS_FILE,
    FINDINGS_FILE,
    ColumnFinding,
    Dependence,
    Findings,
    Importance,
    Importances,
    PriorExpectation,
    read_arrays,
    read_findings,
    write_findings,
)

FINDINGS = Findings(
    columns=(
        ColumnFinding(name="é\n", kind="text", n_missing=0, n_unique=3, treatment="from words"),
    ),
    importances=Importances(
        metric="rmse",
        score=1.5,
        n_rows=10,
        held_out=True,
        columns=(
            Importance(
                columns=("é\n",),
                mean=0.5,
                low=0.1,
                high=0.9,
                dependence=Dependence(
                    labels=("1", "2"), positions=(1.0, 2.0), outputs=("p",), values=((0.1, 0.2),)
                ),
            ),
        ),
    ),
    course=Course(metric="rmse", seconds=(1.0,), low=(1.0,), expected=(2.0,), high=(3.0,)),
    outlook=Outlook(
        metric="rmse", seconds=600.0, now=2.0, expected=1.8, low=1.5, high=2.0, chance=0.4
    ),
    priors=(PriorExpectation(key="abc", metric="rmse", score=2.0, low=1.0, high=3.0),),
)


def test_findings_are_read_as_they_were_written(tmp_path: Path) -> None:
    write_findings(FINDINGS, {"y": np.arange(3)}, tmp_path)
    assert read_findings(tmp_path) == FINDINGS
    assert read_arrays(tmp_path)["y"].tolist() == [0, 1, 2]


def test_a_run_without_findings_has_none(tmp_path: Path) -> None:
    assert read_findings(tmp_path) is None
    assert read_arrays(tmp_path) == {}


@pytest.mark.parametrize("content", ["", "[]", "{", '{"schema": "x"}', '{"columns": [{}]}'])
def test_damaged_findings_are_told(tmp_path: Path, content: str) -> None:
    (tmp_path / FINDINGS_FILE).write_text(content)
    with pytest.raises(BundleError, match=r"findings\.json is damaged"):
        read_findings(tmp_path)


def test_findings_of_a_newer_version_are_refused(tmp_path: Path) -> None:
    (tmp_path / FINDINGS_FILE).write_text('{"schema": 99}')
    with pytest.raises(BundleError, match="newer metatune"):
        read_findings(tmp_path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"no archive"])
def test_damaged_arrays_are_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / ARRAYS_FILE).write_bytes(content)
    with pytest.raises(BundleError, match=r"findings\.npz is damaged"):
        read_arrays(tmp_path)


def test_arrays_that_do_not_belong_together_are_told(tmp_path: Path) -> None:
    write_findings(FINDINGS, {"y": np.arange(3), "prediction": np.zeros((4, 2))}, tmp_path)
    with pytest.raises(BundleError, match="differ in length"):
        read_arrays(tmp_path)


def test_objects_are_never_unpickled(tmp_path: Path) -> None:
    np.savez(tmp_path / ARRAYS_FILE, y=np.array([print], dtype=object), allow_pickle=True)
    with pytest.raises(BundleError, match=r"findings\.npz is damaged"):
        read_arrays(tmp_path)
