"""Mutants of model files: the same ones for a seed, and they reach what compiled code walks on."""

import io
import zipfile
from collections.abc import Callable

import numpy as np
import pytest
from click.testing import Result

from benchmarks.hostile.families import make_models
from benchmarks.hostile.mutations import mutant
from metatune._typing import AnyArray
from metatune.kinds import TaskKind

N_MUTANTS = 400


@pytest.fixture(scope="module")
def tree_file(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("models")
    models = make_models(folder, [TaskKind.BINARY], ("decision_tree",))
    return models["decision_tree-binary"][1].read_bytes()


def nodes_of(content: bytes) -> AnyArray | None:
    """Return the nodes of the tree in a model file; None where they cannot be read."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            arrays = [
                np.load(io.BytesIO(archive.read(name)), allow_pickle=False)
                for name in archive.namelist()
                if name.endswith(".npy")
            ]
    except (zipfile.BadZipFile, ValueError, OSError, SyntaxError, NotImplementedError):
        return None
    return next((array for array in arrays if "left_child" in (array.dtype.names or ())), None)


def test_mutants_are_of_many_kinds_and_the_same_for_a_seed(tree_file: bytes) -> None:
    found = [mutant(tree_file, np.random.default_rng(seed)) for seed in range(80)]
    assert len({kind for kind, _ in found}) >= 12
    again = [mutant(tree_file, np.random.default_rng(seed)) for seed in range(80)]
    assert [kind for kind, _ in found] == [kind for kind, _ in again]


@pytest.mark.parametrize("field", ["left_child", "right_child", "feature"])
def test_mutants_lead_the_walk_through_a_tree_astray(tree_file: bytes, field: str) -> None:
    valid = nodes_of(tree_file)
    assert valid is not None
    inside = range(-2, len(valid) if field != "feature" else int(valid["feature"].max()) + 1)
    astray = 0
    for seed in range(N_MUTANTS):
        nodes = nodes_of(mutant(tree_file, np.random.default_rng(seed))[1])
        if nodes is not None and nodes.ndim == 1 and len(nodes) == len(valid):
            astray += any(int(value) not in inside for value in nodes[field])
    assert astray >= 3


def test_no_mutant_of_a_few_does_harm(bench: Callable[..., Result]) -> None:
    result = bench("hostile", "--mutants", 3, "--only", "decision_tree")
    assert result.exit_code == 0, result.output
    assert "3 mutants: " in result.output
