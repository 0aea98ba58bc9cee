"""Reader of ARFF, the format of Weka and OpenML.

See https://waikato.github.io/weka-wiki/formats_and_processing/arff_stable/.
"""

import io
import re
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from metatune.data.reading.charset import find_encoding
from metatune.data.reading.options import DETECT, ReadingOptions
from metatune.errors import TableError

if TYPE_CHECKING:
    from metatune.data.reading.payload import Payload

__all__ = ["looks_like_arff", "read_arff"]

_HEAD_BYTES = 1_000_000
_DATA = re.compile(
    r"^[ \t]*@data[ \t]*(?:%[^\r\n]*)?(?:\r\n|\r|\n|$)", re.IGNORECASE | re.MULTILINE
)
_ATTRIBUTE = re.compile(
    r"@attribute\s+(?P<name>'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"|\S+?)\s*(?P<type>\{.*\}?|(?<=\s)\S.*)",
    re.IGNORECASE | re.DOTALL,
)
_NUMERIC = ("numeric", "real", "integer")
_JAVA_DATE = (
    ("yyyy", "%Y"),
    ("yy", "%y"),
    ("MMM", "%b"),
    ("MM", "%m"),
    ("dd", "%d"),
    ("HH", "%H"),
    ("mm", "%M"),
    ("ss", "%S"),
)
_ESCAPE = re.compile(r"\\(.)")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Attribute:
    """Declared column; `levels` for nominal ones, `date_format` for dates."""

    name: str
    is_numeric: bool = False
    levels: tuple[str, ...] | None = None
    date_format: str | None = None


def looks_like_arff(head: bytes) -> bool:
    """Return True if a text begins like an ARFF file, comments apart."""
    for line in head[:100_000].splitlines():
        bare = line.strip().lower()
        if bare and not bare.startswith(b"%"):
            return bare.startswith(b"@relation") or bare.startswith(b"@attribute")
    return False


def read_arff(payload: "Payload", options: ReadingOptions = DETECT) -> tuple[pd.DataFrame, str]:
    """Read an ARFF file: quoted names, nominal, numeric, string and date columns, sparse rows.

    Returns
    -------
    tuple of (DataFrame, str)
        The table (nominal columns have dtype category), and the encoding of the text.

    Raises
    ------
    TableError
        If the header or a row is not ARFF, there are no rows, or a column name occurs twice.
    """
    head, complete = payload.head(_HEAD_BYTES)
    encoding = options.encoding or find_encoding(head, complete=complete, label=payload.label)
    with payload.open() as stream:
        text = stream.read().decode(encoding, errors="replace")
    match = _DATA.search(text)
    if match is None:
        raise TableError(f"{payload.label} has no line @data: it is cut, or no ARFF file")
    attributes = _attributes(text[: match.start()], payload.label)
    first_line = text.count("\n", 0, match.end()) + 1
    body = _without_comments(text[match.end() :])
    if not body.strip():
        raise TableError(f"{payload.label} holds a header but no rows")
    if body.lstrip().startswith("{"):
        raw = _sparse(body, attributes, payload.label, first_line)
    else:
        raw = _dense(body, attributes, payload.label)
    columns = [_typed(raw[i], attribute) for i, attribute in enumerate(attributes)]
    return pd.concat(columns, axis=1, keys=[a.name for a in attributes]), encoding


def _attributes(header: str, label: str) -> list[_Attribute]:
    attributes = []
    for line in _declarations(header):
        match = _ATTRIBUTE.fullmatch(line)
        if match is None:
            raise TableError(f"{label}: {line[:60]!r} is no ARFF attribute declaration")
        attributes.append(_attribute(_unquote(match["name"]), match["type"].strip()))
    names = [attribute.name for attribute in attributes]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise TableError(
            f"{label}: several columns are called {repeated[0]!r}: give every column its own name"
        )
    if not attributes:
        raise TableError(f"{label} declares no attributes")
    return attributes


def _declarations(header: str) -> list[str]:
    """Return the attribute declarations; a list of levels may go on over several lines."""
    found: list[str] = []
    for line in header.splitlines():
        bare = line.strip()
        if not bare or bare.startswith("%"):
            continue
        if bare.lower().startswith("@"):
            found.append(bare)
        elif found:
            found[-1] += " " + bare
    return [line for line in found if line.lower().startswith("@attribute")]


def _attribute(name: str, kind: str) -> _Attribute:
    if kind.startswith("{"):
        inner = kind[1 : kind.rfind("}")] if "}" in kind else kind[1:]
        levels = tuple(dict.fromkeys(_fields(inner)))
        return _Attribute(name=name, levels=levels)
    word, _, rest = kind.partition(" ")
    if word.lower() in _NUMERIC:
        return _Attribute(name=name, is_numeric=True)
    if word.lower() == "date":
        return _Attribute(name=name, date_format=_strptime(_unquote(rest.strip())))
    return _Attribute(name=name)


def _strptime(java: str) -> str:
    """Translate a Java date pattern; none means ISO 8601."""
    if not java:
        return "ISO8601"
    pattern = java.replace("'", "")
    for letters, directive in _JAVA_DATE:
        pattern = pattern.replace(letters, directive)
    return pattern


def _unquote(text: str) -> str:
    if len(text) >= 2 and text[0] == text[-1] and text[0] in "'\"":
        return _ESCAPE.sub(r"\1", text[1:-1])
    return text


def _fields(line: str) -> list[str]:
    """Split one line at commas outside quotes; both quotes and backslashes are understood."""
    fields = re.findall(r"\s*('(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"|[^,]*?)\s*(?:,|$)", line)
    if fields and not line.rstrip().endswith(","):
        fields = fields[:-1] if fields[-1] == "" and len(fields) > 1 else fields
    return [_unquote(field) for field in fields]


def _without_comments(body: str) -> str:
    if "%" not in body:
        return body
    return re.sub(r"(?m)^[ \t]*%[^\r\n]*(?:\r\n|\r|\n|$)", "", body)


def _dense(body: str, attributes: list[_Attribute], label: str) -> dict[int, "pd.Series[Any]"]:
    """Parse rows with pandas, unless both kinds of quotes enclose fields."""
    width = len(attributes)
    single, double = (bool(re.search(rf"(?:^|,)[ \t]*{q}", body, re.MULTILINE)) for q in "'\"")
    if single and double:
        rows = [_fields(line) for line in body.splitlines() if line.strip()]
        _check_widths(rows, width, label)
        frame = pd.DataFrame(rows, dtype=object)
    else:
        frame = _parse(body, attributes, "'" if single else '"', label)
    return {i: frame[i] for i in range(width)}


def _parse(body: str, attributes: list[_Attribute], quote: str, label: str) -> pd.DataFrame:
    try:
        with warnings.catch_warnings():
            # a row that is longer than the first would be cut with a warning only
            warnings.simplefilter("error", pd.errors.ParserWarning)
            frame: pd.DataFrame = pd.read_csv(
                io.StringIO(body),
                header=None,
                names=range(len(attributes)),
                index_col=False,
                sep="\t" if "\t" in body and "," not in body else ",",
                dtype={i: "str" for i, a in enumerate(attributes) if not a.is_numeric},
                na_values=["?"],
                keep_default_na=False,
                skipinitialspace=True,
                quotechar=quote,
                escapechar="\\" if "\\" in body else None,
                low_memory=False,
            )
    except (pd.errors.ParserError, pd.errors.ParserWarning) as error:
        reason = str(error).replace("Error tokenizing data. C error: ", "").strip()
        reason = reason.replace("in line", "in data row")
        raise TableError(f"{label} cannot be read: {reason}") from None
    return frame


def _check_widths(rows: list[list[str]], width: int, label: str) -> None:
    for number, row in enumerate(rows, start=1):
        if len(row) != width:
            raise TableError(
                f"{label}, data row {number}: {len(row)} fields where {width} are expected"
            )


def _sparse(
    body: str, attributes: list[_Attribute], label: str, first_line: int
) -> dict[int, "pd.Series[Any]"]:
    """Parse rows like ``{1 0.5, 7 yes}``: what is not named is zero, or the first level."""
    lines = [line.strip() for line in body.splitlines() if line.strip()]
    columns: dict[int, Any] = {}
    for i, attribute in enumerate(attributes):
        rest = attribute.levels[0] if attribute.levels else "0"
        columns[i] = np.full(len(lines), rest, dtype=object)
    for row, line in enumerate(lines):
        inner = line.strip("{} \t")
        for field in _fields(inner) if inner else ():
            index, _, value = field.partition(" ")
            if not index.isdigit() or int(index) >= len(attributes):
                raise TableError(
                    f"{label}, line {first_line + row}: {field!r} names no attribute by number"
                )
            columns[int(index)][row] = _unquote(value.strip())
    return {i: pd.Series(values) for i, values in columns.items()}


def _typed(cells: "pd.Series[Any]", attribute: _Attribute) -> "pd.Series[Any]":
    if attribute.is_numeric:
        return pd.to_numeric(cells, errors="coerce") if cells.dtype != "float64" else cells
    text = cells.where(cells != "?", None)
    text = text.str.strip()
    if attribute.date_format is not None:
        return pd.to_datetime(text, format=attribute.date_format, errors="coerce")
    if attribute.levels is not None:
        seen = [str(level) for level in text.dropna().unique()]
        extra = [level for level in seen if level not in attribute.levels]
        levels = [level for level in attribute.levels if level != "?"]
        return text.astype(pd.CategoricalDtype([*levels, *extra]))
    return text.astype("str")
