"""Export of a run directory: its table is read again, and the script is checked."""

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from metatune.errors import BundleError, ExportError, MetatuneWarning, OptionError
from metatune.files.atomic import replacing

if TYPE_CHECKING:
    from metatune.cli.console import Voice
    from metatune.data.reading.source import Table
    from metatune.data.task.task import Task
    from metatune.recommender.recommendation import Recommendations
    from metatune.reporting.code.export import ExportRequest
    from metatune.storage.record import RunRecord

__all__ = ["export_request", "export_run", "recommended_code"]


def export_run(
    directory: Path,
    output: Path | None,
    voice: "Voice",
    *,
    ensemble: bool = False,
    data: str | None = None,
    check: bool = True,
) -> None:
    """Write the model of a run directory as a script, and compare both.

    Raises
    ------
    InputError
        If there is no such run, its table is gone, or the model cannot be expressed.
    """
    from metatune.reporting.code.check import check_encoding, check_predictions
    from metatune.reporting.code.export import export_script

    output = directory / "baseline.py" if output is None else output
    request = export_request(directory, voice, ensemble=ensemble, data=data)
    if request.fits_folds:
        voice.say("fitting the members on the folds again: the second layer learned from these")
    with warnings.catch_warnings():  # what is odd about these rows was told when they were learned
        warnings.simplefilter("ignore", MetatuneWarning)
        exported = export_script(request)
        known = check_encoding(exported, request)
        if check:
            voice.say(
                "training the script, to compare it with the model (--no-check leaves that out)"
            )
            difference = check_predictions(exported, request, known)
            voice.say(
                f"its predictions are those of the model: they differ by {difference:.1g} at most"
            )
    try:
        with replacing(output) as part:
            part.write_text(exported.text, encoding="utf-8")
    except OSError as error:
        raise OptionError(f"cannot write {output}: {error.strerror or error}") from error
    voice.say(f"{exported.what} written to {output}")


def export_request(
    directory: Path, voice: "Voice", *, ensemble: bool = False, data: str | None = None
) -> "ExportRequest":
    """Read a run directory and its table."""
    from metatune.cli.data import open_data
    from metatune.cli.model import open_model
    from metatune.data.columns.cleaning import plain
    from metatune.data.task.make_task import make_task
    from metatune.files.hashing import file_hash
    from metatune.metrics import Metric
    from metatune.reporting.code.export import ExportRequest
    from metatune.reporting.code.reading import TableFile
    from metatune.reporting.code.table import KnownTable
    from metatune.search.history import History
    from metatune.storage.directory import RunDirectory
    from metatune.storage.journal import read_past

    run = RunDirectory.open(directory)
    record = run.read_record()
    pipeline = open_model(str(directory), voice)
    path = _table(directory, record, data)
    if record.data.fingerprint not in (None, file_hash(Path(path))):
        raise ExportError(
            f"{path} is not the table of the run in {directory}: other rows or cells; name the one "
            "that it was fitted on with --data"
        )
    options = record.options
    read = open_data(path, target=options.target, server=None, reading=options.reading).table
    task = make_task(
        read,
        target=record.task.target,
        task=str(record.task.task),
        metric=options.metric,
        positive=options.positive,
    )
    metric = Metric(
        name=record.task.metric,
        greater_is_better=record.task.greater_is_better,
        function=lambda _y, _p, _w: float("nan"),
    )
    history = History(metric, read_past(run.journal).results)
    return ExportRequest(
        record=record,
        pipeline=pipeline,
        trials=history.contenders(),
        table=KnownTable(
            task=task,
            encoder=pipeline[0],
            raw_target=plain(read.frame[record.task.target]),
            file=TableFile(
                path=path, source=read.source, names=tuple(map(str, read.frame.columns))
            ),
        ),
        ensemble=ensemble,
    )


def recommended_code(answer: "Recommendations", task: "Task", read: "Table", path: str) -> str:
    """Return the configuration that is expected to do best as a script.

    Raises
    ------
    ExportError
        If something cannot be expressed; the message names it.
    """
    from metatune.data.columns.cleaning import plain
    from metatune.data.encoding.encoder import encode_task
    from metatune.reporting.code.reading import TableFile
    from metatune.reporting.code.recommended import recommended_script
    from metatune.reporting.code.table import KnownTable

    if not Path(path).is_file():
        raise ExportError(f"{path} is no file, and scripts read files: save the table as one")
    if not answer.ranked:
        raise ExportError("past datasets say nothing of these algorithms: include others")
    best = min(answer.ranked, key=lambda ranked: ranked.expected_regret)
    encoder, _ = encode_task(task, seed=0)
    table = KnownTable(
        task=task,
        encoder=encoder,
        raw_target=plain(read.frame[task.target]),
        file=TableFile(path=path, source=read.source, names=tuple(map(str, read.frame.columns))),
    )
    return recommended_script(best.configuration, table)


def _table(directory: Path, record: "RunRecord", given: str | None) -> str:
    """Find the file of a run's table."""
    if given is not None:
        return given
    if record.data.path is None:
        raise ExportError(
            f"the run in {directory} did not read a file: save its table as CSV or Parquet, and "
            "name it with --data"
        )
    if not Path(record.data.path).is_file():
        raise BundleError(f"the run's table {record.data.path} is gone: say where with --data")
    return record.data.path
