"""Meta-features: numbers that characterise a dataset."""

from metatune.metafeatures.extract import extract_metafeatures
from metatune.metafeatures.feature import Feature
from metatune.metafeatures.registry import FEATURE_NAMES, FEATURES, GROUP_NAMES
from metatune.metafeatures.vector import SCHEMA_VERSION, MetaFeatures

__all__ = [
    "FEATURES",
    "FEATURE_NAMES",
    "GROUP_NAMES",
    "SCHEMA_VERSION",
    "Feature",
    "MetaFeatures",
    "extract_metafeatures",
]
