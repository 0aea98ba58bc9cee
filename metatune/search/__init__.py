"""Search: successive halving, history, pruning and limits."""
