"""`metatune space`."""

import click

__all__ = ["space"]

_KINDS = ("binary", "multiclass", "classification", "regression")


@click.command()
@click.argument("family", metavar="[FAMILY]...", nargs=-1)
@click.option(
    "--task",
    type=click.Choice(_KINDS),
    help="Only the hyperparameters of this kind of task. Without it: those of every kind.",
)
def space(family: tuple[str, ...], task: str | None) -> None:
    """Show the search space of each FAMILY, or of all, as a TOML file.

    Change what you like, and give it back: metatune space svm > space.toml; metatune fit data.csv
    --space space.toml. Families that the file does not name stay as they are, unless it says
    only = true above them.
    """
    from metatune.algorithms.registry import every_family, get_algorithm, is_optional
    from metatune.algorithms.space_file import space_text
    from metatune.errors import OptionError
    from metatune.files.text import visible
    from metatune.kinds import TaskKind

    families = every_family()
    for name in family:
        if not (name in families and is_optional(name)):  # whose space needs no library
            get_algorithm(name)
    kinds = tuple(kind for kind in TaskKind if _is_of(kind, kind.is_classification, task))
    chosen = {name: families[name] for name in dict.fromkeys(family or families)}
    unfit = [name for name, a in chosen.items() if not a.kinds & set(kinds)]
    if family and unfit:
        name = unfit[0]
        raise OptionError(f"{name} does not learn {task} tasks: leave out --task, or {name}")
    click.echo(visible(space_text(chosen, kinds), lines=True), nl=False)


def _is_of(kind: str, is_classification: bool, task: str | None) -> bool:
    return task is None or task == kind or (task == "classification" and is_classification)
