"""Content of a made-up OpenML server: plain values, nothing of the protocol."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = [
    "Component",
    "Dataset",
    "Evaluation",
    "Feature",
    "Flow",
    "FlowParameter",
    "Procedure",
    "Setup",
    "SetupParameter",
    "Suite",
    "Task",
    "World",
]


@dataclass(frozen=True, kw_only=True)
class Feature:
    """A column of a dataset; `values` are the levels of a nominal one."""

    name: str
    data_type: str = "numeric"
    values: tuple[str, ...] = ()
    n_missing: int = 0


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """A dataset and its files; None stands for what the server does not have."""

    id: int
    name: str
    arff: bytes
    parquet: bytes | None = None
    features: tuple[Feature, ...] | None = ()
    qualities: Mapping[str, float | None] | None = field(default_factory=dict)
    target: str | None = "class"
    row_id: str | None = None
    ignored: tuple[str, ...] = ()
    status: str = "active"
    visibility: str = "public"
    format: str = "ARFF"
    """``Sparse_ARFF`` has no Parquet file, and no link to one."""
    md5: str | None = None
    """Announced checksum; that of the ARFF file by default."""

    @property
    def checksum(self) -> str:
        return self.md5 or hashlib.md5(self.arff).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Task:
    """A task: type 1 is classification, 2 regression, others exist."""

    id: int
    dataset: int
    target: str
    type: int = 1
    procedure: int = 1
    measure: str = ""
    hidden_inputs: bool = False
    """The server loses the inputs of tasks whose target holds a quote, in listings."""


@dataclass(frozen=True, kw_only=True)
class Suite:
    """A study of tasks, or of runs."""

    id: int
    name: str
    tasks: tuple[int, ...]
    datasets: tuple[int, ...]
    alias: str | None = None
    main_entity_type: str = "task"


@dataclass(frozen=True, kw_only=True)
class FlowParameter:
    """A parameter that a flow has, with its default as text."""

    name: str
    data_type: str = ""
    default: str = ""


@dataclass(frozen=True, kw_only=True)
class Component:
    """A flow inside a flow."""

    identifier: str
    flow: int


@dataclass(frozen=True, kw_only=True)
class Flow:
    """An algorithm or a pipeline of some."""

    id: int
    name: str
    version: int = 1
    external_version: str = ""
    uploader: int = 1
    parameters: tuple[FlowParameter, ...] = ()
    components: tuple[Component, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SetupParameter:
    """A parameter that a setup sets: of which flow, which one, to what text."""

    flow: int
    name: str
    value: str


@dataclass(frozen=True, kw_only=True)
class Setup:
    """A flow with the parameters that were set explicitly."""

    id: int
    flow: int
    parameters: tuple[SetupParameter, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """One measure of one run, by one evaluation engine."""

    run: int
    task: int
    setup: int
    function: str
    value: float | None
    uploader: int = 1
    engine: int = 1
    folds: tuple[float, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Procedure:
    """An estimation procedure."""

    id: int
    type_id: int
    name: str
    folds: int


@dataclass(kw_only=True)
class World:
    """Everything a server holds, by id."""

    datasets: dict[int, Dataset] = field(default_factory=dict)
    tasks: dict[int, Task] = field(default_factory=dict)
    suites: dict[int, Suite] = field(default_factory=dict)
    flows: dict[int, Flow] = field(default_factory=dict)
    setups: dict[int, Setup] = field(default_factory=dict)
    evaluations: list[Evaluation] = field(default_factory=list)
    users: dict[int, str] = field(default_factory=lambda: {1: "somebody"})
    procedures: tuple[Procedure, ...] = (
        Procedure(id=1, type_id=1, name="10-fold Crossvalidation", folds=10),
        Procedure(id=7, type_id=2, name="10-fold Crossvalidation", folds=10),
    )

    def add(self, *things: Dataset | Task | Suite | Flow | Setup | Evaluation) -> None:
        """Put things where they belong."""
        for thing in things:
            if isinstance(thing, Evaluation):
                self.evaluations.append(thing)
            else:
                shelf: dict[int, object] = getattr(self, f"{type(thing).__name__.lower()}s")
                shelf[thing.id] = thing

    def suite(self, name: str) -> Suite | None:
        """Find a suite by id or alias."""
        for suite in self.suites.values():
            if name in (str(suite.id), suite.alias):
                return suite
        return None
