"""Life without the optional boosting libraries, and with a meta-dataset of those who have them."""

import json
import subprocess
import sys
from pathlib import Path

from made_up_past import make_metadata

from metatune.metadataset.store import save_metadata
from metatune.recommender.models import save_models

SCRIPT = """
import json, sys
sys.modules["catboost"] = sys.modules["xgboost"] = None  # as if they were not installed
from pathlib import Path
import numpy as np, pandas as pd
from metatune import recommend
from metatune.data.encoding.shape import Shape
from metatune.algorithms.registry import ALGORITHMS, FAMILIES
from metatune.building.known import is_current
from metatune.building.protocol import Ladder, Protocol
from metatune.kinds import TaskKind
from metatune.metadataset.pool import draw_pool
from metatune.metadataset.store import verify_metadata

if __name__ == "__main__":
    metadata = Path(sys.argv[1])
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(120, 3)), columns=list("abc"))
    y = (X["a"] > 0).astype(int).rename("y")
    advice = recommend(X.assign(y=y), target="y", metadata=metadata, budget="1m")
    size = {"n_rows": 120, "n_columns": 3, "n_classes": 2}
    ladder = Ladder.of(TaskKind.BINARY, **size, protocol=Protocol())
    pool = draw_pool(TaskKind.BINARY)
    print(json.dumps({
        "usable": sorted(ALGORITHMS),
        "problems": verify_metadata(metadata),
        "recommended": [r.configuration.algorithm for r in advice.ranked],
        "current": is_current("catboost", FAMILIES["catboost"].recipe_version),
        "drawn": sorted({c.algorithm for c in pool}),
        "due": sorted({c.algorithm for c, _ in ladder.due(pool, {})}),
    }))
"""


def test_optional_families_are_known_and_never_proposed(tmp_path: Path) -> None:
    metadata = make_metadata(12, families=("catboost", "linear", "knn", "xgboost"))
    save_metadata(metadata, tmp_path / "metadata")
    save_models(tmp_path / "metadata", metrics=("roc_auc",))
    (tmp_path / "without.py").write_text(SCRIPT, encoding="utf-8")
    command = [sys.executable, str(tmp_path / "without.py"), str(tmp_path / "metadata")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert not {"catboost", "xgboost"} & set(found["usable"])
    assert found["problems"] == []
    assert sorted(found["recommended"]) == ["knn", "linear"]
    assert found["current"]
    assert {"catboost", "xgboost"} <= set(found["drawn"])
    assert found["due"] == [n for n in found["drawn"] if n not in {"catboost", "xgboost"}]
