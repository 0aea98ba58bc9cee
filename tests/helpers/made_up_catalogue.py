"""Made-up tables of a catalogue, and the few configurations that are evaluated on them."""

from pathlib import Path

import numpy as np
import pandas as pd

from metatune.algorithms.registry import ALGORITHMS
from metatune.kinds import TaskKind
from metatune.space import Configuration

Pools = dict[TaskKind, list[Configuration]]


def make_catalogue(folder: Path, kinds: list[str], seed: int = 0) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    rows = []
    for i, kind in enumerate(kinds):
        table = pd.DataFrame(rng.normal(size=(200, 2)), columns=["a", "b"])
        wish = table["a"] + 0.3 * table["b"]
        table["target"] = wish if kind == "regression" else (wish > 0.5).astype(int)
        table.to_csv(folder / f"t{i}.csv", index=False)
        row = {"file": f"t{i}.csv", "name": f"t{i}", "family": f"f{i}", "task": kind}
        rows.append(row | {"target": "target", "n_rows": 200, "n_features": 2})
    path = folder / "catalogue.csv"
    pd.DataFrame(rows).to_csv(path, index=False)
    return path


def pools(*names: str) -> Pools:
    chosen = names or ("linear", "decision_tree")
    return {kind: [ALGORITHMS[n].space(kind).default() for n in chosen] for kind in TaskKind}
