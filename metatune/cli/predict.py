"""`metatune predict`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from metatune.cli import options
from metatune.cli.console import Voice
from metatune.errors import OptionError
from metatune.files.text import visible

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.pipeline import Pipeline

__all__ = ["predict", "prediction_frame"]

_SUFFIXES = (".csv", ".parquet")


@click.command()
@options.model_argument()
@options.data_argument()
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Where to write: .csv or .parquet; standard output by default.",
)
@click.option("--proba", is_flag=True, help="Write the probability of each class.")
@click.option(
    "--interval",
    type=float,
    metavar="LEVEL",
    help="Add bounds that hold so large a share of the true values, such as 0.9: lower and upper "
    "end of numbers, or a set of labels.",
)
@options.reading()
@options.openml_server()
@options.trust()
@options.quiet()
def predict(  # one parameter for each option
    model: str,
    data: str,
    output: Path | None,
    proba: bool,
    interval: float | None,
    openml_server: str | None,
    quiet: bool,
    **given: str | None,
) -> None:
    """Predict the rows of DATA with MODEL, a run directory or its model.skops.

    DATA is a table's file, - for standard input, or openml:31 (a dataset) or openml:task/31.
    Writes a table with one row for each row of DATA, in that order. Columns are found by name,
    whatever their order; the target may be among them and is not used.
    """
    _check_output(output)
    from metatune.cli.model import open_model, predicting
    from metatune.cli.prediction_table import read_for, saying_unused
    from metatune.models.bounds import bounds_of, check_level
    from metatune.models.model_file import model_info

    voice = Voice(quiet=quiet)
    reading = options.reading_of(given)
    pipeline = open_model(model, voice, given["trust"])
    target = str(model_info(pipeline).get("target"))
    if proba and not hasattr(pipeline, "predict_proba"):
        raise OptionError(f"the model predicts numbers of {target!r}: leave out --proba")
    if interval is not None:
        check_level(interval)
        bounds_of(pipeline)  # before a large table is read
    frame = read_for(pipeline, data, voice, reading=reading, server=openml_server).frame
    with predicting(model), saying_unused(voice):
        answer = prediction_frame(pipeline, frame, target, proba=proba, level=interval)
    if output is None:
        _write(answer)
        return
    try:
        if output.suffix == ".parquet":
            answer.to_parquet(output, index=False)
        else:
            answer.to_csv(output, index=False)
    except OSError as error:
        raise OptionError(f"cannot write {output}: {error.strerror or error}") from error
    voice.say(f"{len(answer):,} predictions of {target!r} written to {output}")


def prediction_frame(
    pipeline: "Pipeline",
    frame: "pd.DataFrame",
    target: str,
    *,
    proba: bool = False,
    level: float | None = None,
) -> "pd.DataFrame":
    """Predict a table.

    Parameters
    ----------
    pipeline : Pipeline
        Fitted.
    frame : DataFrame
        Has the columns that the model needs.
    target : str
        Name of the target.
    proba : bool
        Whether to return probabilities instead of labels.
    level : float or None
        Share of the true values that bounds shall hold; None for no bounds.

    Returns
    -------
    DataFrame
        The column `target`, or one column ``probability of LABEL`` for each class; with a level
        also ``TARGET low`` and ``TARGET high``, or ``TARGET set``: labels by falling probability,
        joined by ``|``, which is escaped by a backslash within a label.
    """
    import pandas as pd

    if level is not None:
        return _bounded_frame(pipeline, frame, target, level, proba=proba)
    if not proba:
        return pd.DataFrame({target: pipeline.predict(frame)})
    return pd.DataFrame(pipeline.predict_proba(frame), columns=_probability_names(pipeline))


def _probability_names(pipeline: "Pipeline") -> list[str]:
    return [f"probability of {label}" for label in pipeline.classes_]


def _bounded_frame(
    pipeline: "Pipeline", frame: "pd.DataFrame", target: str, level: float, *, proba: bool
) -> "pd.DataFrame":
    import numpy as np
    import pandas as pd

    from metatune.models.bounds import bounded_labels, bounded_values

    if not hasattr(pipeline, "predict_proba"):
        values, ends = bounded_values(pipeline, frame, level)
        low, high = ends.T
        return pd.DataFrame({target: values, f"{target} low": low, f"{target} high": high})
    probabilities, codes, members = bounded_labels(pipeline, frame, level)
    answer = pd.DataFrame({target: pipeline.classes_[codes]})
    if proba:
        answer = pd.DataFrame(probabilities, columns=_probability_names(pipeline))
    order = np.argsort(-probabilities, axis=1, kind="stable").tolist()
    labels = [str(label).replace("|", "\\|") for label in pipeline.classes_]
    answer[f"{target} set"] = [
        "|".join(labels[code] for code in ranked if row[code])
        for row, ranked in zip(members, order, strict=True)
    ]
    return answer


def _write(answer: "pd.DataFrame") -> None:
    """Write predictions to standard output: labels as they are, unless a terminal shows them."""
    if sys.stdout.isatty():
        click.echo(visible(answer.to_csv(index=False), lines=True), nl=False)
    else:
        answer.to_csv(sys.stdout, index=False)


def _check_output(output: Path | None) -> None:
    if output is None:
        return
    if output.suffix not in _SUFFIXES:
        raise OptionError(f"output {output} has no known suffix: use {' or '.join(_SUFFIXES)}")
    if not output.parent.is_dir():
        raise OptionError(f"output {output} cannot be written: {output.parent} is no directory")
