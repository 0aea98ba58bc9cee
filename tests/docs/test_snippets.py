"""Snippets of README and docs: every block of Python and of commands runs as it is written.

Fits end after a few trials instead of the budget that is written there; nothing else is changed.
"""

import os
import re
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest
from snippets import N_TRIALS, RUNNABLE, Snippet, commands_of, quickened, read_snippets

from metatune.errors import MetatuneWarning

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
SHOWN = ("text", "dockerfile", "toml")
PATIENCE = 120.0  # seconds for a block
KNOWN_RUNS = Path("fits.txt")  # in the folder in which documents run
INDENTED = re.compile(r"^(?: {4}|\t)\$? ?(?:metatune|python|pip) .*", re.MULTILINE)
ADDRESS = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)]*))?\)")


def with_runnable(documents: list[Path]) -> list[Path]:
    return [document for document in documents if any(map(is_run, read_snippets(document)))]


def is_run(snippet: Snippet) -> bool:
    return snippet.language in RUNNABLE and not snippet.not_run


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of all documents: a run that one of them has made is not made again."""
    path = tmp_path_factory.mktemp("documents")
    (path / "scripts").symlink_to(ROOT / "scripts")
    return path


@pytest.mark.parametrize("document", with_runnable(DOCUMENTS), ids=lambda path: path.name)
def test_snippets_of_a_document_run(
    document: Path, folder: Path, programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    namespace: dict[str, Any] = {"__name__": "snippets"}
    for snippet in read_snippets(document):
        if not is_run(snippet):
            continue
        if snippet.language == "console":
            run_commands(snippet, document.name, programs)
        else:
            run_python(snippet, document, namespace)


def run_commands(snippet: Snippet, name: str, programs: Path) -> None:
    script, printed = commands_of(snippet.text)
    places = (str(programs), str(Path(sys.executable).parent), os.environ["PATH"])
    environment = {
        **os.environ,
        "PATH": os.pathsep.join(places),
        "PYTHONPATH": str(ROOT),
        "COLUMNS": "80",
    }
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", without_known_runs(quickened(script))],
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=PATIENCE,
        check=False,
    )
    where = f"{name}, line {snippet.line}"
    assert done.returncode == snippet.exit_code, f"{where}: {script}\n{done.stdout}"
    if snippet.is_compared:
        assert masked(done.stdout) == masked(printed), where


def without_known_runs(script: str) -> str:
    """Leave out fits whose directory is there: an earlier document has the very same command."""
    known = KNOWN_RUNS.read_text().splitlines() if KNOWN_RUNS.exists() else []
    lines = script.splitlines()
    fits = [line for line in lines if line.startswith("metatune fit ")]
    KNOWN_RUNS.write_text("\n".join([*known, *fits]))
    return "\n".join(line for line in lines if line not in known)


def run_python(snippet: Snippet, document: Path, namespace: dict[str, Any]) -> None:
    above = "\n" * snippet.line  # a traceback names the line of the document
    code = compile(above + quickened(snippet.text), str(document), "exec")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MetatuneWarning)  # an example may well warn
        exec(code, namespace)


def masked(text: str) -> list[str]:
    """Return the words of each line, numbers replaced."""
    lines = [re.sub(r"\d[\d,.]*", "#", line) for line in text.splitlines()]
    return [" ".join(line.split()) for line in lines if line.strip()]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_blocks_are_run_or_say_why_not(document: Path) -> None:
    for snippet in read_snippets(document):
        assert snippet.language in {*RUNNABLE, *SHOWN}, f"line {snippet.line} names no language"
        if snippet.language == "console":
            assert commands_of(snippet.text)[0], f"line {snippet.line} has no command after '$ '"
    indented = re.findall(
        r"^(?: {4}|\t)\$? ?(?:metatune|python|pip) .*", document.read_text(), re.M
    )
    assert not indented, "commands belong between fences, so that they are run"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    for address, heading in ADDRESS.findall(document.read_text(encoding="utf-8")):
        target = document.parent / address if address else document
        assert target.exists(), f"{document.name} links to {address}"
        if heading:
            assert heading in headings_of(target), f"{document.name}: {address}#{heading}"


def headings_of(document: Path) -> set[str]:
    """Return the anchors of a document's headings, as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 120


def test_fits_of_snippets_end_after_a_few_trials() -> None:
    few = f"metatune fit a.csv --max-trials {N_TRIALS}"
    assert quickened("metatune fit a.csv --budget 10m") == few
    assert quickened("metatune fit a.csv") == few
    assert quickened("metatune fit a.csv --max-trials 50") == few
    more = f"metatune continue a --max-trials +{N_TRIALS}"
    assert quickened("metatune continue a --budget +1h") == more
    assert quickened("metatune recommend a.csv --budget 10m").endswith("--budget 10m")
    made = quickened('model = MetaTuneClassifier(budget="10m", random_state=0)')
    assert made == f"model = MetaTuneClassifier(max_trials={N_TRIALS}, random_state=0)"
    made = quickened("search = MetaTuneSearchCV(SVC(), cv=5, max_trials=12)")
    assert made == f"search = MetaTuneSearchCV(SVC(), cv=5, max_trials={N_TRIALS})"


def test_commands_are_told_from_what_they_print() -> None:
    script, printed = commands_of("$ metatune fit a.csv \\\n    --seed 1\ntarget 'y'\n$ ls")
    assert script == "metatune fit a.csv \\\n    --seed 1\nls"
    assert printed == "target 'y'"


def test_comments_above_a_block_say_how_it_is_run(tmp_path: Path) -> None:
    document = tmp_path / "page.md"
    document.write_text(
        "<!-- not run: no network -->\n```console\n$ a\n```\n\n<!-- exit code 2 -->\n"
        "```console\n$ b\n```\ntext\n```python\nc\n```\n"
    )
    first, second, third = read_snippets(document)
    assert (first.not_run, second.exit_code, third.exit_code) == ("no network", 2, 0)
