"""Table with features of several kinds, and parameters of a fit that ends soon."""

from typing import Any

import numpy as np
import pandas as pd

QUICK: dict[str, Any] = {"max_trials": 1, "n_jobs": 1, "random_state": 0}


def make_table(n_rows: int = 120) -> tuple[pd.DataFrame, "pd.Series[Any]"]:
    """Return features of several kinds with missing cells, and text labels."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame(
        {
            "size": rng.normal(size=n_rows),
            "city": rng.choice(["Rome", "Oslo", "Bonn"], n_rows),
            "day": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 400, n_rows), "D"),
            "open": rng.random(n_rows) < 0.5,
        }
    )
    wish = X["size"] + (X["city"] == "Oslo") + rng.normal(0, 0.3, n_rows)
    X.loc[::9, "size"] = np.nan
    X.loc[::7, "city"] = None
    return X, pd.Series(np.where(wish > 0.3, "buys", "leaves"), name="deed")
