"""Scripts of the kind that scikit-learn's documentation has, each with a search in one line."""

from dataclasses import dataclass
from typing import Any

__all__ = ["EXAMPLES", "Example", "Found"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Result of a script.

    Attributes
    ----------
    best_score : float
        Cross-validated score of the best candidate.
    test_score : float
        Score of the fitted search on rows that it has not seen.
    n_candidates : int
        Candidates in the table of results.
    """

    best_score: float
    test_score: float
    n_candidates: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """Script that searches.

    Attributes
    ----------
    name : str
    code : str
        The script; ``{seed}`` stands for a seed.
    theirs : str
        The line of it that makes scikit-learn's search.
    ours : str
        What stands there instead; ``{limit}`` for what limits the search.
    """

    name: str
    code: str
    theirs: str
    ours: str

    def changed(self, limit: str) -> str:
        """Return the script with its one line changed, like ``budget=10``."""
        return self.code.replace(self.theirs, self.ours.replace("{limit}", limit))

    def run(self, code: str, seed: int) -> Found:
        """Run a version of the script."""
        names: dict[str, Any] = {}
        exec(compile(code.replace("{seed}", str(seed)), self.name, "exec"), names)
        search = names["search"]
        return Found(
            best_score=float(search.best_score_),
            test_score=float(names["test_score"]),
            n_candidates=len(search.cv_results_["params"]),
        )


_GRID = Example(
    name="GridSearchCV, SVC, digits",
    theirs='search = GridSearchCV(SVC(), grid, cv=5, scoring="accuracy")',
    ours='search = MetaTuneSearchCV(SVC(), grid, cv=5, scoring="accuracy", {limit})',
    code="""\
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.svm import SVC

from metatune import MetaTuneSearchCV

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, train_size=600, random_state={seed})
grid = [
    {"kernel": ["rbf"], "gamma": [1e-4, 3e-4, 1e-3, 3e-3], "C": [1, 10, 100, 1000]},
    {"kernel": ["linear"], "C": [1, 10, 100, 1000]},
]
search = GridSearchCV(SVC(), grid, cv=5, scoring="accuracy")
search.fit(X_train, y_train)
print(search.best_params_)
means = search.cv_results_["mean_test_score"]
for mean, params in zip(means, search.cv_results_["params"]):
    print(f"{mean:0.3f} for {params}")
test_score = search.score(X_test, y_test)
""",
)

_RANDOM = Example(
    name="RandomizedSearchCV, random forest, breast cancer",
    theirs="search = RandomizedSearchCV(forest, space, n_iter=20, cv=5, random_state={seed})",
    ours="search = MetaTuneSearchCV(forest, space, {limit}, cv=5, random_state={seed})",
    code="""\
import pandas as pd
from scipy.stats import randint, uniform
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import RandomizedSearchCV, train_test_split

from metatune import MetaTuneSearchCV

X, y = load_breast_cancer(return_X_y=True, as_frame=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state={seed})
forest = RandomForestClassifier(n_estimators=40, random_state={seed})
space = {
    "max_features": uniform(0.05, 0.95),
    "min_samples_split": randint(2, 11),
    "min_samples_leaf": randint(1, 11),
    "bootstrap": [True, False],
    "criterion": ["gini", "entropy"],
}
search = RandomizedSearchCV(forest, space, n_iter=20, cv=5, random_state={seed})
search.fit(X_train, y_train)
table = pd.DataFrame(search.cv_results_).sort_values("rank_test_score")
print(table[["param_max_features", "mean_test_score", "std_test_score"]].head())
test_score = search.score(X_test, y_test)
""",
)

_HALVING = Example(
    name="HalvingRandomSearchCV, pipeline with boosted trees",
    theirs="search = HalvingRandomSearchCV(pipeline, space, cv=4, random_state={seed})",
    ours="search = MetaTuneSearchCV(pipeline, space, cv=4, random_state={seed}, {limit})",
    code="""\
from scipy.stats import loguniform, randint
from sklearn.datasets import make_classification
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import HalvingRandomSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from metatune import MetaTuneSearchCV

X, y = make_classification(2_000, 20, n_informative=8, flip_y=0.05, random_state={seed})
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state={seed})
boosting = HistGradientBoostingClassifier(max_iter=60, random_state={seed})
pipeline = make_pipeline(StandardScaler(), boosting)
space = {
    "histgradientboostingclassifier__learning_rate": loguniform(0.01, 0.5),
    "histgradientboostingclassifier__max_leaf_nodes": randint(4, 65),
    "histgradientboostingclassifier__min_samples_leaf": randint(1, 60),
    "histgradientboostingclassifier__l2_regularization": loguniform(1e-6, 10.0),
}
search = HalvingRandomSearchCV(pipeline, space, cv=4, random_state={seed})
search.fit(X_train, y_train)
print(search.best_params_, search.best_estimator_[-1].n_iter_)
test_score = search.score(X_test, y_test)
""",
)

EXAMPLES = (_GRID, _RANDOM, _HALVING)
"""Scripts, one for each of scikit-learn's search classes."""
