"""Snippets of Markdown documents: fenced blocks of code, and comments that say how to run them."""

import re
from dataclasses import dataclass
from pathlib import Path

__all__ = ["RUNNABLE", "Snippet", "commands_of", "quickened", "read_snippets"]

RUNNABLE = ("console", "python")
"""Languages of blocks that are run; `text` and the like are shown only."""

N_TRIALS = 2
"""Trials of every fit in a snippet, instead of the budget that is written there."""

_FENCE = re.compile(r"^```(\w*)\s*$")
_COMMENT = re.compile(r"^<!--\s*(.*?)\s*-->\s*$")
_OPTION = re.compile(r"--(?:budget|max-trials)\s+(\+?)[0-9][0-9a-z.]*")
_PARAMETER = re.compile(r"""(MetaTune\w+\()(?:budget|max_trials)=["']?[0-9]\w*["']?""")
_TRIALS = re.compile(r"\bmax_trials=[0-9]+")
_TRYING = re.compile(r"metatune (?:fit|continue) ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Snippet:
    """Fenced block of a document.

    Attributes
    ----------
    line : int
        Line of its fence, from 1.
    language : str
        Word behind the fence; empty if there is none.
    text : str
        Everything between the fences.
    not_run : str
        Reason why it cannot be run; empty if it can.
    exit_code : int
        Exit code that its last command has.
    is_compared : bool
        Whether what it prints has to be what stands below the commands, but for numbers.
    """

    line: int
    language: str
    text: str
    not_run: str = ""
    exit_code: int = 0
    is_compared: bool = False


def read_snippets(document: Path) -> list[Snippet]:
    """Read the fenced blocks of a document.

    A comment above a block says more of it: ``<!-- not run: reason -->``, or what is expected:
    ``<!-- exit code 2, output compared -->``.
    """
    found: list[Snippet] = []
    comment, opened, language = "", 0, ""
    body: list[str] = []
    for number, line in enumerate(document.read_text(encoding="utf-8").splitlines(), start=1):
        fence = _FENCE.match(line)
        if opened and line.startswith("```"):
            found.append(_snippet(opened, language, body, comment))
            comment, opened = "", 0
        elif opened:
            body.append(line)
        elif fence:
            opened, language, body = number, fence[1], []
        elif said := _COMMENT.match(line):
            comment = said[1]
        elif line.strip():
            comment = ""
    assert not opened, f"{document.name}: the block of line {opened} does not end"
    return found


def commands_of(text: str) -> tuple[str, str]:
    """Split a console block into its commands, as a script, and what they print."""
    script, printed, goes_on = [], [], False
    for line in text.splitlines():
        if goes_on or line.startswith("$ "):
            script.append(line if goes_on else line[2:])
            goes_on = line.endswith("\\")
        else:
            printed.append(line)
    return "\n".join(script), "\n".join(printed)


def quickened(code: str) -> str:
    """Return code whose fits end after a few trials, whatever is written in it.

    A number of trials rather than seconds, so that a run has all its parts on a busy machine too.
    """
    code = _PARAMETER.sub(rf"\g<1>max_trials={N_TRIALS}", re.sub(r"\\\n\s*", "", code))
    code = _TRIALS.sub(f"max_trials={N_TRIALS}", code)
    return "\n".join(_quick_command(line) for line in code.splitlines())


def _quick_command(line: str) -> str:
    if not _TRYING.match(line):
        return line
    if _OPTION.search(line) is None:
        return f"{line} --max-trials {N_TRIALS}"
    return _OPTION.sub(rf"--max-trials \g<1>{N_TRIALS}", line)


def _snippet(line: int, language: str, body: list[str], comment: str) -> Snippet:
    reason = re.match(r"not run: (.+)", comment)
    code = re.search(r"exit code (\d+)", comment)
    return Snippet(
        line=line,
        language=language,
        text="\n".join(body),
        not_run=reason[1] if reason else "",
        exit_code=int(code[1]) if code else 0,
        is_compared="output compared" in comment,
    )
