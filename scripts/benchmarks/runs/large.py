"""Fit of a table of a million rows by the command line, against LightGBM on a tenth of it.

The table is generated (30 columns: numbers, categories, missing cells; binary target; seed 0), and
time, memory of the whole process tree (it has to stay below 16 GB) and ROC AUC of both models on
200,000 further rows are printed. It takes the budget and a few minutes.

    python scripts/benchmarks large --seconds 600
"""

import json
import sys
from pathlib import Path
from typing import Any

import click
import numpy as np
import pandas as pd
from lightgbm import LGBMClassifier
from sklearn.metrics import roc_auc_score

from benchmarks import options
from benchmarks.runs.command import fit
from benchmarks.runs.made_up import TARGET, make_table
from benchmarks.runs.overruns import allowed_seconds
from metatune.budget import Stopwatch
from metatune.models import model_file

GIGABYTE = 1e9
LIMIT = 16 * GIGABYTE
HELD_OUT = 0.2  # in proportion to the training rows
SAMPLE = 0.1
SEED = 0
DONE = (0, 3)  # 3: nothing beat the constant prediction
POSITIVE = "yes"


@click.command(help=__doc__)
@click.option("--rows", type=int, default=1_000_000, show_default=True)
@click.option("--columns", type=int, default=30, show_default=True)
@options.seconds(600)
@options.jobs
@click.option("--format", "suffix", type=click.Choice(["csv", "parquet"]), default="csv")
@options.out("results/large", "Directory of table, run and outcome.")
def large(rows: int, columns: int, seconds: float, jobs: int, suffix: str, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"train-{rows}x{columns}.{suffix}"
    train, test = provide(path, rows, columns)
    found = fit(
        path,
        target=TARGET,
        budget=seconds,
        jobs=jobs,
        output=out / "run",
        options=("--overwrite",),
        memory=True,
    )
    if found.exit_code not in DONE:
        sys.exit(f"metatune fit ended with exit code {found.exit_code}: {found.stderr.strip()}")
    outcome = {
        "rows": rows,
        "columns": columns,
        "budget": seconds,
        "seconds": round(found.seconds, 2),
        "on_time": found.seconds <= allowed_seconds(seconds),
        "peak_gb": round(found.peak_bytes / GIGABYTE, 2),
        "within_memory": 0 < found.peak_bytes < LIMIT,
        "file_mb": round(path.stat().st_size / 1e6, 1),
        "trials": found.record["trials"],
        "winner": found.record["winner"],
        "fitted_on": found.record["fitted_on"],
        "timings": found.record["timings"],
        **judge(out / "run", train, test),
    }
    (out / f"outcome-{rows}.json").write_text(json.dumps(outcome, indent=2), encoding="utf-8")
    show(outcome)


def provide(path: Path, rows: int, columns: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make the table and write its training rows; return these, and the held-out ones."""
    whole = make_table(round(rows * (1 + HELD_OUT)), columns, seed=SEED)
    train, test = whole.iloc[:rows], whole.iloc[rows:]
    if not path.is_file():
        if path.suffix == ".csv":
            train.to_csv(path, index=False)
        else:
            train.to_parquet(path, index=False)
    return train, test


def judge(run: Path, train: pd.DataFrame, test: pd.DataFrame) -> dict[str, Any]:
    """Score the saved model and LightGBM's default on the held-out rows."""
    watch = Stopwatch()
    pipeline = model_file.load(run)
    proba = pipeline.predict_proba(test.drop(columns=TARGET))
    ours = roc_auc_score(
        test[TARGET] == POSITIVE, proba[:, list(pipeline.classes_).index(POSITIVE)]
    )
    predicted = watch.seconds()
    sample = train.sample(frac=SAMPLE, random_state=SEED)
    model = LGBMClassifier(random_state=SEED, verbose=-1).fit(prepared(sample), sample[TARGET])
    proba = np.asarray(model.predict_proba(prepared(test)))
    theirs = proba[:, list(model.classes_).index(POSITIVE)]
    baseline = roc_auc_score(test[TARGET] == POSITIVE, theirs)
    return {
        "roc_auc": float(ours),
        "lightgbm_on_sample": float(baseline),
        "better": bool(ours > baseline),
        "predict_seconds": round(predicted, 2),
    }


def prepared(frame: pd.DataFrame) -> pd.DataFrame:
    """Give LightGBM its native categories: the same ones whatever the rows."""
    features = frame.drop(columns=TARGET)
    for name in features.select_dtypes(exclude=np.number).columns:
        codes = features[name].str.rpartition("_")[2].astype(int)
        features[name] = pd.Categorical(codes, categories=range(100))
    return features


def show(outcome: dict[str, Any]) -> None:
    for name, value in outcome.items():
        print(f"{name:<20} {value}")
    promises = ("on_time", "within_memory", "better")
    broken = [name for name in promises if not outcome[name]]
    if broken:
        sys.exit(f"NOT KEPT: {', '.join(broken)}")
