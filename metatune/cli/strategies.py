"""`metatune strategies`."""

from typing import TYPE_CHECKING, Any

import click

from metatune.cli import options
from metatune.cli.console import show, show_command, show_json, table

if TYPE_CHECKING:
    from metatune.samplers.catalogue import StrategyFacts

__all__ = ["strategies"]


@click.command()
@options.as_json()
def strategies(as_json: bool) -> None:
    """List the tuning methods that fit --strategy may follow, and the papers they come from.

    All of them share everything else: tables, budgets, workers, journal and ensemble. All but those
    that consist of recommendations try eight recommended configurations first, unless --cold-start.
    Configurations are tried on all folds, or start on rungs, with fewer rows or folds, from which
    the best rise.
    """
    from metatune.samplers.catalogue import CATALOGUE

    if as_json:
        show_json({"strategies": [_values(facts) for facts in CATALOGUE.values()]})
        return
    listed = CATALOGUE.values()
    rows = [(f.name, f.about, f.tried_on, ", ".join(f.packages), f.paper) for f in listed]
    show(table(("strategy", "what it does", "tried on", "needs", "paper"), rows))
    able = ", ".join(facts.name for facts in listed if facts.several_objectives)
    show("", f"with several objectives: {able}")
    missing = [facts for facts in listed if facts.missing]
    for install in dict.fromkeys(facts.install for facts in missing):
        names = ", ".join(facts.name for facts in missing if facts.install == install)
        show_command(f"\nnot installed, for {names}: {install}")


def _values(facts: "StrategyFacts") -> dict[str, Any]:
    """Return what is known of a strategy as plain values."""
    return {
        "name": str(facts.name),
        "about": facts.about,
        "tried_on": facts.tried_on,
        "paper": facts.paper,
        "packages": list(facts.packages),
        "missing": list(facts.missing),
        "cold_start": not facts.needs_advice,
        "several_objectives": facts.several_objectives,
    }
