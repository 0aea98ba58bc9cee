"""Class labels come back as they are written, and words for "missing" may be labels."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from alone import Trained

from metatune.data.task.label_spelling import (
    are_merged_codes,
    as_written,
    labels_called_missing,
    stripped,
)
from metatune.data.task.make_task import make_task
from metatune.data.task.target import known_target
from metatune.kinds import TaskKind

N = 180


def text_of(labels: list[str], *, shares: list[int] | None = None) -> str:
    dealt = [
        label
        for label, n in zip(labels, shares or [1] * len(labels), strict=True)
        for _ in range(n)
    ]
    rows = [f"{'rst'[i % 3]},{i * 0.7:.1f},{dealt[i % len(dealt)]}" for i in range(N)]
    return "\n".join(["c,z,y", *rows]) + "\n"


@pytest.mark.parametrize(
    "labels",
    [
        ["01", "02", "03"],
        ["10K", "20K", "30K"],
        ["5kg", "10kg"],
        ["1E5", "2E5"],
        ["007", "008"],
        ["1.0", "2.0"],
        ["1", "2"],
        ["0.50", "1.50"],
        ["TRUE", "FALSE"],
        ["true", "false"],
        ["True", "False"],
        ["+1", "-1"],
        ["$5", "$10"],
        ["50%", "75%"],
        ["1_000", "2_000"],
        ["0x1F", "0x2A"],
        ["1,000", "2,000"],
        ["inf", "low"],
        ["9007199254740992", "9007199254740993"],
        ["12345678901234567890123", "12345678901234567890124"],
        ["EU", "NA", "AS"],
        ["None", "Mild", "Severe"],
        ["null", "info", "warn"],
        ["yes", "no", "NA"],
        ["01", "1"],
        ["-", "+"],
    ],
)
def test_labels_come_out_as_they_went_in(tmp_path: Path, labels: list[str]) -> None:
    quoted = [f'"{label}"' if "," in label else label for label in labels]
    task = Trained(tmp_path / "t.csv", text_of(quoted)).task
    assert task.kind.is_classification
    assert task.classes is not None
    written = pd.DataFrame({"y": task.classes}).to_csv(index=False).splitlines()[1:]
    assert {w.strip('"') for w in written} == set(labels)
    assert task.n_rows == N


def test_plain_whole_numbers_stay_numbers(tmp_path: Path) -> None:
    task = Trained(tmp_path / "t.csv", text_of(["2", "10", "1"])).task
    assert task.classes is not None
    assert task.classes.tolist() == [1, 2, 10]


def test_spellings_of_one_number_are_one_label(tmp_path: Path) -> None:
    task = Trained(tmp_path / "t.csv", text_of(["1", "1.0", "2"], shares=[3, 1, 2])).task
    assert task.classes is not None
    assert task.classes.tolist() == ["1", "2"]


@pytest.mark.parametrize(
    ("labels", "shares"),
    [
        (["yes", "no", "NA"], [10, 10, 1]),  # a few, and written otherwise
        (["yes", "no", ""], [1, 1, 1]),
        (["yes", "no", "?"], [1, 1, 1]),
        (["yes", "no", "nan"], [1, 1, 1]),
        (["EU", "AS", "NA"], [2, 2, 10]),  # most rows are not labelled
        (["1", "2", "NA"], [1, 1, 1]),  # numbers
    ],
)
def test_cells_that_are_missing_are_no_class(
    tmp_path: Path, labels: list[str], shares: list[int]
) -> None:
    task = Trained(tmp_path / "t.csv", text_of(labels, shares=shares)).task
    assert task.kind is TaskKind.BINARY
    assert task.n_dropped > 0
    assert any("without a value of the target" in note for note in task.notes)


def test_rows_still_to_be_labelled_are_no_class() -> None:
    y = ["yes", "no"] * 40 + ["NA"] * 40
    task = make_task(pd.DataFrame({"a": np.arange(120.0), "y": y}), target="y")
    assert task.kind is TaskKind.BINARY


def test_a_class_called_missing_is_announced(tmp_path: Path) -> None:
    task = Trained(tmp_path / "t.csv", text_of(["EU", "NA", "AS"])).task
    assert any("'NA' is taken as a class of its own" in note for note in task.notes)


@pytest.mark.parametrize(
    ("classes", "cells"),
    [
        (["01", "02"], ["01", "02"]),
        (["01", "02"], [1, 2]),
        (["EU", "NA"], ["EU", "NA"]),
        (["FALSE", "TRUE"], [False, True]),
        ([0.5, 1.0], ["0.5", "1"]),
        (["10K", "20K"], ["10K", "20000"]),
    ],
)
def test_labels_to_judge_by_are_found(classes: list[object], cells: list[object]) -> None:
    codes, keep = known_target(pd.Series(cells, name="y"), np.asarray(classes))
    assert keep.all()
    assert codes.tolist() == [0, 1]


def test_markers_are_kept_without_the_blanks_around_them() -> None:
    assert stripped(pd.Series([" NA ", "a ", None, 3]))[:2].tolist() == ["NA", "a"]


def test_spellings_of_one_value_become_the_most_frequent_of_them() -> None:
    texts = pd.Series(["1.0", "1.0", "1.00", "2.0"])
    assert as_written(texts, texts.astype(float)).tolist() == ["1.0", "1.0", "1.0", "2.0"]


def test_codes_with_leading_zeros_stay_apart_whatever_their_values() -> None:
    texts = pd.Series(["01", "1", "1"])
    assert as_written(texts, texts.astype(float)).tolist() == ["01", "1", "1"]
    assert are_merged_codes(texts)
    assert not are_merged_codes(pd.Series(["01", "02"]))
    assert not are_merged_codes(pd.Series(["01", "1", "b"]))


def test_a_word_for_missing_is_a_label_where_it_is_written_and_counted_like_the_others() -> None:
    cells = pd.Series(["EU", "NA", "AS", "EU", "NA", "AS"] * 10)
    assert labels_called_missing(cells, cells.where(cells != "NA")) == ["NA"]
    names = pd.Series(["Europe", "Europe", "Asia", "NA"] * 10)
    assert labels_called_missing(names, names.where(names != "NA")) == []
