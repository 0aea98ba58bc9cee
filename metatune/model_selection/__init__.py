"""Search classes for one estimator of the user, in the place of scikit-learn's."""
