"""Log of libraries: what they printed and warned of in the processes of a run."""

from pathlib import Path

from metatune.files.text import visible

__all__ = ["lines_of"]

_MOST_BYTES = 1_000_000  # of one process


def lines_of(folder: Path) -> list[str]:
    """Return the lines of all logs in a folder, each once; unseen characters are escaped."""
    lines: dict[str, None] = {}
    for file in sorted(folder.glob("*.log")):
        with file.open("rb") as stream:
            text = stream.read(_MOST_BYTES).decode("utf-8", errors="replace")
        lines |= dict.fromkeys(visible(line.rstrip()) for line in text.splitlines())
    return [line for line in lines if line]
