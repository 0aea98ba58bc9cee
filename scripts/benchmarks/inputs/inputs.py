"""Mutants of tables: what the command line makes of odd and damaged files.

`describe` reads mutants of a table, and `predict` mutants of the rows to predict, with a model
fitted once. Counted by kind of file are `fine` and `refused` (exit code 2 and one line), and what
must not be: `slow` (beyond the patience), `unforeseen` (another exit code, more than one line of
error, a warning of Python's) and `lost` (other than one prediction for each row). Each of the
latter is listed with its number, by which and the seed it can be made again; the exit code is
then 1.

    python scripts/benchmarks inputs --tables 1000 --predictions 300
"""

import signal
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import pandas as pd
from click.testing import CliRunner, Result

from benchmarks import options
from benchmarks.inputs.mutations import TARGET, Mutant, make_rows, mutant
from metatune.cli.app import cli

COLUMNS = ["fine", "refused", "slow", "unforeseen", "lost"]
_GOOD = ("fine", "refused")
_TRIALS = "3"


@click.command(help=__doc__)
@click.option("--tables", "n_tables", type=click.IntRange(0), default=1000, show_default=True)
@click.option("--predictions", type=click.IntRange(0), default=300, show_default=True)
@click.option("--patience", type=int, default=20, show_default=True, help="Seconds of each.")
@options.seed
def inputs(n_tables: int, predictions: int, patience: int, seed: int) -> None:
    found: list[tuple[str, str]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number in range(n_tables):
            one = mutant(number, seed, target=True)
            found.append(_described(one, folder, patience, number))
        if predictions:
            model = _fitted(folder)
        for number in range(predictions):
            one = mutant(number, seed, target=False)
            found.append(_predicted(one, folder, model, patience, number))
    table = pd.DataFrame(found, columns=["command and file", "outcome"]).assign(mutants=1)
    counts = table.pivot_table(
        index="command and file", columns="outcome", values="mutants", aggfunc="sum", fill_value=0
    )
    click.echo(counts.reindex(columns=COLUMNS, fill_value=0).to_string())
    click.echo(f"{len(found):,} mutants: {table['outcome'].value_counts().to_dict()}")
    sys.exit(int(not table["outcome"].isin(_GOOD).all()))


def _fitted(folder: Path) -> Path:
    train, model = folder / "train.csv", folder / "model"
    make_rows(200, seed=1).to_csv(train, index=False)
    fit = ["fit", str(train), "--target", TARGET, "-o", str(model), "--max-trials", _TRIALS]
    result = CliRunner().invoke(cli, [*fit, "--budget", "5m", "--jobs", "1", "-q"])
    if result.exit_code:
        raise click.ClickException(f"the model cannot be fitted: {result.output}")
    return model


def _described(one: Mutant, folder: Path, patience: int, number: int) -> tuple[str, str]:
    path = folder / one.name
    path.write_bytes(one.content)
    result, outcome = _called(["describe", str(path), "--json", "-q"], patience)
    return _noted("describe", one, number, outcome, result)


def _predicted(
    one: Mutant, folder: Path, model: Path, patience: int, number: int
) -> tuple[str, str]:
    path, said = folder / one.name, folder / "said.csv"
    path.write_bytes(one.content)
    said.unlink(missing_ok=True)
    command = ["predict", str(model), str(path), "-o", str(said)]
    result, outcome = _called(command, patience)
    if outcome == "fine" and one.n_rows not in (None, len(pd.read_csv(said))):
        outcome = "lost"
    return _noted("predict", one, number, outcome, result)


def _noted(
    command: str, one: Mutant, number: int, outcome: str, result: Result | None
) -> tuple[str, str]:
    if outcome not in _GOOD:
        said = "" if result is None else (result.stderr or repr(result.exception))
        click.echo(f"{command} {number} ({one.changes}): {outcome}: {said[-300:]}", err=True)
    return f"{command} {one.name}", outcome


def _called(command: list[str], patience: int) -> tuple[Result | None, str]:
    """Call a command in this process, and say how it ended."""
    with warnings.catch_warnings(record=True) as caught, _limited(patience):
        warnings.simplefilter("always")
        try:
            result = CliRunner().invoke(cli, command)
        except _TooSlow:
            return None, "slow"
    if isinstance(result.exception, _TooSlow):
        return result, "slow"
    if [w for w in caught if not w.category.__module__.startswith("metatune")]:
        return result, "unforeseen"
    if result.exit_code == 0:
        return result, "fine"
    # `predict` tells what it does before an error.
    errors = [line for line in result.stderr.splitlines() if line.startswith("metatune: error:")]
    is_told = result.exit_code == 2 and len(errors) == 1
    return result, "refused" if is_told and "bug" not in errors[0] else "unforeseen"


class _TooSlow(BaseException):
    """The patience is over."""


@contextmanager
def _limited(seconds: int) -> Iterator[None]:
    def end(*_: object) -> None:
        raise _TooSlow

    before = signal.signal(signal.SIGALRM, end)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
