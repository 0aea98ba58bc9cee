"""Protocol of the meta-dataset's evaluations, and the rungs of each dataset."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from metatune.algorithms.registry import ALGORITHMS
from metatune.data.encoding.shape import Shape
from metatune.evaluation.rungs import REDUCTION_FACTOR, Rung
from metatune.evaluation.trial import TrialResult
from metatune.kinds import TaskKind
from metatune.metadataset.schema import PROTOCOL_VERSION
from metatune.metrics import RECORDED_METRICS, resolve_metric
from metatune.space import Configuration

__all__ = ["Known", "Ladder", "Protocol", "protocol_rungs"]

Known = dict[tuple[str, int], TrialResult]
"""Results by configuration key and rung index."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    """Protocol of the evaluations for the meta-dataset.

    Attributes
    ----------
    max_rows : int
        Maximum number of rows; larger tables are cut to a stratified sample.
    n_folds : int
        Folds of the top rung.
    trial_seconds : float
        Time limit of one trial: wall clock, on a machine that may be busy.
    keep : float
        Share of the configurations, the best ones, that rise from a rung to the next one; defaults
        of libraries always rise. Less than 1 spares time on large tables: successive halving.
    rung_rows : int
        Minimum training rows of a rung below the top: fewer are not informative, and on a small
        table they cost nearly as much as all.
    seed : int
        Seed of sample, folds and learners.
    version : int
        Version of the rules that are not parameters; see `PROTOCOL_VERSION`.
    """

    max_rows: int = 3_000
    n_folds: int = 5
    trial_seconds: float = 90.0
    keep: float = 1.0
    rung_rows: int = 1_500
    seed: int = 0
    version: int = PROTOCOL_VERSION

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "Protocol":
        """Read the protocol of a dataset's description; one without a version has version 1."""
        names = {field.name for field in fields(cls)}
        known = {name: value for name, value in record.items() if name in names}
        return cls(**({"version": 1} | known))

    def agrees(self, other: "Protocol", n_rows: int) -> bool:
        """Return True if scores under both are comparable on a table of `n_rows` rows.

        Time limit, share kept and rows of a rung do not matter: they decide whether there is a
        score, not its value.
        """
        return (self.version, self.n_folds, self.seed, min(self.max_rows, n_rows)) == (
            other.version,
            other.n_folds,
            other.seed,
            min(other.max_rows, n_rows),
        )


def protocol_rungs(n_train_rows: int, n_folds: int, least_rows: int) -> tuple[Rung, ...]:
    """Return the rungs that are evaluated.

    All rows with all folds, and on large tables two row shares with one fold below; all rows with
    one fold need no rung, as theirs is the first fold score of the top rung.
    """
    shares = (1 / REDUCTION_FACTOR**2, 1 / REDUCTION_FACTOR)
    lower = [share for share in shares if share * n_train_rows >= least_rows]
    levels = [(share, 1) for share in lower] + [(1.0, n_folds)]
    return tuple(Rung(index=i, row_share=s, n_folds=f) for i, (s, f) in enumerate(levels))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """Ladder of the rungs that configurations climb on one dataset.

    Attributes
    ----------
    kind : TaskKind
        What is predicted.
    shape : Shape
        Training rows of a fold, columns, classes.
    rungs : tuple of Rung
        From the lowest to the top.
    keep : float
        See `Protocol`.
    """

    kind: TaskKind
    shape: Shape
    rungs: tuple[Rung, ...]
    keep: float = 1.0

    @classmethod
    def of(
        cls,
        kind: TaskKind,
        *,
        n_rows: int,
        n_columns: int,
        n_classes: int,
        protocol: Protocol,
    ) -> "Ladder":
        """Lay out the rungs of a dataset as it was cut."""
        n_train = n_rows - -(-n_rows // protocol.n_folds)
        return cls(
            kind=kind,
            shape=Shape(n_rows=n_train, n_columns=n_columns, n_classes=n_classes),
            rungs=protocol_rungs(n_train, protocol.n_folds, protocol.rung_rows),
            keep=protocol.keep,
        )

    def due(
        self, pool: Sequence[Configuration], known: Known
    ) -> Iterator[tuple[Configuration, Rung]]:
        """Yield the trials that can run now, each configuration at most once.

        A configuration rises until a rung fails, unless its algorithm does not take the dataset at
        all or needs a library that is not installed. Where not all are kept, it waits on each rung
        until all that reach it have a result.

        Parameters
        ----------
        pool : sequence of Configuration
            Configurations to evaluate.
        known : Known
            Results so far.
        """
        climbers = [c for c in pool if not self._refused(c)]
        if self.keep >= 1.0:
            yield from self._next_steps(climbers, known)
            return
        for rung in self.rungs:
            waiting = [c for c in climbers if (c.key, rung.index) not in known]
            if waiting:
                yield from ((c, rung) for c in waiting)
                return
            climbers = self._risen(climbers, rung, known)

    def _next_steps(
        self, climbers: Sequence[Configuration], known: Known
    ) -> Iterator[tuple[Configuration, Rung]]:
        for configuration in climbers:
            for rung in self.rungs:
                result = known.get((configuration.key, rung.index))
                if result is None:
                    yield configuration, rung
                if result is None or not result.ok:
                    break

    def _risen(
        self, climbers: Sequence[Configuration], rung: Rung, known: Known
    ) -> list[Configuration]:
        """Return the configurations that rise from a rung, in the order given."""
        metric = resolve_metric(RECORDED_METRICS[self.kind][0], self.kind)  # that of the scores
        losses = {
            c.key: metric.loss(known[c.key, rung.index].score)
            for c in climbers
            if known[c.key, rung.index].ok
        }
        best = sorted(losses, key=losses.__getitem__)[: math.ceil(self.keep * len(climbers))]
        return [c for c in climbers if c.key in best or (c.origin == "default" and c.key in losses)]

    def _refused(self, configuration: Configuration) -> bool:
        algorithm = ALGORITHMS.get(configuration.algorithm)
        return algorithm is None or bool(algorithm.refuses(self.kind, self.shape))
