"""`metatune continue`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from metatune.cli import options
from metatune.cli.console import Voice
from metatune.cli.process import start_workers
from metatune.errors import BundleError, OptionError

if TYPE_CHECKING:
    from metatune.storage.extension import Extension
    from metatune.storage.record import RunRecord
    from metatune.storage.run_options import RunOptions

__all__ = ["continue_run"]

_LIFTED = {"prefer": "knee", "max_latency": "none", "max_size": "none"}  # words for not given


@click.command("continue")
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--budget",
    metavar="+TIME",
    help="So much longer, from the start of this command: +10m, +1h30m. Without it: what is left "
    "of the run's budget.",
)
@click.option("--max-trials", metavar="+N", help="So many trials more than are finished.")
@click.option("--data", metavar="DATA", help="Where the table is, if it was moved.")
@click.option("--jobs", type=click.IntRange(1), metavar="N", help="Worker processes.")
@click.option("--memory-limit", metavar="SIZE", help="What a worker may hold, like 4GB.")
@options.prefer()
@options.limits()
@options.scheduler()
@options.metadata()
@options.openml_server()
@click.option(
    "--trust-run",
    is_flag=True,
    help="Use the Dask scheduler, meta-dataset and OpenML server that the run names, as if you had "
    "named them. Only for runs of your own.",
)
@options.as_json()
@options.quiet()
@click.option("-v", "--verbose", is_flag=True, help="Say a line for every trial.")
@options.mlflow()
def continue_run(directory: Path, budget: str | None, max_trials: str | None, **given: Any) -> int:
    """Go on with the run in DIR: finish an interrupted one, or give a finished one more time.

    Everything else is as it was when the run was started: table, target, metric, seed, algorithms,
    strategy. No finished trial is repeated. --prefer, --max-latency and --max-size stay as they
    were unless they are given again (none lifts a limit); a finished run then chooses its model
    anew among its trials, without a search. Other machines and folders that the run names are left
    alone unless they are named again. The exit codes are those of fit.
    """
    start_workers()
    from dataclasses import replace

    from metatune.budget import seconds_since_process_start
    from metatune.cli.fit_run import Display, file_of, run_fit
    from metatune.storage.directory import RunDirectory
    from metatune.storage.door import Door
    from metatune.storage.session import RunRequest

    extension = _extension(budget, max_trials)
    record = RunDirectory.open(directory).find_record()
    if record is None:
        raise BundleError(
            f"{directory / 'run.json'} is damaged: repeat the command that started the run, "
            "with --resume"
        )
    before = record.options
    voice = Voice(quiet=given["quiet"])
    table = _table(directory, record, given["data"])
    places = _places(before, table, given, voice)
    request = RunRequest(
        door=Door.COMMAND_LINE,
        directory=directory,
        resume=True,
        data_file=file_of(table),
        extension=extension,
        options=replace(
            before,
            **places,
            **_choice(before, given),
            data=table,
            seed=record.seed,
            jobs=given["jobs"] or _jobs(before.jobs, places["scheduler"], voice),
            memory_limit=given["memory_limit"],
        ),
        spent=seconds_since_process_start(),
    )
    display = Display(**{name: given[name] for name in ("as_json", "quiet", "verbose", "mlflow")})
    return run_fit(request, display)


def _jobs(told: int | None, scheduler: str | None, voice: Voice) -> int | None:
    """Return as many jobs as a run names and this machine has cores; a cluster counts its own."""
    from metatune.execution.cores import available_cores

    if told is None or scheduler is not None or told <= (cores := available_cores()):
        return told
    voice.say(f"the run names --jobs {told}, more than there are cores: {cores} at a time")
    return cores


def _choice(before: "RunOptions", given: dict[str, Any]) -> dict[str, Any]:
    """Return the options that choose the model: as they are given, else as they were."""
    from metatune.storage.extension import CHOICE

    if given["prefer"] is not None and not before.objectives:
        raise OptionError(
            f"--prefer {given['prefer']}: the metric is all that counts in this run, so there is "
            "nothing to choose between; start one with fit --objective"
        )
    told = {name: getattr(before, name) if given[name] is None else given[name] for name in CHOICE}
    return {name: None if value == _LIFTED[name] else value for name, value in told.items()}


def _places(
    before: "RunOptions", table: str | None, given: dict[str, Any], voice: Voice
) -> dict[str, Any]:
    """Return the other machines and folders that this command may use.

    Whoever made the run directory wrote those of its record. What they answer is believed, and the
    table is sent there: so only the user may name them.
    """
    from metatune.cli.data import is_openml

    asked = table is not None and is_openml(table)
    wanted = {
        "scheduler": "",
        "metadata": "its results depend on it",
        "openml_server": "its table comes from there" if asked else "",
    }
    return {
        name: _place(f"--{name.replace('_', '-')}", getattr(before, name), given, needed, voice)
        for name, needed in wanted.items()
    }


def _place(
    option: str, told: str | None, given: dict[str, Any], needed: str, voice: Voice
) -> str | None:
    """Return what an option stands for: what the user names, or trusts the run to name."""
    named = given[option.removeprefix("--").replace("-", "_")]
    if named is not None:
        return str(named)
    if told is None:
        return None
    if given["trust_run"]:
        voice.say(f"{option} {told}: as the run names it")
        return told
    repeat = "if you trust that, repeat it, or add --trust-run"
    if needed:
        raise OptionError(f"the run names {option} {told}, and {needed}: {repeat}")
    voice.say(f"the run names {option} {told}, which is not used: {repeat}")
    return None


def _extension(budget: str | None, max_trials: str | None) -> "Extension | None":
    from metatune.budget import parse_duration
    from metatune.storage.extension import Extension

    if budget is None and max_trials is None:
        return None
    return Extension(
        seconds=None if budget is None else parse_duration(_more(budget, "--budget", "+10m")),
        trials=None if max_trials is None else _count(_more(max_trials, "--max-trials", "+20")),
    )


def _more(text: str, option: str, example: str) -> str:
    if not text.startswith("+"):
        raise OptionError(
            f"{option} {text!r} does not say how much more: write it with a plus, like {example}"
        )
    return text[1:]


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise OptionError(f"--max-trials +{text} is no number of trials: write it like +20")
    return int(text)


def _table(directory: Path, record: "RunRecord", given: str | None) -> str | None:
    """Find the table of a run: its file, or the name that was typed; None if the run holds it."""
    from metatune.cli.data import is_openml
    from metatune.storage.door import Door

    if record.started_from is Door.PYTHON:
        if record.data.stored is None:
            raise BundleError(
                f"the run in {directory} was started from Python, and {record.data.not_stored}: "
                "go on there, with fit, resume=True and a larger budget"
            )
        if given is not None:
            raise OptionError(
                f"the run in {directory} was started from Python and holds its rows "
                f"({record.data.stored}): leave out --data"
            )
        return None
    typed = str(record.options.data)
    if given is not None or is_openml(typed):
        return given or typed
    if typed == "-":
        raise OptionError("the run was fed through standard input: feed it again with --data -")
    places = (record.data.path or typed, typed)
    found = next((name for name in places if Path(name).is_file()), None)
    if found is None:
        raise OptionError(f"the run's table {places[0]} is gone: say where it is with --data")
    return found
