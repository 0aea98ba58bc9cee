"""Trusted types: those in a fitted pipeline that skops does not trust by itself."""

__all__ = ["TRUSTED_TYPES"]

_OWN = (
    "algorithms.categories.CategoryEncoder",
    "algorithms.crossings.step.CrossingPreprocessor",
    "algorithms.learners.calibration.CalibratedScores",
    "algorithms.learners.catboost_model.CatBoostClassifier",
    "algorithms.learners.catboost_model.CatBoostRegressor",
    "algorithms.learners.gaussian.RegularizedDiscriminant",
    "algorithms.learners.inducing.InducedProcess",
    "algorithms.learners.kernel.ScaledKernel",
    "algorithms.learners.lightgbm_model.LightGBMClassifier",
    "algorithms.learners.lightgbm_model.LightGBMRegressor",
    "algorithms.learners.neighbours.NeighboursClassifier",
    "algorithms.learners.neighbours.NeighboursRegressor",
    "algorithms.learners.network.NetworkClassifier",
    "algorithms.learners.network.NetworkRegressor",
    "algorithms.learners.process.BoundedProcess",
    "algorithms.learners.safe.SafeClassifier",
    "algorithms.learners.safe.SafeRegressor",
    "algorithms.learners.smoothed_tree.SmoothedTreeClassifier",
    "algorithms.learners.targets.TargetTransform",
    "algorithms.learners.wide.OneHotLearner",
    "algorithms.learners.xgboost_model.XGBoostClassifier",
    "algorithms.learners.xgboost_model.XGBoostRegressor",
    "algorithms.numeric.NumericEncoder",
    "algorithms.preprocessing.NativePreprocessor",
    "algorithms.preprocessing.TablePreprocessor",
    "algorithms.target_encoding.TargetMeanEncoder",
    "data.encoding.encoder.TableEncoder",
    "data.encoding.ngrams.NgramCounter",
    "data.encoding.text_components.TextEncoder",
    "data.encoding.text_model.TextModel",
    "models.ensemble.EnsembleClassifier",
    "models.ensemble.EnsembleRegressor",
    "models.pipeline.ConstantClassifier",
    "models.pipeline.ConstantRegressor",
    "models.pipeline.LabelDecoder",
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
    *(f"metatune.{name}" for name in _OWN),
    *(f"sklearn.{name}" for name in _SCIKIT_LEARN),
)
"""Types for ``skops.io.load(file, trusted=TRUSTED_TYPES)``; none can run foreign code.

The boosting libraries do not appear: their models are kept as text or bytes that the library reads
when the model first predicts.
"""
