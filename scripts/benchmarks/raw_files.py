"""Command line on files as users have them, judged on records that were held out.

For every file of the catalogue's pack `raw`, 30 % of the records are taken out as they stand, so
that the rest is as odd as the original: separator, encoding, quotes, line ends and header stay;
`fit` gets the rest, the name of the target and the metric, `predict` and `evaluate` what was taken
out, and exit codes, scores and seconds are printed. Scores are computed here, with the reading
advice of the catalogue, and compared with the constant prediction of the training rows. Files that
--out lists already are not run again.

    python scripts/benchmarks raw-files --catalogue ../shared/datasets/catalog.csv --seconds 20
"""

import csv
import gzip
import io
import json
import random
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import click
import numpy as np
import pandas as pd
from sklearn.metrics import log_loss, mean_absolute_error, roc_auc_score, root_mean_squared_error

from benchmarks import options
from metatune.budget import Stopwatch

HELD_OUT = 0.3
SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t"}
HEAD_LINES = {"starwars_survey": 2}  # its names are spread over two lines
MISSING = {"", "?", "NA", "N/A", "NaN", "nan", "NULL", "null", "#N/A", "\\N"}
METRICS = {"auc": "roc_auc", "logloss": "log_loss", "rmse": "rmse", "mae": "mae"}
DONE = (0, 3)
DELAY = 120  # seconds beyond the budget after which a command counts as hanging


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One line of the table."""

    file: str
    task: str = ""
    understood: str = ""
    exit_code: int = -1
    predict_exit: int = -1
    evaluate_exit: int = -1
    metric: str = ""
    score: float = float("nan")
    constant: float = float("nan")
    beats: bool = False
    seconds: float = float("nan")
    traceback: bool = False
    remark: str = ""


@dataclass(frozen=True, kw_only=True)
class Records:
    """A text file as records: their bytes are those of the file."""

    head: bytes
    records: list[bytes]


@dataclass(kw_only=True)
class Commands:
    """Runs commands of metatune and remembers what they said."""

    options: list[str]
    timeout: float
    said: list[str] = field(default_factory=list)

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "metatune", *words]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=self.timeout, check=False
            )
        except subprocess.TimeoutExpired:
            done = subprocess.CompletedProcess(command, -1, "", "hangs")
        self.said.append(done.stderr)
        return done

    @property
    def traceback(self) -> bool:
        return any("Traceback (most recent" in text or "is a bug" in text for text in self.said)


@click.command(help=__doc__)
@options.catalogue()
@options.seconds(20)
@options.jobs
@options.out("results/raw.csv", "File of the table.")
@options.only
@click.option("--concurrent", type=int, default=1, show_default=True)
@options.metadata
def raw_files(
    catalogue: Path,
    seconds: float,
    jobs: int,
    out: Path,
    only: tuple[str, ...],
    concurrent: int,
    metadata: Path | None,
) -> None:
    listed = pd.read_csv(catalogue, dtype=str, keep_default_na=False)
    entries = listed[listed["pack"] == "raw"].to_dict("records")
    known = read_outcomes(out)
    todo = [e for e in entries if e["name"] not in known and (not only or e["name"] in only)]
    extra = ["--budget", f"{seconds}s", "--jobs", str(jobs), "--seed", "1"]
    extra += ["--metadata", str(metadata)] if metadata else []
    out.parent.mkdir(parents=True, exist_ok=True)

    def work(entry: dict[Any, Any]) -> None:
        outcome = run_file(
            entry, catalogue.parent, Commands(options=extra, timeout=seconds + DELAY)
        )
        known[outcome.file] = outcome
        pd.DataFrame([asdict(o) for o in known.values()]).to_csv(out, index=False)
        print(line(outcome), flush=True)

    with ThreadPoolExecutor(concurrent) as pool:
        list(pool.map(work, todo))
    show_totals([o for o in known.values() if not only or o.file in only], seconds)


def read_outcomes(path: Path) -> dict[str, Outcome]:
    if not path.is_file():
        return {}
    rows = pd.read_csv(path, keep_default_na=False, na_values={"score": "", "constant": ""})
    names = {f.name for f in fields(Outcome)}
    found = [{k: v for k, v in row.items() if k in names} for row in rows.to_dict("records")]
    return {row["file"]: Outcome(**row) for row in found}


def run_file(entry: dict[Any, Any], folder: Path, commands: Commands) -> Outcome:
    """Split a file, call fit, predict and evaluate, and judge the predictions."""
    path = folder / entry["file"]
    with tempfile.TemporaryDirectory(prefix="metatune-raw-") as scratch:
        train, test = write_parts(path, entry, Path(scratch))
        run = Path(scratch) / "run"
        model = str(run)
        watch = Stopwatch()
        target = ["--target", entry["target"], "--metric", METRICS[entry["metric"]]]
        fitted = commands.run("fit", str(train), *target, "--output", model, *commands.options)
        used = watch.seconds()
        outcome: dict[str, Any] = {
            "file": entry["name"],
            "exit_code": fitted.returncode,
            "seconds": round(used, 2),
            "metric": entry["metric"],
            "remark": "" if fitted.returncode in DONE else last_line(fitted.stderr),
        }
        if fitted.returncode in DONE:
            record = json.loads((run / "run.json").read_text(encoding="utf-8"))
            outcome |= {"task": record["task"], "understood": understood(record)}
            outcome |= judge(entry, commands, model, read(train, entry), test)
        return Outcome(**outcome, traceback=commands.traceback)


def judge(
    entry: dict[Any, Any], commands: Commands, model: str, train: pd.DataFrame, test: Path
) -> dict[str, Any]:
    """Predict what was held out and compare with the truth."""
    judged = commands.run("evaluate", model, str(test), "--json")
    classes = entry["metric"] in ("auc", "logloss")
    predicted = commands.run("predict", model, str(test), *(["--proba"] if classes else []))
    codes = {"predict_exit": predicted.returncode, "evaluate_exit": judged.returncode}
    for done in (predicted, judged):
        if done.returncode != 0:
            return {**codes, "remark": last_line(done.stderr)}
    answer = pd.read_csv(io.StringIO(predicted.stdout))
    truth = read(test, entry)[entry["target"]]
    if len(answer) != len(truth):
        return {**codes, "remark": f"{len(answer)} predictions for {len(truth)} rows"}
    if classes != str(answer.columns[0]).startswith("probability of "):
        return {**codes, "remark": "taken for another kind of task"}
    compare = compare_classes if classes else compare_numbers
    score, constant = compare(entry["metric"], train[entry["target"]], truth, answer)
    better = score > constant if entry["metric"] == "auc" else score < constant
    return {**codes, "score": score, "constant": constant, "beats": bool(better)}


def compare_numbers(
    metric: str, train: "pd.Series[Any]", truth: "pd.Series[Any]", answer: pd.DataFrame
) -> tuple[float, float]:
    known, y = numbers(train).dropna(), numbers(truth)
    keep = y.notna().to_numpy()
    function = mean_absolute_error if metric == "mae" else root_mean_squared_error
    constant = known.median() if metric == "mae" else known.mean()
    y = y[keep]
    prediction = answer.iloc[:, 0][keep]
    return float(function(y, prediction)), float(function(y, np.full(len(y), constant)))


def compare_classes(
    metric: str, train: "pd.Series[Any]", truth: "pd.Series[Any]", answer: pd.DataFrame
) -> tuple[float, float]:
    names = [label(name.removeprefix("probability of ")) for name in answer.columns]
    known, y = labels(train), labels(truth)
    keep = y.isin(names).to_numpy()
    codes = y[keep].map({name: code for code, name in enumerate(names)}).to_numpy()
    proba = answer.to_numpy()[keep]
    shares = np.array([(known == name).mean() for name in names])
    constant = np.tile(shares / shares.sum(), (len(codes), 1))
    if metric == "auc":  # of the two frequent classes, where damaged labels make some more
        first, second = sorted(np.argsort(-shares)[:2])
        of_both = np.isin(codes, (first, second))
        share = proba[:, second] / np.maximum(proba[:, first] + proba[:, second], 1e-12)
        return float(roc_auc_score(codes[of_both] == second, share[of_both])), 0.5
    every = list(range(len(names)))
    return (
        float(log_loss(codes, proba, labels=every)),
        float(log_loss(codes, constant, labels=every)),
    )


def numbers(cells: "pd.Series[Any]") -> "pd.Series[Any]":
    """Read amounts such as ``$1,234.50``."""
    text = cells.astype(str).str.strip().str.replace(r"[$,]", "", regex=True)
    return pd.to_numeric(text.where(cells.notna()), errors="coerce")


def labels(cells: "pd.Series[Any]") -> "pd.Series[Any]":
    return cells.dropna().map(label).reindex(cells.index)


def label(value: Any) -> str:
    text = str(value).strip()
    return text[:-2] if re.fullmatch(r"-?\d+\.0", text) else text


def read(path: Path, entry: dict[Any, Any]) -> pd.DataFrame:
    """Read a part as the catalogue advises."""
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    text = content.decode(entry["encoding"])
    if entry["separator"] == "arff":
        return read_arff(text)
    markers = [marker for marker in entry["na_values"].split("|") if marker]
    frame = pd.read_csv(
        io.StringIO(text),
        sep=SEPARATORS[entry["separator"]],
        decimal=entry["decimal"],
        header=0 if entry["header"] == "yes" else None,
        skiprows=list(range(1, HEAD_LINES.get(entry["name"], 1))),
        na_values=markers,
        low_memory=False,
        quoting=csv.QUOTE_NONE if entry["name"] == "sms_spam" else csv.QUOTE_MINIMAL,
    )
    frame.columns = frame.columns.astype(str)
    return frame.dropna(how="all").reset_index(drop=True)


def read_arff(text: str) -> pd.DataFrame:
    head, data = re.split(r"^@data\s*$", text, maxsplit=1, flags=re.IGNORECASE | re.MULTILINE)
    pattern = r"^@attribute\s+('[^']*'|\"[^\"]*\"|\S+)"
    names = re.findall(pattern, head, flags=re.IGNORECASE | re.MULTILINE)
    lines = [line for line in data.splitlines() if line.strip() and not line.startswith("%")]
    rows = csv.reader(lines, quotechar="'", skipinitialspace=True)
    frame = pd.DataFrame(list(rows), columns=[name.strip("'\"") for name in names])
    return frame.map(lambda cell: None if str(cell).strip() in MISSING else str(cell).strip())


def write_parts(path: Path, entry: dict[Any, Any], folder: Path) -> tuple[Path, Path]:
    """Write the records to keep and those to hold out, under the file's name and dialect."""
    packed = path.suffix == ".gz"
    content = gzip.decompress(path.read_bytes()) if packed else path.read_bytes()
    whole = split_records(content, entry)
    taken = set(held_out(len(whole.records)))
    parts = []
    for name, wanted in (("train", False), ("test", True)):
        chosen = [r for i, r in enumerate(whole.records) if (i in taken) == wanted]
        data = whole.head + b"".join(chosen)
        part = folder / name / path.name
        part.parent.mkdir()
        part.write_bytes(gzip.compress(data) if packed else data)
        parts.append(part)
    return parts[0], parts[1]


def held_out(n_records: int) -> list[int]:
    return random.Random(0).sample(range(n_records), round(HELD_OUT * n_records))


def split_records(content: bytes, entry: dict[Any, Any]) -> Records:
    """Cut a file into its header and its records; blank lines stay with the header."""
    lines = re.findall(rb"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+$", content)
    if entry["separator"] == "arff":
        start = next(i for i, text in enumerate(lines) if text.strip().lower() == b"@data") + 1
        return Records(head=b"".join(lines[:start]), records=tidy(lines[start:]))
    expected = int(entry["n_rows"]) + (entry["header"] == "yes")
    candidates: Sequence[list[bytes]] = (tidy(join_quoted(lines)), tidy(lines))
    records = min(candidates, key=lambda found: abs(len(found) - expected))
    if entry["header"] == "yes":
        n_head = HEAD_LINES.get(entry["name"], 1)
        return Records(head=b"".join(records[:n_head]), records=records[n_head:])
    mark = b"\xef\xbb\xbf" if records[0].startswith(b"\xef\xbb\xbf") else b""
    return Records(head=mark, records=[records[0].removeprefix(mark), *records[1:]])


def tidy(records: list[bytes]) -> list[bytes]:
    """Drop blank records, and end the last one like the others."""
    kept = [record for record in records if record.strip()]
    end = re.search(rb"(\r\n|\n|\r)$", kept[0])
    if end and not kept[-1].endswith((b"\n", b"\r")):
        kept[-1] += end.group(0)
    return kept


def join_quoted(lines: list[bytes]) -> list[bytes]:
    """Join lines until their quotes are closed."""
    records: list[bytes] = []
    open_record = b""
    for text in lines:
        open_record += text
        if open_record.count(b'"') % 2 == 0:
            records.append(open_record)
            open_record = b""
    return [*records, open_record] if open_record else records


def understood(record: dict[str, Any]) -> str:
    source = record["data"]["source"]
    kinds = ", ".join(f"{count} {kind}" for kind, count in record["columns"].items())
    how = f"{source['separator']!r} {source['encoding']}" if source["separator"] else ""
    return f"{record['task']}, {source['format']} {how}, {kinds}"


def last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ""


def line(outcome: Outcome) -> str:
    verdict = "beats" if outcome.beats else "BELOW"
    return (
        f"{outcome.file:<20} {outcome.understood:<70.70} exit {outcome.exit_code} "
        f"{outcome.predict_exit} {outcome.evaluate_exit}  {outcome.metric:<7} "
        f"{outcome.score:10.4g} {verdict} {outcome.constant:10.4g} {outcome.seconds:6.1f} s"
        f"{'  TRACEBACK' if outcome.traceback else ''}  {outcome.remark}"
    )


def show_totals(outcomes: list[Outcome], seconds: float) -> None:
    ended = sum(o.exit_code in DONE and not o.traceback for o in outcomes)
    late = [o.file for o in outcomes if o.seconds > 1.02 * seconds + 1.0]
    print(
        f"{len(outcomes)} files: {ended} ended with exit code 0 or 3 and no traceback, "
        f"{sum(o.beats for o in outcomes)} beat the constant prediction, {len(late)} were late "
        f"{late or ''}; slowest {max((o.seconds for o in outcomes), default=0.0):.1f} s"
    )
