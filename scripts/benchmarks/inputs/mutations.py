"""Mutants of tables: odd cells, names, notations, formats and bytes, the same ones for a seed."""

import csv
import gzip
import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

__all__ = ["TARGET", "Mutant", "make_rows", "mutant"]

TARGET = "sold"

_ODD_CELLS = (
    *("", " ", "NA", "null", "None", "-", "?", "\\N", "inf", "-0", "1e999", "0x1F", "007", "1,5"),
    *(
        "1.234,50",
        "12%",
        "$3",
        "3 kg",
        "2020-13-45",
        "31/02/2021",
        "12:61",
        "TRUE",
        "ja",
        "é",
        "东京",
    ),
    *('"', "'", "a;b", "a,b", "a\tb", "line\nbreak", "=1+1", "\x1b[31m", "\u2028", "x" * 5000),
    *("9" * 40, "9007199254740993", "<0.5", "1_000", "NaN", "{}", "[1]", "nan"),
)
_ODD_NAMES = ("", " ", "1", "2020", "a", "sold", "a;b", "\x1b[0m", "né", "x" * 300, "nan", "index")
_ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "latin-1", "cp1251", "gb18030")
_SEPARATORS = (",", ";", "\t", "|", "~", "^")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """Mutant of a table.

    Attributes
    ----------
    name : str
        Name of its file.
    content : bytes
        Content of the file.
    changes : str
        Names of what was done to it.
    n_rows : int or None
        Rows that predictions have to be made for; None where bytes were changed.
    """

    name: str
    content: bytes
    changes: str
    n_rows: int | None


def make_rows(n_rows: int, seed: int) -> pd.DataFrame:
    """Make a table of numbers, amounts, categories, dates and texts, and two classes."""
    rng = np.random.default_rng(seed)
    size = rng.normal(50, 20, n_rows).round(1)
    return pd.DataFrame(
        {
            "size": size,
            "price": [f"{value:.2f} EUR" for value in rng.gamma(2, 100, n_rows)],
            "city": rng.choice(["Oslo", "Lima", "Bonn", "Rome"], n_rows),
            "day": pd.date_range("2021-01-01", periods=n_rows).strftime("%Y-%m-%d"),
            "note": rng.choice(["as good as new", "a bit worn, but fine", "only the box"], n_rows),
            TARGET: np.where(size + rng.normal(0, 10, n_rows) > 50, "yes", "no"),
        }
    )


def mutant(number: int, seed: int, *, target: bool) -> Mutant:
    """Return a mutant of a table, with its target or of rows to predict."""
    rng = np.random.default_rng([seed, number, int(target)])
    table = make_rows(int(rng.integers(1, 120)), seed=number)
    if not target:
        table = table.drop(columns=TARGET)
    changes = []
    for _ in range(int(rng.integers(0, 4))):
        change = _CHANGES[int(rng.integers(len(_CHANGES)))]
        table = change(table.astype(object), rng)
        changes.append(change.__name__.strip("_"))
    write = _WRITERS[int(rng.integers(len(_WRITERS)))]
    try:
        name, content = write(table, rng)
    except Exception:  # noqa: BLE001  # a format that cannot hold such cells, in many words
        name, content = _csv(table, np.random.default_rng(number))
    changes.append(name)
    n_rows: int | None = len(table)
    if rng.random() < 0.4:
        content, n_rows = _changed_bytes(content, rng), None
        changes.append("bytes")
    return Mutant(name=name, content=content, changes=" ".join(changes), n_rows=n_rows)


def _odd_cells(table: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    for _ in range(int(rng.integers(1, 12))):
        row, column = rng.integers(len(table)), rng.integers(table.shape[1])
        table.iloc[int(row), int(column)] = str(rng.choice(_ODD_CELLS))
    return table


def _odd_column(table: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    column = table.columns[int(rng.integers(table.shape[1]))]
    return table.assign(**{str(column): rng.choice(_ODD_CELLS, len(table))})


def _odd_name(table: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    names = list(table.columns)
    names[int(rng.integers(len(names)))] = str(rng.choice(_ODD_NAMES))
    return table.set_axis(names, axis=1)


def _further_column(table: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    return table.assign(**{f"more {rng.integers(9)}": rng.normal(size=len(table))})


def _shuffled_columns(table: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    return table.iloc[:, rng.permutation(table.shape[1])]


_CHANGES = (_odd_cells, _odd_cells, _odd_column, _odd_name, _further_column, _shuffled_columns)

_Written = tuple[str, bytes]


def _csv(table: pd.DataFrame, rng: np.random.Generator) -> _Written:
    text = table.to_csv(
        index=False,
        sep=str(rng.choice(_SEPARATORS)),
        header=bool(rng.random() > 0.1),
        quoting=csv.QUOTE_ALL if rng.random() < 0.2 else csv.QUOTE_MINIMAL,
        lineterminator=str(rng.choice(["\n", "\r\n"])),
    )
    return "t.csv", text.encode(str(rng.choice(_ENCODINGS)), errors="replace")


def _compressed(table: pd.DataFrame, rng: np.random.Generator) -> _Written:
    name, content = _csv(table, rng)
    if rng.random() < 0.5:
        return f"{name}.gz", gzip.compress(content)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, content)
    return "t.zip", buffer.getvalue()


def _json_lines(table: pd.DataFrame, _: np.random.Generator) -> _Written:
    return "t.jsonl", table.to_json(orient="records", lines=True, force_ascii=False).encode()


def _json(table: pd.DataFrame, _: np.random.Generator) -> _Written:
    return "t.json", table.to_json(orient="records").encode()


def _workbook(table: pd.DataFrame, rng: np.random.Generator) -> _Written:
    buffer = io.BytesIO()
    table.to_excel(buffer, index=False, startrow=int(rng.integers(2)))
    return "t.xlsx", buffer.getvalue()


def _parquet(table: pd.DataFrame, _: np.random.Generator) -> _Written:
    buffer = io.BytesIO()
    table.astype(dict.fromkeys(table.columns[1:], str)).to_parquet(buffer, index=False)
    return "t.parquet", buffer.getvalue()


_WRITERS: tuple[Callable[[pd.DataFrame, np.random.Generator], _Written], ...] = (
    *(_csv, _csv, _csv),
    *(_compressed, _json_lines, _json, _workbook, _parquet),
)


def _changed_bytes(content: bytes, rng: np.random.Generator) -> bytes:
    changed: Any = bytearray(content)
    for _ in range(int(rng.integers(1, 6))):
        start = int(rng.integers(len(changed) + 1))
        end = min(len(changed), start + int(rng.integers(1, 40)))
        kind = int(rng.integers(4))
        if kind == 0:
            changed[start:end] = rng.bytes(end - start)
        elif kind == 1:
            del changed[start:end]
        elif kind == 2:
            changed[start:start] = changed[start:end]
        else:
            del changed[max(1, start) :]
    return bytes(changed)
