"""Options of a run, as its record keeps them."""

from dataclasses import dataclass
from typing import Any

from metatune.data.reading.options import READING, ReadingOptions, reading_options
from metatune.samplers.catalogue import StrategyName

__all__ = ["RunOptions"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """Options of a run as its user gave them, under the names of the command line.

    `data` is None where the table was handed over in Python, and the meaning of the others is that
    of `metatune fit --help` and of the parameters of `MetaTuneClassifier`. `space` holds the
    content of the file. `objectives` are the metric and what else counts; empty where nothing
    else does.
    """

    budget: str | float
    seed: int
    data: str | None = None
    output: str | None = None
    target: str | None = None
    task: str | None = None
    weight: str | None = None
    group: str | None = None
    time: str | None = None
    metric: str | None = None
    objectives: tuple[str, ...] = ()
    prefer: str | None = None
    positive: str | None = None
    jobs: int | None = None
    memory_limit: int | str | None = None
    scheduler: str | None = None
    max_trials: int | None = None
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    space: dict[str, Any] | None = None
    strategy: StrategyName = StrategyName.METATUNE
    cold_start: bool = False
    ensemble: bool = True
    report: bool = True
    max_latency: str | float | None = None
    max_size: str | int | None = None
    metadata: str | None = None
    openml_server: str | None = None
    separator: str | None = None
    encoding: str | None = None
    decimal: str | None = None
    header: str | None = None
    sheet: str | None = None
    na: str | None = None

    @property
    def reading(self) -> ReadingOptions:
        """Options with which the table is read.

        Raises
        ------
        OptionError
            If one of them cannot be.
        """
        return reading_options({name: getattr(self, name) for name in READING})
