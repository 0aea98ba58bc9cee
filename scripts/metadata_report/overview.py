"""Content of a meta-dataset: datasets, pairs, evaluations, how they ended."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from metadata_report.section import Section
from metatune.data.encoding.fingerprint import Fingerprint
from metatune.evaluation.trial import TrialStatus
from metatune.kinds import TaskKind
from metatune.metadataset.schema import protocol_column
from metatune.metadataset.store import MetaDataset

__all__ = ["evaluation_frame", "overview"]

_SIZES = (0, 200, 500, 1_000, 2_000, 5_000, 20_000)


def overview(metadata: MetaDataset) -> Iterator[Section]:
    """Say what there is."""
    yield _totals(metadata)
    yield _sizes(metadata.datasets)
    yield _statuses(metadata)
    yield _licences(metadata.datasets)


def evaluation_frame(metadata: MetaDataset) -> pd.DataFrame:
    """Return the evaluations with two more columns, `algorithm` and `spent`.

    Spent are processor seconds, or seconds of wall clock where a trial was stopped before it could
    tell.
    """
    evaluations = metadata.evaluations
    algorithm = evaluations["configuration"].map({k: c.algorithm for k, c in metadata.pool.items()})
    done = evaluations["status"] == str(TrialStatus.OK)
    spent = evaluations["cpu_seconds"].where(done, evaluations["seconds"])
    return evaluations.assign(algorithm=algorithm, spent=spent)


def _totals(metadata: MetaDataset) -> Section:
    evaluations = evaluation_frame(metadata)
    pairs = evaluations[["dataset", "configuration"]].drop_duplicates()
    pools = metadata.configurations["pool"].value_counts()
    facts: list[tuple[str, int | str]] = [
        ("datasets", len(metadata.datasets)),
        ("of these, large tables that take part once more", _n_halved(metadata.datasets)),
        ("families of datasets", int(metadata.datasets["family"].nunique())),
        *((f"configurations for {pool}", int(pools[pool])) for pool in sorted(pools.index)),
        ("pairs of dataset and configuration", len(pairs)),
        ("evaluations", len(evaluations)),
        ("hours of processor time", f"{evaluations['spent'].sum() / 3600:.1f}"),
        ("protocol version", str(metadata.manifest.get("protocol_version"))),
        ("made at", str(metadata.manifest.get("made_at"))),
    ]
    rows = [(what, count if isinstance(count, str) else f"{count:,}") for what, count in facts]
    left_out = metadata.manifest.get("left_out", {})
    rows += [(f"left out: {what}", f"{count:,}") for what, count in left_out.items()]
    return Section(title="Content", header=("what", "how many"), rows=rows)


def _n_halved(datasets: pd.DataFrame) -> int:
    """Count datasets on which only a share of the configurations rises."""
    column = protocol_column("keep")
    return int((datasets[column] < 1).sum()) if column in datasets else 0


def _sizes(datasets: pd.DataFrame) -> Section:
    whole = datasets["fingerprint"].map(lambda text: Fingerprint.parse(text).n_rows)
    cut = whole > datasets["n_rows"]
    rows: list[tuple[Any, ...]] = []
    for low, high in zip(_SIZES, (*_SIZES[1:], None), strict=True):
        fits = (whole >= low) & (whole < high) if high else whole >= low
        label = f"{low:,} to {high - 1:,}" if high else f"{low:,} and more"
        kinds = [int((fits & (datasets["kind"] == str(kind))).sum()) for kind in TaskKind]
        rows.append((label, *kinds, int(fits.sum()), int((fits & cut).sum())))
    sums: list[int] = [sum(int(row[i]) for row in rows) for i in range(1, len(rows[0]))]
    most = int(datasets["n_rows"].max())
    return Section(
        title="Datasets by kind and size",
        note=f"Rows of the whole table; the largest was evaluated on {most:,} rows.",
        header=("rows", *map(str, TaskKind), "all", "cut to a sample"),
        rows=[*rows, ("all", *sums)],
    )


def _statuses(metadata: MetaDataset) -> Section:
    evaluations = evaluation_frame(metadata)
    counts = pd.crosstab(evaluations["algorithm"], evaluations["status"])
    counts = counts.reindex(columns=[str(s) for s in TrialStatus], fill_value=0)
    pairs = (
        evaluations[["algorithm", "dataset", "configuration"]]
        .drop_duplicates()["algorithm"]
        .value_counts()
    )
    pool = metadata.configurations.drop_duplicates("key")["algorithm"].value_counts()
    rows: list[tuple[Any, ...]] = [
        (str(name), int(pool[name]), int(pairs[name]), *(int(n) for n in counts.loc[name]))
        for name in counts.index
    ]
    return Section(
        title="How evaluations ended, by algorithm",
        header=("algorithm", "configurations", "pairs", *map(str, TrialStatus)),
        rows=rows,
    )


def _licences(datasets: pd.DataFrame) -> Section:
    counts = datasets["licence"].replace("", "not stated").value_counts()
    rows = sorted(((str(k), int(n)) for k, n in counts.items()), key=lambda row: (-row[1], row[0]))
    return Section(title="Licences of the tables", header=("licence", "tables"), rows=rows)
