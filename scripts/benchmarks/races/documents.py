"""Marked places of documents, which benchmarks fill with their tables, and their pictures."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.races.errors import RaceError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["KEPT", "Place", "picture", "save_picture"]

KEPT = Path(__file__).resolve().parents[3] / "docs" / "races"
"""Folder of the runs that are kept in the repository."""


@dataclass(frozen=True, slots=True)
class Place:
    """Place of a document between two marks.

    Attributes
    ----------
    name : str
        Short name of what stands there.
    command : str
        Benchmark that fills it.
    """

    name: str
    command: str

    @property
    def begin(self) -> str:
        """Mark before the place."""
        return f"<!-- {self.name}: written by python scripts/benchmarks {self.command} --into -->"

    @property
    def end(self) -> str:
        """Mark behind the place."""
        return f"<!-- end of {self.name} -->"

    def fill(self, document: Path, text: str) -> None:
        """Put a text between the marks of a document.

        Raises
        ------
        RaceError
            The document lacks a mark.
        """
        before, begin, rest = document.read_text(encoding="utf-8").partition(self.begin)
        _, end, after = rest.partition(self.end)
        if not (begin and end):
            raise RaceError(
                f"{document} has no place for the tables: add {self.begin} and {self.end}"
            )
        document.write_text(f"{before}{begin}\n\n{text}\n\n{end}{after}", encoding="utf-8")

    def fill_or_print(self, document: Path | None, text: str, what: str) -> None:
        """Put a text between the marks of a document and say what it is; without one, print it.

        Raises
        ------
        RaceError
            The document lacks a mark.
        """
        if document is None:
            print(text)
        else:
            self.fill(document, text)
            print(f"{document}: {what}")


def picture(drawn: Path, title: str, into: Path | None) -> str:
    """Return the Markdown of a picture, as seen from a document or the current directory."""
    beside = into.resolve().parent if into else Path.cwd()
    return f"![{title}]({Path(os.path.relpath(drawn.resolve(), beside)).as_posix()})"


def save_picture(figure: "Figure", path: Path, name: str) -> None:
    """Save a PNG or SVG file, by its ending: the same one from the same figure and name."""
    from matplotlib import rc_context

    path.parent.mkdir(parents=True, exist_ok=True)
    dated = {"Date": None} if path.suffix == ".svg" else None
    with rc_context({"svg.hashsalt": name}):
        figure.savefig(path, dpi=130, metadata=dated)
