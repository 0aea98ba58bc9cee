"""Search classes for one estimator: metatune's in the place of scikit-learn's."""
