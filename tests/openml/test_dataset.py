"""Datasets and tasks as tables."""

from dataclasses import replace

import pandas as pd
import pytest
from openml_server.server import OpenMLServer
from openml_server.world import Feature, Task

from metatune.data.task.make_task import make_task
from metatune.errors import OpenMLError, OptionError
from metatune.kinds import TaskKind
from metatune.openml.client import OpenMLClient
from metatune.openml.dataset import fetch_table
from metatune.openml.reference import Reference


@pytest.mark.parametrize("text", ["openml:31", "OpenML:31"])
def test_a_dataset_is_named(text: str) -> None:
    assert Reference.parse(text) == Reference(number=31, is_task=False)


def test_a_task_is_named() -> None:
    assert Reference.parse("openml:task/31") == Reference(number=31, is_task=True)


@pytest.mark.parametrize("text", ["openml:", "openml:iris", "openml:flow/3", "openml:-3"])
def test_other_names_are_refused(text: str) -> None:
    with pytest.raises(OptionError, match="names nothing on OpenML"):
        Reference.parse(text)


def without_parquet(server: OpenMLServer, number: int = 100) -> None:
    server.world.add(replace(server.world.datasets[number], parquet=None))


@pytest.mark.parametrize("arff", [False, True], ids=["parquet", "arff"])
def test_both_files_give_the_same_table(
    client: OpenMLClient, server: OpenMLServer, arff: bool
) -> None:
    if arff:
        without_parquet(server)
    found = fetch_table(Reference.parse("openml:100"), client)
    frame = found.table.frame
    assert (found.target, found.task) == ("class", "classification")
    assert list(frame.columns) == ["a", "b", "c", "colour", "flag", "class"]  # without the id
    assert found.table.source.format == ("arff" if arff else "parquet")
    assert set(frame["flag"].dropna().unique()) == {"TRUE", "FALSE"}
    assert isinstance(frame["colour"].dtype, pd.CategoricalDtype)
    assert frame["b"].isna().sum() == 8
    assert found.table.name == "made-up-100"
    assert "left out as OpenML says: id" in found.table.notes
    task = make_task(found.table, target=found.target, task=found.task)
    assert task.kind is TaskKind.BINARY


def test_a_task_gives_target_kind_and_measure(client: OpenMLClient, server: OpenMLServer) -> None:
    server.world.add(
        Task(id=300, dataset=101, target="colour", measure="predictive_accuracy"),
        Task(id=301, dataset=101, target="a", type=2),
        Task(id=302, dataset=101, target="a", type=5),
    )
    found = fetch_table(Reference.parse("openml:task/300"), client)
    assert (found.target, found.task) == ("colour", "classification")
    assert found.measure == "predictive_accuracy"
    assert fetch_table(Reference.parse("openml:task/301"), client).task == "regression"
    with pytest.raises(OpenMLError, match="neither classification nor regression"):
        fetch_table(Reference.parse("openml:task/302"), client)


def test_a_dataset_without_features_or_target(client: OpenMLClient, server: OpenMLServer) -> None:
    dataset = server.world.datasets[100]
    server.world.add(replace(dataset, features=None, target=None, row_id=None))
    found = fetch_table(Reference.parse("openml:100"), client)
    assert found.target is None
    assert found.task is None
    server.world.add(replace(dataset, target="a,b"))
    assert fetch_table(Reference.parse("openml:100"), client).target is None


def test_ignored_columns_and_deactivated_datasets(
    client: OpenMLClient, server: OpenMLServer
) -> None:
    dataset = server.world.datasets[100]
    server.world.add(replace(dataset, ignored=("a", "c"), status="deactivated"))
    found = fetch_table(Reference.parse("openml:100"), client)
    assert "a" not in found.table.frame.columns
    assert "OpenML calls this dataset deactivated" in found.table.notes


def test_text_columns_with_missing_cells(client: OpenMLClient, server: OpenMLServer) -> None:
    arff = b"@RELATION t\n@ATTRIBUTE s STRING\n@ATTRIBUTE class {a,b}\n@DATA\n" + b"".join(
        b"'some words',a\n?,b\n" for _ in range(10)
    )
    features = (
        Feature(name="s", data_type="string", n_missing=10),
        Feature(name="class", data_type="nominal", values=("a", "b")),
    )
    server.world.add(
        replace(
            server.world.datasets[100],
            arff=arff,
            parquet=None,
            features=features,
            row_id=None,
            qualities=None,
        )
    )
    frame = fetch_table(Reference.parse("openml:100"), client).table.frame
    assert frame["s"].isna().sum() == 10
    assert frame["s"].dropna().unique().tolist() == ["some words"]


def test_unknown_things_are_one_line(client: OpenMLClient) -> None:
    with pytest.raises(OpenMLError, match="Unknown dataset"):
        fetch_table(Reference.parse("openml:999"), client)
    with pytest.raises(OpenMLError, match="Unknown task"):
        fetch_table(Reference.parse("openml:task/999"), client)
