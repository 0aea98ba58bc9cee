"""Table of two classes that can be learned, made up for whole runs."""

import numpy as np
import pandas as pd


def make_table(n_rows: int = 190) -> pd.DataFrame:
    """Make a table that is too short for a second layer, which takes longer than all the rest."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(n_rows, 4)), columns=list("abcd"))
    table["city"] = rng.choice(["Oslo", "Rome"], n_rows)
    wish = table["a"] + (table["city"] == "Rome") + 0.5 * rng.normal(size=n_rows)
    table["buys"] = np.where(wish > 0.5, "yes", "no")
    return table
