"""Say where the core-seconds of a run go: how much of them is spent inside fits and predictions.

    python scripts/profile_search.py --rows 1000,50000 --budget 60s --jobs 2

Runs `metatune fit` on generated tables and adds up what `run.json` and the journal tell: fits and
predictions of trials, trials that the end cut off, the question to past datasets, waiting workers,
and every step before and after the search. It takes a minute for each table and kind. Nothing else
should run on the machine meanwhile.
"""

import tempfile
from pathlib import Path

import click
from measuring.command import fit
from measuring.core_seconds import CoreSeconds, core_seconds, share_table
from measuring.made_up import TARGET, make_table

from metatune.budget import parse_duration
from metatune.storage.directory import RunDirectory
from metatune.storage.journal import read_journal

N_COLUMNS = 20
SEED = 0


@click.command(help=__doc__)
@click.option("--rows", default="1000,50000", show_default=True)
@click.option("--kinds", default="binary,regression", show_default=True)
@click.option("--budget", default="60s", show_default=True)
@click.option("--jobs", type=int, default=2, show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=Path("results/profile.md"))
def main(rows: str, kinds: str, budget: str, jobs: int, out: Path) -> None:
    seconds = parse_duration(budget)
    found: dict[str, CoreSeconds] = {}
    for n_rows in map(int, rows.split(",")):
        for kind in kinds.split(","):
            profile = profile_run(n_rows, kind, seconds, jobs)
            found[f"{n_rows:,} rows, {kind}"] = profile
            print(f"{n_rows:>8} rows, {kind:<11} {profile.productive:.1%}", flush=True)
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


if __name__ == "__main__":
    main()
