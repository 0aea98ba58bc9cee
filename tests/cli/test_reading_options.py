"""Options for reading on every command, and text of tables that reaches the terminal."""

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
from click.testing import Result

from metatune.cli.console import show, show_json, table
from metatune.data.reading.options import READING

Call = Callable[..., Result]

OPTIONS = ("--separator", "*", "--encoding", "cp850", "--header", "2", "--na", "none")


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    """A file that no detection understands."""
    rows = (
        f"{i % 7}*{'none' if i % 5 == 0 else i * 0.3}*{'für' if i % 7 > 3 else 'wider'}"
        for i in range(80)
    )
    text = "\n".join(["a;b;c;d", "groß*klein*Urteil", *rows])
    path = tmp_path / "odd.csv"
    path.write_bytes(text.encode("cp850"))
    return path


@pytest.mark.parametrize("command", ["fit", "describe", "recommend", "predict", "evaluate"])
def test_every_command_takes_them(call: Call, command: str) -> None:
    help_text = call(command, "--help").stdout
    assert all(f"--{name}" in help_text for name in READING)


def test_describe(odd: Path, call: Call) -> None:
    result = call("describe", odd, *OPTIONS, "--json")
    assert result.exit_code == 0, result.stderr
    seen = json.loads(result.stdout)
    assert [(c["name"], c["kind"]) for c in seen["columns"]] == [
        ("groß", "number"),
        ("klein", "number"),
    ]
    assert seen["classes"] == {"für": 33, "wider": 47}
    assert seen["columns"][1]["n_missing"] == 16
    assert "(if wrong: --decimal)" in result.stderr


def test_a_guess_names_the_options_that_mend_it(
    shop_file: Path, tmp_path: Path, call: Call
) -> None:
    said = call("describe", shop_file).stderr.splitlines()[0]
    assert said.endswith("(if wrong: --separator --encoding --decimal --header --na)")
    book = openpyxl.Workbook()
    for row in (("a", "y"), *((i, i % 2) for i in range(20))):
        book.active.append(row)
    book.save(tmp_path / "t.xlsx")
    said = call("describe", tmp_path / "t.xlsx").stderr.splitlines()[0]
    assert said.endswith("(if wrong: --sheet --header --na)")


def test_a_run_goes_on_with_them(odd: Path, tmp_path: Path, metadata_dir: Path, call: Call) -> None:
    run = tmp_path / "run"
    fixed = (
        "--metadata",
        metadata_dir,
        "--include",
        "linear,knn,decision_tree",
        "--jobs",
        "1",
        "--no-report",
    )
    result = call("fit", odd, *OPTIONS, *fixed, "--max-trials", "3", "-o", run, "-q")
    assert result.exit_code == 0, result.stderr
    options = json.loads((run / "run.json").read_text(encoding="utf-8"))["options"]
    assert {name: options[name] for name in READING} == {
        "separator": "*",
        "encoding": "cp850",
        "decimal": None,
        "header": "2",
        "sheet": None,
        "na": "none",
    }
    result = call("continue", run, "--max-trials", "+2", "--trust-run")
    assert result.exit_code == 0, result.stderr
    assert "separator '*'" in result.stderr
    refused = call("fit", odd, *OPTIONS, "--decimal", ",", *fixed, "-o", run, "--resume")
    assert refused.exit_code == 2
    assert "--decimal is ',' now and was not given" in refused.stderr
    predicted = call("predict", run, odd, *OPTIONS)
    assert predicted.exit_code == 0, predicted.stderr
    assert len(predicted.stdout.splitlines()) == 81
    judged = call("evaluate", run, odd, *OPTIONS)
    assert "80 rows" in judged.stdout


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (("--separator", "::"), "separator '::' does not occur in shop.csv"),
        (("--encoding", "utf-9"), "encoding 'utf-9' is unknown"),
        (("--decimal", "x"), "decimal 'x'"),
        (("--header", "perhaps"), "header 'perhaps'"),
    ],
)
@pytest.mark.parametrize("command", ["fit", "describe", "recommend"])
def test_options_that_cannot_be(
    command: str,
    given: tuple[str, ...],
    words: str,
    shop_file: Path,
    tmp_path: Path,
    call: Call,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    result = call(command, shop_file, *given)
    assert result.exit_code == 2
    assert result.stderr.startswith("metatune: error: ")
    assert words in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_options_for_files_are_none_for_openml(call: Call) -> None:
    result = call("describe", "openml:31", "--separator", ",")
    assert result.exit_code == 2
    assert "leave out the options for reading files" in result.stderr


EVIL = "a\x1b[2J\x1b]0;owned\x07\x9b31m\u202eb\rc"


def test_no_text_of_a_table_steers_the_terminal(
    tmp_path: Path, call: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = "\n".join(f"{i % 7},{EVIL if i % 2 else 'good'},{i * 0.3}" for i in range(60))
    path = tmp_path / "t.csv"
    path.write_text(f'"{EVIL}","y{EVIL}",z\n{rows}\n'.replace("\r", " "), encoding="utf-8")
    for arguments in ((), ("--json",), ("--target", "nothing")):
        result = call("describe", path, "--target", "1", *arguments)
        for text in (result.stdout, result.stderr):
            assert not set("\x1b\x07\x9b\u202e\r") & set(text)
    show(EVIL, table((EVIL,), [(EVIL,)], right=(EVIL,)))
    show_json({EVIL: EVIL})
    shown = capsys.readouterr().out
    assert not set("\x1b\x07\x9b\u202e\r") & set(shown)
    assert r"\x1b[2J" in shown


def test_paths_that_cannot_be_are_one_line(
    shop_file: Path, tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    long = "a" * 5000
    for arguments in (
        ("describe", long),
        ("predict", long, shop_file),
        ("leaderboard", long),
        ("fit", shop_file, "-o", long, "--budget", "20s"),
        ("describe", "~nobody-here/t.csv"),
    ):
        result = call(*arguments)
        assert result.exit_code == 2, result.stderr
        assert len(result.stderr.splitlines()) == 1
        assert len(result.stderr) < 400


def test_an_end_of_file_is_no_interruption(
    call: Call, shop_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise EOFError

    monkeypatch.setattr("metatune.data.reading.table_reader.open_payload", fail)
    with pytest.raises(RuntimeError, match="unexpected end of a file"):
        call("describe", shop_file)


def test_a_name_that_is_not_utf_8(tmp_path: Path, shop_file: Path, metadata_dir: Path) -> None:
    path = os.fsencode(tmp_path) + b"/b\xff.csv"
    Path(os.fsdecode(path)).write_bytes(shop_file.read_bytes())
    more = ["--max-trials", "1", "--jobs", "1", "--include", "naive_bayes", "--no-report"]
    folders = ["--metadata", str(metadata_dir), "-o", str(tmp_path / "run")]
    command: list[str | bytes] = [sys.executable, "-m", "metatune", "fit", path, *more, *folders]
    done = subprocess.run(command, capture_output=True, timeout=100, check=False)
    assert done.returncode in (0, 3), done.stderr
    record = json.loads((tmp_path / "run" / "run.json").read_text(encoding="utf-8"))
    assert os.fsencode(record["data"]["path"]) == path


def test_predictions_on_a_terminal_are_escaped(
    tmp_path: Path, metadata_dir: Path, programs: Path, call: Call
) -> None:
    red = "\x1b[31mred"
    rows = "\n".join(f"{i % 7},{red if i % 7 > 3 else 'good'}" for i in range(60))
    data = tmp_path / "t.csv"
    data.write_text(f"x,y\n{rows}\n", encoding="utf-8")
    fixed = ("--metadata", metadata_dir, "--include", "decision_tree", "--jobs", "1", "--no-report")
    result = call("fit", data, *fixed, "--max-trials", "2", "-o", tmp_path / "run", "-q")
    assert result.exit_code == 0, result.stderr
    assert "\x1b[31mred" in call("predict", tmp_path / "run", data).stdout  # a file gets the labels
    ours, theirs = pty.openpty()
    arguments = ["predict", str(tmp_path / "run"), str(data), "-q"]
    command = [str(programs / "metatune"), *arguments]
    subprocess.run(command, stdout=theirs, stderr=subprocess.DEVNULL, timeout=100, check=True)
    os.close(theirs)
    shown = os.read(ours, 100_000)
    os.close(ours)
    assert b"\x1b" not in shown
    assert rb"\x1b[31mred" in shown
