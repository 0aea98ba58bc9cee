"""Core-seconds of a run by what they are spent on: fits and predictions, and everything else.

Runs `metatune fit` on generated tables and prints what `run.json` and the journal tell: fits and
predictions of trials, trials that the end cut off, the question to past datasets, waiting workers,
and every step before and after the search. It takes a minute for each table and kind.

    python scripts/benchmarks profile --rows 1000,50000 --seconds 60 --jobs 2
"""

import tempfile
from pathlib import Path

import click

from benchmarks import options
from benchmarks.runs.command import fit
from benchmarks.runs.core_seconds import CoreSeconds, core_seconds, share_table
from benchmarks.runs.made_up import TARGET, make_table
from metatune.storage.directory import RunDirectory
from metatune.storage.journal import read_journal

N_COLUMNS = 20
SEED = 0


@click.command(help=__doc__)
@click.option("--rows", type=options.several(int), default="1000,50000", show_default=True)
@click.option("--kinds", type=options.several(), default="binary,regression", show_default=True)
@options.seconds(60)
@options.jobs
@options.out("results/profile.md", "File of the table.")
def profile(
    rows: tuple[int, ...], kinds: tuple[str, ...], seconds: float, jobs: int, out: Path
) -> None:
    found: dict[str, CoreSeconds] = {}
    for n_rows in rows:
        for kind in kinds:
            one = profile_run(n_rows, kind, seconds, jobs)
            found[f"{n_rows:,} rows, {kind}"] = one
            print(f"{n_rows:>8} rows, {kind:<11} {one.productive:.1%}", flush=True)
    text = (
        f"Core-seconds of runs of {seconds:g} s with {jobs} jobs, and their shares of all:\n\n"
        f"{share_table(found)}\n"
    )
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(text, encoding="utf-8")
    print(f"\n{text}")


def profile_run(n_rows: int, kind: str, seconds: float, jobs: int) -> CoreSeconds:
    """Run once on a generated table."""
    with tempfile.TemporaryDirectory() as folder:
        path, output = Path(folder) / "table.csv", Path(folder) / "run"
        make_table(n_rows, N_COLUMNS, kind=kind, seed=SEED).to_csv(path, index=False)
        done = fit(path, target=TARGET, budget=seconds, jobs=jobs, output=output)
        if not done.record:
            raise click.ClickException(f"exit code {done.exit_code}: {done.stderr.strip()}")
        run = RunDirectory.open(output)
        return core_seconds(
            run.read_record().timings, read_journal(run.journal), jobs=jobs, seconds=done.seconds
        )
