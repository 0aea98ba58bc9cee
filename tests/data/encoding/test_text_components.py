"""Latent components of a text column."""

import numpy as np
import pandas as pd
import pytest

from metatune.data.encoding.text_components import TextEncoder, text_seconds

TOPICS = pd.Series(["red wine tastes dry", "white wine tastes sweet", "fast cars drive far"] * 20)


def test_a_text_becomes_its_length_its_words_and_some_topics() -> None:
    encoder = TextEncoder(n_components=2).fit(TOPICS)
    out = encoder.transform(TOPICS)
    assert encoder.names_ == ["length", "words", "topic 0", "topic 1"]
    assert out[0, :2].tolist() == [19, 4]


def test_texts_about_the_same_lie_closer_than_others() -> None:
    out = TextEncoder(n_components=2).fit(TOPICS).transform(TOPICS)[:, 2:]
    assert np.linalg.norm(out[0] - out[1]) < np.linalg.norm(out[0] - out[2])


def test_missing_cells_stay_missing() -> None:
    out = TextEncoder(n_components=2).fit(TOPICS).transform(pd.Series(["red wine", None]))
    assert np.isnan(out[1]).all()
    assert not np.isnan(out[0]).any()


def test_the_same_seed_gives_the_same_components() -> None:
    first, second = (TextEncoder(random_state=3).fit(TOPICS).transform(TOPICS) for _ in range(2))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("cells", [["...", "!!", "--"], [None, None, None]])
def test_without_a_word_only_length_and_number_remain(cells: list[str | None]) -> None:
    series = pd.Series(cells, dtype="str")
    assert TextEncoder().fit(series).transform(series).shape == (3, 2)


@pytest.mark.filterwarnings("error")
def test_texts_that_are_all_alike_are_no_reason_for_a_warning() -> None:
    alike = pd.Series(["running along the wall"] * 40 + [None] * 20, dtype="str")
    assert np.isfinite(TextEncoder().fit(alike).transform(alike)[:40]).all()


def test_zero_components_leave_the_words_alone() -> None:
    encoder = TextEncoder(n_components=0).fit(TOPICS)
    assert encoder.vocabulary_ == ""
    assert encoder.names_ == ["length", "words"]


def test_characters_count_as_words_where_there_are_no_blanks() -> None:
    assert TextEncoder(n_components=2).fit(pd.Series(["今天天气很好", "明天下雨了"] * 9)).unspaced_
    assert not TextEncoder(n_components=2).fit(TOPICS).unspaced_


def test_predicted_seconds_grow_with_the_characters_alone() -> None:
    assert text_seconds(TOPICS) == text_seconds(TOPICS.sample(frac=1.0, random_state=0))
    assert text_seconds(TOPICS + TOPICS) == pytest.approx(2 * text_seconds(TOPICS))
    assert text_seconds(pd.Series([None, None], dtype="str")) == 0.0
