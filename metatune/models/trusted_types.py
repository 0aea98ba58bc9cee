"""Trusted types: those in a fitted pipeline that skops does not trust by itself."""

__all__ = ["TRUSTED_TYPES"]

_OWN = (
    "categories.CategoryEncoder",
    "crossings.step.CrossingPreprocessor",
    "learners.calibration.CalibratedScores",
    "learners.catboost_model.CatBoostClassifier",
    "learners.catboost_model.CatBoostRegressor",
    "learners.gaussian.RegularizedDiscriminant",
    "learners.inducing.InducedProcess",
    "learners.kernel.ScaledKernel",
    "learners.lightgbm_model.LightGBMClassifier",
    "learners.lightgbm_model.LightGBMRegressor",
    "learners.neighbours.NeighboursClassifier",
    "learners.neighbours.NeighboursRegressor",
    "learners.network.NetworkClassifier",
    "learners.network.NetworkRegressor",
    "learners.process.BoundedProcess",
    "learners.safe.SafeClassifier",
    "learners.safe.SafeRegressor",
    "learners.smoothed_tree.SmoothedTreeClassifier",
    "learners.targets.TargetTransform",
    "learners.wide.OneHotLearner",
    "learners.xgboost_model.XGBoostClassifier",
    "learners.xgboost_model.XGBoostRegressor",
    "numeric.NumericEncoder",
    "preprocessing.NativePreprocessor",
    "preprocessing.TablePreprocessor",
    "target_encoding.TargetMeanEncoder",
)
_SCIKIT_LEARN = (
    "gaussian_process.kernels.ConstantKernel",
    "gaussian_process.kernels.DotProduct",
    "gaussian_process.kernels.Matern",
    "gaussian_process.kernels.Product",
    "gaussian_process.kernels.RBF",
    "gaussian_process.kernels.Sum",
    "gaussian_process.kernels.WhiteKernel",
    "metrics._dist_metrics.EuclideanDistance64",
    "metrics._dist_metrics.ManhattanDistance64",
    "neighbors._ball_tree.BallTree",
    "neighbors._kd_tree.KDTree",
    "tree._tree.Tree",
)

TRUSTED_TYPES: tuple[str, ...] = (
    *(f"metatune.algorithms.{name}" for name in _OWN),
    *(f"sklearn.{name}" for name in _SCIKIT_LEARN),
)
"""Types for ``skops.io.load(file, trusted=TRUSTED_TYPES)``; none can run foreign code.

The boosting libraries do not appear: their models are kept as text or bytes that the library reads
when the model first predicts.
"""
