"""Report on a meta-dataset: content, winners, failures, costs, what lower rungs tell.

    python scripts/report_metadata.py [DIR] > report.md

prints Markdown tables; DIR is the meta-dataset that comes with metatune by default.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import click
from metadata_report.fidelity import costs, fidelity
from metadata_report.grid import grids
from metadata_report.overview import overview
from metadata_report.section import Section
from metadata_report.winners import winners

from metatune.errors import MetatuneError
from metatune.metadataset.store import MetaDataset, load_metadata


@click.command(help=__doc__)
@click.argument("directory", required=False, type=click.Path(path_type=Path))
def main(directory: Path | None) -> None:
    metadata = load_metadata(directory)
    print("# Report on the meta-dataset\n")
    print("\n\n".join(section.markdown() for section in sections(metadata)))


def sections(metadata: MetaDataset) -> Iterator[Section]:
    yield from overview(metadata)
    yield from costs(metadata)
    for grid in grids(metadata):
        yield from winners(metadata, grid)
        yield from fidelity(grid)


if __name__ == "__main__":
    try:
        main(standalone_mode=True)
    except MetatuneError as error:
        sys.exit(str(error))
