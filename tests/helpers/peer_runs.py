"""Made-up runs of a race against peers, and the catalogue of its tables."""

from pathlib import Path
from typing import Any

from benchmarks.races.peers.runs import PeerRun


def make_run(system: str, table: str, score: float | None, **more: Any) -> PeerRun:
    usual: dict[str, Any] = {
        **{"part": "raw", "seed": 0, "budget": 60.0, "task": "binary", "metric": "roc_auc"},
        **{"n_train": 70, "n_test": 30, "n_features": 3, "fit_s": 50.0},
        "status": "ok" if score is not None else "error",
    }
    return PeerRun(system=system, table=table, score=score, **usual | more)


def harness_record(system: str, score: float | None, **more: Any) -> dict[str, Any]:
    record = {
        **{"system": system, "dataset": "shop", "task": "binary", "metric": "roc_auc"},
        **{"budget": 10.0, "seed": 0, "n_train": 70, "n_test": 30, "n_features": 3},
        **{"when": "2026-01-02T03:04:05Z", "load": 0.987, "wall_s": 12.0, "peak_rss_mb": 300},
        **{"fit_s": 9.87654, "predict_s": 0.12345678, "model_bytes": 12345},
        **{"versions": {"peer.core": "1.2", "numpy": "2"}, "info": {"best": "secret/model"}},
        **{"status": "ok", "metrics": {"roc_auc": score, "log_loss": 0.4}},
    }
    if score is None:
        del record["metrics"], record["fit_s"], record["versions"]
        record |= {
            "status": "error",
            "error": "pkg.mod.BadError: /home/me/x is gone",
            "log": "/tmp",
        }
    return record | more


def write_catalogue(folder: Path, n_tables: int = 4) -> Path:
    lines = ["file,name,family,task,target,n_rows,text_columns,date_columns,categorical_columns"]
    lines += [
        f"{'pmlb' if i % 2 else 'raw'}/t{i}.csv,t{i},f{i},binary,y,{300 + i},,,"
        for i in range(n_tables)
    ]
    path = folder / "catalogue.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path
