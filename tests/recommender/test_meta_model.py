"""The meta-model: what is filled in, what a file keeps, what is refused."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from made_up_past import features_of, make_metadata

from metatune.errors import MetadataError
from metatune.kinds import TaskKind
from metatune.metafeatures import FEATURE_NAMES, SCHEMA_VERSION
from metatune.recommender.meta_model import MetaModel, completed
from metatune.recommender.past import collect_past


def test_what_is_not_known_is_its_column_raised_by_its_row() -> None:
    values = np.array([[1.0, 2.0, 6.0], [3.0, np.nan, 8.0]])[:, :, None]
    # column means 2, 2, 7: the second dataset is harder by (1 + 1) / 2
    np.testing.assert_allclose(completed(values)[:, :, 0], [[1.0, 2.0, 6.0], [3.0, 3.0, 8.0]])


def test_what_nobody_knows_is_what_is_usual() -> None:
    values = np.array([[1.0, np.nan], [3.0, np.nan]])
    filled = completed(np.stack([values, values], axis=2))
    np.testing.assert_allclose(filled[:, 0], [[1.0, 1.0], [3.0, 3.0]])
    np.testing.assert_allclose(filled[:, 1], [[1.0, 1.0], [3.0, 3.0]])
    assert np.isfinite(completed(np.full((2, 2, 1), np.nan))).all()


def test_levels_are_filled_in_each_for_itself() -> None:
    values = np.array([[[5.0, 1.0]], [[np.nan, 2.0]]])
    filled = completed(values)
    # the level that is missing on the second dataset is 5 on average, and this one harder by 1/2
    assert filled[1, 0, 0] == pytest.approx(5.5)
    assert values[1, 0, 1] == 2.0


def test_what_did_not_rise_is_what_it_was_below_and_what_others_gained() -> None:
    values = np.array([[[3.0, 2.0], [4.0, 3.5], [9.0, np.nan], [np.nan, 1.0]]])
    # others gained 0.75, the median; a level below is not filled in from above
    assert completed(values)[0, 2].tolist() == [9.0, 8.25]
    assert np.isnan(values[0, 2, 1])


@pytest.fixture(scope="module")
def model() -> MetaModel:
    return MetaModel.fit(collect_past(make_metadata(16), TaskKind.BINARY, "roc_auc"))


@pytest.fixture(scope="module")
def path(model: MetaModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "models" / "one.npz"
    model.save(path)
    return path


def test_a_model_knows_what_the_past_knows(model: MetaModel) -> None:
    past = collect_past(make_metadata(16), TaskKind.BINARY, "roc_auc")
    known = np.isfinite(past.values)
    np.testing.assert_array_equal(model.values[known], past.values[known])
    assert np.isfinite(model.values).all()
    np.testing.assert_allclose(model.regret, past.regret)
    np.testing.assert_array_equal(model.features, past.features)
    assert 0.1 < model.spread < 10.0


def test_too_few_datasets_tell_nothing_about_how_sure_to_be() -> None:
    few = MetaModel.fit(collect_past(make_metadata(6), TaskKind.BINARY, "roc_auc"))
    assert few.spread == 1.0


def test_a_file_keeps_everything(model: MetaModel, path: Path) -> None:
    loaded = MetaModel.load(path)
    for name in ("names", "families", "fingerprints", "configurations", "spread"):
        assert getattr(loaded, name) == getattr(model, name)
    assert {c.origin for c in loaded.configurations} == {"portfolio"}
    np.testing.assert_array_equal(loaded.sizes, model.sizes)
    np.testing.assert_allclose(loaded.values, model.values, rtol=1e-6)
    pairs = ((loaded.proximity.forest, model.proximity.forest), (loaded.cost, model.cost))
    for kept, original in pairs:
        for name in original.__dataclass_fields__:
            np.testing.assert_array_equal(getattr(kept, name), getattr(original, name))
    np.testing.assert_array_equal(loaded.proximity.trust, model.proximity.trust)
    own, nobody = features_of(1.1).to_array(FEATURE_NAMES), np.zeros(16, dtype=bool)
    np.testing.assert_array_equal(
        loaded.proximity.weights(own, nobody), model.proximity.weights(own, nobody)
    )


def write_nothing(path: Path, good: bytes) -> None:
    path.write_bytes(b"")


def write_text(path: Path, good: bytes) -> None:
    path.write_text("not a model")


def write_torn(path: Path, good: bytes) -> None:
    path.write_bytes(good[: len(good) // 2])


def write_garbled(path: Path, good: bytes) -> None:
    middle = len(good) // 2
    path.write_bytes(good[:middle] + bytes(200) + good[middle + 200 :])


def write_strange(path: Path, good: bytes) -> None:
    np.savez(path, other=np.zeros(3))


def write_single_array(path: Path, good: bytes) -> None:
    with path.open("wb") as stream:
        np.save(stream, np.zeros(3))


def write_changed(path: Path, good: bytes, **changes: object) -> None:
    path.write_bytes(good)
    with np.load(path) as file:
        arrays = dict(file)
    texts = json.loads(arrays["texts"].tobytes())
    assert changes.keys() <= texts.keys()
    arrays["texts"] = np.frombuffer(json.dumps(texts | changes).encode(), dtype=np.uint8)
    np.savez(path, **arrays)


def write_other_format(path: Path, good: bytes) -> None:
    write_changed(path, good, format=99)


def write_other_features(path: Path, good: bytes) -> None:
    write_changed(path, good, features=[*FEATURE_NAMES[1:], "Another"])


def write_older_features(path: Path, good: bytes) -> None:
    write_changed(path, good, features_version=SCHEMA_VERSION - 1)


def write_no_file(path: Path, good: bytes) -> None:
    path.unlink(missing_ok=True)


@pytest.mark.parametrize(
    "write",
    [
        write_nothing,
        write_text,
        write_torn,
        write_garbled,
        write_strange,
        write_single_array,
        write_other_format,
        write_other_features,
        write_older_features,
        write_no_file,
    ],
)
def test_what_is_no_model_is_refused_in_one_line(
    write: Callable[[Path, bytes], object], path: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.npz"
    write(broken, path.read_bytes())
    with pytest.raises(MetadataError, match="rebuild the meta-dataset") as caught:
        MetaModel.load(broken)
    assert "\n" not in str(caught.value)
    assert str(broken) in str(caught.value)
