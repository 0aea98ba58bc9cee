"""Scores of metatune's search class in the place of scikit-learn's, in the same time.

Three scripts search as scikit-learn's documentation does. Each runs as it is, is timed, and runs
once more with its one line changed, and that time as the budget. Prints the cross-validated score
of the best candidate, the score on rows held out, and the seconds; then how often metatune found at
least as good a score.

    python scripts/benchmarks search-classes
"""

import contextlib
import io
from dataclasses import dataclass

import click

from benchmarks.searches.examples import EXAMPLES, Example, Found
from metatune.budget import Stopwatch

_SAME = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Results of a script and of its changed version.

    Attributes
    ----------
    theirs, ours : Found
    their_seconds, our_seconds : float
        Wall clock of the whole scripts.
    """

    theirs: Found
    ours: Found
    their_seconds: float
    our_seconds: float

    @property
    def is_as_good(self) -> bool:
        """True if the best candidate of metatune's has at least the score of scikit-learn's."""
        return self.ours.best_score >= self.theirs.best_score - _SAME


@click.command(help=__doc__)
@click.option("--repeat", type=click.IntRange(1), default=5, show_default=True, help="Seeds.")
@click.option("--share", type=float, default=1.0, show_default=True, help="Of their time.")
def search_classes(repeat: int, share: float) -> None:
    measured(EXAMPLES[0], 0, 1.0)  # imports, and the first look at the meta-dataset
    columns = (
        f"{'cv theirs':>10}{'ours':>8}{'test theirs':>13}{'ours':>8}{'s theirs':>10}{'ours':>7}"
    )
    print(f"{'script':<52}{'seed':>4}{columns}{'candidates':>13}")
    pairs = []
    for example in EXAMPLES:
        for seed in range(repeat):
            pair = measured(example, seed, share)
            pairs.append(pair)
            print(_row(example, seed, pair), flush=True)
    as_good = sum(pair.is_as_good for pair in pairs)
    better = sum(pair.ours.best_score > pair.theirs.best_score + _SAME for pair in pairs)
    print(f"\nat least as good in {as_good} of {len(pairs)}, better in {better}")


def measured(example: Example, seed: int, share: float) -> Pair:
    """Run a script, and its changed version in a share of the time that the search took."""
    theirs, their_seconds = _timed(example, example.code, seed)
    budget = f"budget={max(0.1, share * their_seconds):.2f}"
    ours, our_seconds = _timed(example, example.changed(budget), seed)
    return Pair(theirs=theirs, ours=ours, their_seconds=their_seconds, our_seconds=our_seconds)


def _timed(example: Example, code: str, seed: int) -> tuple[Found, float]:
    watch = Stopwatch()
    with contextlib.redirect_stdout(io.StringIO()):
        found = example.run(code, seed)
    return found, watch.seconds()


def _row(example: Example, seed: int, pair: Pair) -> str:
    candidates = f"{pair.theirs.n_candidates} / {pair.ours.n_candidates}"
    return (
        f"{example.name:<52}{seed:>4}{pair.theirs.best_score:>10.4f}{pair.ours.best_score:>8.4f}"
        f"{pair.theirs.test_score:>13.4f}{pair.ours.test_score:>8.4f}"
        f"{pair.their_seconds:>10.1f}{pair.our_seconds:>7.1f}{candidates:>13}"
    )
