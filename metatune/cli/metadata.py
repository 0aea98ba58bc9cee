"""`metatune metadata`."""

from pathlib import Path

import click

from metatune.cli import options
from metatune.cli.console import show, show_json, table
from metatune.errors import MetadataError

__all__ = ["metadata"]


@click.group(invoke_without_command=True)
@click.pass_context
def metadata(ctx: click.Context) -> None:
    """Look at the meta-dataset: the past runs that recommendations are learned from."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


@metadata.command()
@options.metadata()
@options.as_json()
def info(metadata: Path | None, as_json: bool) -> None:
    """Say what the meta-dataset holds and how it was made."""
    from metatune.metadataset.store import find_metadata, load_metadata

    directory = metadata or find_metadata()
    loaded = load_metadata(directory)
    pairs = loaded.evaluations[["dataset", "configuration"]].drop_duplicates()
    facts = {
        "directory": str(directory),
        "schema_version": loaded.manifest.get("schema_version"),
        "protocol_version": loaded.manifest.get("protocol_version"),
        "made_at": loaded.manifest.get("made_at"),
        "made_by": loaded.manifest.get("made_by"),
        "datasets": len(loaded.datasets),
        "families": int(loaded.datasets["family"].nunique()),
        "datasets_by_task": {
            str(kind): int(count) for kind, count in loaded.datasets["kind"].value_counts().items()
        },
        "configurations_by_pool": {
            str(pool): int(count)
            for pool, count in loaded.configurations["pool"].value_counts().items()
        },
        "algorithms": sorted(str(name) for name in loaded.configurations["algorithm"].unique()),
        "evaluated_pairs": len(pairs),
        "evaluations": len(loaded.evaluations),
        "versions": loaded.manifest.get("versions", {}),
    }
    if as_json:
        show_json(facts)
        return
    show(table(("", ""), [(name.replace("_", " "), _text(value)) for name, value in facts.items()]))


@metadata.command()
@options.metadata()
def verify(metadata: Path | None) -> int:
    """Check the meta-dataset's checksums and references; exit code 2 if something is wrong."""
    from metatune.metadataset.store import find_metadata, verify_metadata

    directory = metadata or find_metadata()
    problems = verify_metadata(directory)
    if problems:
        raise MetadataError(f"{directory}: {'; '.join(problems)}: reinstall or rebuild it")
    show(f"{directory}: all checksums and references are right")
    return 0


def _text(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {item}" for name, item in value.items())
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return f"{value:,}" if isinstance(value, int) else str(value)
