"""What two records have in common, field by field: a pair becomes a short row of levels, each of which has words."""

from mapping.features.pairs import FEATURES, Feature, Features, compare

__all__ = ["FEATURES", "Feature", "Features", "compare"]
