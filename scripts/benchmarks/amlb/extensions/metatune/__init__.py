"""Metatune as a framework of the AutoML benchmark, whose own process imports this."""

from pathlib import Path
from typing import Any

__all__ = ["run", "setup"]


def setup(*arguments: str, **options: Any) -> None:
    """Make the environment that `exec.py` runs in.

    Parameters
    ----------
    *arguments : str
        Version of the framework's definition.
    **options
        Of the benchmark's `run_script`.
    """
    from amlb.utils import run_script

    run_script(str(Path(__file__).with_name("setup.sh")), *arguments, **options)


def run(dataset: Any, config: Any) -> dict[str, Any]:
    """Fit and predict one fold in that environment.

    Parameters
    ----------
    dataset : amlb.data.Dataset
        Training and test rows of the fold.
    config : amlb.benchmark.TaskConfig
        Metric, limits and seed.

    Returns
    -------
    dict
        Durations and counts; predictions go into the benchmark's file.
    """
    from frameworks.shared.caller import run_in_venv

    rows = {
        "kind": dataset.type.name,
        "target": {"name": dataset.target.name, "labels": dataset.target.values},
        "train": {"path": _path(dataset.train)},
        "test": {"path": _path(dataset.test)},
    }
    found: dict[str, Any] = run_in_venv(
        __file__, "exec.py", input_data=rows, dataset=dataset, config=config
    )
    return found


def _path(split: Any) -> str:
    """Return a file of the rows: CSV as it is, else Parquet, which keeps the declared types.

    The benchmark declares every text of a CSV file a category, dates and free text too.
    """
    return str(split.path if split.format == "csv" else split.data_path("parquet"))
