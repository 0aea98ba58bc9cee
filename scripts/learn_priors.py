"""Learn from published runs which hyperparameters win, and put that into a meta-dataset.

    python scripts/learn_priors.py --history DIR --harvest DIR --out metadata/priors.json

takes published histories, harvests of OpenML (see rebuild_from_openml.py), or both; prints what
was learned and which runs could not be used. Where the folder of --out holds a
meta-dataset, its checksums are brought up to date.
"""

import sys
from collections import Counter
from pathlib import Path

import click
import pandas as pd

from metatune.building.harvest import Harvest
from metatune.building.harvested_runs import harvested_runs
from metatune.building.learn_priors import LearnedPriors, learn_priors
from metatune.building.run_history import read_history
from metatune.errors import MetatuneError
from metatune.metadataset.priors import Density
from metatune.metadataset.store import save_priors
from metatune.space import Choice


@click.command(help=__doc__)
@click.option("--history", type=click.Path(path_type=Path), help="Folder of published histories.")
@click.option("--harvest", type=click.Path(path_type=Path), help="Tables of a harvest of OpenML.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("metadata/priors.json"),
    show_default=True,
)
def main(history: Path | None, harvest: Path | None, out: Path) -> None:
    if history is None and harvest is None:
        raise click.UsageError("nothing to learn from: name --history, --harvest, or both")
    parts = [] if history is None else [read_history(history)]
    if harvest is not None:
        found = harvested_runs(Harvest.load(harvest))
        for (algorithm, reason), count in sorted(found.unreadable.items()):
            print(f"{'openml':<24} {count:>7} not read  {algorithm}: {reason}")
        parts.append(found.runs)
    learned = learn_priors(pd.concat(parts, ignore_index=True))
    print_densities(learned)
    print_counts(learned)
    if out.name == "priors.json" and (out.parent / "manifest.json").is_file():
        save_priors(learned.priors, out.parent)
    else:
        learned.priors.save(out)
    print(f"{out}: {len(learned.priors.densities)} densities")


def print_densities(learned: LearnedPriors) -> None:
    """Print where the mass of each density went, and the histories it rests on."""
    for (pool, family, name), density in sorted(learned.priors.densities.items()):
        print(
            f"{pool:<14} {family:<16} {name:<17} {density.n_datasets:>4} datasets  "
            f"{mass(density):<44} {', '.join(density.sources)}"
        )


def mass(density: Density) -> str:
    """Return the probabilities of options, or the 10, 50 and 90 % quantiles of numbers."""
    if isinstance(density.domain, Choice):
        options = zip(density.domain.options, density.weights, strict=True)
        return "  ".join(f"{option} {weight:.0%}" for option, weight in options)
    points = [density.domain.from_unit(density.warp(share)) for share in (0.1, 0.5, 0.9)]
    even = [density.domain.from_unit(share) for share in (0.1, 0.5, 0.9)]
    return f"{' - '.join(f'{p:.3g}' for p in points)} (even {' - '.join(f'{e:.3g}' for e in even)})"


def print_counts(learned: LearnedPriors) -> None:
    """Print how many runs of each source were used, and why the others were not."""
    for (source, family), count in sorted(learned.mapped.items()):
        print(f"{source:<24} {family:<18} {count:>7} runs")
    reasons: Counter[tuple[str, str]] = Counter()
    for (source, algorithm, reason), count in learned.unmapped.items():
        reasons[source, f"{algorithm}: {reason}"] += count
    for (source, reason), count in sorted(reasons.items()):
        print(f"{source:<24} {count:>7} not used  {reason}")
    print(f"{learned.mapped.total()} runs used, {learned.unmapped.total()} not")


if __name__ == "__main__":
    try:
        main(standalone_mode=True)
    except MetatuneError as error:
        sys.exit(str(error))
