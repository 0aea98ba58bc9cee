"""Entry of a race that ends after a few trials, for tests."""

from pathlib import Path

from benchmarks.races.entrant import Entry


def short_entry(train: Path, test: Path, target: str, metadata: Path) -> Entry:
    """Make an entry of four trials of random search on a table of two classes."""
    return Entry(
        strategy="random",
        train=str(train),
        test=str(test),
        target=target,
        kind="binary",
        budget=300.0,
        seed=0,
        metadata=str(metadata),
        max_trials=4,
    )
