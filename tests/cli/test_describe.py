"""`metatune describe` of wide tables: neighbours that are alike share a line, others have one."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from click.testing import Result

Call = Callable[..., Result]


def make_wide(n_columns: int) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(40, n_columns))).add_prefix("c")
    frame.insert(7, "city", rng.choice(["Rome", "Oslo"], 40))
    frame.insert(9, "same", 3)
    frame["y"] = rng.choice(["no", "yes"], 40)
    return frame


def lines_of(call: Call, frame: pd.DataFrame, folder: Path) -> list[str]:
    frame.to_csv(folder / "wide.csv", index=False)
    result = call("describe", folder / "wide.csv", "--target", "y")
    assert result.exit_code == 0, result.stderr
    below = result.stdout.partition("unique  note")[2].partition("\n\n")[0]
    return [re.sub(r"\s{2,}", "|", line.strip()) for line in below.strip().splitlines()]


def test_neighbours_that_are_alike_share_a_line_of_a_wide_table(call: Call, tmp_path: Path) -> None:
    frame = make_wide(300)
    frame.loc[:4, "c20"] = np.nan
    first, city, second, same, rest = (
        line for line in lines_of(call, frame, tmp_path) if "|" in line
    )
    assert first == "c0 to c6 (7 columns)|number|0|40"
    assert city.startswith("city|category|0|2")
    assert second == "c7|number|0|40"
    assert same.startswith("same|constant|0|1")
    assert rest == "c8 to c299 (292 columns)|number|0 to 5|35 to 40"


def test_every_column_has_a_line_of_its_own_elsewhere(call: Call, tmp_path: Path) -> None:
    lines = lines_of(call, make_wide(20), tmp_path)
    assert [line.partition("|")[0] for line in lines if "|" in line][:3] == ["c0", "c1", "c2"]
    assert not any("columns)" in line for line in lines)


def test_names_of_meta_features_stay_whole(call: Call, shop_file: Path) -> None:
    lines = call("describe", shop_file).stdout.splitlines()
    assert "PercentageOfFeaturesWithMissingValues" in {line.split(" ")[0] for line in lines}
    assert max(map(len, lines)) <= 80
