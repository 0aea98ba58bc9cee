"""Report on a meta-dataset: content, winners, failures, costs, what lower rungs tell.

    python scripts/report_metadata.py [DIR] > report.md
    python scripts/report_metadata.py [DIR] --into DIR/README.md

The first prints Markdown tables; DIR is the meta-dataset that comes with metatune by default. The
second writes those on content and costs into the place of a data sheet that is marked for them.
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
from metatune.errors import MetatuneError, OptionError
from metatune.metadataset.store import MetaDataset, load_metadata

BEGIN = "<!-- figures: written by scripts/report_metadata.py --into -->"
END = "<!-- end of figures -->"


@click.command(help=__doc__)
@click.argument("directory", required=False, type=click.Path(path_type=Path))
@click.option("--into", type=click.Path(path_type=Path), help="A data sheet with marked place.")
def main(directory: Path | None, into: Path | None) -> None:
    metadata = load_metadata(directory)
    if into is not None:
        sheet = into.read_text(encoding="utf-8")
        into.write_text(with_figures(sheet, metadata), encoding="utf-8")
        return
    print("# Report on the meta-dataset\n")
    print("\n\n".join(section.markdown() for section in sections(metadata)))


def sections(metadata: MetaDataset) -> Iterator[Section]:
    yield from overview(metadata)
    yield from costs(metadata)
    for grid in grids(metadata):
        yield from winners(metadata, grid)
        yield from fidelity(grid)


def with_figures(sheet: str, metadata: MetaDataset) -> str:
    """Put content and costs between the marks of a data sheet."""
    before, begin, rest = sheet.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise OptionError(f"the data sheet has no place for figures: add {BEGIN} and {END}")
    found = [*overview(metadata), *costs(metadata)]
    figures = "\n\n".join(section.markdown(level=3) for section in found)
    return f"{before}{begin}\n\n{figures}\n\n{end}{after}"


if __name__ == "__main__":
    try:
        main(standalone_mode=True)
    except MetatuneError as error:
        sys.exit(str(error))
