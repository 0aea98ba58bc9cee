"""Marked places of documents, which benchmarks fill with their tables."""

import os
from dataclasses import dataclass
from pathlib import Path

from benchmarks.races.errors import RaceError

__all__ = ["Place", "picture"]


@dataclass(frozen=True, slots=True)
class Place:
    """Place of a document between two marks.

    Attributes
    ----------
    name : str
        Benchmark that fills it.
    """

    name: str

    @property
    def begin(self) -> str:
        """Mark before the place."""
        command = f"python scripts/benchmarks {self.name} table --into"
        return f"<!-- {self.name}: written by {command} -->"

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


def picture(drawn: Path, title: str, into: Path | None) -> str:
    """Return the Markdown of a picture, as seen from a document or the current directory."""
    beside = into.resolve().parent if into else Path.cwd()
    return f"![{title}]({Path(os.path.relpath(drawn.resolve(), beside)).as_posix()})"
