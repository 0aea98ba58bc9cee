"""Estimators that configure themselves by what past datasets say, without a search.

One for each family of learners: `LGBMClassifier`, `RandomForestRegressor`, ... . They take tables
as they are, choose the configuration that is expected to do best on them when they are fitted, and
say which by `get_params`.
"""

from metatune.default.zero_shot import ZeroShotClassifier, ZeroShotRegressor

__all__ = [
    "SVC",
    "SVR",
    "CatBoostClassifier",
    "CatBoostRegressor",
    "DecisionTreeClassifier",
    "DecisionTreeRegressor",
    "DiscriminantClassifier",
    "ExtraTreesClassifier",
    "ExtraTreesRegressor",
    "GaussianProcessRegressor",
    "KNeighborsClassifier",
    "KNeighborsRegressor",
    "LGBMClassifier",
    "LGBMRegressor",
    "LinearClassifier",
    "LinearRegressor",
    "MLPClassifier",
    "MLPRegressor",
    "NaiveBayesClassifier",
    "RandomForestClassifier",
    "RandomForestRegressor",
    "XGBClassifier",
    "XGBRegressor",
]


class LGBMClassifier(ZeroShotClassifier):
    """Boosted trees of LightGBM, configured by what past datasets say."""

    family = "lightgbm"


class LGBMRegressor(ZeroShotRegressor):
    """Boosted trees of LightGBM, configured by what past datasets say."""

    family = "lightgbm"


class XGBClassifier(ZeroShotClassifier):
    """Boosted trees of XGBoost (to be installed), configured by what past datasets say."""

    family = "xgboost"


class XGBRegressor(ZeroShotRegressor):
    """Boosted trees of XGBoost (to be installed), configured by what past datasets say."""

    family = "xgboost"


class CatBoostClassifier(ZeroShotClassifier):
    """Boosted trees of CatBoost (to be installed), configured by what past datasets say."""

    family = "catboost"


class CatBoostRegressor(ZeroShotRegressor):
    """Boosted trees of CatBoost (to be installed), configured by what past datasets say."""

    family = "catboost"


class RandomForestClassifier(ZeroShotClassifier):
    """Random forest, configured by what past datasets say."""

    family = "random_forest"


class RandomForestRegressor(ZeroShotRegressor):
    """Random forest, configured by what past datasets say."""

    family = "random_forest"


class ExtraTreesClassifier(ZeroShotClassifier):
    """Extremely randomised trees, configured by what past datasets say."""

    family = "extra_trees"


class ExtraTreesRegressor(ZeroShotRegressor):
    """Extremely randomised trees, configured by what past datasets say."""

    family = "extra_trees"


class DecisionTreeClassifier(ZeroShotClassifier):
    """Single decision tree, configured by what past datasets say."""

    family = "decision_tree"


class DecisionTreeRegressor(ZeroShotRegressor):
    """Single decision tree, configured by what past datasets say."""

    family = "decision_tree"


class LinearClassifier(ZeroShotClassifier):
    """Linear model: logistic regression, configured by what past datasets say."""

    family = "linear"


class LinearRegressor(ZeroShotRegressor):
    """Linear model: ridge or elastic net, configured by what past datasets say."""

    family = "linear"


class KNeighborsClassifier(ZeroShotClassifier):
    """Nearest neighbours, configured by what past datasets say."""

    family = "knn"


class KNeighborsRegressor(ZeroShotRegressor):
    """Nearest neighbours, configured by what past datasets say."""

    family = "knn"


class MLPClassifier(ZeroShotClassifier):
    """Multi-layer perceptron, configured by what past datasets say."""

    family = "mlp"


class MLPRegressor(ZeroShotRegressor):
    """Multi-layer perceptron, configured by what past datasets say."""

    family = "mlp"


class SVC(ZeroShotClassifier):
    """Support vector machine, configured by what past datasets say; calibrated."""

    family = "svm"


class SVR(ZeroShotRegressor):
    """Support vector machine, configured by what past datasets say."""

    family = "svm"


class DiscriminantClassifier(ZeroShotClassifier):
    """Linear or quadratic discriminant analysis, configured by what past datasets say."""

    family = "discriminant"


class NaiveBayesClassifier(ZeroShotClassifier):
    """Gaussian naive Bayes, calibrated where that helps, configured by what past datasets say."""

    family = "naive_bayes"


class GaussianProcessRegressor(ZeroShotRegressor):
    """Gaussian process, configured by what past datasets say."""

    family = "gaussian_process"
