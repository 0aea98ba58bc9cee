"""`metatune evaluate`."""

import click

from metatune.cli import options
from metatune.cli.console import Voice, number, show, show_json, table

__all__ = ["evaluate"]


@click.command()
@options.model_argument()
@options.data_argument()
@click.option("--metric", metavar="NAME", help="Another metric to judge by.")
@options.as_json()
@options.quiet()
def evaluate(model: str, data: str, metric: str | None, as_json: bool, quiet: bool) -> None:
    """Judge MODEL on the rows of DATA, whose target is known.

    Shows the metric of the run and the usual others, beside the scores of the constant prediction.
    """
    from metatune import bundle
    from metatune.cli.judgement import judge, known_constant
    from metatune.cli.prediction_table import read_for

    voice = Voice(quiet=quiet)
    pipeline = bundle.load(model)
    info = bundle.model_info(pipeline)
    frame = read_for(pipeline, data, voice)
    judged = judge(pipeline, frame, info, metric=metric, constant=known_constant(model))
    voice.notes(judged.notes)
    if as_json:
        show_json(judged.to_dict())
        return
    rows = [
        (
            score.metric,
            number(score.score),
            number(score.constant),
            "higher is better" if score.greater_is_better else "lower is better",
        )
        for score in judged.scores
    ]
    headings = ("metric", "model", "constant", "")
    show(table(headings, rows, right=("model", "constant")))
    show("", f"{judged.n_rows:,} rows, target {judged.target!r}")
