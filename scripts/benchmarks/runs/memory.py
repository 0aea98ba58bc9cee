"""Memory that the command itself holds, besides its workers.

Each row that is printed is one `metatune fit` on a generated table: the largest resident memory
that the operating system has seen (Linux only), and what is allowed. That is 1 GB and four times
the table, which counts with eight bytes for each cell. Workers are held to their own limit.

    python scripts/benchmarks memory --rows 1000,100000,300000 --seconds 60
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

import click

from benchmarks import options
from benchmarks.runs.made_up import TARGET, make_table

_PEAK = re.compile(r"^VmHWM:\s+(\d+) kB", re.MULTILINE)


@click.command(help=__doc__)
@click.option("--rows", type=options.several(int), default="1000,100000,300000", show_default=True)
@click.option("--columns", type=int, default=30, show_default=True)
@options.seconds(60)
@options.jobs
def memory(rows: tuple[int, ...], columns: int, seconds: float, jobs: int) -> None:
    good = True
    print(f"{'rows':>9} {'columns':>7} {'table MB':>8} {'peak MB':>8} {'allowed':>8} {'exit':>4}")
    for n_rows in rows:
        table = 8e-6 * n_rows * columns
        peak, code = measure(n_rows, columns, seconds, jobs)
        allowed = 1000 + 4 * table
        good = good and peak <= allowed and code in (0, 3)
        print(f"{n_rows:>9,} {columns:>7} {table:>8.0f} {peak:>8.0f} {allowed:>8.0f} {code:>4}")
    raise SystemExit(0 if good else 1)


def measure(n_rows: int, n_columns: int, seconds: float, jobs: int) -> tuple[float, int]:
    """Run a fit; return the largest resident memory of the command in MB, and its exit code."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "table.csv"
        make_table(n_rows, n_columns - 1).to_csv(data, index=False)
        command = [sys.executable, "-m", "metatune", "fit", str(data), "--target", TARGET, "-q"]
        command += ["--budget", f"{seconds}s", "--jobs", str(jobs), "--output", f"{folder}/run"]
        peak = 0.0
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
            while True:
                peak = max(peak, _peak_megabytes(process.pid))
                try:
                    process.wait(timeout=0.05)
                except subprocess.TimeoutExpired:
                    continue
                return peak, process.returncode


def _peak_megabytes(pid: int) -> float:
    try:
        found = _PEAK.search(Path(f"/proc/{pid}/status").read_text(encoding="ascii"))
    except OSError:
        return 0.0
    return int(found.group(1)) * 1024 / 1e6 if found else 0.0
