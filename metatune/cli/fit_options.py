"""Options of `metatune fit`, as the user typed them."""

from dataclasses import dataclass
from pathlib import Path

__all__ = ["FitOptions"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FitOptions:
    """What the user typed; the names are those of the options."""

    data: str
    target: str | None
    task: str | None
    weight: str | None
    group: str | None
    time: str | None
    budget: str
    metric: str | None
    output: Path | None
    seed: int
    jobs: int | None
    memory_limit: str | None
    scheduler: str | None
    max_trials: int | None
    include: str | None
    exclude: str | None
    ensemble: bool
    max_latency: str | None
    max_size: str | None
    metadata: Path | None
    openml_server: str | None
    overwrite: bool
    resume: bool
    as_json: bool
    quiet: bool
    verbose: bool
