"""Storage of a run: journal, predictions, fold models, and the directory that holds them."""
