"""Group of all benchmarks, which are imported when they are called.

python scripts/benchmarks NAME [OPTIONS]
"""

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from metatune.errors import MetatuneError

COMMANDS = {
    "race": ("races.race", "Ways of searching against each other, on unseen tables."),
    "strategies": (
        "races.strategies.strategies",
        "Every tuning method, warm and cold, on unseen tables.",
    ),
    "peers": ("races.peers.peers", "metatune against other systems, by a harness outside."),
    "checkouts": ("races.checkouts", "Whole commands of several checkouts, in pairs."),
    "recommenders": ("recommenders.recommenders", "Regret of recommenders, on past results."),
    "forecasts": ("recommenders.forecasts", "Forecasts of the recommender, families left out."),
    "outlooks": ("recommenders.outlooks", "Best score to expect over time, families left out."),
    "recommender-timing": ("recommenders.recommender_timing", "Seconds to load, advise, choose."),
    "budgets": ("runs.budgets", "Wall clock of whole commands against their budgets."),
    "large": ("runs.large", "A million rows: time, memory, score."),
    "memory": ("runs.memory", "Memory of the command besides its workers."),
    "kills": ("runs.kills", "Runs that are killed at random and resumed."),
    "profile": ("runs.profile", "Core-seconds of a run, by what they are spent on."),
    "estimate": ("estimate.estimate", "Coverage and bias of the honest estimate."),
    "second-layer": ("ensembles.second_layer", "Second layers on predictions that were kept."),
    "bounds": ("bounds.bounds", "Coverage and width of intervals and sets of labels."),
    "leaks": ("leaks.leaks", "Leak warnings against the leaks that a catalogue knows."),
    "recipes": ("recipes.recipes", "Configurations, or two commits, on rows held out."),
    "timing": ("timing", "Seconds of the meta-features, by group and size."),
    "published": ("published", "Meta-features against those that Oboe published."),
    "gate": ("ensembles.gate", "Ensembles against their best member, by what they seemed to gain."),
    "influence": ("ensembles.influence", "Ensembles with and without a limit on what a row says."),
    "decisions": ("ensembles.decisions", "Thresholds of labels against the most probable class."),
    "portfolios": ("ensembles.portfolios", "Portfolios for ensembles, families left out."),
    "search-classes": (
        "searches.search_classes",
        "The search class in the place of scikit-learn's, in the same time.",
    ),
    "hostile": ("hostile.hostile", "Mutants of model files: none may do harm."),
    "inputs": ("inputs.inputs", "Mutants of tables, described and predicted."),
    "raw-files": ("raw_files", "The command line on files as users have them."),
    "amlb-folds": ("amlb.folds", "Local folds for the public AutoML benchmark."),
}
"""Module and one line of help of each; the command bears the module's name."""


class Benchmarks(click.Group):
    """Group that imports a command when it is called, and reports errors in one line."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        module = COMMANDS[cmd_name][0]
        command = getattr(import_module(f"benchmarks.{module}"), module.rpartition(".")[2])
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Benchmarks"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except MetatuneError as error:
            raise click.ClickException(str(error)) from error


@click.command(cls=Benchmarks)
def main() -> None:
    """Measure metatune.

    Every figure in the documents comes from one of these. Those that take long can be stopped and
    continued by the same command. Where the clock decides, nothing else should run on the machine.
    """


if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    main(prog_name="benchmarks")
