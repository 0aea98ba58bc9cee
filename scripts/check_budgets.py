"""Measure the wall clock of whole `metatune fit` commands against their budgets.

    python scripts/check_budgets.py --budgets 10,30,60 --out results/budgets.csv FILE[::TARGET] ...

Each command may take its budget + 1 s + 2 %. Rows that --out holds are not measured again. Nothing
else should run on the machine meanwhile.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import click
import pandas as pd

from metatune.budget import Stopwatch

COLUMNS = ["file", "rows", "budget", "seconds", "allowed", "kept", "exit", "trials", "score"]


@click.command(help=__doc__)
@click.argument("files", nargs=-1, required=True)
@click.option("--budgets", default="10,30,60", show_default=True, help="Seconds.")
@click.option("--jobs", type=int, default=2, show_default=True)
@click.option("--out", type=click.Path(path_type=Path), required=True)
def main(files: tuple[str, ...], budgets: str, jobs: int, out: Path) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    rows: list[dict[Any, Any]] = pd.read_csv(out).to_dict("records") if out.is_file() else []
    done = {(row["file"], float(row["budget"])) for row in rows}
    for file in files:
        for budget in map(float, budgets.split(",")):
            if (Path(file.partition("::")[0]).name, budget) in done:
                continue
            rows.append(measure(file, budget, jobs))
            table = pd.DataFrame(rows, columns=COLUMNS)
            table.to_csv(out, index=False)
            print(table.tail(1).to_string(index=False, header=len(rows) == 1), flush=True)
    table = pd.DataFrame(rows, columns=COLUMNS)
    print(table.to_string(index=False))
    print(f"{int(table['kept'].sum())} of {len(table)} commands kept their budget")
    print(f"largest overrun: {(table['seconds'] - table['budget']).max():+.2f} s")


def measure(file: str, budget: float, jobs: int) -> dict[str, object]:
    path, _, target = file.partition("::")
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "metatune", "fit", path, "--json", "--quiet"]
        command += ["--budget", f"{budget}s", "--jobs", str(jobs), "--output", f"{folder}/run"]
        command += ["--target", target] if target else []
        watch = Stopwatch()
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        seconds = watch.seconds()
    found = json.loads(ended.stdout) if ended.stdout.startswith("{") else {}
    if not found:
        print(ended.stderr, file=sys.stderr)
    allowed = budget * 1.02 + 1.0
    return {
        "file": Path(path).name,
        "rows": found.get("n_rows"),
        "budget": budget,
        "seconds": round(seconds, 2),
        "allowed": allowed,
        "kept": seconds <= allowed,
        "exit": ended.returncode,
        "trials": found.get("trials", {}).get("finished"),
        "score": found.get("score"),
    }


if __name__ == "__main__":
    main()
