"""`metatune continue`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from metatune.cli import options

if TYPE_CHECKING:
    from collections.abc import Mapping

    from metatune.cli.course import Extension
    from metatune.cli.fit_options import FitOptions
    from metatune.storage.resume import Earlier

__all__ = ["continue_run"]


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
@options.as_json()
@options.quiet()
@click.option("-v", "--verbose", is_flag=True, help="Say a line for every trial.")
def continue_run(directory: Path, budget: str | None, max_trials: str | None, **given: Any) -> int:
    """Go on with the run in DIR: finish an interrupted one, or give a finished one more time.

    Everything else is as it was when the run was started: table, target, metric, seed, algorithms.
    No finished trial is repeated. The exit codes are those of fit.
    """
    from metatune.cli.fit import exit_code
    from metatune.cli.fit_run import FitRun
    from metatune.errors import BundleError
    from metatune.storage.directory import RunDirectory
    from metatune.storage.resume import find_earlier

    extension = _extension(budget, max_trials)
    run_dir = RunDirectory.open(directory)
    earlier = find_earlier(run_dir)
    if earlier is None or earlier.record is None:
        raise BundleError(
            f"{directory / 'run.json'} is damaged: repeat the command that started the run, "
            "with --resume"
        )
    if "options" not in earlier.record or "data" not in earlier.record["options"]:
        raise BundleError(
            f"the run in {directory} was started from Python: go on with fit, resume=True and a "
            "larger budget"
        )
    return exit_code(FitRun.prepare(_options(directory, earlier, given), extension).run())


def _extension(budget: str | None, max_trials: str | None) -> "Extension | None":
    from metatune.budget import parse_duration
    from metatune.cli.course import Extension

    if budget is None and max_trials is None:
        return None
    return Extension(
        seconds=None if budget is None else parse_duration(_more(budget, "--budget", "+10m")),
        trials=None if max_trials is None else _count(_more(max_trials, "--max-trials", "+20")),
    )


def _more(text: str, option: str, example: str) -> str:
    from metatune.errors import OptionError

    if not text.startswith("+"):
        raise OptionError(
            f"{option} {text!r} does not say how much more: write it with a plus, like {example}"
        )
    return text[1:]


def _count(text: str) -> int:
    from metatune.errors import OptionError

    if not text.isdecimal() or int(text) < 1:
        raise OptionError(f"--max-trials +{text} is no number of trials: write it like +20")
    return int(text)


def _options(directory: Path, earlier: "Earlier", given: dict[str, Any]) -> "FitOptions":
    """Return the options that the run was started with, and what is given now."""
    from dataclasses import fields

    from metatune.cli.fit_options import FitOptions

    record = earlier.record or {}
    before = {**record["options"]}
    metadata = before.get("metadata")
    known = {field.name for field in fields(FitOptions)}
    values = {
        **{name: value for name, value in before.items() if name in known},
        "data": given["data"] or _where(record),
        "output": directory,
        "metadata": None if metadata is None else Path(metadata),
        "jobs": given["jobs"] or before.get("jobs"),
        "memory_limit": given["memory_limit"],
        "overwrite": False,
        "resume": True,
        **{name: given[name] for name in ("as_json", "quiet", "verbose")},
    }
    return FitOptions(**values)


def _where(record: "Mapping[str, Any]") -> str:
    """Find the table of a run: where it was, or under the name that was typed."""
    from metatune.cli.data import is_openml
    from metatune.errors import OptionError

    typed = str(record["options"]["data"])
    if typed == "-":
        raise OptionError("the run was fed through standard input: feed it again with --data -")
    if is_openml(typed):
        return typed
    absolute = str(record.get("data", {}).get("path", typed))
    found = next((name for name in (absolute, typed) if Path(name).is_file()), None)
    if found is None:
        raise OptionError(f"the run's table {absolute} is gone: say where it is with --data")
    return found
