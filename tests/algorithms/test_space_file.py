"""Space files: what is printed can be edited and given back."""

import tomllib
from pathlib import Path

import pytest

from metatune.algorithms.narrowed_space import narrowed_spaces
from metatune.algorithms.registry import FAMILIES
from metatune.algorithms.space_file import read_space, space_text
from metatune.errors import OptionError
from metatune.kinds import TaskKind

EVERY = [(name, kind) for name, a in FAMILIES.items() for kind in TaskKind if kind in a.kinds]


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(("name", "kind"), EVERY, ids=str)
def test_a_printed_space_given_back_is_the_space(name: str, kind: TaskKind, tmp_path: Path) -> None:
    family = {name: FAMILIES[name]}
    given = read_space(written(tmp_path / "space.toml", space_text(family, (kind,))))
    assert narrowed_spaces(family, kind, given) == {name: FAMILIES[name].space(kind)}


@pytest.mark.parametrize("kind", list(TaskKind), ids=str)
def test_the_space_of_all_families_and_kinds_given_back_changes_nothing(
    kind: TaskKind, tmp_path: Path
) -> None:
    given = read_space(written(tmp_path / "space.toml", space_text(FAMILIES, tuple(TaskKind))))
    able = {name: a for name, a in FAMILIES.items() if kind in a.kinds}
    usual = {name: a.space(kind) for name, a in able.items()}
    assert narrowed_spaces(able, kind, given) == usual


def test_what_only_some_tasks_have_is_said() -> None:
    text = space_text({"linear": FAMILIES["linear"]}, tuple(TaskKind))
    lines = {line.partition(" =")[0]: line for line in text.splitlines() if " = {" in line}
    assert lines["C"].endswith("# classification only")
    assert lines["alpha"].endswith("# regression only")
    assert '# where penalty is "elastic_net"' in lines["l1_ratio"]
    forest = space_text({"random_forest": FAMILIES["random_forest"]}, tuple(TaskKind))
    assert "# default 0.5 for classification, 1.0 for regression" in forest


def test_an_edited_space_is_what_it_says(tmp_path: Path) -> None:
    text = space_text({"knn": FAMILIES["knn"]}, (TaskKind.BINARY,))
    edited = text.replace(
        'weights = { choices = ["uniform", "distance"]', "weights = { choices = []"
    )
    assert edited != text
    with pytest.raises(OptionError, match=r"knn\.weights: choices is empty"):
        read_space(written(tmp_path / "space.toml", edited))
    assert tomllib.loads(text)["knn"]["p"] == {"choices": [1, 2], "default": 2}


def test_nothing_given_is_nothing() -> None:
    assert read_space(None) is None
    assert read_space({"knn": {}}) == {"knn": {}}


def test_the_space_that_the_documents_show_is_one() -> None:
    page = (Path(__file__).parents[2] / "docs" / "tuning.md").read_text(encoding="utf-8")
    shown = [block.partition("```")[0] for block in page.split("```toml\n")[1:]]
    given = read_space(tomllib.loads(shown[0]))
    assert set(given or {}) == {"lightgbm", "knn"}
    assert "metatune.algorithms" in tomllib.loads(shown[1])["project"]["entry-points"]
