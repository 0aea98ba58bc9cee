"""Options that several commands share."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from metatune.data.reading.options import ReadingOptions
    from metatune.data.task.roles import RoleColumns

__all__ = [
    "as_json",
    "data_argument",
    "ensemble",
    "limits",
    "metadata",
    "mlflow",
    "model_argument",
    "names",
    "objectives",
    "openml_server",
    "positive",
    "prefer",
    "quiet",
    "read_space",
    "reading",
    "reading_of",
    "role_columns",
    "roles",
    "scheduler",
    "space",
    "strategy",
    "target",
    "task_kind",
    "trust",
]

_Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def _together(options: Sequence[_Decorator]) -> _Decorator:
    """Return several options as one decorator; help shows them in their order."""

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def _complete_files(
    ctx: click.Context,  # noqa: ARG001
    param: click.Parameter,  # noqa: ARG001
    incomplete: str,
) -> "list[CompletionItem]":
    """Leave it to the shell to complete the name of a file."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="file")]


def data_argument() -> _Decorator:
    """Take the table's file; ``-`` is standard input."""
    return click.argument("data", metavar="DATA", shell_complete=_complete_files)


def model_argument() -> _Decorator:
    """Take a run directory or a model file."""
    return click.argument("model", metavar="MODEL", shell_complete=_complete_files)


def target() -> _Decorator:
    """Take the name of the target."""
    return click.option(
        "--target",
        metavar="COLUMN",
        help="Column to predict. Without it: the one column called target, class, label, y or "
        "outcome, else the last.",
    )


def task_kind() -> _Decorator:
    """Take the task kind."""
    kinds = ["binary", "multiclass", "classification", "regression"]
    return click.option(
        "--task", type=click.Choice(kinds), help="What to learn; inferred from the target without."
    )


def positive() -> _Decorator:
    """Take the label of the positive class."""
    return click.option(
        "--positive",
        metavar="LABEL",
        help="Class of two that f1, recall, precision, average_precision, ... are about. Without "
        "it: 1 or True, else the rarer one.",
    )


def roles() -> _Decorator:
    """Take the columns that hold weight, group and time of rows."""
    options = (
        click.option(
            "--weight",
            metavar="COLUMN",
            help="How much each row counts, in fits and in scores; no feature.",
        ),
        click.option(
            "--group",
            metavar="COLUMN",
            help="Which rows belong together: a patient, a customer. They are never on both sides "
            "of a split, so the score is that for new groups; no feature.",
        ),
        click.option(
            "--time",
            metavar="COLUMN",
            help="When each row was: models are validated on later rows than they learn from. A "
            "feature by its calendar only (month, weekday, hour, ...).",
        ),
    )
    return _together(options)


def role_columns(weight: str | None, group: str | None, time: str | None) -> "RoleColumns":
    """Join what `roles` took."""
    from metatune.data.task.roles import RoleColumns

    return RoleColumns(weight=weight, group=group, time=time)


def reading() -> _Decorator:
    """Take what the user knows of the table's file, which wins over what is detected."""
    options = (
        click.option(
            "--separator",
            metavar="TEXT",
            help="What stands between fields: a character or a few, or comma, semicolon, tab, bar, "
            "blanks.",
        ),
        click.option("--encoding", metavar="NAME", help="Of the text: utf-8, cp1252, gbk, ..."),
        click.option("--decimal", metavar="CHAR", help="What stands in 1.5: . or ,"),
        click.option(
            "--header",
            metavar="auto|yes|no|N",
            help="Whether the first line names the columns, or the number of the line that does.",
        ),
        click.option("--sheet", metavar="NAME", help="Sheet of a workbook, or its number."),
        click.option(
            "--na", metavar="TEXT,..", help="Cells that mean missing, besides the usual: -999,none"
        ),
    )
    return _together(options)


def reading_of(given: dict[str, Any]) -> "ReadingOptions":
    """Take out what `reading` took, and join it."""
    from metatune.data.reading.options import READING, reading_options

    return reading_options({name: given.pop(name) for name in READING})


def metadata() -> _Decorator:
    """Take another meta-dataset."""
    return click.option(
        "--metadata",
        type=click.Path(path_type=Path),
        metavar="DIR",
        help="Meta-dataset to learn from, instead of the one that comes with metatune.",
    )


def space() -> _Decorator:
    """Take a file that narrows search spaces."""
    return click.option(
        "--space",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="TOML file that fixes or narrows hyperparameters, as metatune space prints them. "
        "Families that it does not name stay as they are, unless it says only = true.",
    )


def read_space(path: Path | None) -> dict[str, Any] | None:
    """Read what `space` took.

    Raises
    ------
    OptionError
        If it asks for what there is not.
    """
    if path is None:
        return None
    from metatune.algorithms.space_file import read_space

    return read_space(path)


def openml_server() -> _Decorator:
    """Take the address of another OpenML server."""
    return click.option(
        "--openml-server",
        metavar="URL",
        help="OpenML server for openml:ID; https://www.openml.org/api/v1/xml without.",
    )


def objectives() -> _Decorator:
    """Take what counts besides the metric."""
    return click.option(
        "--objective",
        "objectives",
        multiple=True,
        metavar="NAME",
        help="What counts, where it is more than a metric; give it once for each: the metric, "
        "then predict_seconds, latency, fit_seconds or model_bytes. The model is then a single "
        "pipeline.",
    )


def prefer() -> _Decorator:
    """Take which of the best trade-offs between objectives is wanted."""
    return click.option(
        "--prefer",
        metavar="NAME",
        help="Objective whose best model is wanted, of those that no other one beats in "
        "everything; or knee, as by default: the one where less cost begins to lose most.",
    )


def strategy() -> _Decorator:
    """Take where configurations come from."""
    options = (
        click.option(
            "--strategy",
            default="metatune",
            show_default=True,
            metavar="NAME",
            help="Where configurations come from: random, tpe, gp, hyperband, ...; metatune "
            "strategies lists them.",
        ),
        click.option(
            "--cold-start",
            is_flag=True,
            help="Begin without what past datasets recommend, which other strategies try first.",
        ),
    )
    return _together(options)


def ensemble() -> _Decorator:
    """Take whether the final model may be an ensemble."""
    return click.option(
        "--ensemble/--single",
        default=True,
        show_default=True,
        help="Whether several pipelines may be joined, or the best single one is wanted.",
    )


def limits() -> _Decorator:
    """Take what the final model may cost."""
    options = (
        click.option(
            "--max-latency",
            metavar="TIME",
            help="Predicting a table of one row may take so long on this machine, like 5ms.",
        ),
        click.option(
            "--max-size",
            metavar="SIZE",
            help="The saved model may take so much room, like 50MB.",
        ),
    )
    return _together(options)


def trust() -> _Decorator:
    """Take the types that learners of the user's own may be made of."""
    return click.option(
        "--trust",
        metavar="TYPE,..",
        help="Types that a learner of your own in the model may be made of, like package.Class; "
        "only for models of people you trust.",
    )


def as_json() -> _Decorator:
    """Ask for JSON."""
    return click.option(
        "--json", "as_json", is_flag=True, help="Write one JSON object to standard output."
    )


def quiet() -> _Decorator:
    """Ask for silence."""
    return click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors.")


def scheduler() -> _Decorator:
    """Take the address of a Dask cluster."""
    return click.option(
        "--scheduler",
        metavar="ADDRESS",
        help="Run trials on the Dask cluster of this scheduler, like tcp://host:8786; --jobs then "
        "limits them, by default to one for each thread of its workers.",
    )


def mlflow() -> _Decorator:
    """Take the address of an MLflow tracking server."""
    return click.option(
        "--mlflow",
        metavar="URI",
        help="Record the trials in MLflow: a server like http://host:5000, sqlite:///mlflow.db, or "
        "a folder.",
    )


def names(text: str | None) -> tuple[str, ...]:
    """Split the names of algorithms at commas."""
    return tuple(name.strip() for name in (text or "").split(",") if name.strip())
