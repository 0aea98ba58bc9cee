import numpy as np
import pandas as pd
import pytest
import skops.io

from metatune.data.encoding.encoder import encode_task
from metatune.data.encoding.fingerprint import Fingerprint
from metatune.data.task.make_task import make_task
from metatune.errors import SchemaError, UnusedCellsWarning

RNG = np.random.default_rng(0)
N = 240
WORDS = [
    "late",
    "arrival",
    "great",
    "service",
    "cold",
    "food",
    "would",
    "come",
    "again",
    "never",
    "ever",
    "lovely",
    "staff",
]
TABLE = pd.DataFrame(
    {
        "size": RNG.normal(size=N),
        "city": RNG.choice(["Oslo", "Rome", "Bonn"], N),
        "open": RNG.choice([True, False], N),
        "seen": pd.Timestamp(2024, 1, 1) + pd.to_timedelta(RNG.integers(0, 700, N), unit="D"),
        "review": [" ".join(RNG.choice(WORDS, RNG.integers(5, 12))) for _ in range(N)],
        "country": "same",
        "target": RNG.choice(["yes", "no"], N),
    }
)


def test_every_kind_has_its_columns() -> None:
    encoder, encoded = encode_task(make_task(TABLE, target="target"), seed=0)
    names = encoded.layout.names
    assert encoded.X.shape == (N, len(names))
    assert encoded.X.dtype == np.float64
    assert "country" not in names
    assert {"size", "city", "open", "seen: year", "seen: weekday", "review: words"} <= set(names)
    assert "seen: hour" not in names  # the hour never varies
    assert encoded.layout.n_levels[names.index("city")] == 3
    assert list(encoder.get_feature_names_out()) == list(names)
    assert np.isfinite(encoded.X).all()


def test_without_time_texts_count_by_their_lengths_alone() -> None:
    encoder, encoded = encode_task(make_task(TABLE, target="target"), seed=0, text_allowance=0.0)
    review = [name for name in encoded.layout.names if name.startswith("review")]
    assert review == ["review: length", "review: words"]
    again = encoder.transform(TABLE.drop(columns="target"))
    np.testing.assert_array_equal(again, encoded.X)


def test_fit_and_later_transform_agree() -> None:
    encoder, encoded = encode_task(make_task(TABLE, target="target"), seed=0)
    again = encoder.transform(TABLE.drop(columns="target"))
    np.testing.assert_array_equal(again, encoded.X)


def test_reordered_extra_and_retyped_columns_do_not_matter() -> None:
    encoder, encoded = encode_task(make_task(TABLE, target="target"), seed=0)
    odd = TABLE[TABLE.columns[::-1]].assign(more=1)
    odd["open"] = odd["open"].map({True: "True", False: "False"})
    odd["size"] = odd["size"].astype(str)
    odd["city"] = odd["city"].astype("category")
    np.testing.assert_allclose(encoder.transform(odd), encoded.X)


def test_missing_columns_are_named() -> None:
    encoder, _ = encode_task(make_task(TABLE, target="target"), seed=0)
    with pytest.raises(SchemaError, match=r"lacks columns that the model needs: 'city', 'seen'"):
        encoder.transform(TABLE.drop(columns=["city", "seen"]))
    encoder.transform(TABLE.drop(columns=["country"]))  # a constant is not needed


def test_unseen_and_missing_categories_and_infinities_become_missing() -> None:
    encoder, encoded = encode_task(make_task(TABLE, target="target"), seed=0)
    odd = TABLE.head(3).copy()
    odd["city"] = ["Paris", None, "Oslo"]
    odd["size"] = [np.inf, -np.inf, 1.0]
    with pytest.warns(UnusedCellsWarning, match="'size': 2 cells of 3 .*'city': 1 cell of 2"):
        out = encoder.transform(odd)
    city, size = encoded.layout.names.index("city"), encoded.layout.names.index("size")
    assert np.isnan(out[:2, city]).all()
    assert not np.isnan(out[2, city])
    assert np.isnan(out[:2, size]).all()


def test_a_table_without_any_usable_column_still_encodes() -> None:
    table = pd.DataFrame({"a": ["x"] * 20, "target": [0, 1] * 10})
    _, encoded = encode_task(make_task(table, target="target"), seed=0)
    assert encoded.X.shape == (20, 1)
    assert encoded.layout.names == ("constant",)


def test_arrays_are_taken_by_position() -> None:
    frame = pd.DataFrame(RNG.normal(size=(40, 3)), columns=["a", "b", "c"])
    frame["target"] = RNG.normal(size=40)
    encoder, encoded = encode_task(make_task(frame, target="target"), seed=0)
    np.testing.assert_array_equal(encoder.transform(frame[["a", "b", "c"]].to_numpy()), encoded.X)
    with pytest.raises(SchemaError, match="fitted on 3 columns"):
        encoder.transform(np.zeros((4, 2)))


def fingerprint(table: pd.DataFrame, target: str) -> Fingerprint:
    return Fingerprint.of(encode_task(make_task(table, target=target), seed=0)[1])


def test_fingerprint_knows_the_same_data_in_another_guise() -> None:
    base = pd.DataFrame(RNG.normal(size=(200, 5)), columns=list("abcde"))
    base["kind"] = RNG.choice(["u", "v", "w"], 200)
    base["target"] = RNG.choice(["yes", "no"], 200)
    one = fingerprint(base, "target")
    guise = base.sample(frac=1, random_state=1).rename(columns=str.upper)[
        ["KIND", "E", "A", "C", "B", "TARGET"]
    ]
    guise["KIND"] = guise["KIND"].map({"u": 7, "v": 3, "w": 1})
    assert one.same_data(fingerprint(guise, "TARGET"))
    assert one.same_data(fingerprint(base, "kind"))
    assert Fingerprint.parse(str(one)) == one


def test_fingerprint_tells_other_data_apart() -> None:
    base = pd.DataFrame(RNG.normal(size=(200, 5)), columns=list("abcde"))
    base["target"] = RNG.normal(size=200)
    other = base + RNG.normal(size=base.shape)
    assert not fingerprint(base, "target").same_data(fingerprint(other, "target"))
    assert not fingerprint(base, "target").same_data(fingerprint(base.head(150), "target"))


def test_plain_numbers_are_encoded_as_one_by_one() -> None:
    rng = np.random.default_rng(5)
    table = pd.DataFrame(rng.normal(size=(40, 12)), columns=[f"g{i}" for i in range(12)])
    table.loc[3, "g2"] = np.nan
    table.loc[4, "g5"] = np.inf
    table["g7"] = np.where(np.arange(40) % 2, "a", "b")
    table["g9"] = rng.integers(0, 4, 40)
    table["y"] = ["u", "v"] * 20
    encoder, encoded = encode_task(make_task(table, target="y"), seed=0)
    expected = table.drop(columns="y").replace(np.inf, np.nan)
    expected["g7"] = (expected["g7"] == "b").astype(float)
    np.testing.assert_array_equal(encoded.X, expected.to_numpy(dtype=float))
    assert encoded.X.flags.c_contiguous
    assert list(encoder.get_feature_names_out()) == list(expected.columns)
    assert list(encoder.feature_names_in_) == list(expected.columns)
    assert encoded.layout.n_levels == tuple(2 * (name == "g7") for name in expected.columns)


def test_a_model_keeps_many_plain_columns_in_a_few_bytes() -> None:
    rng = np.random.default_rng(6)
    table = pd.DataFrame(rng.normal(size=(20, 2_000)), columns=[f"g{i}" for i in range(2_000)])
    encoder, _ = encode_task(make_task(table.assign(y=["u", "v"] * 10), target="y"), seed=0)
    assert len(skops.io.dumps(encoder)) < 100_000


def test_texts_without_blanks_are_split_into_characters() -> None:
    rng = np.random.default_rng(7)
    good = rng.random(80) < 0.5
    texts = [
        f"这个产品{'非常好' if g else '太差了'}{chr(0x4E00 + i)}真的" for i, g in enumerate(good)
    ]
    _, encoded = encode_task(make_task(pd.DataFrame({"t": texts, "y": good}), target="y"), seed=0)
    along = [abs(np.corrcoef(column, good)[0, 1]) for column in encoded.X[:, 2:].T]
    assert max(along) > 0.9
