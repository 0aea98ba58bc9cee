"""Meta-learning AutoML for tables."""
