"""The evaluation under way: what it holds is still what the present code would evaluate."""

from pathlib import Path

import pytest

from metatune.algorithms.registry import FAMILIES
from metatune.kinds import TaskKind
from metatune.metadataset.pool import draw_pool
from metatune.metadataset.schema import PROTOCOL_VERSION, pool_of
from metatune.metadataset.store import load_metadata, verify_metadata

NEXT = Path(__file__).parents[2] / "metadata" / "next"

pytestmark = pytest.mark.skipif(not NEXT.is_dir(), reason="no evaluation is under way")


@pytest.mark.parametrize("kind", [TaskKind.BINARY, TaskKind.REGRESSION])
def test_its_configurations_are_in_the_pool_and_not_out_of_date(kind: TaskKind) -> None:
    metadata = load_metadata(NEXT)
    known = metadata.configurations
    known = known[known["pool"] == pool_of(kind)]
    assert set(known["key"]) <= {c.key for c in draw_pool(kind)}
    versions = {name: family.recipe_version for name, family in FAMILIES.items()}
    assert (known["recipe_version"] == known["algorithm"].map(versions)).all()


def test_it_is_whole_and_of_the_present_protocol() -> None:
    assert verify_metadata(NEXT) == []
    datasets = load_metadata(NEXT).datasets
    assert (datasets["protocol:version"] == PROTOCOL_VERSION).all()
    assert len(datasets) >= 150
