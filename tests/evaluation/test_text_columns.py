"""Texts within a run: columns that predict the target and stay honest in every fold."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from metatune.algorithms.registry import get_algorithm
from metatune.data.columns.column import ColumnKind
from metatune.data.encoding.encoder import TableEncoder, encode_task
from metatune.data.encoding.fingerprint import Fingerprint
from metatune.data.row_metadata import PLAIN, RowMetadata
from metatune.data.task.make_task import make_task
from metatune.evaluation.rungs import Rung
from metatune.evaluation.text_check import check_seconds, losses_of_trees, texts_help
from metatune.evaluation.text_columns import add_texts
from metatune.evaluation.trial import Trial
from metatune.evaluation.trial_data import TrialData
from metatune.evaluation.trial_job import evaluate
from metatune.reporting.blocks import column_findings
from metatune.storage.resume import identify

WORDS = np.array([f"word{i}" for i in range(80)])


def make_table(n_rows: int = 240, seed: int = 0, *, told: bool = True) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, len(WORDS), (n_rows, 7))
    texts = [" ".join(WORDS[row]) for row in drawn]
    # every word speaks for one of the classes
    y = ((drawn % 2).sum(axis=1) > 3) if told else rng.integers(0, 2, n_rows)
    numbers = rng.normal(size=n_rows)
    return pd.DataFrame({"text": texts, "number": numbers, "y": np.where(y, "yes", "no")})


def read(
    table: pd.DataFrame, row_metadata: RowMetadata = PLAIN, seconds: float = float("inf")
) -> tuple[TrialData, TrialData, TableEncoder]:
    """Return the data without and with text columns, and the encoder."""
    task = make_task(table, target="y")
    encoder, encoded = encode_task(task, seed=0)
    plain = TrialData.make(
        encoded, ("log_loss", "roc_auc"), seed=0, n_folds=3, row_metadata=row_metadata
    )
    return plain, add_texts(plain, encoder, task.X, seconds), encoder


def score(data: TrialData, algorithm: str = "lightgbm", metric: int = 0) -> float:
    configuration = get_algorithm(algorithm).space(data.task.kind).default()
    rung = Rung(index=0, row_share=1.0, n_folds=len(data.folds))
    trial = Trial(number=0, configuration=configuration, rung=rung, seed=0)
    data = replace(data, metrics=(data.metrics[metric],))
    return evaluate(trial, data).score


def test_the_column_is_the_last_one_and_helps() -> None:
    plain, data, encoder = read(make_table())
    assert data.task.layout.names == (*plain.task.layout.names, "texts")
    assert encoder.get_feature_names_out().tolist() == list(data.task.layout.names)
    assert score(data, "linear") < score(plain, "linear")  # log losses


def test_words_of_categories_are_read_where_they_help() -> None:
    rng = np.random.default_rng(1)
    drawn = rng.integers(0, 12, (400, 2))
    worth = rng.permutation(np.linspace(-1.0, 1.0, 12))
    genres = np.array([f"{letter}ish" for letter in "abcdefghijkl"])
    listed = [";".join(genres[pair]) for pair in drawn]
    y = worth[drawn].sum(axis=1) + rng.normal(0, 0.2, 400)
    table = pd.DataFrame({"genres": listed, "number": rng.normal(size=400), "y": y})
    task = make_task(table, target="y")
    understood = task.columns[0]
    assert (understood.kind, understood.has_words) == (ColumnKind.HIGH_CARDINALITY, True)
    encoder, encoded = encode_task(task, seed=0)
    plain = TrialData.make(encoded, ("rmse",), seed=0, n_folds=3)
    data = add_texts(plain, encoder, task.X)
    assert encoder.blocks == {("genres",): (0, 2), ("number",): (1,)}
    assert score(data) < 0.9 * score(plain), (
        "trees learn of lists what each of their items is worth"
    )
    told = {found.name: found.treatment for found in column_findings(encoder)}
    assert told["genres"].endswith("and a model of the target from its words")


def test_words_of_categories_are_read_beside_texts_only_where_they_add_something() -> None:
    rng = np.random.default_rng(3)
    table = make_table(400)
    items = np.array([f"{letter}ish" for letter in "abcdefghijkl"])
    drawn = rng.integers(0, 12, (400, 2))
    table["items"] = [";".join(items[pair]) for pair in drawn]
    _, data, encoder = read(table)
    assert encoder.readable == (["text"], ["items"])
    assert encoder.read == ("text",), "noise beside the text"
    table["y"] = np.where(drawn.sum(axis=1) > 11, "yes", "no")
    _, data, encoder = read(table)
    assert encoder.read == ("text", "items"), "the text is noise beside them, and costs nothing"
    assert encoder.blocks[("text", "items")][-1] == data.task.layout.n_columns - 1
    assert read(table, seconds=0.1)[2].read == (), "what cannot be checked is not done"


def test_single_words_say_no_more_than_their_levels() -> None:
    levels = [f"{a}{b}ville" for a in "abcdefgh" for b in "ijklmnop"] * 5
    table = pd.DataFrame({"town": levels, "y": np.arange(len(levels)) % 7})
    (town,) = make_task(table, target="y", task="regression").columns
    assert (town.kind, town.has_words) == (ColumnKind.HIGH_CARDINALITY, False)


@pytest.fixture
def _unchecked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("metatune.evaluation.text_columns.texts_help", lambda *_: True)


@pytest.mark.usefixtures("_unchecked")
def test_in_a_fold_columns_owe_nothing_to_the_targets_that_are_validated() -> None:
    table = make_table()
    plain, data, _ = read(table)
    rows = data.folds[1].valid[:25]
    changed = table.copy()
    swapped = {"yes": "no", "no": "yes"}
    changed.loc[rows, "y"] = changed.loc[rows, "y"].map(swapped)
    task = make_task(changed, target="y")
    encoder, encoded = encode_task(task, seed=0)
    other = add_texts(
        replace(plain, task=encoded),
        encoder,
        task.X,
    )
    assert np.array_equal(data.predicted[1], other.predicted[1], equal_nan=True)
    assert not np.array_equal(data.predicted[0], other.predicted[0], equal_nan=True)


@pytest.mark.parametrize("algorithm", ["lightgbm", "linear"])
def test_texts_that_say_nothing_score_like_chance(algorithm: str) -> None:
    scores = [score(read(make_table(seed=s, told=False))[1], algorithm, metric=1) for s in range(4)]
    assert np.mean(scores) < 0.55


def test_rows_of_a_group_are_held_out_together() -> None:
    # each group has its own words and its own label: only rows of the same group would tell it
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(40), 6)
    labels = np.where(rng.integers(0, 2, 40), "yes", "no")[groups]
    names = np.array(
        ["".join(rng.choice(list("abcdefghijklmnopqrstuvwxyz"), 8)) for _ in range(40)]
    )
    texts = [f"{names[g]} item{rng.integers(99)}" for g in groups]
    table = pd.DataFrame({"text": texts, "number": rng.normal(size=240), "y": labels})
    _, honest, _ = read(table, RowMetadata(groups=groups))
    _, careless, _ = read(table)
    silent = not honest.predicted
    assert silent or np.corrcoef(honest.task.X[:, -1], honest.task.y)[0, 1] < 0.4
    assert np.corrcoef(careless.task.X[:, -1], careless.task.y)[0, 1] > 0.8


def test_rows_of_a_fold_are_as_they_are_within_it(tmp_path: Path) -> None:
    _, data, _ = read(make_table())
    data.save(tmp_path)
    loaded = TrialData.load(tmp_path)
    train = data.folds[2].train[:50]
    matrix = loaded.matrix(2, train)
    assert np.array_equal(matrix[:, :-1], data.task.X[train, :-1])
    assert np.array_equal(matrix[:, -1], data.predicted[2][train, 0])
    assert not np.array_equal(matrix[:, -1], data.task.X[train, -1])
    assert np.isfinite(loaded.matrix(0, loaded.folds[0].valid)).all()


def test_new_rows_get_what_the_model_of_all_rows_says() -> None:
    table = make_table()
    _, data, encoder = read(table)
    again = encoder.transform(table)
    assert again.shape == data.task.X.shape
    assert not np.allclose(again[:, -1], data.task.X[:, -1])
    odd = pd.DataFrame({"number": [1.0, 2.0], "more": 0, "text": [None, "word1 word3 word5"]})
    said = encoder.transform(odd)[:, -1]
    assert said[0] == pytest.approx(data.task.y.mean(), abs=1e-6)
    assert said[1] > said[0]


def test_an_encoder_that_is_fitted_anew_learns_from_labels() -> None:
    table = make_table()
    _, data, encoder = read(table)
    from sklearn.base import clone

    fresh = clone(encoder)
    X = fresh.fit_transform(table[["text", "number"]], table["y"])
    assert pytest.approx(data.task.X) == X
    assert fresh.transform(table) == pytest.approx(encoder.transform(table))


def test_what_does_not_depend_on_the_target_characterises_the_table() -> None:
    plain, data, _ = read(make_table())
    assert np.array_equal(data.task.observed.X, plain.task.X)
    assert str(Fingerprint.of(data.task.observed)) == str(Fingerprint.of(plain.task))


def test_a_run_is_known_again_whatever_the_last_digits() -> None:
    _, data, _ = read(make_table())
    X = data.task.X.copy()
    X[:, -1] += 1e-7
    assert identify(replace(data, task=replace(data.task, X=X)), 0) == identify(data, 0)


def test_without_time_or_texts_nothing_is_added() -> None:
    plain, data, _ = read(make_table(), seconds=0.0)
    assert data is plain
    table = make_table().drop(columns="text")
    table["other"] = table["number"] ** 2
    plain, data, encoder = read(table)
    assert data is plain
    assert encoder.text_model_ is None


def test_less_is_read_where_time_is_short() -> None:
    _, data, encoder = read(make_table(), seconds=0.02)
    _, _, careful = read(make_table())
    assert data.task.layout.n_predicted == 1
    assert encoder.text_model is not None
    assert careful.text_model is not None
    assert encoder.text_model.word_length < careful.text_model.word_length


def test_the_same_seed_gives_the_same_columns() -> None:
    assert np.array_equal(read(make_table())[1].task.X, read(make_table())[1].task.X)


@pytest.mark.parametrize("algorithm", ["lightgbm", "linear", "extra_trees"])
def test_trials_never_see_the_columns_of_the_fit_on_all_rows(algorithm: str) -> None:
    _, data, _ = read(make_table())
    X = data.task.X.copy()
    X[:, -1] = data.task.y
    telling = replace(data, task=replace(data.task, X=X))
    assert score(telling, algorithm) == score(data, algorithm)


@pytest.mark.usefixtures("_unchecked")
def test_of_times_only_the_past_speaks() -> None:
    table = make_table()
    row_metadata = RowMetadata(times=np.arange(len(table)))
    plain, data, _ = read(table, row_metadata)
    newest = data.folds[0]
    assert newest.train.max() < newest.valid.min()
    y = plain.task.y.copy()
    y[newest.valid[:20]] = 1 - y[newest.valid[:20]]
    task = make_task(table, target="y")
    other = replace(plain, task=replace(plain.task, y=y))
    encoder, _ = encode_task(task, seed=0)
    again = add_texts(other, encoder, task.X)
    assert np.array_equal(again.predicted[0], data.predicted[0], equal_nan=True)
    oldest = data.folds[-1]
    known = np.isin(np.arange(len(table)), np.r_[oldest.train, oldest.valid])
    assert np.isfinite(data.predicted[-1][known]).all()
    assert np.isnan(data.predicted[-1][~known]).all()


def test_a_column_that_leads_trees_astray_is_left_out() -> None:
    # the number settles the target, the text tells it roughly
    table = make_table()
    rng = np.random.default_rng(1)
    table["number"] = np.where(table["y"] == "yes", 1.0, -1.0) + 0.1 * rng.normal(size=len(table))
    plain, data, encoder = read(table)
    assert data is plain
    assert encoder.text_model_ is None


def test_texts_without_any_word_in_common_add_nothing() -> None:
    table = make_table()
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz"))
    rng = np.random.default_rng(2)
    table["text"] = [f"{''.join(rng.choice(letters, 9))} {i}" for i in range(len(table))]
    plain, data, _ = read(table)
    assert data is plain


def test_texts_are_kept_where_trees_predict_better_with_them() -> None:
    plain, told, _ = read(make_table())
    silent = replace(told, predicted=tuple(np.zeros_like(fold) for fold in told.predicted))
    without, with_them, with_zeros = map(losses_of_trees, (plain, told, silent))
    assert texts_help(with_them, without)
    assert texts_help(with_them, without, least_errors=3.0)
    assert not texts_help(with_them, without, least_errors=100.0)
    assert not texts_help(with_zeros, without)


def test_the_seconds_of_the_check_follow_from_sizes_alone() -> None:
    small, large = read(make_table(120))[1], read(make_table(480))[1]
    assert 0.0 < check_seconds(small) < check_seconds(large)
    assert check_seconds(small) == check_seconds(read(make_table(120, seed=5))[1])
