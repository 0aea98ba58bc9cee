"""Registry of all groups and meta-features, in their fixed order."""

from metatune.metafeatures.complexity import COMPLEXITY
from metatune.metafeatures.feature import Feature, Group
from metatune.metafeatures.information import INFORMATION
from metatune.metafeatures.landmarks import LANDMARKERS
from metatune.metafeatures.simple import SIMPLE
from metatune.metafeatures.statistical import STATISTICAL

__all__ = ["FEATURES", "FEATURE_NAMES", "GROUPS", "GROUP_NAMES"]

GROUPS: tuple[Group, ...] = (SIMPLE, STATISTICAL, INFORMATION, COMPLEXITY, LANDMARKERS)
"""The groups in the order in which they are computed: the cheapest first."""

GROUP_NAMES: tuple[str, ...] = tuple(group.name for group in GROUPS)
"""Names of the groups in that order."""

FEATURES: dict[str, Feature] = {
    feature.name: feature for group in GROUPS for feature in group.features
}
"""Definition of each meta-feature, by name."""

FEATURE_NAMES: tuple[str, ...] = tuple(FEATURES)
"""All names, in the order of `MetaFeatures.values`."""
