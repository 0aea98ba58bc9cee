"""Measure how much memory the command itself holds, besides its workers.

    python scripts/check_memory.py --rows 1000,100000,300000 --seconds 60

Each row is one `metatune fit` on a made-up table. The process may hold 1 GB and four times the
table, which counts with eight bytes for each cell; the figure is the largest that the operating
system has seen (Linux only). Workers are held to their own limit.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

import click
import numpy as np
import pandas as pd

_PEAK = re.compile(r"^VmHWM:\s+(\d+) kB", re.MULTILINE)


@click.command(help=__doc__)
@click.option("--rows", default="1000,100000,300000", show_default=True)
@click.option("--columns", type=int, default=30, show_default=True)
@click.option("--seconds", type=float, default=60.0, show_default=True, help="Budget of a run.")
@click.option("--jobs", type=int, default=2, show_default=True)
def main(rows: str, columns: int, seconds: float, jobs: int) -> None:
    good = True
    print(f"{'rows':>9} {'columns':>7} {'table MB':>8} {'peak MB':>8} {'allowed':>8} {'exit':>4}")
    for n_rows in map(int, rows.split(",")):
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
        write_table(data, n_rows, n_columns)
        command = [sys.executable, "-m", "metatune", "fit", str(data), "--target", "y", "-q"]
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


def write_table(path: Path, n_rows: int, n_columns: int) -> None:
    """Write numbers, three categories and a target of two classes."""
    rng = np.random.default_rng(0)
    values = rng.normal(size=(n_rows, n_columns - 4)).round(4)
    table = pd.DataFrame(values, columns=[f"x{i}" for i in range(values.shape[1])])
    for name in ("city", "day", "kind"):
        table[name] = rng.choice(["Oslo", "Rome", "Bonn", "Lima"], n_rows)
    wish = table["x0"] * table["x1"] + (table["city"] == "Oslo") + rng.normal(size=n_rows)
    table["y"] = np.where(wish > 0.5, "yes", "no")
    table.to_csv(path, index=False)


def _peak_megabytes(pid: int) -> float:
    try:
        found = _PEAK.search(Path(f"/proc/{pid}/status").read_text(encoding="ascii"))
    except OSError:
        return 0.0
    return int(found.group(1)) * 1024 / 1e6 if found else 0.0


if __name__ == "__main__":
    main()
