"""`metatune evaluate`."""

import click

from metatune.cli import options
from metatune.cli.console import Voice, show, show_json, table
from metatune.notation.numbers import number

__all__ = ["evaluate"]


@click.command()
@options.model_argument()
@options.data_argument()
@click.option("--metric", metavar="NAME", help="Another metric to judge by.")
@click.option("--positive", metavar="LABEL", help="Another positive class than that of the run.")
@options.reading()
@options.openml_server()
@options.trust()
@options.as_json()
@options.quiet()
def evaluate(  # one parameter for each option
    model: str,
    data: str,
    metric: str | None,
    positive: str | None,
    openml_server: str | None,
    as_json: bool,
    quiet: bool,
    **given: str | None,
) -> None:
    """Judge MODEL on the rows of DATA, whose target is known.

    DATA is a table's file, - for standard input, or openml:31 (a dataset) or openml:task/31. Shows
    the metric of the run (that of a task of OpenML before it) and the usual others, beside the
    scores of the constant prediction.
    """
    from metatune.cli.judgement import judge, known_constant, known_rows
    from metatune.cli.model import open_model, predicting
    from metatune.cli.prediction_table import read_for, saying_unused
    from metatune.cli.wording import about_class
    from metatune.models.model_file import model_info

    voice = Voice(quiet=quiet)
    reading = options.reading_of(given)
    pipeline = open_model(model, voice, given["trust"])
    info = model_info(pipeline)
    rows = read_for(pipeline, data, voice, reading=reading, server=openml_server)
    asked = metric or rows.metric
    with predicting(model), saying_unused(voice):
        judged = judge(
            pipeline,
            rows.frame,
            info,
            metric=asked,
            positive=positive,
            constant=known_constant(model),
            trained_on=known_rows(model),
        )
    voice.notes(judged.notes)
    if judged.n_trained_on:
        voice.warn(judged.on_training_rows)
    if as_json:
        show_json(judged.to_dict())
        return
    lines = [
        (
            score.metric,
            number(score.score),
            number(score.constant),
            ("higher is better" if score.greater_is_better else "lower is better")
            + about_class(score.positive),
        )
        for score in judged.scores
    ]
    headings = ("metric", "model", "constant", "")
    show(table(headings, lines, right=("model", "constant")))
    show("", f"{judged.n_rows:,} rows, target {judged.target!r}")
