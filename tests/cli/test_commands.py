"""Commands, one by one: where they lie, what they share, how they end."""

import warnings
from pathlib import Path
from typing import Any

import click
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from sklearn.dummy import DummyClassifier
from sklearn.pipeline import Pipeline

from metatune.cli import (
    continuing,
    describe,
    evaluate,
    explain,
    export,
    fit,
    importance,
    interrupts,
    leaderboard,
    metadata,
    options,
    predict,
    recommend,
    report,
    space,
    strategies,
)
from metatune.cli.app import cli
from metatune.cli.fit_run import file_of
from metatune.cli.model import predicting
from metatune.errors import BundleError, OptionError, TableError

COMMANDS = {
    "fit": fit.fit,
    "continue": continuing.continue_run,
    "predict": predict.predict,
    "evaluate": evaluate.evaluate,
    "recommend": recommend.recommend,
    "describe": describe.describe,
    "space": space.space,
    "leaderboard": leaderboard.leaderboard,
    "report": report.report,
    "explain": explain.explain,
    "importance": importance.importance,
    "export": export.export,
    "strategies": strategies.strategies,
    "metadata": metadata.metadata,
}
CONTEXT = click.Context(cli)


def test_each_listed_command_is_the_one_of_its_module() -> None:
    assert cli.list_commands(CONTEXT) == list(COMMANDS)
    for name, command in COMMANDS.items():
        assert cli.get_command(CONTEXT, name) is command
    assert cli.get_command(CONTEXT, "fits") is None


def test_the_metadata_command_has_commands_of_its_own() -> None:
    assert metadata.metadata.commands == {"info": metadata.info, "verify": metadata.verify}


@pytest.mark.parametrize("name", ["predict", "evaluate", "recommend", "describe", "fit"])
def test_commands_that_read_a_table_take_the_same_options_of_reading(name: str) -> None:
    known = {option for param in COMMANDS[name].params for option in param.opts}
    assert {"--separator", "--encoding", "--decimal", "--header", "--sheet", "--na"} <= known


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "metadata"])
def test_every_option_says_what_it_is_for(name: str) -> None:
    for param in COMMANDS[name].params:
        assert not isinstance(param, click.Option) or param.help


def test_options_of_reading_are_read_into_one_value() -> None:
    given: dict[str, Any] = {}

    @click.command()
    @options.reading()
    def command(**values: str | None) -> None:
        given["reading"] = options.reading_of(values)

    result = CliRunner().invoke(command, ["--separator", ";", "--na", "x", "--header", "no"])
    assert result.exit_code == 0
    assert given["reading"].separator == ";"
    assert given["reading"].header == "no"


def test_last_words_say_how_to_go_on() -> None:
    interrupts.say_at_the_end("go on with: metatune continue run")
    assert interrupts.last_words() == "metatune: interrupted; go on with: metatune continue run"
    interrupts.say_at_the_end("another")
    assert interrupts.last_words() == "metatune: interrupted; another"


def test_a_model_that_fails_while_it_predicts_is_one_line_that_names_the_file() -> None:
    said = r"m\.skops cannot predict .*IndexError: out of range"
    with pytest.raises(BundleError, match=said), predicting("m.skops"):
        raise IndexError("out\nof range")
    with pytest.raises(OptionError, match="as it is"), predicting("m.skops"):
        raise OptionError("as it is")


def test_warnings_of_arithmetic_are_not_shown_while_a_model_predicts() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with predicting("m.skops"):
            np.log(np.zeros(1))
    assert caught == []


def test_predictions_are_a_column_of_labels_or_one_for_each_class() -> None:
    frame = pd.DataFrame({"x": [1, 2, 3]})
    pipeline = Pipeline([("model", DummyClassifier(strategy="prior"))]).fit(frame, ["a", "b", "a"])
    assert predict.prediction_frame(pipeline, frame, "y")["y"].tolist() == ["a", "a", "a"]
    found = predict.prediction_frame(pipeline, frame, "y", proba=True)
    assert list(found.columns) == ["probability of a", "probability of b"]
    np.testing.assert_allclose(found.sum(axis=1), 1.0)


def test_a_run_remembers_the_file_of_its_table_unless_it_is_a_stream(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.touch()
    assert file_of(str(path)) == path
    assert file_of("-") is None
    assert file_of("openml:31") is None
    assert file_of(None) is None
    with pytest.raises(TableError, match="there is no file"):
        file_of(str(tmp_path / "none.csv"))
