"""Familiarity of a dataset."""

import numpy as np

from metatune.recommender.familiarity import familiarity


def test_unknown_features_are_borne() -> None:
    rng = np.random.default_rng(0)
    past = rng.normal(size=(30, 4))
    past[:, 2] = np.nan
    past[::5, 1] = np.nan
    equal = np.ones(4)
    near = familiarity(past, np.array([0.0, np.nan, 3.0, 0.0]), equal)
    far = familiarity(past, np.array([9.0, -9.0, np.inf, 9.0]), equal)
    assert near > 0.5
    assert far == 0.0


def test_too_few_past_datasets_tell_nothing() -> None:
    past = np.random.default_rng(0).normal(size=(3, 4))
    assert familiarity(past, past[0], np.ones(4)) == 0.0


def test_only_features_that_matter_make_a_dataset_odd() -> None:
    past = np.random.default_rng(0).normal(size=(30, 2))
    odd = np.array([0.0, 100.0])
    assert familiarity(past, odd, np.array([1.0, 0.0])) > 0.5
    assert familiarity(past, odd, np.array([0.0, 1.0])) == 0.0
